//! Writes JPEGs and their times as a Matroska stream, which `ffmpeg` reads from a pipe: nothing in it has to be known before,
//! or to be written later. What the JPEGs contain is not looked at.

use std::io::{self, Write};

/// The elements, by their ids (RFC 8794 and RFC 9559).
const EBML: u32 = 0x1A45_DFA3;
const EBML_VERSION: u32 = 0x4286;
const EBML_READ_VERSION: u32 = 0x42F7;
const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
const DOC_TYPE: u32 = 0x4282;
const DOC_TYPE_VERSION: u32 = 0x4287;
const DOC_TYPE_READ_VERSION: u32 = 0x4285;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x002A_D7B1;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const TRACK_UID: u32 = 0x73C5;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const DEFAULT_DURATION: u32 = 0x0023_E383;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;

/// Times are in milliseconds, which are this many nanoseconds.
const MILLISECOND: u64 = 1_000_000;

/// The size of an element that ends with the stream.
const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// What a block begins with: track 1, no time beyond that of its cluster, a key frame.
const BLOCK: [u8; 4] = [0x81, 0, 0, 0x80];

/// A stream that has begun.
pub(super) struct Stream<W>(W);

impl<W: Write> Stream<W> {
    /// Begins a stream of JPEGs of this size in pixels, which are usually shown for `usual` milliseconds.
    pub(super) fn begin(mut output: W, (width, height): (u32, u32), usual: u64) -> io::Result<Self> {
        let header = [
            number(EBML_VERSION, 1),
            number(EBML_READ_VERSION, 1),
            number(EBML_MAX_ID_LENGTH, 4),
            number(EBML_MAX_SIZE_LENGTH, 8),
            element(DOC_TYPE, b"matroska"),
            number(DOC_TYPE_VERSION, 2),
            number(DOC_TYPE_READ_VERSION, 2),
        ];
        let size = [number(PIXEL_WIDTH, width.into()), number(PIXEL_HEIGHT, height.into())];
        let track = [
            number(TRACK_NUMBER, 1),
            number(TRACK_UID, 1),
            number(TRACK_TYPE, 1),
            element(CODEC_ID, b"V_MJPEG"),
            number(DEFAULT_DURATION, usual.saturating_mul(MILLISECOND)),
            element(VIDEO, &size.concat()),
        ];
        let beginning = [
            element(EBML, &header.concat()),
            [id(SEGMENT), UNKNOWN_SIZE.to_vec()].concat(),
            element(INFO, &number(TIMESTAMP_SCALE, MILLISECOND)),
            element(TRACKS, &element(TRACK_ENTRY, &track.concat())),
        ];
        output.write_all(&beginning.concat())?;
        Ok(Self(output))
    }

    /// Writes a JPEG that is shown from this millisecond on. It is a cluster of its own, so that its time has no limit.
    pub(super) fn frame(&mut self, at: u64, jpeg: &[u8]) -> io::Result<()> {
        let len = jpeg.len() as u64;
        let block = [id(SIMPLE_BLOCK), size(len + BLOCK.len() as u64), BLOCK.to_vec()].concat();
        let before = [number(TIMESTAMP, at), block].concat();
        self.0.write_all(&[id(CLUSTER), size(len + before.len() as u64), before].concat())?;
        self.0.write_all(jpeg)
    }
}

/// An element with its contents.
fn element(of: u32, contents: &[u8]) -> Vec<u8> {
    [id(of), size(contents.len() as u64), contents.to_vec()].concat()
}

/// An element that is a number.
fn number(of: u32, value: u64) -> Vec<u8> {
    element(of, &value.to_be_bytes())
}

/// An id: its length follows from its first byte, which is not 0.
fn id(of: u32) -> Vec<u8> {
    of.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The size of an element, in the longest form.
fn size(bytes: u64) -> Vec<u8> {
    (1 << 56 | bytes).to_be_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The elements of these bytes, by the rules of RFC 8794. Those without a size take the rest.
    fn elements(mut bytes: &[u8]) -> Vec<(u32, &[u8])> {
        let mut found = Vec::new();
        while let Some(first) = bytes.first() {
            let (of, rest) = bytes.split_at(first.leading_zeros() as usize + 1);
            let of = of.iter().fold(0, |of, byte| of << 8 | u32::from(*byte));
            let (size, rest) = rest.split_at(rest[0].leading_zeros() as usize + 1);
            let is_unknown = *size == UNKNOWN_SIZE;
            let size = size.iter().fold(0, |size, byte| size << 8 | usize::from(*byte)) ^ 1 << (7 * size.len());
            let (contents, rest) = rest.split_at(if is_unknown { rest.len() } else { size });
            found.push((of, contents));
            bytes = rest;
        }
        found
    }

    fn value(bytes: &[u8]) -> u64 {
        u64::from_be_bytes(bytes.try_into().unwrap())
    }

    /// A player needs exactly these to find the pictures.
    #[test]
    fn the_beginning_describes_the_track() {
        let mut bytes = Vec::new();
        Stream::begin(&mut bytes, (1280, 720), 40).unwrap();
        let [(EBML, header), (SEGMENT, segment)] = elements(&bytes)[..] else { panic!("{bytes:?}") };
        assert!(elements(header).contains(&(DOC_TYPE, b"matroska")));
        let [(INFO, info), (TRACKS, tracks)] = elements(segment)[..] else { panic!("{segment:?}") };
        assert_eq!(elements(info), [(TIMESTAMP_SCALE, 1_000_000u64.to_be_bytes().as_slice())]);
        let [(TRACK_ENTRY, track)] = elements(tracks)[..] else { panic!("{tracks:?}") };
        let track = elements(track);
        let of = |id: u32| track.iter().find(|(of, _)| *of == id).unwrap().1;
        assert_eq!((value(of(TRACK_NUMBER)), value(of(TRACK_TYPE)), of(CODEC_ID)), (1, 1, b"V_MJPEG".as_slice()));
        assert_eq!(value(of(DEFAULT_DURATION)), 40_000_000);
        let size = elements(of(VIDEO));
        assert_eq!(
            size.iter().map(|(of, bytes)| (*of, value(bytes))).collect::<Vec<_>>(),
            [(PIXEL_WIDTH, 1280), (PIXEL_HEIGHT, 720)]
        );
    }

    #[test]
    fn a_pipe_that_fails_is_an_error() {
        let mut short = [0; 1000];
        let mut stream = Stream::begin(short.as_mut_slice(), (2, 2), 1).unwrap();
        assert!(stream.frame(0, &[0; 1000]).is_err());
        assert!(Stream::begin([0; 20].as_mut_slice(), (2, 2), 1).is_err());
    }

    proptest! {
        #[test]
        fn frames_and_times_are_found_again(
            frames in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..300)), 0..9),
            size in any::<(u32, u32)>(),
            usual in any::<u64>(),
        ) {
            let mut bytes = Vec::new();
            let mut stream = Stream::begin(&mut bytes, size, usual).unwrap();
            for (at, jpeg) in &frames {
                stream.frame(*at, jpeg).unwrap();
            }
            let segment = elements(&bytes)[1].1;
            let found: Vec<_> = elements(segment).into_iter().skip(2).map(|(of, cluster)| {
                let [(TIMESTAMP, at), (SIMPLE_BLOCK, block)] = elements(cluster)[..] else { panic!("{cluster:?}") };
                assert_eq!((of, &block[..4]), (CLUSTER, BLOCK.as_slice()));
                (value(at), block[4..].to_vec())
            }).collect();
            prop_assert_eq!(found, frames);
        }
    }
}
