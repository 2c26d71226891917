//! The end of every command's help: examples and exit codes, in lines of at most 80 columns.

use std::fmt::Write as _;

/// The end of a command's help.
struct Tail {
    command: &'static str,
    examples: &'static [&'static str],
    /// Exit codes with a meaning of their own.
    exits: &'static [(u8, &'static str)],
    /// Whether it has a ROOT, which can be missing.
    has_root: bool,
    /// Whether it refuses a state directory of another archive.
    checks_state: bool,
    /// Whether it prints local times.
    has_times: bool,
}

const READ: (u8, &str) = (1, "something could not be read; standard error names it");
const DONE: (u8, &str) = (1, "something failed; standard error names it");

const TAILS: [Tail; 21] = [
    tail(
        "serve",
        &[
            "owlery serve /var/lib/motion --keep-days 45",
            "owlery serve /var/lib/motion --config /etc/owlery.toml",
            "owlery serve file:///mnt/nas/owlery",
        ],
        &[DONE, (2, "usage or settings, the port is taken, another owlery runs here")],
    ),
    Tail { has_root: false, ..tail("demo", &["owlery demo", "owlery demo --listen 127.0.0.1:8080"], &[DONE]) },
    tail("scan", &["owlery scan /var/lib/motion --measure"], &[READ]),
    Tail {
        has_times: true,
        ..tail(
            "list",
            &[
                "owlery list /var/lib/motion --camera Camera1 --from 3d",
                "owlery list /var/lib/motion --from 2026-11-20 --to 2026-11-20 --json",
            ],
            &[READ],
        )
    },
    tail("stats", &["owlery stats /var/lib/motion", "owlery stats /var/lib/motion --keep-days 30"], &[READ]),
    tail("plan", &["owlery plan /var/lib/motion --keep-days 45"], &[READ]),
    tail(
        "expire",
        &[
            "owlery expire /var/lib/motion --keep-days 45",
            "owlery expire /var/lib/motion --keep-days 45 --confirm 0f3a9c21",
        ],
        &[DONE, (3, "a guard holds the pass; the message says how to confirm it")],
    ),
    tail("queue", &["owlery queue /var/lib/motion"], &[(1, "something could not be read, or a pass has a problem")]),
    tail(
        "restore",
        &["owlery restore /var/lib/motion 20261121T100436Z-AbCdEf"],
        &[(1, "no such pass, or something of it stays in the queue")],
    ),
    tail(
        "delete",
        &["owlery delete /var/lib/motion Camera1/2026-11-20/10-04-36"],
        &[DONE, (3, "an event is saved, or still being recorded")],
    ),
    tail("save", &["owlery save /var/lib/motion Camera1/2026-11-20/10-04-36"], &[DONE]),
    tail("unsave", &["owlery unsave /var/lib/motion Camera1/2026-11-20/10-04-36"], &[DONE]),
    Tail {
        has_times: true,
        checks_state: false,
        ..tail(
            "audit",
            &["owlery audit /var/lib/motion --limit 20", "owlery audit /var/lib/motion --before 1200 --json"],
            &[READ],
        )
    },
    tail("check", &["owlery check /var/lib/motion"], &[(1, "a difference or problem was found, or a read failed")]),
    Tail {
        checks_state: false,
        ..tail(
            "layout",
            &["owlery layout /var/lib/motion", "owlery layout /var/lib/motion --json"],
            &[
                (0, "something was recognised"),
                (1, "something could not be read; standard error names it"),
                (4, "nothing was recognised, or ROOT is missing or unreadable"),
            ],
        )
    },
    Tail {
        checks_state: false,
        ..tail("accept", &["owlery accept /var/lib/motion --state-dir /var/lib/owlery"], &[DONE])
    },
    tail(
        "cache",
        &[
            "owlery cache --root /var/lib/motion stats",
            "owlery cache --dir /var/cache/media get http://camera/1.jpg > 1.jpg",
            "owlery cache --dir /var/cache/media put KEY --type image/jpeg < 1.jpg",
        ],
        &[
            (1, "not cached, not stored, or not queued; standard error says why"),
            (2, "usage or settings, or another process has the cache open"),
            (4, "ROOT or DIR is missing or unreadable"),
        ],
    ),
    tail(
        "store",
        &[
            "owlery store list /var/lib/motion --config /etc/owlery.toml",
            "owlery store login /var/lib/motion offsite --config /etc/owlery.toml",
            "owlery store push /var/lib/motion offsite --config /etc/owlery.toml",
            "owlery store verify /var/lib/motion offsite --subset 2%",
        ],
        &[(1, "a copy differs, or something could not be read, copied or reached")],
    ),
    tail(
        "recall",
        &[
            "owlery recall /var/lib/motion Camera1/2026-11-20/10-04-36",
            "owlery recall /var/lib/motion --store nas --day 2026-11-20 --camera Camera1",
            "owlery recall /var/lib/motion --store nas --host old --all --identity key.txt",
        ],
        &[(1, "something could not be brought back; standard error names it")],
    ),
    Tail {
        has_root: false,
        ..tail("passwd", &["owlery passwd anna --role admin", "owlery passwd backup --token --camera Camera1"], &[DONE])
    },
    tail(
        "ended",
        &["on_movie_end /usr/local/bin/owlery ended /var/lib/motion -- %f"],
        &[
            (0, "done, no owlery runs, or the file is not a movie of an event"),
            (1, "the running owlery could not be reached"),
        ],
    ),
];

const fn tail(command: &'static str, examples: &'static [&'static str], exits: &'static [(u8, &'static str)]) -> Tail {
    Tail { command, examples, exits, has_root: true, checks_state: true, has_times: false }
}

/// The end of the help of `command`.
pub(super) fn after(command: &str) -> Option<String> {
    TAILS.iter().find(|tail| tail.command == command).map(Tail::text)
}

impl Tail {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.has_times {
            text.push_str("Times are in this host's time zone, which `owlery stats` shows.\n\n");
        }
        text.push_str("Examples:\n");
        for example in self.examples {
            let _ = writeln!(text, "  {example}"); // writing to a string cannot fail
        }
        text.push_str("\nExit codes:\n");
        for code in 0..=4 {
            let own = self.exits.iter().find(|(own, _)| *own == code).map(|(_, meaning)| *meaning);
            if let Some(meaning) = own.or_else(|| self.common(code)) {
                let _ = writeln!(text, "  {code}  {meaning}");
            }
        }
        text
    }

    /// The meaning of a code for most commands.
    fn common(&self, code: u8) -> Option<&'static str> {
        match code {
            0 => Some("done"),
            2 => Some("usage or settings"),
            3 if self.has_root && self.checks_state => Some("refused: the state directory belongs to another archive"),
            4 if self.has_root => Some("ROOT is missing, unreadable or not an archive"),
            _ => None,
        }
    }
}
