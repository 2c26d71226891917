//! A month of a host's life: a fake Motion records, rules expire, people save, delete and restore, cleaners interfere, the
//! disk fills up, the daemon is killed and the catalog damaged. An oracle knows every event that was ever made and judges
//! every entry of the audit and every file that is gone.
//!
//! `cargo test` simulates a few days; `scripts/soak SEED DAYS` more, a month by default. A failure names its seed; what the
//! story does is drawn from it alone, while the moments at which a process is killed are real.

mod clock;
mod host;
mod motion;
mod oracle;
mod rules;
mod story;

use story::Story;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Nothing is lost that no rule, person or cleaner took; the audit tells each removal once and truly; the queue drains;
/// memory, descriptors and the state directory do not grow.
#[test]
fn a_month_of_trouble_loses_nothing() {
    let days = i64::try_from(setting("OWLERY_SOAK_DAYS", 3)).unwrap();
    Story::new(setting("OWLERY_SOAK_SEED", 1), days).run();
}
