//! How the tracks of a movie are encoded: what movies must have in common to be joined without encoding them anew.

use serde::Deserialize;

use crate::{Error, Result};

/// What `ffprobe` is asked for.
pub(super) const ENTRIES: &str = "stream=codec_type,codec_name,profile,width,height,pix_fmt,sample_aspect_ratio,time_base,\
                                  sample_rate,channels,extradata_hash:format=duration";

/// How the tracks of a movie are encoded, and its length.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub video: Track,
    /// The sound, if there is some.
    pub audio: Option<Track>,
    /// The length in seconds; 0 if it is unknown.
    pub secs: f64,
}

/// How a track is encoded. Tracks that are equal can follow each other in one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Track {
    codec_type: Option<String>,
    pub codec_name: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    pub width: u32,
    #[serde(default)]
    pub height: u32,
    pix_fmt: Option<String>,
    sample_aspect_ratio: Option<String>,
    pub time_base: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u32>,
    /// Of the parameters that stand before the pictures.
    extradata_hash: Option<String>,
}

#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    streams: Vec<Track>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

impl Layout {
    /// What the JSON says.
    pub(super) fn of_json(json: &str) -> Result<Self> {
        let printed: Printed = serde_json::from_str(json)
            .map_err(|error| Error::Io { operation: "read what ffprobe prints", source: error.into() })?;
        let first =
            |kind: &str| printed.streams.iter().find(|track| track.codec_type.as_deref() == Some(kind)).cloned();
        let secs = printed.format.duration.and_then(|secs| secs.parse().ok());
        let none = || Error::Unplayable("no picture was found".to_owned());
        Ok(Self {
            video: first("video").ok_or_else(none)?,
            audio: first("audio"),
            secs: secs.filter(|secs: &f64| secs.is_finite() && *secs > 0.0).unwrap_or(0.0),
        })
    }
}
