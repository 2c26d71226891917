//! Places where a test can make the program fail: `OWLERY_FAULT=reaper` makes the reaper panic at its first pass,
//! `OWLERY_FAULT=retire-3` ends the process after step 3 of that procedure as a crash would. Compiled into debug builds
//! only, which is what tests run.

fn is_asked_for(name: &str) -> bool {
    cfg!(debug_assertions) && std::env::var("OWLERY_FAULT").is_ok_and(|fault| fault == name)
}

/// Panics if the environment asks for it.
pub(crate) fn point(name: &str) {
    assert!(!is_asked_for(name), "OWLERY_FAULT={name}");
}

/// Ends the process on the spot if the environment asks for it: nothing is unwound, flushed or cleaned up.
pub(crate) fn crash(name: &str) {
    if is_asked_for(name) {
        std::process::abort();
    }
}
