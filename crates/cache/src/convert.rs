//! Converting fetched media before they are stored. Built in: animated GIF to mp4, by ffmpeg.

use std::error::Error as StdError;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::media::{Label, Media};

/// The most CPU time of one conversion, in seconds.
const TIME_LIMIT: &str = "60";

/// What a converter made.
#[derive(Debug)]
pub enum Conversion {
    /// The media are stored as they are.
    Unchanged,
    /// These are stored instead.
    Changed(Media),
}

/// Changes fetched media before they are stored, and before any caller gets them.
pub trait Converter: Send + Sync + 'static {
    /// Converts media. It may block.
    ///
    /// # Errors
    /// The media cannot be converted. They are then served as they are, and not stored.
    fn convert(&self, key: &str, media: &Media) -> Result<Conversion, Box<dyn StdError + Send + Sync>>;
}

/// Converts animated GIFs to mp4 (H.264, yuv420p, faststart), which are a tenth of their size. Everything else stays as it is.
#[derive(Debug, Clone)]
pub struct GifToMp4 {
    ffmpeg: PathBuf,
}

impl Default for GifToMp4 {
    /// Uses the `ffmpeg` of the command search path.
    fn default() -> Self {
        Self::new("ffmpeg")
    }
}

impl GifToMp4 {
    /// Uses this ffmpeg.
    pub fn new(ffmpeg: impl Into<PathBuf>) -> Self {
        Self { ffmpeg: ffmpeg.into() }
    }
}

impl Converter for GifToMp4 {
    fn convert(&self, _: &str, media: &Media) -> Result<Conversion, Box<dyn StdError + Send + Sync>> {
        if !is_animated_gif(&media.bytes) {
            return Ok(Conversion::Unchanged);
        }
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("in.gif"), folder.path().join("out.mp4"));
        fs::write(&from, &media.bytes)?;
        let output = Command::new(&self.ffmpeg)
            .args(["-nostdin", "-v", "error", "-timelimit", TIME_LIMIT, "-f", "gif", "-i"])
            .arg(&from)
            // H.264 in yuv420p has even sizes only.
            .args(["-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2:flags=lanczos,format=yuv420p"])
            .args(["-c:v", "libx264", "-movflags", "+faststart", "-y"])
            .arg(&to)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.ffmpeg.display()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}", self.ffmpeg.display(), stderr.lines().last().unwrap_or("failed")).into());
        }
        let name = &*media.label.file_name;
        let stem = name.strip_suffix(".gif").or_else(|| name.strip_suffix(".GIF")).unwrap_or(name);
        let label = Label::new("video/mp4", &format!("{stem}.mp4"));
        Ok(Conversion::Changed(Media { bytes: fs::read(&to)?.into(), label }))
    }
}

/// Whether data are a GIF with more than one picture, by their contents.
fn is_animated_gif(bytes: &[u8]) -> bool {
    if !(bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")) {
        return false;
    }
    pictures(bytes, 2).is_some_and(|count| count >= 2)
}

/// Counts the pictures of a GIF, up to `max`; `None` if it ends early before `max`.
fn pictures(bytes: &[u8], max: usize) -> Option<usize> {
    let table = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let blocks = |mut at: usize| -> Option<usize> {
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len == 0 {
                return Some(at);
            }
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut count = 0;
    while count < max {
        match bytes.get(at)? {
            0x2c => {
                count += 1;
                // The picture's header and colour table, a byte of its coding, and its blocks.
                at = blocks(at + 11 + table(*bytes.get(at + 9)?))?;
            }
            0x21 => at = blocks(at + 2)?,
            _ => break,
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gif(pictures: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.gif");
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=33x21:rate=5", "-frames:v"])
            .arg(pictures.to_string())
            .arg(&path)
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        fs::read(path).unwrap()
    }

    /// An animated GIF of odd size becomes an mp4 under its own name; a still one stays.
    #[test]
    fn animated_gifs_become_mp4() {
        let converter = GifToMp4::default();
        let (moving, still) = (gif(3), gif(1));
        let media = Media::new(moving, "image/gif", "walk.gif");
        let Conversion::Changed(made) = converter.convert("k", &media).unwrap() else { panic!("not converted") };
        assert_eq!((&*made.label.mime_type, &*made.label.file_name), ("video/mp4", "walk.mp4"));
        assert_eq!(&made.bytes[4..8], b"ftyp");
        for other in [
            Media::new(still, "image/gif", "a.gif"),
            Media::new("GIF89a", "image/gif", "b.gif"),
            Media::new("x", "", ""),
        ] {
            assert!(matches!(converter.convert("k", &other), Ok(Conversion::Unchanged)));
        }
    }

    /// A GIF that ffmpeg cannot read, and a missing ffmpeg, are errors that say why.
    #[test]
    fn failed_conversions_say_why() {
        let mut damaged = gif(3);
        damaged[6..10].fill(0); // no width and no height
        let media = Media::new(damaged, "image/gif", "a.gif");
        assert!(GifToMp4::default().convert("k", &media).is_err());
        let missing = GifToMp4::new("/nonexistent/ffmpeg").convert("k", &Media::new(gif(2), "", "")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot run /nonexistent/ffmpeg"), "{missing}");
    }

    proptest! {
        /// No bytes make the parser panic or run on.
        #[test]
        fn any_bytes_are_parsed(tail in prop::collection::vec(any::<u8>(), 0..300)) {
            is_animated_gif(&[b"GIF89a".as_slice(), &tail].concat());
        }
    }
}
