use chrono::DateTime;

use super::*;

const FILE: &str = Stored::NAME;
use crate::clock::Now;

/// A host whose clocks are moved by hand.
#[derive(Debug)]
struct Host(Mutex<(Reading, bool)>);

impl Clock for Host {
    fn now(&self) -> Now {
        Now::at(DateTime::from_timestamp(self.0.lock().unwrap().0.wall, 0).unwrap())
    }

    fn boot(&self) -> Option<Boot> {
        let reading = self.0.lock().unwrap().0.clone();
        Some(Boot { id: reading.boot_id, elapsed: Duration::from_secs(reading.boottime) })
    }

    fn is_synchronised(&self) -> bool {
        self.0.lock().unwrap().1
    }
}

impl Host {
    fn new() -> Arc<Self> {
        let reading = Reading { wall: 1_795_176_000, boottime: 1000, boot_id: "a".to_owned() };
        Arc::new(Self(Mutex::new((reading, false))))
    }

    fn pass(&self, seconds: u32) {
        let reading = &mut self.0.lock().unwrap().0;
        reading.wall += i64::from(seconds);
        reading.boottime += u64::from(seconds);
    }

    fn jump(&self, seconds: i64) {
        self.0.lock().unwrap().0.wall += seconds;
    }

    fn restart(&self, away: u32) {
        let reading = &mut self.0.lock().unwrap().0;
        reading.wall += i64::from(away);
        reading.boottime = 20;
        reading.boot_id.push('b');
    }

    fn synchronise(&self, is_synchronised: bool) {
        self.0.lock().unwrap().1 = is_synchronised;
    }
}

const DAY: u32 = 24 * 3600;
const YEAR: i64 = 365 * 24 * 3600;

struct Folder {
    dir: tempfile::TempDir,
    host: Arc<Host>,
}

impl Folder {
    fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("owlery-unit-").tempdir().unwrap(), host: Host::new() }
    }

    fn run(&self) -> ClockGuard {
        ClockGuard::open(self.dir.path(), self.host.clone(), true)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.dir.path().join(FILE)).unwrap()
    }
}

/// Checks every ten seconds for `seconds`; returns whether that ended the hold, and after how many seconds.
fn observe_for(guard: &ClockGuard, host: &Host, seconds: u32) -> Option<u32> {
    (0..=seconds).step_by(10).find(|_| {
        let ends = guard.observe();
        if !ends {
            host.pass(10);
        }
        ends
    })
}

#[test]
fn the_first_run_is_believed_and_recorded() {
    let folder = Folder::new();
    let guard = folder.run();
    assert_eq!(guard.held(), None);
    assert_eq!(
        folder.text(),
        r#"{"owlery":1,"clock":{"wall":1795176000,"boottime":1000,"boot_id":"a","longest_gap":0}}"#
    );
}

/// With a held clock an undo window counts from the last accepted time.
#[test]
fn a_held_clock_starts_undo_windows_earlier() {
    let folder = Folder::new();
    let (guard, right) = (folder.run(), folder.host.now().utc);
    let seconds = chrono::TimeDelta::seconds;
    assert_eq!(guard.undo_from(right), right);
    folder.host.pass(100);
    folder.host.jump(-3 * YEAR);
    assert_eq!(guard.undo_from(folder.host.now().utc), right + seconds(100), "so long ago by the time since the boot");
    folder.host.restart(10);
    assert_eq!(folder.run().undo_from(folder.host.now().utc), right + seconds(20), "since when it runs at least");
    folder.host.jump(9 * YEAR);
    let ahead = folder.host.now().utc;
    assert_eq!(folder.run().undo_from(ahead), ahead);
}

#[test]
fn a_clock_that_is_held_is_never_recorded() {
    let folder = Folder::new();
    drop(folder.run());
    let before = folder.text();
    for jump in [YEAR, -3 * YEAR] {
        folder.host.jump(jump);
        let guard = folder.run();
        assert!(guard.held().is_some());
        guard.check();
        assert!(!guard.observe());
        assert_eq!(folder.text(), before);
    }
    folder.host.jump(2 * YEAR);
    assert_eq!(folder.run().held(), None, "and when it is right again nothing has happened");
}

#[test]
fn a_jump_during_a_run_is_held() {
    let folder = Folder::new();
    let guard = folder.run();
    folder.host.pass(40 * DAY);
    guard.check();
    assert_eq!(guard.held(), None, "that much time has passed");
    folder.host.jump(i64::from(DAY) + 1);
    assert!(guard.held().is_some());
    folder.host.jump(-2 * i64::from(DAY) - 2);
    assert!(guard.held().is_some(), "back");
}

#[test]
fn a_confirmed_clock_is_believed_from_then_on() {
    let folder = Folder::new();
    drop(folder.run());
    folder.host.jump(YEAR);
    let guard = folder.run();
    guard.accept().unwrap();
    assert_eq!(guard.held(), None);
    assert_eq!(folder.run().held(), None);
    folder.host.jump(-YEAR);
    assert!(guard.held().is_some() && folder.run().held().is_some(), "it was wrong after all");
    guard.accept().unwrap();
    assert_eq!(folder.run().held(), None);
}

#[test]
fn ten_minutes_of_synchronisation_end_a_hold() {
    let folder = Folder::new();
    drop(folder.run());
    folder.host.jump(YEAR);
    let guard = folder.run();
    assert_eq!(observe_for(&guard, &folder.host, 3600), None, "it is not synchronised");
    folder.host.synchronise(true);
    assert_eq!(observe_for(&guard, &folder.host, 3600), Some(600));
    assert_eq!((guard.held(), folder.run().held()), (None, None));
    assert!(!guard.observe(), "there is nothing to end");
}

#[test]
fn an_unsynchronised_check_restarts_the_wait() {
    let folder = Folder::new();
    drop(folder.run());
    folder.host.jump(YEAR);
    folder.host.synchronise(true);
    let guard = folder.run();
    assert_eq!(observe_for(&guard, &folder.host, 590), None);
    folder.host.synchronise(false);
    assert_eq!(observe_for(&guard, &folder.host, 0), None);
    folder.host.synchronise(true);
    assert_eq!(observe_for(&guard, &folder.host, 3600), Some(600));
}

#[test]
fn time_without_observation_does_not_count() {
    let folder = Folder::new();
    drop(folder.run());
    folder.host.jump(YEAR);
    folder.host.synchronise(true);
    let guard = folder.run();
    for _ in 0..5 {
        assert!(!guard.observe());
        folder.host.pass(1200); // asleep
    }
    drop(guard);
    let guard = folder.run();
    assert!(!guard.observe(), "nor does another process");
    assert_eq!(observe_for(&guard, &folder.host, 3600), Some(600));
}

/// The clock was synchronised before the jump.
#[test]
fn earlier_synchronisation_does_not_count() {
    let folder = Folder::new();
    let guard = folder.run();
    folder.host.synchronise(true);
    assert_eq!(observe_for(&guard, &folder.host, 3600), None, "there is nothing to end");
    folder.host.jump(YEAR);
    assert_eq!(observe_for(&guard, &folder.host, 3600), Some(600));
}

#[test]
fn gaps_between_runs_are_remembered() {
    let folder = Folder::new();
    drop(folder.run());
    folder.host.restart(6 * DAY);
    let guard = folder.run();
    folder.host.pass(20 * DAY);
    guard.check();
    assert!(folder.text().contains(&format!("\"longest_gap\":{}", 6 * DAY)), "{}", folder.text());
    drop(guard);
    folder.host.restart(12 * DAY);
    assert_eq!(folder.run().held(), None);
    folder.host.restart(24 * DAY + 1);
    assert!(folder.run().held().is_some());
}

#[test]
fn an_unreadable_record_is_no_first_run() {
    let right = r#"{"owlery":1,"clock":{"wall":1795176000,"boottime":1000,"boot_id":"a","longest_gap":0}}"#;
    let damaged = [
        String::new(),
        "{".to_owned(),
        right.replace("\"owlery\":1", "\"owlery\":2"),
        right.replace("\"boottime\":1000,", ""),
        right.replace("\"boottime\":1000", "\"boottime\":-1"),
        right.replace("\"wall\"", "\"extra\":0,\"wall\""),
        format!("{right}{right}"),
    ];
    for text in damaged {
        let folder = Folder::new();
        let path = folder.dir.path().join(FILE);
        std::fs::write(&path, &text).unwrap();
        let guard = folder.run();
        let why = guard.held().unwrap_or_else(|| panic!("{text:?} is believed"));
        assert!(why.contains(path.to_str().unwrap()), "{why}");
        guard.check();
        assert_eq!(folder.text(), text, "it is left for a person to see");
        guard.accept().unwrap();
        assert_eq!(folder.run().held(), None);
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.dir.path().join(FILE)).unwrap();
    assert!(folder.run().held().is_some());
    assert!(folder.run().accept().is_err(), "what cannot be recorded is not confirmed");
}

#[test]
fn what_may_not_write_judges_all_the_same() {
    let folder = Folder::new();
    let aside = || ClockGuard::open(folder.dir.path(), folder.host.clone(), false);
    assert_eq!(aside().held(), None);
    assert!(!folder.dir.path().join(FILE).exists());
    drop(folder.run());
    let before = folder.text();
    folder.host.jump(YEAR);
    assert!(aside().held().is_some());
    folder.host.jump(-YEAR);
    folder.host.pass(DAY);
    assert_eq!(aside().held(), None);
    assert_eq!(folder.text(), before);
}

#[test]
fn a_manual_clock_is_always_accepted() {
    let dir = tempfile::Builder::new().prefix("owlery-unit-").tempdir().unwrap();
    let clock = Arc::new(crate::clock::ManualClock::new(DateTime::from_timestamp(0, 0).unwrap().naive_utc()));
    let guard = ClockGuard::open(dir.path(), clock.clone(), true);
    clock.set(DateTime::from_timestamp(YEAR, 0).unwrap().naive_utc());
    guard.accept().unwrap();
    assert!(guard.held().is_none() && !guard.observe() && !dir.path().join(FILE).exists());
}
