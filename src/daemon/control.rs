//! The control socket, for commands beside a running daemon: a Unix socket in the state directory, or in a runtime directory
//! where the state directory cannot hold one. A request is one line, a reply is one line, both JSON; `cache` sends and receives the
//! bytes of entries of the media cache. The right to open the socket (mode 0600) is the right to every operation.

pub(crate) mod cache;
mod runtime;

use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::http::convert;
use crate::protocol::control::{Reply, Request, ScanSummary};
use crate::protocol::{RecalledEvent, Stores};
use crate::{Error, Handle, Kind, Policy, Recalled, Report, Result, Rules, Service, Summary};

const SOCKET: &str = "control.sock";
/// The limit of a Unix socket's address (108 bytes with the terminator, unix(7)).
const MAX_ADDRESS_BYTES: usize = 100;
/// The limit of a request: about 200,000 events.
const MAX_REQUEST_BYTES: u64 = 8 << 20;

/// The summary of a scan, as JSON.
pub(crate) fn scan_summary(summary: &Summary) -> ScanSummary {
    ScanSummary {
        cameras: summary.cameras,
        days: summary.days,
        events: summary.events,
        problems: convert::reports(&summary.reports),
        failures: summary.failures() as u64,
        elapsed_ms: u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

/// An event that was put in place, as JSON.
pub(crate) fn recalled_event(recalled: Recalled) -> RecalledEvent {
    let sentence = |report: &Report| format!("{}: {}", report.path.display(), report.problem);
    let left = recalled.left.iter().map(sentence).collect();
    RecalledEvent { files: recalled.files, kept_until: recalled.kept_until, left }
}

/// Calls `with` with an address of a socket that is short enough, whatever the path is.
fn with_address<T>(path: &Path, with: impl FnOnce(&Path) -> std::io::Result<T>) -> std::io::Result<T> {
    if path.as_os_str().len() <= MAX_ADDRESS_BYTES {
        return with(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    let dir = std::fs::File::open(folder)?;
    with(&PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name))
}

/// Connects to the daemon of a state directory; `None` if none runs there.
pub(crate) fn connect(state_dir: &Path) -> Option<StdStream> {
    let mut addresses = vec![state_dir.join(SOCKET)];
    // The socket is elsewhere where the filesystem has no sockets (FAT) or no room for one.
    addresses.extend(Service::announced(state_dir));
    addresses.extend(runtime::addresses(state_dir));
    let connect = |address: &PathBuf| with_address(address, |address| StdStream::connect(address)).ok();
    addresses.iter().find_map(connect)
}

/// Makes the socket in the state directory, or else in a runtime directory. `None` if neither works, which is logged; commands
/// beside the daemon are then refused. The caller holds the lock, so an existing socket is left from a crash.
pub(super) fn listen(service: &Service, runtime: &Runtime) -> Result<Option<UnixListener>> {
    let state = service.state_dir();
    let mut why = Vec::new();
    let places = std::iter::once(Ok(state.join(SOCKET))).chain(runtime::places(state));
    for place in places {
        let made = place.and_then(|path| bind(&path, runtime).map(|listener| (path, listener)));
        match made {
            Ok((path, listener)) => {
                if !why.is_empty() {
                    tracing::warn!(path = %path.display(), "{}; the control socket is {}", why.join("; "), path.display());
                }
                service.announce(&path)?;
                return Ok(Some(listener));
            }
            Err(error) => why.push(error.chain()),
        }
    }
    tracing::warn!(
        "{}; commands (expire, restore, delete, save) are refused while this process runs; HTTP works",
        why.join("; ")
    );
    Ok(None)
}

fn bind(path: &Path, runtime: &Runtime) -> Result<UnixListener> {
    let fail = |e| Error::io("make the control socket", path, e);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    let listener = with_address(path, |address| StdListener::bind(address)).map_err(fail)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let _entered = runtime.enter();
    UnixListener::from_std(listener).map_err(fail)
}

/// Handles connections until the daemon stops.
pub(super) async fn serve(listener: UnixListener, handle: Arc<Handle>, closed: watch::Receiver<bool>) {
    let mut closing = std::pin::pin!(super::until_closed(closed.clone()));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(handle_connection(stream, Arc::clone(&handle), closed.clone()));
                }
                Err(error) => {
                    tracing::warn!("control socket: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await; // most likely out of descriptors
                }
            },
            () = &mut closing => return,
        }
    }
}

async fn handle_connection(stream: UnixStream, handle: Arc<Handle>, closed: watch::Receiver<bool>) {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(MAX_REQUEST_BYTES));
    if !matches!(reader.read_line(&mut line).await, Ok(1..)) {
        return; // a command that only checks whether a daemon runs
    }
    let is_cut_off = line.len() as u64 == MAX_REQUEST_BYTES && !line.ends_with('\n');
    let reply = match serde_json::from_str(&line) {
        _ if is_cut_off => Reply::Error("the request is too long".to_owned()),
        Err(error) => Reply::Error(format!("invalid request: {error}")),
        Ok(Request::CacheGet { key }) => {
            if let Err(error) = cache::send(&handle, key, writer).await {
                tracing::debug!("control socket: {error}");
            }
            return;
        }
        Ok(Request::CachePut(put)) => {
            reader.get_mut().set_limit(u64::MAX); // `cache` bounds what is stored
            let stored = cache::receive(&handle, put, reader, closed).await;
            stored.map_or_else(failure, |stored| Reply::Ok(serde_json::to_value(stored).unwrap_or_default()))
        }
        Ok(request) => match tokio::task::spawn_blocking(move || execute(&handle, &request)).await {
            Ok(done) => done.map_or_else(failure, Reply::Ok),
            Err(_) => Reply::Error("internal error; see the log".to_owned()),
        },
    };
    if let Err(error) = send(&reply, &mut writer).await {
        tracing::debug!("control socket: {error}");
    }
}

/// The reply to a request that failed.
fn failure(error: Error) -> Reply {
    match error {
        Error::Unrecorded { done, why } => Reply::Unrecorded(done, why),
        error if error.kind() == Kind::Refused => Reply::Refused(error.chain()),
        error if error.kind() == Kind::Usage => Reply::Usage(error.chain()),
        error => Reply::Error(error.chain()),
    }
}

/// Sends a reply.
async fn send(reply: &Reply, writer: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(reply)?;
    text.push(b'\n');
    writer.write_all(&text).await
}

/// The policy of the daemon's rules with those of a request over them.
fn what_if(handle: &Handle, rules: Option<&Rules>) -> Result<Option<Policy>> {
    let over_own = |rules: &Rules| Policy::parse(&rules.clone().or(Rules::from(handle.policy())));
    rules.map(over_own).transpose()
}

/// How long a request waits for the rebuild of a damaged catalog.
const REBUILD_TIMEOUT: Duration = Duration::from_secs(30);

/// Executes a request, and once more after the rebuild of a damaged catalog. That is safe: requests act on events only after
/// their last query.
fn execute(handle: &Handle, request: &Request) -> Result<serde_json::Value> {
    match execute_once(handle, request) {
        Err(error) if error.is_damaged_catalog() && handle.wait_rebuilt(REBUILD_TIMEOUT) => {
            execute_once(handle, request)
        }
        other => other,
    }
}

fn execute_once(handle: &Handle, request: &Request) -> Result<serde_json::Value> {
    let value = match request {
        Request::CameraPattern => serde_json::to_value(handle.camera_pattern()),
        Request::Plan { rules } => {
            let policy = what_if(handle, rules.as_ref())?;
            serde_json::to_value(convert::plan(handle.preview(policy.as_ref())?))
        }
        Request::Stats { rules } => {
            let policy = what_if(handle, rules.as_ref())?;
            serde_json::to_value(convert::cameras(handle.stats(policy.as_ref())?))
        }
        Request::Expire { confirm } => {
            let still_reading = || Error::Daemon("is still reading the archive; try again when it is ready".to_owned());
            let pass = handle.expire_when_read(confirm.as_deref())?.ok_or_else(still_reading)?;
            serde_json::to_value(convert::pass(&pass))
        }
        Request::Queue => serde_json::to_value(convert::queue(handle.queue()?)),
        Request::Stores => serde_json::to_value(Stores { stores: convert::stores(handle, None) }),
        Request::Restore { pass } => serde_json::to_value(convert::restoration(handle.restore(pass)?)),
        Request::Delete { events } => serde_json::to_value(convert::pass(&handle.delete(events)?)),
        Request::Save { events, saved } => {
            events.iter().try_for_each(|event| handle.set_saved(event, *saved))?;
            serde_json::to_value(())
        }
        Request::PlaceRecalled { event, store } => {
            serde_json::to_value(recalled_event(handle.place_recalled(event, store)?))
        }
        Request::Scan { measure } => serde_json::to_value(scan_summary(&handle.rescan(*measure)?)),
        Request::Ended { path } => serde_json::to_value(handle.note_movie_ended(path)?),
        Request::Cache { request } => return cache::execute(&cache::of(handle)?, request),
        Request::CacheGet { .. } | Request::CachePut(_) => {
            return Err(Error::Unavailable("the bytes of an entry are sent by its own connection".to_owned()));
        }
    };
    Ok(value.expect("our own types are JSON"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, Write};

    use super::*;
    use crate::{Archive, OpenArchive, Options};

    /// An archive without a service.
    fn open() -> (tempfile::TempDir, OpenArchive) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("Camera1")).unwrap();
        let open = Archive::open(Options::new(folder.path())).unwrap().open_catalog().unwrap();
        (folder, open)
    }

    #[test]
    fn expire_waits_for_the_preload() {
        let (_folder, open) = open();
        let early = execute(open.handle(), &Request::Expire { confirm: None }).unwrap_err().to_string();
        assert!(early.contains("still reading"), "{early}");
    }

    #[tokio::test]
    async fn a_request_that_is_too_long_is_refused() {
        let (_folder, open) = open();
        let (mut client, server) = StdStream::pair().unwrap();
        server.set_nonblocking(true).unwrap();
        let sender = std::thread::spawn(move || {
            let _ = client.write_all(&vec![b' '; 9 << 20]); // it is cut off
            let mut text = String::new();
            std::io::BufReader::new(client).read_line(&mut text).unwrap();
            text
        });
        let (_open, closed) = watch::channel(false);
        handle_connection(UnixStream::from_std(server).unwrap(), Arc::clone(open.handle()), closed).await;
        let reply = sender.join().unwrap();
        assert!(reply.contains("too long"), "{reply}");
    }
}
