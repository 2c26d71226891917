//! Drops the kernel's caches of files, where this process may.

use std::process::Command;

/// Writes dirty pages and drops all caches. The error says why that is impossible here.
pub fn drop_all() -> Result<(), String> {
    rustix::fs::sync();
    let direct = std::fs::write("/proc/sys/vm/drop_caches", "3");
    let Err(error) = direct else { return Ok(()) };
    match Command::new("sysctl").args(["-q", "-w", "vm.drop_caches=3"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("the caches cannot be dropped here ({error})")),
    }
}
