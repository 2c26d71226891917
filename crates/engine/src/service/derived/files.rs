//! The files of an event that derived media are made from: its movie, its pictures, and its frames with their times and motion.

use std::io::Read;

use owlery_archive::{MediaFile, motion_of};
use owlery_media::{FrameInfo, MAX_BYTES};

use crate::error::{Error, Result};
use crate::event::frames::{Early, Frame, Shows, Span};
use crate::event::{Event, Thumbnail};
use crate::service::media_files::MediaFiles;

/// Of events with more frames, only so many are opened to find the strongest motion.
const MAX_OPENED: usize = 600;

/// The frames of an event, in the order in which they were taken.
pub(super) struct Frames {
    pub names: Vec<Frame>,
    pub infos: Vec<FrameInfo>,
}

/// Opens the main movie of an event; `None` if it has none.
pub(super) fn main_movie(event: &Event, files: &MediaFiles) -> Result<Option<MediaFile>> {
    let Some(name) = event.details.video() else { return Ok(None) };
    files.open(&(false, name.as_str().to_owned())).map(Some)
}

/// Reads a picture of an event.
pub(super) fn picture(files: &MediaFiles, name: &str) -> Result<Vec<u8>> {
    let MediaFile { file, .. } = files.open(&(false, name.to_owned()))?;
    let mut bytes = Vec::new();
    // One more, so that a picture that is too large is an error and not cut off.
    let limit = MAX_BYTES.saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| Error::io("read", name, error))?;
    Ok(bytes)
}

/// The picture beside the frames: `thumbnail.jpg`, or what motionEye makes for a movie.
pub(super) fn thumbnail_file(event: &Event) -> Option<String> {
    match event.details.thumbnail.as_ref()? {
        thumbnail @ (Thumbnail::File | Thumbnail::OfMovie(_)) => Some(thumbnail.file_name()),
        Thumbnail::Frame(_) => None,
    }
}

impl Frames {
    /// The camera's frames among the files of an event. Their motion is not read yet.
    pub(super) fn list(event: &Event, files: &MediaFiles) -> Result<Self> {
        let all = files.names()?;
        let own = all.iter().filter(|(in_debug, _)| !in_debug);
        let frames = own.filter_map(|(_, name)| Frame::parse(name.as_bytes()));
        let mut names: Vec<Frame> = frames.filter(|frame| frame.shows == Shows::Camera).collect();
        Span::of(event.id.day, event.id.name, &mut names, Early::Wrapped);
        let infos = times(&names).into_iter().map(|secs| FrameInfo { secs, changed: 0 }).collect();
        Ok(Self { names, infos })
    }

    /// Reads how many pixels changed in each frame, until one has `peak`, the most of all. With very many frames, only every
    /// few are opened; of a store none, since that would fetch them all.
    pub(super) fn read_motion(&mut self, files: &MediaFiles, peak: Option<u32>) {
        if !matches!(files, MediaFiles::Archive(_)) {
            return;
        }
        let step = self.names.len().div_ceil(MAX_OPENED).max(1);
        for index in (0..self.names.len()).step_by(step) {
            let Ok(media) = files.open(&(false, self.names[index].to_string())) else { continue };
            self.infos[index].changed = motion_of(&media.file).peak_change.unwrap_or(0);
            if peak.is_some_and(|peak| self.infos[index].changed >= peak) {
                return;
            }
        }
    }

    /// The frames by their motion, the strongest first; without motion the one at a quarter of the event.
    pub(super) fn strongest(&self) -> Option<usize> {
        let strongest = self.infos.iter().enumerate().max_by_key(|(index, info)| (info.changed, usize::MAX - index));
        let (index, info) = strongest?;
        Some(if info.changed > 0 { index } else { self.names.len() / 4 })
    }
}

/// The times of frames, in seconds since the first. Frames of one second are spread over it.
fn times(frames: &[Frame]) -> Vec<f64> {
    const DAY: u32 = 86_400;
    let Some(first) = frames.first() else { return Vec::new() };
    let seconds = |frame: &Frame| (frame.secs + DAY - first.secs) % DAY;
    let mut times = Vec::with_capacity(frames.len());
    for group in frames.chunk_by(|a, b| a.secs == b.secs) {
        let count = f64::from(u32::try_from(group.len()).unwrap_or(u32::MAX));
        for (frame, at) in group.iter().zip(0_u32..) {
            times.push(f64::from(seconds(frame)) + f64::from(at) / count);
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times grow over midnight and within a second.
    #[test]
    fn times_of_frames_grow() {
        let frames = ["23-59-59-00.jpg", "23-59-59-07.jpg", "00-00-00-00.jpg", "00-00-02-00.jpg"];
        let frames: Vec<Frame> = frames.iter().map(|name| Frame::parse(name.as_bytes()).unwrap()).collect();
        let times = times(&frames);
        assert!(times.iter().zip([0.0, 0.5, 1.0, 3.0]).all(|(time, wanted)| (time - wanted).abs() < 1e-9), "{times:?}");
    }
}
