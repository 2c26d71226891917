//! Operations by the daemon, over its control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{Admin, Found};
use crate::daemon::control;
use crate::protocol::control::{Reply, Request, ScanSummary};
use crate::protocol::{Cameras, Pass, Plan, Queue, RecalledEvent, Restoration};
use crate::{Error, EventId, Result, Rules};

/// The daemon of a state directory.
pub(in super::super) struct Remote {
    state_dir: PathBuf,
}

/// Whether a daemon accepts connections for this state directory.
pub(in super::super) fn is_reachable(state_dir: &Path) -> bool {
    control::connect(state_dir).is_some()
}

impl Remote {
    /// The daemon of this state directory. [`super::choose`] checks first that it would follow the flags.
    pub(crate) fn new(state_dir: PathBuf) -> Self {
        Self { state_dir }
    }

    /// The daemon's camera pattern; `None` where no daemon is reachable.
    pub(crate) fn camera_pattern(&self) -> Result<Option<String>> {
        control::connect(&self.state_dir).map(|stream| request(stream, &Request::CameraPattern)).transpose()
    }

    fn request<T: DeserializeOwned>(&self, what: &Request) -> Result<T> {
        let stream = control::connect(&self.state_dir);
        request(stream.ok_or_else(|| Error::Daemon("stopped in the meantime".to_owned()))?, what)
    }
}

impl Admin for Remote {
    fn plan(&self, what_if: Option<Rules>) -> Result<Found<Plan>> {
        self.request(&Request::Plan { rules: what_if }).map(Found::whole)
    }

    fn stats(&self, what_if: Option<Rules>) -> Result<Found<Cameras>> {
        self.request(&Request::Stats { rules: what_if }).map(Found::whole)
    }

    fn expire(&self, confirm: Option<&str>) -> Result<Found<Pass>> {
        self.request(&Request::Expire { confirm: confirm.map(str::to_owned) }).map(Found::whole)
    }

    fn queue(&self) -> Result<Queue> {
        self.request(&Request::Queue)
    }

    fn restore(&self, pass: &str) -> Result<Restoration> {
        self.request(&Request::Restore { pass: pass.to_owned() })
    }

    fn delete(&self, events: &[EventId]) -> Result<Pass> {
        self.request(&Request::Delete { events: events.to_vec() })
    }

    fn save(&self, events: &[EventId], saved: bool) -> Result<Vec<Result<()>>> {
        let save = |event: &EventId| self.request(&Request::Save { events: vec![event.clone()], saved });
        Ok(events.iter().map(save).collect())
    }

    fn place_recalled(&self, event: &EventId, store: &str) -> Result<RecalledEvent> {
        self.request(&Request::PlaceRecalled { event: event.clone(), store: store.to_owned() })
    }

    fn scan(&self, measure: bool) -> Result<ScanSummary> {
        self.request(&Request::Scan { measure })
    }

    fn movie_ended(&self, path: &Path) -> Result<Option<String>> {
        // A daemon that stopped since it was found probes the movie at its next start.
        let Some(stream) = control::connect(&self.state_dir) else { return Ok(None) };
        request(stream, &Request::Ended { path: path.to_owned() })
    }
}

/// Sends a request and reads the reply.
pub(in super::super) fn request<T: DeserializeOwned>(stream: UnixStream, request: &Request) -> Result<T> {
    let sent = send(&stream, request);
    let mut reader = BufReader::new(stream);
    // Also after a failed write: a daemon that refuses a long request says why.
    if sent.is_err() && matches!(reader.fill_buf(), Ok([])) {
        sent?;
    }
    receive(&mut reader)
}

fn unreachable(error: &std::io::Error) -> Error {
    Error::Daemon(format!("cannot be reached: {error}"))
}

/// Sends a request.
pub(in super::super) fn send(mut stream: &UnixStream, request: &Request) -> Result<()> {
    let mut line = serde_json::to_string(request).expect("our own types are JSON");
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(|error| unreachable(&error))
}

/// Reads a reply.
pub(in super::super) fn receive<T: DeserializeOwned>(reader: &mut impl BufRead) -> Result<T> {
    let mut text = String::new();
    reader.read_line(&mut text).map_err(|error| unreachable(&error))?;
    if text.is_empty() {
        return Err(Error::Daemon("stopped before it replied".to_owned()));
    }
    let invalid = |error: serde_json::Error| Error::Daemon(format!("sent an invalid reply: {error}"));
    match serde_json::from_str::<Reply>(&text).map_err(invalid)? {
        Reply::Ok(value) => serde_json::from_value(value).map_err(invalid),
        Reply::Refused(message) => Err(Error::DaemonRefused(message)),
        Reply::Unrecorded(done, why) => Err(Error::Unrecorded { done, why }),
        Reply::Usage(message) => Err(Error::Config(message)),
        Reply::Error(message) => Err(Error::Daemon(format!("replied: {message}"))),
    }
}
