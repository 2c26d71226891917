//! The cameras and the retention rules of the story, as flags and as the oracle checks them.

/// By the general rule alone.
pub const PLAIN: &str = "Camera1";
/// No rule takes of it.
pub const FOREVER: &str = "Camera2";
/// On a disk of its own.
pub const APART: &str = "Camera3";
/// With a limit of its own.
pub const LIMITED: &str = "Camera4";
pub const CAMERAS: [&str; 4] = [PLAIN, FOREVER, APART, LIMITED];

/// The limit of [`LIMITED`], in bytes.
pub const LIMIT: u64 = 1_500_000;
/// What must be free on the archive's disk, in bytes.
pub const MIN_FREE: u64 = 6_000_000;
pub const FLOOR_DAYS: u64 = 2;
/// The undo window of the rules, in hours.
pub const UNDO_HOURS: i64 = 6;

/// After how many days a camera's recordings expire.
pub fn keep_days(camera: &str) -> u64 {
    if camera == APART { 3 } else { 5 }
}

/// The flags that say all this.
pub fn flags() -> Vec<String> {
    let rules = [
        format!("--keep-days={}", keep_days(PLAIN)),
        format!("--keep-days={APART}={}", keep_days(APART)),
        format!("--keep-days={FOREVER}=forever"),
        format!("--max-size={LIMITED}={LIMIT}B"),
        format!("--floor-days={FLOOR_DAYS}"),
        format!("--min-free={MIN_FREE}B"),
        format!("--undo-window={UNDO_HOURS}h"),
    ];
    let others = ["--max-share=1", "--check-interval=2s", "--listen=127.0.0.1:0"];
    rules.into_iter().chain(others.map(str::to_owned)).collect()
}
