//! Small files that `FFmpeg` 5.1 wrote, complete and killed: `fixtures/movies`. All complete ones last 3 seconds.

use proptest::prelude::*;

use super::*;

macro_rules! movies {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../../../fixtures/movies/", $name)))),*]
    };
}

const WHOLE: [(&str, &[u8]); 11] = movies!(
    "whole.mkv",
    "whole.webm",
    "whole.avi",
    "whole.flv",
    "whole.ogg",
    "whole.mp4",
    "fragments.mp4",
    "whole.ts",
    "whole.mpg",
    "whole.mpeg",
    "stream.mpg"
);

/// `FFmpeg` was killed as it wrote these, after 2 to 5 seconds.
const KILLED: [(&str, &[u8]); 4] = movies!("killed.mkv", "killed.avi", "killed.flv", "killed.ogg");

fn container(name: &str) -> Container {
    Container::of_extension(name.rsplit('.').next().unwrap().as_bytes()).unwrap()
}

/// The result for these bytes. Checks the limit of reads.
pub(super) fn probe_at(bytes: &[u8], container: Container) -> Probe {
    let mut reads = 0u32;
    let probe = probe_by(bytes.len() as u64, container, |buffer, at| {
        reads += 1;
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    });
    assert!(reads <= 1024, "{reads} reads");
    probe.unwrap()
}

#[test]
fn complete_movies_have_their_length() {
    for (name, bytes) in WHOLE {
        let probe = probe_at(bytes, container(name));
        let has_end = !["whole.ts", "whole.mpg", "whole.mpeg", "stream.mpg"].contains(&name);
        let check = if has_end { MovieCheck::Whole } else { MovieCheck::Endless };
        assert_eq!(probe.check, check, "{name}");
        // In a program stream only some frames have times: the last ones of these few bytes have none.
        let least = if ["whole.mpg", "whole.mpeg"].contains(&name) { 2 } else { 3 };
        assert!(probe.secs.is_some_and(|secs| (least..=3).contains(&secs)), "{name}: {probe:?}");
    }
}

#[test]
fn killed_movies_are_unfinished() {
    for (name, bytes) in KILLED {
        let probe = probe_at(bytes, container(name));
        assert_eq!(probe.check, MovieCheck::Unfinished, "{name}");
        assert!(probe.secs.is_some_and(|secs| (2..=5).contains(&secs)), "{name}: {probe:?}");
    }
}

/// A power loss can remove the end of a file that was closed.
#[test]
fn a_movie_without_its_end_is_unfinished() {
    for (name, bytes) in WHOLE {
        for lost in [1, 100, bytes.len() / 2 + 5] {
            let probe = probe_at(&bytes[..bytes.len() - lost], container(name));
            let may_end = ["whole.mpg", "whole.mpeg", "stream.mpg"].contains(&name);
            // A fragmented movie plays without its index, so bytes after its data do not matter.
            let may_end = may_end || (name == "fragments.mp4" && lost <= 100);
            let check = if may_end { MovieCheck::Endless } else { MovieCheck::Unfinished };
            assert_eq!(probe.check, check, "{name} without {lost} bytes");
        }
    }
}

/// `movie_extpipe` may write anything.
#[test]
fn contents_count_more_than_the_extension() {
    let (_, mkv) = WHOLE[0];
    assert_eq!(probe_at(mkv, Container::Mp4), probe_at(mkv, Container::Mkv));
    assert_eq!(probe_at(b"raw video", Container::Ts).check, MovieCheck::Whole);
    assert_eq!(probe_at(&[0; 9000], Container::Mkv).check, MovieCheck::Blank, "space that was never written");
}

/// What is read from these bytes.
fn contents(bytes: &[u8]) -> MovieContents {
    let mut reads = 0u32;
    let contents = contents::read_movie_by(bytes.len() as u64, |buffer, at| {
        reads += 1;
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    });
    assert!(reads <= 2048, "{reads} reads");
    contents.unwrap()
}

/// The pictures of these movies are 4:4:4 (profile 244), which browsers do not play; with another profile in the same
/// place they would.
#[test]
fn codecs_are_read_from_the_container() {
    let bytes = |name: &str| WHOLE.iter().chain(&KILLED).find(|(known, _)| *known == name).unwrap().1.to_vec();
    let of = |bytes: &[u8]| {
        let found = contents(bytes);
        (found.form, found.video, found.audio)
    };
    for (name, form) in [
        ("whole.mp4", MovieForm::Mp4),
        ("fragments.mp4", MovieForm::Mp4),
        ("whole.mkv", MovieForm::Matroska),
        ("killed.mkv", MovieForm::Matroska),
    ] {
        let mut bytes = bytes(name);
        assert_eq!(of(&bytes), (form, Some(VideoCodec::Other), None), "{name}");
        // The configuration begins with its version and the profile.
        let at = bytes.windows(3).position(|three| three == [1, 244, 0]).unwrap();
        bytes[at + 1] = 100;
        assert_eq!(of(&bytes), (form, Some(VideoCodec::H264), None), "{name}");
    }
    assert_eq!(of(&bytes("whole.webm")), (MovieForm::WebM, Some(VideoCodec::Vp8), None));
    for other in ["whole.avi", "whole.flv", "whole.ogg", "whole.ts", "whole.mpg", "stream.mpg"] {
        assert_eq!(of(&bytes(other)), (MovieForm::Other, None, None), "{other}");
    }
    let none = contents(b"");
    assert_eq!((none.form, none.check), (MovieForm::Other, MovieCheck::Empty));
}

/// Without its moov box an mp4 has no tracks.
#[test]
fn a_movie_without_its_moov_has_no_tracks() {
    let (_, mp4) = WHOLE[5];
    let found = contents(&mp4[..mp4.len() / 2]);
    assert_eq!((found.form, found.check, found.video), (MovieForm::Mp4, MovieCheck::Unfinished, None));
}

fn any_movie() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let all: Vec<(&str, &[u8])> = WHOLE.into_iter().chain(KILLED).collect();
    prop::sample::select(all).prop_map(|(name, bytes)| (name, bytes.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_changed_movie_panics((name, mut bytes) in any_movie(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = probe_at(&bytes, container(name));
        let _ = contents(&bytes);
    }

    /// Numbers are in the first bytes.
    #[test]
    fn no_changed_header_panics((name, mut bytes) in any_movie(), changes in prop::collection::vec((0usize..800, any::<u8>()), 1..8)) {
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let _ = probe_at(&bytes, container(name));
        let _ = contents(&bytes);
    }

    #[test]
    fn no_cut_movie_panics((name, bytes) in any_movie(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let (from, to) = (from.index(bytes.len()) / 20, to.index(bytes.len()));
        let _ = probe_at(&bytes[from.min(to)..to], container(name));
        let _ = contents(&bytes[from.min(to)..to]);
    }

    #[test]
    fn no_bytes_panic(magic in 0usize..WHOLE.len(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let (name, whole) = WHOLE[magic];
        let all = [&whole[..12], &bytes].concat();
        let _ = (probe_at(&all, container(name)), probe_at(&bytes, container(name)));
        let _ = contents(&all);
    }
}

#[test]
fn lengths_count_each_movie_once() {
    let mut lengths = Lengths::default();
    for (stem, secs) in [("a", Some(3)), ("a", Some(5)), ("a", None), ("b", None), ("c", Some(7))] {
        lengths.add(stem, secs);
    }
    assert_eq!(lengths.sum(), 12);
    lengths.add("d", Some(u32::MAX));
    assert_eq!(lengths.sum(), u32::MAX);
}
