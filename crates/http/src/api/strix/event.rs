//! An event in strix's format.

use serde::Serialize;

use crate::engine::Handle;
use crate::event::strix::{MISSING_FILE, title};
use crate::event::text::Text;
use crate::event::{DebugMovie, Event, MovieName, Thumbnail};
use crate::protocol::{event_path, segments};

/// An event in strix's format.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StrixEvent)]
pub(super) struct StrixEvent {
    start: String,
    end: String,
    title: String,
    video: String,
    debug_video: String,
    thumbnail: String,
    #[schema(value_type = Vec<String>, max_items = 0)]
    images: [String; 0],
    saved: bool,
    event_path: String,
}

impl StrixEvent {
    /// An event; with an absolute path if `shows_root`.
    pub(super) fn of(handle: &Handle, event: &Event, shows_root: bool) -> Self {
        let details = &event.details;
        let below = event_path(&event.id);
        let path = |name: Option<&str>| {
            name.map_or(MISSING_FILE.to_owned(), |name| format!("motion/{below}/{}", segments(name)))
        };
        Self {
            start: Text::of_time(details.start, b' ').to_string(),
            end: Text::of_time(details.end, b' ').to_string(),
            title: title(details.start),
            video: path(details.video().map(MovieName::as_str)),
            debug_video: path(details.debug_video.as_ref().map(DebugMovie::path).as_deref()),
            thumbnail: path(details.thumbnail.as_ref().map(Thumbnail::file_name).as_deref()),
            images: [],
            saved: details.saved,
            event_path: if shows_root {
                handle.event_path(&event.id).to_string_lossy().into_owned()
            } else {
                event.id.to_string()
            },
        }
    }
}
