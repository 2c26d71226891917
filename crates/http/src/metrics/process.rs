//! The metrics of the process, under the usual names of Prometheus clients. Read from `/proc/self` (proc(5)); a value that cannot be
//! read is left out.

use std::fmt::Result;
use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::exposition::Exposition;

/// Ticks per second of the times in `/proc/PID/stat`, on all supported architectures.
const TICKS: u64 = 100;

/// When the process started, in seconds since 1970. `wall` is the present time in the same unit.
pub(super) fn started(wall: f64) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may contain any character; field 3 follows it.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let after_boot = Duration::from_millis(ticks.checked_mul(1000)? / TICKS);
    Some(wall - (since_boot() - after_boot.as_secs_f64()))
}

fn since_boot() -> f64 {
    let time = clock_gettime(ClockId::Boottime);
    seconds(time.tv_sec, time.tv_nsec)
}

#[allow(clippy::cast_precision_loss)] // far below 2^52
fn seconds(whole: i64, nanos: i64) -> f64 {
    whole as f64 + nanos as f64 / 1e9
}

/// Writes the metrics of the process.
pub(super) fn write(out: &mut Exposition<'_>, started: Option<f64>) -> Result {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |key: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let fds = fs::read_dir("/proc/self/fd").ok().map(|fds| fds.count().saturating_sub(1) as u64); // without the one of this read
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    out.gauge_if_known("start_time_seconds", "When the process started, in seconds since 1970.", started)?;
    out.seconds_counter("cpu_seconds", "CPU time of all threads.", seconds(cpu.tv_sec, cpu.tv_nsec))?;
    let resident = number("VmRSS:").map(|kilobytes| kilobytes * 1024);
    out.gauge_if_known("resident_memory_bytes", "Resident memory.", resident)?;
    out.gauge_if_known("threads", "Threads.", number("Threads:"))?;
    out.gauge_if_known("open_fds", "Open file descriptors.", fds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn the_start_time_is_recent() {
        #[allow(clippy::cast_precision_loss)]
        let now = SystemClock.now().nanos() as f64 / 1e9;
        let started = started(now).unwrap();
        assert!(started <= now && started > now - 24.0 * 3600.0, "{started} {now}");
    }
}
