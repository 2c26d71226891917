//! Faults for tests. `OWLERY_FAULT=reaper` makes the reaper panic at its first pass. `OWLERY_FAULT=retire-3` ends the
//! process after step 3 of that procedure as a crash would, `retire-3#2` when it comes there for the second time; with
//! `OWLERY_FAULT=retire-3@FIFO` it waits there until that FIFO was opened for writing and closed again. `OWLERY_LIMITS=head=300ms,connections=4` lowers limits that a test
//! would have to wait for. All this is compiled into debug builds only, which is what tests run. Unit tests end one
//! thread's work instead (`stop_at`, also in release builds with the feature `stop-at`).

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The value of `OWLERY_FAULT`.
fn fault() -> Option<String> {
    cfg!(debug_assertions).then(|| std::env::var("OWLERY_FAULT").ok()).flatten()
}

fn is_asked_for(name: &str) -> bool {
    fault().is_some_and(|fault| fault == name)
}

/// Panics if the environment requests it.
pub fn point(name: &str) {
    assert!(!is_asked_for(name), "OWLERY_FAULT={name}");
}

/// Ends the process at once if the environment requests it (nothing is unwound, flushed or cleaned up), or waits.
pub fn crash(name: &str) {
    #[cfg(any(debug_assertions, feature = "stop-at"))]
    STEP.with_borrow_mut(|step| {
        if let Some(asked) = step
            && asked.is_reached(name)
        {
            *step = None;
            std::panic::resume_unwind(Box::new("stopped at a step")); // prints nothing on standard error
        }
    });
    if is_asked_for(name) {
        std::process::abort();
    }
    if let Some((at, nth)) = fault().as_deref().and_then(nth_time)
        && at == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == nth
    {
        std::process::abort();
    }
    if let Some(fault) = fault()
        && let Some((at, fifo)) = fault.split_once('@')
        && at == name
    {
        let _ = std::fs::read(fifo); // reads to its end; does not wait for one that is gone
    }
}

/// A step and the how many-th time of `retire-5#2`.
fn nth_time(fault: &str) -> Option<(&str, u32)> {
    let (at, nth) = fault.split_once('#')?;
    Some((at, nth.parse().ok()?))
}

/// How often this process came to the step of a fault with a number.
static PASSED: AtomicU32 = AtomicU32::new(0);

/// A test's value for a limit.
fn limit(name: &str) -> Option<String> {
    let limits = cfg!(debug_assertions).then(|| std::env::var("OWLERY_LIMITS").ok()).flatten()?;
    limits.split(',').find_map(|limit| limit.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// How long something may take: `usual`, unless a test sets it.
pub fn span(name: &str, usual: Duration) -> Duration {
    limit(name).and_then(|span| humantime::parse_duration(&span).ok()).unwrap_or(usual)
}

/// How many of something there may be: `usual`, unless a test sets it.
pub fn number(name: &str, usual: usize) -> usize {
    limit(name).and_then(|number| number.parse().ok()).unwrap_or(usual)
}

/// The lowest priority for processors. Tests wait for work that would hardly be done beside them.
pub fn nice() -> i32 {
    i32::try_from(number("nice", 19)).unwrap_or(19)
}

#[cfg(any(debug_assertions, feature = "stop-at"))]
thread_local! {
    /// The step after which this thread's work ends. Set and cleared by the test that runs on it.
    static STEP: std::cell::RefCell<Option<Asked>> = const { std::cell::RefCell::new(None) };
}

/// The step after which a thread's work ends.
#[cfg(any(debug_assertions, feature = "stop-at"))]
struct Asked {
    name: String,
    /// How many times more the thread comes there before.
    before: u32,
}

#[cfg(any(debug_assertions, feature = "stop-at"))]
impl Asked {
    fn of(step: &str) -> Self {
        let (name, nth) = nth_time(step).unwrap_or((step, 1));
        Self { name: name.to_owned(), before: nth.saturating_sub(1) }
    }

    fn is_reached(&mut self, name: &str) -> bool {
        if self.name != name {
            return false;
        }
        let is_reached = self.before == 0;
        self.before = self.before.saturating_sub(1);
        is_reached
    }
}

/// Runs `work`, ending it by a panic after a step, or after the n-th time with `retire-5#2`; `None` if it was ended.
#[cfg(any(debug_assertions, feature = "stop-at"))]
pub fn stop_at<T>(step: Option<&str>, work: impl FnOnce() -> T) -> Option<T> {
    STEP.set(step.map(Asked::of));
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    STEP.set(None);
    match done {
        Ok(done) => Some(done),
        Err(panic) if panic.downcast_ref() == Some(&"stopped at a step") => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
