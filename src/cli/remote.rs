//! Asking a running daemon over its control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::daemon::control::{self, Reply, Request};
use crate::error::{Error, Result};

/// Asks the daemon of a state directory; `None` if none runs there. Only [`super::Here`] calls this: it checks first that the
/// daemon would follow the flags.
pub(super) fn ask<T: DeserializeOwned>(state_dir: &Path, request: &Request) -> Option<Result<T>> {
    control::connect(state_dir).map(|stream| answer(stream, request))
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
        Reply::Unrecorded(done, why) => Err(Error::Unrecorded { done, why }),
        Reply::Usage(message) => Err(Error::Config(message)),
        Reply::Error(message) => Err(Error::Daemon(format!("answered: {message}"))),
    }
}
