//! The process around a service: the HTTP listener, the control socket, signals, and the order in which they stop.

pub(crate) mod control;
mod listener;
pub(crate) mod tls;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::Access;
use crate::{Archive, Error, Handle, Result, Service};
use listener::{Listener, Threads};
use tls::Tls;

/// The time that running blocking work gets during a stop.
const BLOCKING_WORK_LIMIT: Duration = Duration::from_millis(800);
/// The time for a whole stop. What is not done by then is abandoned with a message.
const STOP_LIMIT: Duration = Duration::from_millis(2700);

/// The signals that stop a daemon in order: SIGTERM and ctrl-c.
const STOP_SIGNALS: [SignalKind; 2] = [SignalKind::terminate(), SignalKind::interrupt()];

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    service: Service,
    runtime: Runtime,
    address: SocketAddr,
    is_tls: bool,
    /// Ends after the listener and its connections.
    http: JoinHandle<()>,
    /// The threads of its connections.
    threads: Threads,
    /// The numbers of received stop signals.
    signals: Receiver<i32>,
    /// Set to true to stop the listeners.
    closing: watch::Sender<bool>,
}

/// Binds the address of the HTTP listener.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let cure = match error.kind() {
            ErrorKind::AddrInUse => "; choose another port with --listen, or end the process that uses it",
            _ => "",
        };
        Error::Config(format!("cannot listen on {address}: {error}{cure}"))
    })
}

impl Daemon {
    /// Starts the service and serves it until SIGTERM or ctrl-c. The address is bound first, so that a port in use changes
    /// nothing on disk.
    pub(crate) fn start(archive: &Archive, address: SocketAddr, tls: Option<Tls>, access: Access) -> Result<Self> {
        Self::start_on(archive, bind(address)?, tls, access, &STOP_SIGNALS)
    }

    /// The same on a bound listener.
    pub(crate) fn start_bound(
        archive: &Archive,
        listener: TcpListener,
        tls: Option<Tls>,
        access: Access,
    ) -> Result<Self> {
        Self::start_on(archive, listener, tls, access, &STOP_SIGNALS)
    }

    /// The same until one of these signals.
    pub(crate) fn start_on(
        archive: &Archive,
        listener: TcpListener,
        tls: Option<Tls>,
        access: Access,
        stop_signals: &[SignalKind],
    ) -> Result<Self> {
        let here = || archive.root().to_path_buf();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("owlery-main")
            .enable_all()
            .build()
            .map_err(|e| Error::io("start the runtime for", here(), e))?;
        let signals = catch_signals(&runtime, stop_signals).map_err(|e| Error::io("catch signals for", here(), e))?;
        let address = listener.local_addr().map_err(|e| Error::io("get the address of", here(), e))?;
        let service = archive.start()?;
        let (closing, closed) = watch::channel(false);
        let control = control::listen(&service, &runtime)?;
        if let Some(control) = control {
            runtime.spawn(control::serve(control, std::sync::Arc::clone(service.handle()), closed.clone()));
        }
        listener.set_nonblocking(true).map_err(|e| Error::io("listen for", here(), e))?;
        let router = crate::http::router_at_base(&service, access.clone());
        let tls = tls.map(Arc::new);
        let entered = runtime.enter();
        let socket = tokio::net::TcpListener::from_std(listener).map_err(|e| Error::io("listen for", here(), e))?;
        let hangups = signal(SignalKind::hangup()).map_err(|e| Error::io("catch signals for", here(), e))?;
        match &tls {
            Some(tls) => _ = runtime.spawn(Arc::clone(tls).follow(hangups)),
            None => _ = runtime.spawn(ignore_hangups(hangups)),
        }
        let is_tls = tls.is_some();
        let threads = Threads::start(BLOCKING_WORK_LIMIT).map_err(|e| Error::io("start the threads for", here(), e))?;
        let http = runtime.spawn(Listener::new(socket, router, tls, access, threads.round_robin()).serve(closed));
        drop(entered);
        let daemon = Self { service, runtime, address, is_tls, http, threads, signals, closing };
        tracing::info!(path = %here().display(), "serving on {}", daemon.url());
        Ok(daemon)
    }

    /// The URL that HTTP is served at.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// The service.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Waits for a signal or a failed worker, then stops everything in order.
    pub(crate) fn run(self) -> Result<()> {
        let failure = select! {
            recv(self.signals) -> signal => {
                tracing::info!("stopping (signal {})", signal.unwrap_or(0));
                None
            }
            recv(self.service.failures()) -> failure => failure.ok(),
        };
        if let Some(failure) = &failure {
            tracing::error!("{}", failure.chain());
        }
        let (done, is_done) = bounded::<()>(1);
        enforce_stop(self.signals, is_done, Arc::clone(self.service.handle()));
        self.closing.send_replace(true);
        let stopped = self.service.shutdown();
        if let Err(error) = self.runtime.block_on(self.http) {
            tracing::error!("HTTP: {error}");
        }
        self.threads.stop();
        self.runtime.shutdown_timeout(BLOCKING_WORK_LIMIT);
        drop(done);
        match failure {
            // Shutdown returns the panic itself, which says more.
            Some(failure) => Err(stopped.err().unwrap_or(failure)),
            None => stopped,
        }
    }
}

/// How long a disk may take to respond at the end of a stop.
const DISK_CHECK_LIMIT: Duration = Duration::from_millis(200);

/// Waits until the daemon stops.
async fn until_closed(mut closed: watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await; // an error means that the daemon itself is gone
}

/// Handles SIGHUP where there is no certificate to reload. Without a handler it would end the process.
async fn ignore_hangups(mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        tracing::info!("SIGHUP: no certificate to reload; all other settings are read only at the start");
    }
}

fn catch_signals(runtime: &Runtime, kinds: &[SignalKind]) -> std::io::Result<Receiver<i32>> {
    let (sender, signals) = bounded(4);
    let _entered = runtime.enter();
    for &kind in kinds {
        let mut stream = signal(kind)?;
        let sender: Sender<i32> = sender.clone();
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                let _ = sender.try_send(kind.as_raw_value()); // a full channel has enough of them
            }
        });
    }
    Ok(signals)
}

/// Ends the process at a second signal, or where the stop takes too long. What is cut off then looks like a crash, which
/// the next start recovers from.
fn enforce_stop(signals: Receiver<i32>, is_done: Receiver<()>, handle: Arc<Handle>) {
    let thread = std::thread::Builder::new().name("owlery-stop".to_owned()).spawn(move || {
        select! {
            recv(is_done) -> _ => {}
            recv(signals) -> signal => {
                if let Ok(signal) = signal {
                    eprintln!("owlery: second signal: stopped at once");
                    std::process::exit(128 + signal);
                }
            }
            default(owlery_model::fault::span("stop", STOP_LIMIT)) => {
                if !handle.disks_respond(DISK_CHECK_LIMIT) {
                    eprintln!("owlery: a disk does not respond; the work that waits for it is abandoned");
                    std::process::exit(0);
                }
                eprintln!("owlery: not everything stopped in time (a slow disk?); the rest is abandoned");
                std::process::exit(1);
            }
        }
    });
    if let Err(error) = thread {
        tracing::warn!("cannot limit the time of the stop: {error}");
    }
}
