//! The details of an event that a store has, by its manifest. No file of it is read.

use owlery_store::{CopiedEvent, CopiedState};

use crate::event::{
    Container, DebugMovie, Details, EventName, Movie, MovieName, Movies, State, Thumbnail, details, movie,
};

/// The folder of an event for what the camera did not see.
const DEBUG: &str = "debug/";

/// The details of a copied event; `None` unless all of its files are there. Those that were not copied are not in them.
pub(crate) fn details_of(event: &CopiedEvent) -> Option<Details> {
    if !event.whole {
        return None;
    }
    let (videos, debug_video) = movies(event);
    Some(Details {
        start: event.start,
        end: event.end.max(event.start),
        state: match event.state {
            CopiedState::Complete => State::Complete,
            CopiedState::Interrupted => State::Interrupted,
        },
        saved: event.saved,
        frames: event.frames,
        bytes: Some(event.bytes()),
        thumbnail: thumbnail(event, &videos),
        videos,
        debug_video,
        peak_change: event.peak_change,
        motion_mask: event.motion_mask,
        problems: Vec::new(),
    })
}

/// All events of a day that are whole, by name, except some.
pub(crate) fn listed(events: &[CopiedEvent], is_left_out: impl Fn(EventName) -> bool) -> Vec<(EventName, Details)> {
    let shown = events.iter().filter(|event| !is_left_out(event.name));
    shown.filter_map(|event| Some((event.name, details_of(event)?))).collect()
}

/// The movies as in the archive: the main one first, and the debug movie apart.
fn movies(event: &CopiedEvent) -> (Movies, Option<DebugMovie>) {
    let beside = event.files.iter().filter(|file| !file.plain_name().contains('/'));
    let movie = |file: &owlery_store::CopiedFile| {
        Some(Movie { name: MovieName::parse(file.plain_name().as_bytes())?, bytes: Some(file.plain().0) })
    };
    let mut videos: Movies = beside.filter_map(movie).collect();
    let beside = movie::take_debug(&mut videos, event.name);
    let in_debug =
        event.files.iter().filter_map(|file| Container::of(file.plain_name().strip_prefix(DEBUG)?.as_bytes()));
    (videos, in_debug.min().map(DebugMovie::InDebug).or(beside))
}

/// As in the archive: strix's, else motionEye's of the first movie that has one that is not empty, else a frame. Of frames only the strongest is
/// known by its name: the others are in one file.
fn thumbnail(event: &CopiedEvent, videos: &Movies) -> Option<Thumbnail> {
    let has = |name: &str| event.files.iter().any(|file| file.plain_name() == name && file.plain().0 > 0);
    if has(details::FILE) {
        return Some(Thumbnail::File);
    }
    let mut of_movies = videos.iter().map(|movie| Thumbnail::OfMovie(movie.name.clone()));
    let strongest = event.files.iter().find(|file| file.is_best_frame());
    of_movies.find(|thumbnail| has(&thumbnail.file_name())).or_else(|| Thumbnail::of(strongest?.own_name().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(files: &[(&str, u64)]) -> CopiedEvent {
        let files: Vec<_> = files
            .iter()
            .map(|(name, bytes)| serde_json::json!({"name": name, "bytes": bytes, "sha256": "", "parts": [], "source": ""}))
            .collect();
        let event = serde_json::json!({
            "name": "10-04-36", "start": "2026-11-20T10:04:35", "end": "2026-11-20T10:04:50", "state": "interrupted",
            "saved": true, "frames": 7, "peak_change": 300, "motion_mask": null, "whole": true, "files": files
        });
        serde_json::from_value(event).unwrap()
    }

    fn thumbnail_of(files: &[(&str, u64)]) -> Option<String> {
        details_of(&copied(files)).unwrap().thumbnail.map(|thumbnail| thumbnail.file_name())
    }

    #[test]
    fn a_manifest_says_what_the_archive_said() {
        let files = [
            ("debug/video.mkv", 5),
            ("frames.zip", 100),
            ("thumbnail.jpg", 3),
            ("video-2.mp4", 20),
            ("video.mp4", 10),
            ("videom.mp4", 4),
        ];
        let details = details_of(&copied(&files)).unwrap();
        let videos: Vec<_> = details.videos.iter().map(|movie| (movie.name.as_str(), movie.bytes)).collect();
        assert_eq!(videos, [("video.mp4", Some(10)), ("video-2.mp4", Some(20))]);
        assert_eq!(details.debug_video, Some(DebugMovie::InDebug(Container::Mkv)));
        assert_eq!((details.bytes, details.frames, details.peak_change), (Some(142), Some(7), Some(300)));
        assert_eq!((details.state, details.saved), (State::Interrupted, true));
        assert_eq!((details.end - details.start).num_seconds(), 15);
        let part = CopiedEvent { whole: false, ..copied(&files) };
        assert_eq!(details_of(&part), None, "one of its files is being replaced");
    }

    #[test]
    fn the_thumbnail_is_one_that_was_copied() {
        assert_eq!(thumbnail_of(&[("thumbnail.jpg", 3), ("video.mp4", 10)]).as_deref(), Some("thumbnail.jpg"));
        let motion_eye = [("10-04-36.mp4", 10), ("10-04-36.mp4.thumb", 3), ("frames.zip", 9)];
        assert_eq!(thumbnail_of(&motion_eye).as_deref(), Some("10-04-36.mp4.thumb"));
        let empty = [("10-04-36.mp4", 10), ("10-04-36.mp4.thumb", 0), ("best-frame/10-04-37-02.jpg", 9)];
        assert_eq!(thumbnail_of(&empty).as_deref(), Some("10-04-37-02.jpg"));
        assert_eq!(thumbnail_of(&[("frames.zip", 9), ("video.mp4", 10)]), None, "no name of a frame is known");
    }
}
