//! Two system calls for which no maintained small library exists: `adjtimex(2)` and `ioprio_set(2)`. This is the only crate of Owlery
//! with unsafe code.

use std::io;

/// Whether the kernel reports the wall clock as synchronised: `adjtimex(2)` with `modes` 0, which changes nothing and needs no
/// privilege.
///
/// # Errors
/// The call is forbidden, by a seccomp filter or systemd's `ProtectClock=`.
pub fn is_clock_synchronised() -> io::Result<bool> {
    // SAFETY: `timex` is a plain C struct of integers, for which all zeros is a valid value.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is valid for reads and writes of one `timex` during the call, which keeps no copy of it.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(timex.status & libc::STA_UNSYNC == 0)
}

/// Gives the calling thread the I/O class "idle": its disk accesses wait for those of all others. `ioprio_set(2)`.
///
/// # Errors
/// The kernel refuses it, or a seccomp filter does.
pub fn set_idle_io_class() -> io::Result<()> {
    // linux/ioprio.h
    const IOPRIO_WHO_PROCESS: libc::c_int = 1;
    const IOPRIO_CLASS_IDLE: libc::c_int = 3;
    const IOPRIO_CLASS_SHIFT: u32 = 13;
    const THIS_THREAD: libc::c_int = 0;
    let idle = IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT;
    // SAFETY: ioprio_set takes three integers and touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, THIS_THREAD, idle) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_state_is_read() {
        assert!(is_clock_synchronised().is_ok());
    }

    #[test]
    fn a_thread_becomes_idle() {
        // On a thread of its own, since a class is not taken back.
        std::thread::spawn(set_idle_io_class).join().unwrap().unwrap();
    }
}
