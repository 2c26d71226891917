//! The codecs of a Matroska file's tracks (RFC 9559, section 5.1.4). They are written before the first frame, so a file
//! that was cut off has them.

use std::io;

use super::contents::{AudioCodec, MovieForm, Tracks, VideoCodec, av1, h264};
use super::matroska::{CLUSTER, Element, MAX_ELEMENTS, SEGMENT};
use super::source::Source;

const DOC_TYPE: u32 = 0x4282;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63A2;

const VIDEO: u64 = 1;
const AUDIO: u64 = 2;

/// Codec ids are shorter.
const MAX_NAME: usize = 64;

pub(super) fn tracks(source: &mut Source<'_>) -> io::Result<(MovieForm, Tracks)> {
    let mut tracks = Tracks::default();
    let Some(header) = Element::at(0, source)? else { return Ok((MovieForm::Matroska, tracks)) };
    let mut form = MovieForm::Matroska;
    for_each(header, source, |element, source| {
        if element.id == DOC_TYPE && text(element, source)? == b"webm" {
            form = MovieForm::WebM;
        }
        Ok(true)
    })?;
    let Some(segment) = header.end.map(|end| Element::at(end, source)).transpose()?.flatten() else {
        return Ok((form, tracks));
    };
    if segment.id == SEGMENT {
        for_each(segment, source, |element, source| {
            if element.id == TRACKS {
                for_each(element, source, |track, source| {
                    if track.id == TRACK_ENTRY {
                        add(track, &mut tracks, source)?;
                    }
                    Ok(true)
                })?;
            }
            Ok(!matches!(element.id, TRACKS | CLUSTER))
        })?;
    }
    Ok((form, tracks))
}

/// Visits the elements within another until `then` returns false. The end of a segment may be unknown.
fn for_each(
    of: Element,
    source: &mut Source<'_>,
    mut then: impl FnMut(Element, &mut Source<'_>) -> io::Result<bool>,
) -> io::Result<()> {
    let (mut at, end) = (of.body, of.end.unwrap_or(u64::MAX));
    for _ in 0..MAX_ELEMENTS {
        if at >= end {
            break;
        }
        let Some(element) = Element::at(at, source)? else { break };
        if !then(element, source)? {
            break;
        }
        let Some(next) = element.end else { break };
        at = next;
    }
    Ok(())
}

/// The beginning of an element's body.
fn text(element: Element, source: &mut Source<'_>) -> io::Result<Vec<u8>> {
    let len = element.end.map_or(0, |end| end - element.body);
    let mut bytes = source.window(element.body, usize::try_from(len).unwrap_or(MAX_NAME).min(MAX_NAME))?;
    while bytes.last() == Some(&0) {
        bytes.pop(); // it may be padded
    }
    Ok(bytes)
}

/// Adds a track, unless there is one of its kind.
fn add(track: Element, tracks: &mut Tracks, source: &mut Source<'_>) -> io::Result<()> {
    let (mut kind, mut codec, mut private) = (None, Vec::new(), None);
    for_each(track, source, |element, source| {
        match element.id {
            TRACK_TYPE => kind = element.number(source)?,
            CODEC_ID => codec = text(element, source)?,
            CODEC_PRIVATE => private = source.bytes::<2>(element.body)?,
            _ => {}
        }
        Ok(true)
    })?;
    match kind {
        Some(VIDEO) if tracks.video.is_none() => tracks.video = Some(video(&codec, private)),
        Some(AUDIO) if tracks.audio.is_none() => tracks.audio = Some(audio(&codec)),
        _ => {}
    }
    Ok(())
}

/// The codec by its id; the private data of H.264 and AV1 are those that an mp4 has.
fn video(codec: &[u8], private: Option<[u8; 2]>) -> VideoCodec {
    let second = private.map(|[_, byte]| byte);
    match codec {
        b"V_MPEG4/ISO/AVC" => second.map_or(VideoCodec::Other, h264),
        b"V_AV1" => second.map_or(VideoCodec::Other, av1),
        b"V_VP8" => VideoCodec::Vp8,
        b"V_VP9" => VideoCodec::Vp9,
        _ => VideoCodec::Other,
    }
}

fn audio(codec: &[u8]) -> AudioCodec {
    match codec {
        b"A_OPUS" => AudioCodec::Opus,
        b"A_VORBIS" => AudioCodec::Vorbis,
        b"A_FLAC" => AudioCodec::Flac,
        b"A_MPEG/L3" => AudioCodec::Mp3,
        _ if codec.starts_with(b"A_AAC") => AudioCodec::Aac,
        _ => AudioCodec::Other,
    }
}
