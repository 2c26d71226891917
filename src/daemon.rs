//! The process around a service: the HTTP listener, the control socket, signals, and the order in which all that ends.

pub(crate) mod control;
mod listener;
pub(crate) mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::archive::Tree;
use crate::error::{Error, Result};
use crate::http::Access;
use crate::service::{Archive, Service};
use listener::{Listener, Threads};
use tls::Tls;

/// How long blocking work under way may still take when told to stop.
const LAST_WORK: Duration = Duration::from_millis(800);
/// When everything must have stopped; what has not is left, and that is said.
const LONGEST_STOP: Duration = Duration::from_millis(2700);

/// What ends a daemon in order: SIGTERM and ctrl-c.
const ENDS: [SignalKind; 2] = [SignalKind::terminate(), SignalKind::interrupt()];

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    service: Service,
    runtime: Runtime,
    address: SocketAddr,
    is_tls: bool,
    /// Ends when the listener has, and its connections.
    http: JoinHandle<()>,
    /// Those that its connections are on.
    answering: Threads,
    /// The numbers of signals that told to stop.
    signals: Receiver<i32>,
    /// Set to true to end the listeners.
    closing: watch::Sender<bool>,
}

/// Takes the address, or says that it cannot be had.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| Error::Config(format!("cannot listen on {address}: {error}")))
}

impl Daemon {
    /// Starts the service and serves it, until SIGTERM or ctrl-c. The address is taken first, so that a port in use changes
    /// nothing on disk.
    pub fn start(archive: &Archive, address: SocketAddr, tls: Option<Tls>, access: Access) -> Result<Self> {
        Self::start_on(archive, bind(address)?, tls, access, &ENDS)
    }

    /// The same on an address that was taken before, until one of these signals.
    pub fn start_on(
        archive: &Archive,
        listener: TcpListener,
        tls: Option<Tls>,
        access: Access,
        ends: &[SignalKind],
    ) -> Result<Self> {
        let here = || archive.tree().root().to_path_buf();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("owlery-main")
            .enable_all()
            .build()
            .map_err(|e| Error::io("start the runtime for", here(), e))?;
        let signals = catch_signals(&runtime, ends).map_err(|e| Error::io("catch signals for", here(), e))?;
        let address = listener.local_addr().map_err(|e| Error::io("ask for the address of", here(), e))?;
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
        let told = signal(SignalKind::hangup()).map_err(|e| Error::io("catch signals for", here(), e))?;
        match &tls {
            Some(tls) => _ = runtime.spawn(Arc::clone(tls).follow(told)),
            None => _ = runtime.spawn(nothing_to_reload(told)),
        }
        let is_tls = tls.is_some();
        let answering = Threads::start(LAST_WORK).map_err(|e| Error::io("start the threads for", here(), e))?;
        let http = runtime.spawn(Listener::new(socket, router, tls, access, answering.turns()).serve(closed));
        drop(entered);
        let daemon = Self { service, runtime, address, is_tls, http, answering, signals, closing };
        tracing::info!("serving {} on {}", here().display(), daemon.url());
        Ok(daemon)
    }

    /// Where HTTP is served.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// The service.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Waits until a signal or a failed worker ends it, and stops everything in order.
    pub fn run(self) -> Result<()> {
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
        watch_the_stop(self.signals, is_done, Arc::clone(&self.service.tree));
        self.closing.send_replace(true);
        let stopped = self.service.shutdown();
        if let Err(error) = self.runtime.block_on(self.http) {
            tracing::error!("HTTP: {error}");
        }
        self.answering.stop();
        self.runtime.shutdown_timeout(LAST_WORK);
        drop(done);
        match failure {
            // The panic itself says more than that there was one.
            Some(failure) => Err(stopped.err().unwrap_or(failure)),
            None => stopped,
        }
    }
}

/// How long a disk may take to respond at the end of a stop.
const ASKED_WITHIN: Duration = Duration::from_millis(200);

async fn closing_of(mut closed: watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await; // an error means that the daemon itself is gone
}

/// SIGHUP where no certificate is to be read again. It is heard, or it would end the process.
async fn nothing_to_reload(mut told: Signal) {
    while told.recv().await.is_some() {
        tracing::info!("SIGHUP: there is no certificate to read again; everything else is read at the start");
    }
}

/// Whether the archive's disks respond. The thread that asks may wait for ever.
fn responds(tree: &Arc<Tree>) -> bool {
    let (done, is_done) = bounded(1);
    let asked = Arc::clone(tree);
    let asking = std::thread::Builder::new().name("owlery-pulse".to_owned()).spawn(move || {
        let _ = asked.camera_paths(); // an error is a response too
        let _ = done.send(()); // the process may be ending
    });
    !tree.is_stalled() && (asking.is_err() || is_done.recv_timeout(ASKED_WITHIN).is_ok())
}

fn catch_signals(runtime: &Runtime, kinds: &[SignalKind]) -> std::io::Result<Receiver<i32>> {
    let (sender, signals) = bounded(4);
    let _entered = runtime.enter();
    for &kind in kinds {
        let mut stream = signal(kind)?;
        let sender: Sender<i32> = sender.clone();
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                let _ = sender.try_send(kind.as_raw_value()); // full means that several wait already
            }
        });
    }
    Ok(signals)
}

/// While stopping: a second signal ends the process at once, and so does a stop that takes too long. Whatever is cut
/// off then is as a crash would leave it, which the next start puts right.
fn watch_the_stop(signals: Receiver<i32>, is_done: Receiver<()>, tree: Arc<Tree>) {
    let watching = std::thread::Builder::new().name("owlery-stop".to_owned()).spawn(move || {
        select! {
            recv(is_done) -> _ => {}
            recv(signals) -> signal => {
                if let Ok(signal) = signal {
                    eprintln!("owlery: a second signal: stopped at once");
                    std::process::exit(128 + signal);
                }
            }
            default(LONGEST_STOP) => {
                if !responds(&tree) {
                    eprintln!("owlery: a disk does not respond; what waits for it is left as it is");
                    std::process::exit(0);
                }
                eprintln!("owlery: not everything stopped in time (a slow disk?); it is left as it is");
                std::process::exit(1);
            }
        }
    });
    if let Err(error) = watching {
        tracing::warn!("cannot watch the stop: {error}");
    }
}
