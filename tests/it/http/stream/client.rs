//! A client of the live stream with its own connection, which parses messages by the HTML standard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use crate::world::{Daemon, PATIENCE, Response};

/// An open stream.
pub struct Listener {
    stream: BufReader<TcpStream>,
    /// The head of the response.
    pub head: Response,
    text: String,
    /// The id with which a browser would reconnect.
    pub last: Option<String>,
    /// Whether the response ended properly and was not aborted.
    pub is_complete: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub id: String,
    pub name: String,
    pub data: Value,
}

impl Message {
    /// Its name, and the id of its event.
    pub fn about(&self) -> (&str, &str) {
        (&self.name, self.data["id"].as_str().unwrap_or_default())
    }
}

impl Listener {
    /// Requests the stream with this query, as Firefox does.
    pub fn open(daemon: &Daemon, query: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(&daemon.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        write!(
            stream,
            "GET /api/v1/stream{query} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip, \
             deflate, br, zstd\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nSec-Fetch-Site: same-origin\r\n{last}\r\n",
            daemon.address
        )
        .unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_until(b'\n', &mut head).unwrap(), 0, "it ended within its head");
        }
        let text = String::from_utf8(head).unwrap();
        assert!(text.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked\r\n"), "{text}");
        let head = Response::parse(text.replace("chunked", "as one").as_bytes());
        Self { stream, head, text: String::new(), last: None, is_complete: false }
    }

    /// Opens a stream and reads its greeting.
    pub fn start(daemon: &Daemon, query: &str) -> Self {
        let mut listener = Self::open(daemon, query, None);
        assert!(listener.block().is_some() && listener.last.is_some());
        listener
    }

    /// The same for a client that reconnects.
    pub fn back(daemon: &Daemon, last: &str) -> Self {
        Self::open(daemon, "", Some(last))
    }

    /// The next lines that end with an empty one; `None` at the end.
    pub fn block(&mut self) -> Option<String> {
        while !self.text.contains("\n\n") {
            self.chunk()?;
        }
        let (block, rest) = self.text.split_once("\n\n").unwrap();
        let (block, rest) = (block.to_owned(), rest.to_owned());
        self.text = rest;
        if let Some(id) = field(&block, "id") {
            self.last = Some(id);
        }
        Some(block)
    }

    fn chunk(&mut self) -> Option<()> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
        if size == 0 {
            self.is_complete = true;
            return None;
        }
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).ok()?;
        self.text.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        Some(())
    }

    /// The next message, past comments.
    pub fn next(&mut self) -> Option<Message> {
        let begun = Instant::now();
        loop {
            let block = self.block()?;
            assert!(begun.elapsed() < PATIENCE, "nothing but comments");
            if let (Some(id), Some(name), Some(data)) =
                (field(&block, "id"), field(&block, "event"), field(&block, "data"))
            {
                return Some(Message { id, name, data: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    /// The next message that `is_it`; those before it are dropped.
    pub fn until(&mut self, what: &str, is_it: impl Fn(&Message) -> bool) -> Message {
        loop {
            let message = self.next().unwrap_or_else(|| panic!("the stream ended before {what}"));
            if is_it(&message) {
                return message;
            }
        }
    }
}

fn field(block: &str, name: &str) -> Option<String> {
    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
}
