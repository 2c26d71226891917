//! Animated WebP, by libwebp.

use webp::{AnimEncoder, AnimFrame, WebPConfig};

use super::{Clip, Quality};
use crate::{Error, Result};

impl Quality {
    /// On the scale of libwebp, from 0 to 100.
    fn of_webp(self) -> f32 {
        match self {
            Self::Good => 70.0,
            Self::Fair => 45.0,
            Self::Poor => 15.0,
        }
    }
}

/// Encodes a clip that is repeated without end. The last frame is shown as long as the others on average.
pub(super) fn encode(clip: &Clip, quality: Quality) -> Result<Vec<u8>> {
    let failed = |error: String| Error::Picture(format!("cannot encode WebP: {error}"));
    let mut config = WebPConfig::new().map_err(|()| failed("libwebp is of another version".to_owned()))?;
    config.quality = quality.of_webp();
    let (width, height) = clip.size()?;
    let mut encoder = AnimEncoder::new(width, height, &config);
    let mut time = 0;
    for (picture, delay) in clip.pictures.iter().zip(&clip.delays) {
        encoder.add_frame(AnimFrame::from_rgb(picture.pixels(), width, height, time));
        time = time.saturating_add(i32::try_from(*delay).unwrap_or(i32::MAX));
    }
    Ok(encoder.try_encode().map_err(|error| failed(format!("{error:?}")))?.to_vec())
}
