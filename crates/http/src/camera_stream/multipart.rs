//! Takes the pictures out of a stream of the type `multipart/x-mixed-replace`, as bytes arrive. A part has a `Content-Length`, or
//! lasts until the next boundary. What is no such stream is an error; nothing here panics, and the memory is bounded.

use bytes::{Buf, Bytes, BytesMut};

/// The most bytes before a boundary, and of the head of a part.
const MAX_HEAD: usize = 8 << 10;
/// How a JPEG begins.
const JPEG: [u8; 2] = [0xff, 0xd8];

/// Why the bytes are no stream of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// No boundary comes.
    NoBoundary,
    /// The head of a part is too long, or its length is no number.
    Head,
    /// A picture has too many bytes.
    TooLarge,
    /// A part is no JPEG.
    NoJpeg,
}

impl Malformed {
    /// The reason as a text.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NoBoundary => "its pictures are not separated by the boundary that it announces",
            Self::Head => "the head of a picture is malformed",
            Self::TooLarge => "a picture is larger than 8 MiB",
            Self::NoJpeg => "it sends something else than JPEG pictures",
        }
    }
}

/// What the bytes so far have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A picture, with its bytes.
    Picture(Bytes),
    /// No whole picture yet.
    More,
    /// The stream says that it is over.
    End,
}

/// The state of a stream.
#[derive(Debug)]
pub(super) struct Parser {
    /// The boundary without the hyphens around it: programs differ in how many they send.
    token: Vec<u8>,
    max_picture: usize,
    buffer: BytesMut,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Before a boundary; so many bytes were passed over.
    Between(usize),
    Head {
        length: Option<usize>,
        read: usize,
    },
    /// A picture of this length.
    Sized(usize),
    /// A picture until the next boundary; so many bytes were searched for it.
    Open(usize),
    End,
}

impl Parser {
    /// A stream with this boundary, as its `Content-Type` names it; `None` if that cannot be one.
    pub(super) fn new(boundary: &str, max_picture: usize) -> Option<Self> {
        let token = boundary.trim_matches('-').as_bytes().to_vec();
        let is_valid = (1..=200).contains(&token.len()) && token.iter().all(|byte| (b' '..=b'~').contains(byte));
        let (buffer, state) = (BytesMut::new(), State::Between(0));
        is_valid.then_some(Self { token, max_picture, buffer, state })
    }

    /// Adds bytes. Take all pictures before the next call.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next picture.
    pub(super) fn next(&mut self) -> Result<Next, Malformed> {
        loop {
            let step = match self.state {
                State::Between(passed) => self.between(passed)?,
                State::Head { length, read } => self.head(length, read)?,
                State::Sized(length) => self.sized(length)?,
                State::Open(searched) => self.open(searched)?,
                State::End => return Ok(Next::End),
            };
            match step {
                Step::To(state) => self.state = state,
                Step::Picture(picture, state) => {
                    self.state = state;
                    if picture.is_empty() {
                        continue; // a sign of life
                    }
                    return if picture.starts_with(&JPEG) {
                        Ok(Next::Picture(picture))
                    } else {
                        Err(Malformed::NoJpeg)
                    };
                }
                Step::Wait => return Ok(Next::More),
            }
        }
    }

    /// Takes a line, without its end.
    fn line(&mut self, max: usize, error: Malformed) -> Result<Option<Bytes>, Malformed> {
        match memchr::memchr(b'\n', &self.buffer) {
            Some(at) if at > max => Err(error),
            Some(at) => {
                let line = self.buffer.split_to(at).freeze();
                self.buffer.advance(1);
                Ok(Some(line))
            }
            None if self.buffer.len() > max => Err(error),
            None => Ok(None),
        }
    }

    fn between(&mut self, passed: usize) -> Result<Step, Malformed> {
        let Some(line) = self.line(MAX_HEAD, Malformed::NoBoundary)? else { return Ok(Step::Wait) };
        let passed = passed + line.len() + 1;
        Ok(Step::To(match Boundary::of(&line, &self.token) {
            Some(Boundary::Part) => State::Head { length: None, read: 0 },
            Some(Boundary::End) => State::End,
            None if passed > MAX_HEAD => return Err(Malformed::NoBoundary),
            None => State::Between(passed),
        }))
    }

    fn head(&mut self, length: Option<usize>, read: usize) -> Result<Step, Malformed> {
        let Some(line) = self.line(MAX_HEAD, Malformed::Head)? else { return Ok(Step::Wait) };
        let read = read + line.len() + 1;
        if read > MAX_HEAD {
            return Err(Malformed::Head);
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(Step::To(length.map_or(State::Open(0), State::Sized)));
        }
        let (name, value) = line.split_at(memchr::memchr(b':', line).ok_or(Malformed::Head)?);
        let (name, value) = (name.trim_ascii(), value[1..].trim_ascii());
        let mut length = length;
        if name.eq_ignore_ascii_case(b"content-length") {
            length = Some(self.length(value)?);
        } else if name.eq_ignore_ascii_case(b"content-type") && !is_jpeg(value) {
            return Err(Malformed::NoJpeg);
        }
        Ok(Step::To(State::Head { length, read }))
    }

    fn length(&self, value: &[u8]) -> Result<usize, Malformed> {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| is_number).ok_or(Malformed::Head)?;
        // A number with too many digits is too large a number.
        let length: usize = text.parse().unwrap_or(usize::MAX);
        if length > self.max_picture { Err(Malformed::TooLarge) } else { Ok(length) }
    }

    fn sized(&mut self, length: usize) -> Result<Step, Malformed> {
        if self.buffer.len() >= JPEG.len().min(length) && !self.buffer.starts_with(&JPEG[..JPEG.len().min(length)]) {
            return Err(Malformed::NoJpeg);
        }
        if self.buffer.len() < length {
            return Ok(Step::Wait);
        }
        Ok(Step::Picture(self.buffer.split_to(length).freeze(), State::Between(0)))
    }

    fn open(&mut self, searched: usize) -> Result<Step, Malformed> {
        let needle = [b"--", self.token.as_slice()].concat();
        let mut from = searched;
        while let Some(at) = memchr::memmem::find(&self.buffer[from..], &needle) {
            let before = self.buffer[..from + at].iter().rposition(|byte| *byte != b'-');
            let line = before.map_or(0, |before| before + 1);
            if before.is_some_and(|before| self.buffer[before] != b'\n') {
                from += at + 1; // in the middle of a line
                continue;
            }
            let picture = self.buffer.split_to(line).freeze();
            let end = picture.strip_suffix(b"\n").unwrap_or(&picture);
            let end = end.strip_suffix(b"\r").unwrap_or(end).len();
            if end > self.max_picture {
                return Err(Malformed::TooLarge);
            }
            return Ok(Step::Picture(picture.slice(..end), State::Between(0)));
        }
        if self.buffer.len() > self.max_picture.saturating_add(needle.len() + 2) {
            return Err(Malformed::TooLarge);
        }
        self.state = State::Open(from.max(self.buffer.len().saturating_sub(needle.len())));
        Ok(Step::Wait)
    }
}

/// What a step has led to.
enum Step {
    To(State),
    Picture(Bytes, State),
    Wait,
}

/// A line that separates parts, or ends the last.
enum Boundary {
    Part,
    End,
}

impl Boundary {
    fn of(line: &[u8], token: &[u8]) -> Option<Self> {
        let line = line.trim_ascii_end();
        let begin = line.iter().position(|byte| *byte != b'-').filter(|hyphens| *hyphens >= 2)?;
        let rest = line[begin..].strip_prefix(token)?;
        let is_ended = rest.iter().all(|byte| *byte == b'-');
        is_ended.then_some(if rest.is_empty() { Self::Part } else { Self::End })
    }
}

/// Whether a part's type is that of a JPEG.
fn is_jpeg(value: &[u8]) -> bool {
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"image/jpeg") || essence.eq_ignore_ascii_case(b"image/jpg")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: usize = 1000;

    /// The pictures of a stream that arrives in pieces of this size, and how it ends.
    fn pictures(stream: &[u8], piece: usize) -> (Vec<Bytes>, Result<Next, Malformed>) {
        let mut parser = Parser::new("BoundaryString", MAX).unwrap();
        let mut pictures = Vec::new();
        let mut last = Ok(Next::More);
        for bytes in stream.chunks(piece.max(1)) {
            parser.push(bytes);
            loop {
                last = parser.next();
                match &last {
                    Ok(Next::Picture(picture)) => pictures.push(picture.clone()),
                    Ok(Next::More) => break,
                    Ok(Next::End) | Err(_) => return (pictures, last),
                }
            }
        }
        (pictures, last)
    }

    fn of(stream: &[u8]) -> Vec<Vec<u8>> {
        let (whole, end) = pictures(stream, stream.len());
        assert_eq!(end, Ok(Next::More), "{}", stream.escape_ascii());
        whole.iter().map(|picture| picture.to_vec()).collect()
    }

    const ONE: &[u8] = b"\xff\xd81\n--x\r\n";
    const TWO: &[u8] = b"\xff\xd8 two";

    #[test]
    fn motions_stream_is_parsed() {
        let mut stream = Vec::new();
        for picture in [ONE, TWO] {
            stream.extend(
                format!("--BoundaryString\r\nContent-type: image/jpeg\r\nContent-Length: {:9}\r\n\r\n", picture.len())
                    .bytes(),
            );
            stream.extend(picture.iter().chain(b"\r\n"));
        }
        assert_eq!(of(&stream), [ONE, TWO]);
    }

    #[test]
    fn parts_without_a_length_end_at_the_boundary() {
        let head = b"Content-Type: image/jpeg\r\n\r\n".as_slice();
        for boundary in ["--BoundaryString\r\n", "----BoundaryString\n", "--BoundaryString \r\n"] {
            let boundary = boundary.as_bytes();
            let ends: &[&[u8]] = &[b"\r\n", b"\n"];
            for end in ends {
                let stream = [b"hello\r\n", boundary, head, ONE, end, boundary, b"\r\n", TWO, end, boundary].concat();
                assert_eq!(of(&stream), [ONE, TWO], "{}", stream.escape_ascii());
            }
        }
        let inside = [b"--BoundaryString\n\n", TWO, b" --BoundaryString\n--Boundary\n--BoundaryString--\n"].concat();
        let (found, end) = pictures(&inside, 1);
        assert_eq!((found.len(), end), (1, Ok(Next::End)));
        assert_eq!(found[0], [TWO, b" --BoundaryString\n--Boundary"].concat());
    }

    #[test]
    fn malformed_streams_are_errors() {
        let long = |text: &str| text.replace("LONG", &"x".repeat(MAX_HEAD + 1)).into_bytes();
        for (stream, error) in [
            (long("LONG"), Malformed::NoBoundary),
            (long("x\n").repeat(MAX_HEAD), Malformed::NoBoundary),
            (b"<html>\n".repeat(2000), Malformed::NoBoundary),
            (long("--BoundaryString\nX: LONG"), Malformed::Head),
            ([b"--BoundaryString\n".to_vec(), b"X: y\n".repeat(2000)].concat(), Malformed::Head),
            (long("--BoundaryString\nno colon\n"), Malformed::Head),
            (long("--BoundaryString\nContent-Length: -1\n\n"), Malformed::Head),
            (long("--BoundaryString\nContent-Length:\n\n"), Malformed::Head),
            (long("--BoundaryString\nContent-Length: 1001\n\n"), Malformed::TooLarge),
            (long("--BoundaryString\nContent-Length: 99999999999999999999999\n\n"), Malformed::TooLarge),
            (long("--BoundaryString\n\nLONG"), Malformed::TooLarge),
            (long("--BoundaryString\nContent-Type: text/html\n\n"), Malformed::NoJpeg),
            (long("--BoundaryString\nContent-Length: 5\n\nhello\n"), Malformed::NoJpeg),
            (long("--BoundaryString\n\nhello\n--BoundaryString\n"), Malformed::NoJpeg),
        ] {
            for piece in [1, 7, stream.len()] {
                let (_, end) = pictures(&stream, piece);
                assert_eq!(end, Err(error), "{} in pieces of {piece}", stream[..40.min(stream.len())].escape_ascii());
            }
        }
        assert!(["", "--", "a\nb", "ä"].iter().all(|boundary| Parser::new(boundary, MAX).is_none()));
    }

    #[test]
    fn empty_parts_are_passed_over() {
        let stream =
            [b"--BoundaryString\nContent-Length: 0\n\n\n--BoundaryString\nContent-Length: 6\n\n", TWO].concat();
        assert_eq!(of(&stream), [TWO]);
    }

    proptest! {
        /// However a stream is cut into pieces, it has the same pictures.
        #[test]
        fn pieces_do_not_matter(
            bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), any::<bool>()), 1..6),
            piece in 1..50_usize,
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for (body, is_sized) in bodies {
                let picture = [JPEG.as_slice(), &body, b"."].concat();
                let length = if is_sized { format!("content-length: {}\r\n", picture.len()) } else { String::new() };
                stream.extend(format!("--BoundaryString\r\n{length}\r\n").bytes());
                stream.extend(picture.iter().chain(b"\r\n"));
                expected.push(picture);
            }
            stream.extend(b"--BoundaryString--\r\n");
            let (found, end) = pictures(&stream, piece);
            prop_assert_eq!(end, Ok(Next::End));
            prop_assert_eq!(found.iter().map(|picture| picture.to_vec()).collect::<Vec<_>>(), expected);
        }

        /// Any bytes end in pictures or an error, with bounded memory.
        #[test]
        fn any_bytes_are_parsed(pieces in prop::collection::vec(prop_oneof![
            Just(b"--BoundaryString\r\n".to_vec()), Just(b"\r\n".to_vec()), Just(b"Content-Length: 3\r\n".to_vec()),
            Just(b"\xff\xd8\xff".to_vec()), Just(b"--BoundaryString--".to_vec()), prop::collection::vec(any::<u8>(), 0..30),
        ], 0..40)) {
            let mut parser = Parser::new("BoundaryString", MAX).unwrap();
            'stream: for piece in pieces {
                parser.push(&piece);
                loop {
                    match parser.next() {
                        Ok(Next::Picture(picture)) => prop_assert!(picture.starts_with(&JPEG) && picture.len() <= MAX),
                        Ok(Next::More) => break,
                        Ok(Next::End) | Err(_) => break 'stream,
                    }
                }
                prop_assert!(parser.buffer.len() <= MAX + MAX_HEAD);
            }
        }
    }
}
