//! Movies that real Motion daemons wrote, from the fixtures of the repository.

use super::tests::made;
use super::*;
use crate::Width;
use crate::movie_frames::movie_thumbnail;
use crate::testing::{fixture, frame_count, never, open};

/// Makes movies of a fixture playable. Returns how many frames each has then.
fn frames_of(name: &str, movies: &[(&str, Playable)]) -> Vec<u32> {
    let (_handle, stop) = never();
    let paths: Vec<&str> = movies.iter().map(|(path, _)| *path).collect();
    let dir = fixture(name, &paths);
    let prefix = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let count = |(path, expected): &(&str, Playable)| {
        let movie = open(&dir, prefix.join(path).to_str().unwrap());
        let jpeg = movie_thumbnail(&Ffmpeg::default(), &movie, Some(1.0), Width::W160, &stop);
        assert!(jpeg.is_ok(), "{path}: {jpeg:?}");
        match expected {
            Playable::AsIs(_) => {
                let found = Movie::inspect(&movie, &Ffmpeg::default(), &stop).unwrap();
                assert_eq!(found.playable, *expected, "{path}");
                0
            }
            _ => frame_count(&made(path, &movie, *expected)),
        }
    };
    movies.iter().map(count).collect()
}

/// `movie_container` of Motion 5.
#[test]
fn movies_of_motion_5_become_playable() {
    let frames = frames_of(
        "versions/motion-5.0.0-containers.tar.gz",
        &[
            ("CameraMkv/2026-11-28/12-58-01/video.mkv", Playable::Remux(Sound::Silent)),
            ("CameraMov/2026-11-28/12-58-04/video.mov", Playable::Remux(Sound::Silent)),
            ("CameraFlv/2026-11-28/12-58-01/video.flv", Playable::Transcode(Sound::Silent)),
            ("CameraOgg/2026-11-28/12-58-04/video.ogg", Playable::Transcode(Sound::Silent)),
            ("CameraHevc/2026-11-28/12-58-04/video.mp4", Playable::Transcode(Sound::Silent)),
            ("CameraWebm/2026-11-28/12-58-01/video.webm", Playable::AsIs(MovieType::WebM)),
        ],
    );
    assert!(frames[..5].iter().all(|frames| *frames > 10), "{frames:?}");
}

/// `movie_codec` of Motion 4.
#[test]
fn movies_of_motion_4_become_playable() {
    let frames = frames_of(
        "versions/motion-4.5.1-old-codecs.tar.gz",
        &[
            ("CameraFlv/2026-11-28/12-56-10/video.flv", Playable::Transcode(Sound::Silent)),
            ("CameraMpeg4/2026-11-28/12-55-41/video.avi", Playable::Transcode(Sound::Silent)),
            ("CameraHevc/2026-11-28/12-56-12/video.mp4", Playable::Transcode(Sound::Silent)),
        ],
    );
    assert!(frames.iter().all(|frames| *frames > 10), "{frames:?}");
}

/// Motion was killed while it wrote these.
#[test]
fn movies_of_a_killed_motion_are_salvaged() {
    let frames = frames_of(
        "motion-4.5.1-sample.tar.gz",
        &[
            (
                "sigkill-long-mkv/Camera1/2026-11-21/05-41-57/video.mkv",
                Playable::Salvage { copies: true, sound: Sound::Silent },
            ),
            ("midnight-direct/Camera1/2026-12-31/23-59-54/video.mp4", Playable::AsIs(MovieType::Mp4)),
        ],
    );
    assert!(frames[0] > 10, "{frames:?}");
    let (_handle, stop) = never();
    let (empty, no_index) = (
        "sigkill-direct-mkv/Camera1/2026-11-21/05-39-40/video.mkv",
        "sigkill-long-mp4/Camera1/2026-11-21/05-41-57/video.mp4",
    );
    let dir = fixture("motion-4.5.1-sample.tar.gz", &[empty, no_index]);
    for (path, why) in [(empty, Unusable::Empty), (no_index, Unusable::NoIndex)] {
        let movie = open(&dir, &format!("failures/{path}"));
        let found = Movie::inspect(&movie, &Ffmpeg::default(), &stop).unwrap();
        assert_eq!(found.playable, Playable::Nothing(why), "{path}");
    }
}
