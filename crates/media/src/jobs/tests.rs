//! The order, the sharing, the retries and the end of jobs. Jobs wait for the tests at gates, never for time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::*;
use crate::testing::{PATIENCE, wait_until};

type Pool = Jobs<&'static str, u32>;

fn pool(options: JobsOptions) -> Pool {
    Jobs::start(options).unwrap()
}

fn one_thread() -> JobsOptions {
    JobsOptions { threads: 1, backoff: Duration::from_millis(1), ..JobsOptions::default() }
}

fn result(ticket: &Ticket<u32>) -> Outcome<u32> {
    ticket.wait(PATIENCE).expect("the job ends")
}

/// A job that runs until the gate opens. Returns once it runs.
fn occupy(pool: &Pool, key: &'static str) -> (Sender<()>, Ticket<u32>) {
    let (open, gate) = bounded::<()>(0);
    let (began, begins) = bounded(1);
    let ticket = pool.submit(key, Urgency::OnDemand, move |_| {
        began.send(()).unwrap();
        let _ = gate.recv();
        Ok(0)
    });
    begins.recv_timeout(PATIENCE).unwrap();
    (open, ticket)
}

/// A work that reports its name when it runs.
fn noting(order: &Arc<Mutex<Vec<&'static str>>>, name: &'static str) -> impl FnMut(&Job) -> Result<u32> + use<> {
    let order = Arc::clone(order);
    move |_| {
        order.lock().unwrap().push(name);
        Ok(1)
    }
}

#[test]
fn demanded_and_new_jobs_come_first() {
    let pool = pool(one_thread());
    let (open, _) = occupy(&pool, "first");
    let order = Arc::default();
    let jobs = [
        ("background 1", Urgency::Background),
        ("demand 1", Urgency::OnDemand),
        ("background 2", Urgency::Background),
        ("demand 2", Urgency::OnDemand),
        ("background 3", Urgency::Background),
    ];
    let mut tickets: Vec<_> = jobs.map(|(name, urgency)| pool.submit(name, urgency, noting(&order, name))).to_vec();
    // A request for a job that waits makes it urgent.
    tickets.push(pool.submit("background 1", Urgency::OnDemand, noting(&order, "never")));
    assert_eq!(pool.counts(), (5, 1));
    drop(open);
    for ticket in &tickets {
        assert_eq!(*result(ticket).unwrap(), 1);
    }
    let expected = ["background 1", "demand 2", "demand 1", "background 3", "background 2"];
    assert_eq!(*order.lock().unwrap(), expected);
    wait_until("an empty pool", || pool.counts() == (0, 0));
}

#[test]
fn callers_of_a_key_share_one_job() {
    let pool = Arc::new(pool(JobsOptions { threads: 2, ..one_thread() }));
    let runs = Arc::new(AtomicU32::new(0));
    let (open, gate) = bounded::<()>(0);
    let tickets: Vec<_> = (0..64)
        .map(|_| {
            let (pool, runs, gate) = (Arc::clone(&pool), Arc::clone(&runs), gate.clone());
            std::thread::spawn(move || {
                pool.submit("key", Urgency::OnDemand, move |_| {
                    let _ = gate.recv();
                    Ok(runs.fetch_add(1, Ordering::SeqCst))
                })
            })
        })
        .collect();
    let tickets: Vec<_> = tickets.into_iter().map(|thread| thread.join().unwrap()).collect();
    let (sender, notified) = unbounded();
    for ticket in &tickets {
        let sender = sender.clone();
        ticket.on_end(move |outcome| sender.send(*outcome.unwrap()).unwrap());
    }
    drop(open);
    assert!(tickets.iter().all(|ticket| *result(ticket).unwrap() == 0));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!((0..64).all(|_| notified.recv_timeout(PATIENCE) == Ok(0)));
    // Results are not kept: the next request is a job of its own.
    assert_eq!(*result(&pool.submit("key", Urgency::OnDemand, |_| Ok(7))).unwrap(), 7);
}

#[test]
fn different_keys_run_at_the_same_time() {
    let pool = pool(JobsOptions { threads: 2, ..one_thread() });
    let (open_one, one) = occupy(&pool, "one");
    let (open_two, two) = occupy(&pool, "two");
    drop((open_one, open_two));
    assert!(result(&one).is_ok() && result(&two).is_ok());
    assert!(JobsOptions::default().threads >= 1);
}

fn failing() -> Error {
    Error::Io { operation: "try", source: std::io::Error::other("broken") }
}

/// A work that fails so many times.
fn fails(times: u32, runs: &Arc<AtomicU32>) -> impl FnMut(&Job) -> Result<u32> + use<> {
    let runs = Arc::clone(runs);
    move |_| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        if run < times { Err(failing()) } else { Ok(run) }
    }
}

#[test]
fn failed_jobs_are_tried_again_twice() {
    let pool = pool(one_thread());
    let runs = Arc::new(AtomicU32::new(0));
    assert_eq!(*result(&pool.submit("a", Urgency::OnDemand, fails(2, &runs))).unwrap(), 2);
    let runs = Arc::new(AtomicU32::new(0));
    let error = result(&pool.submit("b", Urgency::OnDemand, fails(9, &runs))).unwrap_err();
    assert_eq!((error.to_string().as_str(), runs.load(Ordering::SeqCst)), ("cannot try: broken", 3));
    // Its error is remembered for a while.
    let again = result(&pool.submit("b", Urgency::OnDemand, fails(9, &runs))).unwrap_err();
    assert!(Arc::ptr_eq(&error, &again) && runs.load(Ordering::SeqCst) == 3);
    assert!(matches!(pool.state(&"b"), Some(JobState::Ended(Err(_)))));
    assert!(pool.forget(&"b") && !pool.forget(&"b") && pool.state(&"b").is_none());
    assert_eq!(*result(&pool.submit("b", Urgency::OnDemand, fails(0, &runs))).unwrap(), 3);
}

#[test]
fn the_wait_before_a_retry_grows_fourfold() {
    let pool = pool(JobsOptions { backoff: Duration::from_millis(20), ..one_thread() });
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let ticket = pool.submit("key", Urgency::OnDemand, move |_| {
        noted.lock().unwrap().push(std::time::Instant::now());
        Err(failing())
    });
    assert!(result(&ticket).is_err());
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_millis(20) && times[2] - times[1] >= Duration::from_millis(80));
}

/// While a job waits to be tried again, others run.
#[test]
fn a_retry_blocks_no_thread() {
    let pool = pool(JobsOptions { backoff: Duration::from_secs(3600), ..one_thread() });
    let failed = pool.submit("failed", Urgency::OnDemand, |_| Err(failing()));
    assert_eq!(*result(&pool.submit("other", Urgency::Background, |_| Ok(1))).unwrap(), 1);
    assert!(matches!(failed.state(), JobState::Queued));
}

#[test]
fn lasting_errors_are_not_tried_again() {
    let pool = pool(JobsOptions { remember: Duration::ZERO, ..one_thread() });
    let runs = Arc::new(AtomicU32::new(0));
    for expected in 1..3 {
        let counted = Arc::clone(&runs);
        let ticket = pool.submit("key", Urgency::OnDemand, move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(Error::NoFrame)
        });
        assert!(matches!(*result(&ticket).unwrap_err(), Error::NoFrame));
        assert_eq!(runs.load(Ordering::SeqCst), expected, "remembered for no time");
    }
}

/// Where ffmpeg is installed later, nothing has to be restarted or waited for.
#[test]
fn a_missing_program_is_not_remembered() {
    let pool = pool(one_thread());
    let missing = |_: &Job| Err(Error::Missing { program: "ffmpeg".into() });
    let error = result(&pool.submit("key", Urgency::OnDemand, missing)).unwrap_err();
    assert!(matches!(*error, Error::Missing { .. }));
    assert_eq!(*result(&pool.submit("key", Urgency::OnDemand, |_| Ok(1))).unwrap(), 1);
}

#[test]
fn a_panic_fails_its_job_alone() {
    let pool = pool(JobsOptions { retries: 0, ..one_thread() });
    let error = result(&pool.submit("key", Urgency::OnDemand, |_| panic!("on purpose"))).unwrap_err();
    assert_eq!(error.to_string(), "the job failed with a panic: on purpose");
    assert_eq!(*result(&pool.submit("other", Urgency::OnDemand, |_| Ok(1))).unwrap(), 1);
}

#[test]
fn progress_is_read_while_a_job_runs() {
    let pool = pool(one_thread());
    let (open, gate): (Sender<()>, Receiver<()>) = bounded(0);
    let (began, begins) = bounded(1);
    let ticket = pool.submit("key", Urgency::OnDemand, move |job| {
        job.report(0.25);
        began.send(()).unwrap();
        let _ = gate.recv();
        job.report(f32::NAN);
        Ok(1)
    });
    begins.recv_timeout(PATIENCE).unwrap();
    let waiting = pool.submit("waiting", Urgency::OnDemand, |_| Ok(2));
    assert!(matches!(pool.state(&"key"), Some(JobState::Running(part)) if (part - 0.25).abs() < f32::EPSILON));
    assert!(matches!(waiting.state(), JobState::Queued) && ticket.wait(Duration::ZERO).is_none());
    drop(open);
    assert!(result(&ticket).is_ok() && result(&waiting).is_ok());
    assert!(pool.state(&"key").is_none(), "a result is not kept");
    assert!(matches!(ticket.state(), JobState::Ended(Ok(_))));
}

#[test]
fn running_and_waiting_jobs_can_be_cancelled() {
    let pool = pool(one_thread());
    let (began, begins) = bounded(1);
    let (ended, ends) = bounded(1);
    let running = pool.submit("running", Urgency::OnDemand, move |job| {
        began.send(()).unwrap();
        ended.send(job.stop().wait(PATIENCE)).unwrap();
        Ok(1)
    });
    begins.recv_timeout(PATIENCE).unwrap();
    let waiting = pool.submit("waiting", Urgency::OnDemand, |_| Ok(2));
    for (key, ticket) in [("waiting", waiting), ("running", running)] {
        assert!(pool.cancel(&key) && !pool.cancel(&key), "{key}");
        assert!(matches!(*result(&ticket).unwrap_err(), Error::Cancelled), "{key}");
    }
    assert!(ends.recv_timeout(PATIENCE).unwrap(), "its stop was set");
    // A cancelled job is no failure that is remembered.
    assert_eq!(*result(&pool.submit("running", Urgency::OnDemand, |_| Ok(3))).unwrap(), 3);
}

#[test]
fn a_full_queue_refuses_background_jobs_first() {
    let pool = pool(JobsOptions { queue: 2, ..one_thread() });
    let (open, _) = occupy(&pool, "first");
    let old = pool.submit("old", Urgency::Background, |_| Ok(1));
    let new = pool.submit("new", Urgency::Background, |_| Ok(2));
    let refused = pool.submit("refused", Urgency::Background, |_| Ok(3));
    assert!(matches!(*result(&refused).unwrap_err(), Error::Busy));
    let wanted = pool.submit("wanted", Urgency::OnDemand, |_| Ok(4));
    assert!(matches!(*result(&old).unwrap_err(), Error::Busy), "the oldest gave way");
    let also = pool.submit("also", Urgency::OnDemand, |_| Ok(5));
    assert!(matches!(*result(&new).unwrap_err(), Error::Busy));
    assert!(matches!(*result(&pool.submit("full", Urgency::OnDemand, |_| Ok(6))).unwrap_err(), Error::Busy));
    drop(open);
    assert_eq!((*result(&wanted).unwrap(), *result(&also).unwrap()), (4, 5));
}

/// The daemon stops while a movie is being converted.
#[test]
fn dropping_a_pool_ends_its_jobs_and_ffmpeg() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("ffmpeg");
    let script = format!("#!/bin/sh\necho $$ > {0}/new; mv {0}/new {0}/pid; exec sleep 600\n", dir.path().display());
    crate::testing::write_program(&program, &script);
    let ffmpeg = crate::Ffmpeg::new(&program, &program);
    let pool = pool(one_thread());
    let running = pool.submit("running", Urgency::OnDemand, move |job| ffmpeg.version(job.stop()).map(|_| 1));
    wait_until("the program", || dir.path().join("pid").exists());
    let waiting = pool.submit("waiting", Urgency::OnDemand, |_| Ok(2));
    let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap();
    drop(pool);
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "it still runs");
    for ticket in [running, waiting] {
        assert!(matches!(*result(&ticket).unwrap_err(), Error::Cancelled));
    }
}
