//! What `ffprobe` prints about a movie.

use owlery_archive::{AudioCodec, VideoCodec};
use serde::Deserialize;

use crate::{Error, Result};

/// The codecs and the length of a movie, by `ffprobe`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tracks {
    /// The codec of the first video track.
    pub video: Option<VideoCodec>,
    /// The codec of the first audio track.
    pub audio: Option<AudioCodec>,
    /// The length in seconds.
    pub secs: Option<f64>,
}

#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<Kind>,
    codec_name: Option<String>,
    pix_fmt: Option<String>,
    #[serde(default)]
    disposition: Disposition,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Video,
    Audio,
    #[serde(other)]
    Other,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

impl Tracks {
    /// What the JSON says.
    pub(super) fn of_json(json: &str) -> Result<Self> {
        let printed: Printed = serde_json::from_str(json)
            .map_err(|error| Error::Io { operation: "read what ffprobe prints", source: error.into() })?;
        let first = |kind: &Kind| {
            let mut streams = printed.streams.iter();
            streams.find(|stream| stream.codec_type.as_ref() == Some(kind) && stream.disposition.attached_pic == 0)
        };
        let secs = printed.format.duration.as_ref().and_then(|secs| secs.parse().ok());
        Ok(Self {
            video: first(&Kind::Video).map(video),
            audio: first(&Kind::Audio).map(audio),
            secs: secs.filter(|secs: &f64| secs.is_finite() && *secs > 0.0),
        })
    }
}

fn video(stream: &Stream) -> VideoCodec {
    let is_420 = matches!(stream.pix_fmt.as_deref(), Some("yuv420p" | "yuvj420p"));
    match stream.codec_name.as_deref() {
        Some("h264") if is_420 => VideoCodec::H264,
        Some("av1") if is_420 => VideoCodec::Av1,
        Some("vp8") => VideoCodec::Vp8,
        Some("vp9") if is_420 => VideoCodec::Vp9,
        _ => VideoCodec::Other,
    }
}

fn audio(stream: &Stream) -> AudioCodec {
    match stream.codec_name.as_deref() {
        Some("aac") => AudioCodec::Aac,
        Some("mp3") => AudioCodec::Mp3,
        Some("opus") => AudioCodec::Opus,
        Some("vorbis") => AudioCodec::Vorbis,
        Some("flac") => AudioCodec::Flac,
        _ => AudioCodec::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ffprobe 5.1 prints for a FLV with sound.
    #[test]
    fn the_first_tracks_are_read() {
        let json = r#"{"programs":[],"streams":[{"codec_name":"mjpeg","codec_type":"video","pix_fmt":"yuvj420p","disposition":{"attached_pic":1}},
            {"codec_name":"aac","codec_type":"audio","disposition":{"attached_pic":0}},{"codec_type":"data"},
            {"codec_name":"h264","codec_type":"video","pix_fmt":"yuv420p","disposition":{"attached_pic":0}}],"format":{"duration":"3.040000"}}"#;
        let expected = Tracks { video: Some(VideoCodec::H264), audio: Some(AudioCodec::Aac), secs: Some(3.04) };
        assert_eq!(Tracks::of_json(json).unwrap(), expected);
        let none = Tracks { video: None, audio: None, secs: None };
        assert_eq!(Tracks::of_json("{}").unwrap(), none);
        assert_eq!(Tracks::of_json(r#"{"streams":[],"format":{"duration":"N/A"}}"#).unwrap(), none);
        assert!(Tracks::of_json("").is_err());
    }

    /// Pictures of ten bits, or with more colours, are not played by every browser.
    #[test]
    fn rare_forms_of_h264_are_other() {
        for form in ["yuv422p", "yuv444p", "yuv420p10le", "gray"] {
            let json = format!(r#"{{"streams":[{{"codec_name":"h264","codec_type":"video","pix_fmt":"{form}"}}]}}"#);
            assert_eq!(Tracks::of_json(&json).unwrap().video, Some(VideoCodec::Other), "{form}");
        }
    }
}
