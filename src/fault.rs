//! Places where a test can make a worker fail: `OWLERY_FAULT=reaper` makes the reaper panic at its first pass. Compiled
//! into debug builds only, which is what tests run.

/// Panics if the environment asks for it.
pub(crate) fn point(name: &str) {
    assert!(
        !(cfg!(debug_assertions) && std::env::var("OWLERY_FAULT").is_ok_and(|fault| fault == name)),
        "OWLERY_FAULT={name}"
    );
}
