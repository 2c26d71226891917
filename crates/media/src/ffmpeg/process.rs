//! One run of a program: started with the lowest priorities and with limits, fed, watched, ended, and its last words kept.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, ScopedJoinHandle};

use crossbeam_channel::{Sender, bounded, select};
use owlery_model::clock::Stop;
use owlery_model::printable::printable_lines;
use rustix::process::{Pid, Resource, Rlimit, WaitId, WaitIdOptions, prlimit, waitid};

use super::Limits;
use crate::{Error, Result};

/// How much of a standard error is kept, from its end, in bytes.
const MAX_STDERR: usize = 4096;

/// How many seconds of processor time a run may take for each second that it may run. It matters only where this
/// process was killed and cannot end the other.
const PROCESSORS: u64 = 4;

/// Gives this thread the lowest priorities for processors and disk; threads and processes that it starts inherit them. If
/// a call fails, that priority stays normal.
pub(crate) fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, owlery_model::fault::nice()) {
        tracing::debug!("cannot lower the priority: {error}");
    }
    if let Err(error) = owlery_sys::set_idle_io_class() {
        tracing::debug!("cannot lower the priority on the disk: {error}");
    }
}

/// A child that is ended if it is not waited for.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing for a child that was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Why a run is over.
enum End {
    Exited,
    TimedOut,
    Cancelled,
}

/// Writes what a program reads from its standard input. The input ends when the pipe is dropped. An error of a pipe that
/// the program closed is no error of the run: its status says why it ended.
pub(super) type Feed<'a> = Box<dyn FnOnce(ChildStdin) -> Result<()> + Send + 'a>;

/// Runs a command to its end. `read` gets its standard output, and `feed` its standard input, each on a thread of its own.
/// Both are waited for: where the program is ended, `feed` has to return once its pipe fails. Without `feed` the
/// standard input is that of the command.
///
/// # Errors
/// The program is missing, fails, or exceeds its time; `feed` fails; or `stop` is set.
pub(super) fn run<T: Send>(
    mut command: Command,
    feed: Option<Feed<'_>>,
    limits: &Limits,
    stop: &Stop,
    read: impl FnOnce(ChildStdout) -> T + Send,
) -> Result<T> {
    if stop.is_set() {
        return Err(Error::Cancelled);
    }
    let program = PathBuf::from(command.get_program());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if feed.is_some() {
        command.stdin(Stdio::piped());
    }
    thread::scope(|scope| {
        let mut running = Running(start(scope, command, &program)?);
        limit(&running.0, limits);
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let feed = feed.zip(running.0.stdin.take());
        let (exited, exits) = bounded::<()>(0);
        let pid = Pid::from_child(&running.0);
        let thread = || thread::Builder::new().name("owlery-ffmpeg".to_owned());
        let failed = Error::io("start a thread");
        let spawned = (|| {
            let output = thread().spawn_scoped(scope, || stdout.map(read))?;
            let words = thread().spawn_scoped(scope, || stderr.map(last_words).unwrap_or_default())?;
            let feed = feed.map(|(feed, stdin)| thread().spawn_scoped(scope, move || feed(stdin))).transpose()?;
            thread().spawn_scoped(scope, move || wait(pid, exited))?;
            io::Result::Ok((output, words, feed))
        })();
        let (output, words, feed) = spawned.map_err(failed)?;
        let end = select! {
            recv(exits) -> _ => End::Exited,
            recv(stop.receiver()) -> _ => End::Cancelled,
            default(limits.time) => End::TimedOut,
        };
        if !matches!(end, End::Exited) {
            running.0.kill().map_err(Error::io("end a program"))?;
        }
        let status = running.0.wait().map_err(Error::io("wait for a program"))?;
        let stderr = words.join().unwrap_or_default();
        let (output, input) = (output.join(), feed.map_or(Ok(Ok(())), ScopedJoinHandle::join));
        let output = output.map_err(|_| Error::Panicked("reading what a program prints".to_owned()))?;
        let input = input.map_err(|_| Error::Panicked("writing what a program reads".to_owned()))?;
        finish(&end, status, input, output, Failure { program, stderr, limits })
    })
}

/// What an error says about a run.
struct Failure<'a> {
    program: PathBuf,
    stderr: String,
    limits: &'a Limits,
}

fn finish<T>(end: &End, status: ExitStatus, input: Result<()>, output: Option<T>, run: Failure<'_>) -> Result<T> {
    match (end, input) {
        (End::Cancelled, _) => return Err(Error::Cancelled),
        (End::TimedOut, _) => {
            return Err(Error::TimedOut { program: run.program, limit: run.limits.time, stderr: run.stderr });
        }
        (End::Exited, Err(error)) if !is_closed_pipe(&error) => return Err(error),
        (End::Exited, _) => {}
    }
    match output {
        Some(output) if status.success() => Ok(output),
        _ => Err(Error::Program { program: run.program, status, stderr: run.stderr }),
    }
}

/// Whether a program did not read its standard input to the end.
fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

/// Starts a command from a thread of the lowest priorities, which it inherits.
fn start<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    mut command: Command,
    program: &std::path::Path,
) -> Result<Child> {
    let starter = thread::Builder::new().name("owlery-ffmpeg".to_owned()).spawn_scoped(scope, move || {
        step_back();
        command.spawn()
    });
    let spawned = starter.map_err(Error::io("start a thread"))?.join();
    match spawned.map_err(|_| Error::Panicked("starting a program".to_owned()))? {
        Ok(child) => Ok(child),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing { program: program.to_owned() }),
        Err(source) => Err(Error::Io { operation: "start ffmpeg", source }),
    }
}

/// Sets the limits of a process that has just been started. What it takes before is little: it still loads its libraries.
fn limit(child: &Child, limits: &Limits) {
    let pid = Some(Pid::from_child(child));
    let seconds = limits.time.as_secs().saturating_add(1).saturating_mul(PROCESSORS);
    for (resource, most) in
        [(Resource::As, limits.memory), (Resource::Fsize, limits.output), (Resource::Core, 0), (Resource::Cpu, seconds)]
    {
        let most = Rlimit { current: Some(most), maximum: Some(most) };
        if let Err(error) = prlimit(pid, resource, most) {
            tracing::debug!("cannot limit a process: {error}"); // it has ended
        }
    }
}

/// Returns, and drops the sender, once a process has ended. The process stays a zombie, so that its id stays its own.
fn wait(pid: Pid, exited: Sender<()>) {
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {}
    drop(exited);
}

/// The end of what a program prints, printable. It is read to its end, so that the program never waits.
fn last_words(mut stderr: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; MAX_STDERR]);
    loop {
        match stderr.read(&mut piece) {
            Ok(0) => break,
            Ok(got) => {
                kept.extend_from_slice(&piece[..got]);
                let more = kept.len().saturating_sub(MAX_STDERR);
                kept.drain(..more);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    printable_lines(String::from_utf8_lossy(&kept).trim())
}
