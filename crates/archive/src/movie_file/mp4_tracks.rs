//! The codecs of an mp4's tracks: the first sample description of each (ISO/IEC 14496-12, section 8.5.2).

use std::io;

use super::contents::{AudioCodec, MovieForm, Tracks, VideoCodec, av1, h264};
use super::mp4::{Found, box_at, child, for_each, moov};
use super::source::Source;

/// What precedes the entries of a sample description: version, flags, and their number.
const ENTRIES: u64 = 8;
/// The fields of a video entry, after which its boxes begin.
const VIDEO_FIELDS: u64 = 78;

pub(super) fn tracks(source: &mut Source<'_>) -> io::Result<(MovieForm, Tracks)> {
    let form = if is_mp4(source)? { MovieForm::Mp4 } else { MovieForm::QuickTime };
    let mut tracks = Tracks::default();
    if let Some(moov) = moov(source)? {
        for_each(
            moov,
            source,
            |track, source| {
                if &track.kind == b"trak" { add(track, &mut tracks, source) } else { Ok(()) }
            },
        )?;
    }
    Ok((form, tracks))
}

/// `QuickTime` has a brand of its own, or none.
fn is_mp4(source: &mut Source<'_>) -> io::Result<bool> {
    let head = source.bytes::<12>(0)?;
    Ok(head.is_some_and(|head| {
        (&head[4..8] == b"ftyp" && &head[8..] != b"qt  ") || matches!(&head[4..8], b"moof" | b"styp")
    }))
}

/// Adds a track, unless there is one of its kind.
fn add(track: Found, tracks: &mut Tracks, source: &mut Source<'_>) -> io::Result<()> {
    let Some(media) = child(track, b"mdia", source)? else { return Ok(()) };
    let Some(handler) = child(media, b"hdlr", source)? else { return Ok(()) };
    let Some(handler) = source.bytes::<4>(handler.body + 8)? else { return Ok(()) };
    let Some(entry) = entry(media, source)? else { return Ok(()) };
    match &handler {
        b"vide" if tracks.video.is_none() => tracks.video = Some(video(entry, source)?),
        b"soun" if tracks.audio.is_none() => tracks.audio = Some(audio(entry)),
        _ => {}
    }
    Ok(())
}

/// The first sample description of a track.
fn entry(media: Found, source: &mut Source<'_>) -> io::Result<Option<Found>> {
    let mut at = media;
    for kind in [b"minf", b"stbl", b"stsd"] {
        match child(at, kind, source)? {
            Some(found) => at = found,
            None => return Ok(None),
        }
    }
    Ok(box_at(at.body + ENTRIES, at.end, source)?.filter(|entry| entry.end <= at.end))
}

fn video(entry: Found, source: &mut Source<'_>) -> io::Result<VideoCodec> {
    let boxes = Found { body: entry.body.saturating_add(VIDEO_FIELDS), ..entry };
    let mut second_byte = |kind: &[u8; 4]| -> io::Result<Option<u8>> {
        let Some(configuration) = child(boxes, kind, source)? else { return Ok(None) };
        Ok(source.bytes::<2>(configuration.body)?.map(|[_, byte]| byte))
    };
    Ok(match &entry.kind {
        b"avc1" | b"avc3" => second_byte(b"avcC")?.map_or(VideoCodec::Other, h264),
        b"av01" => second_byte(b"av1C")?.map_or(VideoCodec::Other, av1),
        b"vp08" => VideoCodec::Vp8,
        b"vp09" => VideoCodec::Vp9,
        _ => VideoCodec::Other,
    })
}

fn audio(entry: Found) -> AudioCodec {
    match &entry.kind {
        b"mp4a" => AudioCodec::Aac,
        b".mp3" => AudioCodec::Mp3,
        b"Opus" => AudioCodec::Opus,
        b"fLaC" => AudioCodec::Flac,
        _ => AudioCodec::Other,
    }
}
