//! Asking a running daemon over its control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::{Common, Outcome};
use crate::daemon::control::{self, Reply, Request};
use crate::error::{Error, Result};

/// Connects to the daemon of a state directory; `None` if none runs there.
pub(super) fn connect(state_dir: &Path) -> Option<UnixStream> {
    control::connect(state_dir)
}

/// Whether a daemon runs there.
pub(super) fn is_alive(state_dir: &Path) -> bool {
    connect(state_dir).is_some()
}

/// Asks the daemon of a state directory; `None` if none runs there.
pub(super) fn ask<T: DeserializeOwned>(state_dir: &Path, request: &Request) -> Option<Result<T>> {
    connect(state_dir).map(|stream| answer(stream, request))
}

fn answer<T: DeserializeOwned>(mut stream: UnixStream, request: &Request) -> Result<T> {
    let failed = |error: std::io::Error| Error::Daemon(format!("cannot be asked: {error}"));
    let mut line = serde_json::to_string(request).expect("our own types are JSON");
    line.push('\n');
    let sent = stream.write_all(line.as_bytes()).map_err(failed);
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text).map_err(failed)?; // also where it did not take everything: it says why
    if text.is_empty() {
        sent?;
        return Err(Error::Daemon("stopped before it answered".to_owned()));
    }
    let unclear = |error: serde_json::Error| Error::Daemon(format!("gave an unclear answer: {error}"));
    match serde_json::from_str::<Reply>(&text).map_err(unclear)? {
        Reply::Ok(value) => serde_json::from_value(value).map_err(unclear),
        Reply::Refused(message) => Err(Error::DaemonRefused(message)),
        Reply::Error(message) => Err(Error::Daemon(format!("answered: {message}"))),
    }
}

/// `owlery ended`: passes Motion's word on. Without a daemon there is nobody to tell, and the next start will see.
pub(super) fn ended(common: &Common, movie: &Path) -> Result<Outcome> {
    let archive = common.archive()?;
    let path = std::path::absolute(movie).map_err(|e| Error::io("find", movie, e))?;
    match ask::<String>(&archive.state_path(), &Request::Ended { path }) {
        None => Ok(Outcome::Done),
        Some(answer) => answer.map(|_| Outcome::Done),
    }
}
