//! All settings, each declared once: its flag, environment variable, key of the TOML file, help, default, kind of value, and
//! the commands that use it. The command line, the other sources, the merge, the checks and the table in
//! `doc/configuration.md` follow from here. A new setting needs its declaration and the code that uses its value.

use super::super::command_name::CommandName;
use CommandName::{
    Accept, Audit, Cache, Check, Delete, Ended, Expire, List, Plan, Queue, Recall, Restore, Save, Scan, Stats, Store,
    Unsave,
};

/// A setting: a flag, an environment variable and a key of the file.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Setting {
    /// The flag without `--`, and the key of the file.
    pub name: &'static str,
    /// The placeholder of the value in help and documentation; empty for a switch.
    pub value: &'static str,
    pub kind: Kind,
    pub group: Group,
    pub help: &'static str,
    /// The default, in words; `None` where the setting is simply not set.
    pub default: Option<&'static str>,
    /// Markdown that follows the help in the documentation.
    pub detail: &'static str,
    /// What commands other than `serve` do with it. A command that is not listed does not use it.
    pub uses: &'static [(Use, &'static [CommandName])],
}

/// The kind of a setting's value, which decides how each source is parsed and how sources merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// On if set.
    Switch,
    Text,
    /// A path of any bytes.
    Path,
    /// Several texts. In the environment they are separated by commas.
    List,
    /// Several sources of a `Content-Security-Policy`. In the environment they are separated by commas or spaces.
    Sources,
    /// Several `[CAMERA=]VALUE`. Sources merge camera by camera.
    PerCamera,
    /// Several `CAMERA=VALUE`; a table in the file. Sources merge camera by camera.
    ByCamera,
}

/// The heading in a command's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Group {
    Rules,
    Passes,
    Http,
    Archive,
    Cache,
}

/// How a command uses a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Use {
    /// Not at all. The flag is refused; the environment and the file are ignored.
    Never,
    /// The command applies it itself. Beside a daemon, which works by its own settings, the flag is refused.
    Alone,
    /// Like `Alone`, but beside a daemon the flag is accepted if the daemon has the same value.
    AloneOrSame,
    /// With and without a daemon.
    Always,
}

impl Setting {
    /// The environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("OWLERY_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// Whether it is a retention rule.
    pub(crate) fn is_rule(&self) -> bool {
        self.group == Group::Rules
    }

    /// Whether `serve` uses it with the URL of a store.
    pub(crate) fn is_for_bucket(&self) -> bool {
        matches!(self.group, Group::Http | Group::Cache) || [CONFIG, STATE_DIR].contains(&self)
    }

    /// How a command uses it. `serve` uses every setting.
    pub(crate) fn used_by(&self, command: CommandName) -> Use {
        if command == CommandName::Serve {
            return Use::Always;
        }
        let listed = self.uses.iter().find(|(_, commands)| commands.contains(&command));
        listed.map_or(Use::Never, |(used, _)| *used)
    }
}

impl Group {
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Rules => "Retention rules",
            Self::Passes => "Passes and their removal",
            Self::Http => "HTTP",
            Self::Archive => "Archive",
            Self::Cache => "Media cache",
        }
    }
}

/// Every command but `serve`.
const ALL_COMMANDS: &[CommandName] = &[
    Scan, List, Stats, Plan, Expire, Queue, Restore, Delete, Save, Unsave, Audit, Check, Accept, Cache, Store, Recall,
    Ended,
];

/// Commands that decide from the disk which events are open. `check` reads the disk beside a daemon too.
const READS_EVENTS: &[(Use, &[CommandName])] = &[
    (Use::Always, &[Check]),
    (Use::Alone, &[Scan, List, Stats, Plan, Expire, Restore, Delete, Save, Unsave, Store, Recall]),
];

/// Rules that the forecast shows. Beside a daemon they are a what-if.
const RULE: &[(Use, &[CommandName])] = &[(Use::Always, &[Plan, Stats]), (Use::Alone, &[Expire])];

const SERVE_ONLY: &[(Use, &[CommandName])] = &[];

/// Declares the settings as constants, and `ALL` of them in the order of help and documentation.
macro_rules! settings {
    ($($name:ident = $setting:expr;)*) => {
        $(pub(in super::super) const $name: &Setting = &$setting;)*
        /// Every setting.
        pub(in super::super) const ALL: &[&Setting] = &[$($name),*];
    };
}

settings! {
    KEEP_DAYS = Setting {
        name: "keep-days",
        value: "[CAMERA=]N|forever",
        kind: Kind::PerCamera,
        group: Group::Rules,
        help: "A day expires when it lies more than N days (at least 1) before today; repeatable, also per camera",
        default: Some("no expiry"),
        detail: "",
        uses: RULE,
    };
    MAX_SIZE = Setting {
        name: "max-size",
        value: "[CAMERA=]SIZE",
        kind: Kind::PerCamera,
        group: Group::Rules,
        help: "Maximum size of the archive, or of a camera: the oldest days are retired first; repeatable",
        default: Some("no limit"),
        detail: "",
        uses: RULE,
    };
    MIN_FREE = Setting {
        name: "min-free",
        value: "SIZE|N%",
        kind: Kind::Text,
        group: Group::Rules,
        help: "Space to keep free on the archive's disk",
        default: None,
        detail: "",
        uses: RULE,
    };
    FLOOR_DAYS = Setting {
        name: "floor-days",
        value: "N",
        kind: Kind::Text,
        group: Group::Rules,
        help: "Rules of size and space never retire a day younger than N days",
        default: Some("1"),
        detail: "",
        uses: RULE,
    };
    MAX_SHARE = Setting {
        name: "max-share",
        value: "F",
        kind: Kind::Text,
        group: Group::Rules,
        help: "A pass that would retire more than this share of the archive is held; 1 never holds",
        default: Some("0.5"),
        detail: "",
        uses: &[(Use::Always, &[Plan]), (Use::Alone, &[Expire])],
    };
    UNDO_WINDOW = Setting {
        name: "undo-window",
        value: "SPAN",
        kind: Kind::Text,
        group: Group::Passes,
        help: "How long a retired day can be restored before it is removed",
        default: Some("0; 24h for manual deletions"),
        detail: "",
        uses: &[(Use::Alone, &[Expire, Restore, Delete, Recall])],
    };
    CHECK_INTERVAL = Setting {
        name: "check-interval",
        value: "SPAN",
        kind: Kind::Text,
        group: Group::Passes,
        help: "How often the expirer runs and the archive is compared with the catalog",
        default: Some("1h"),
        detail: "",
        uses: SERVE_ONLY,
    };
    REAP_RATE = Setting {
        name: "reap-rate",
        value: "N",
        kind: Kind::Text,
        group: Group::Passes,
        help: "Maximum number of entries (files, links, directories) removed from the delete queue per second; 0 is no limit",
        default: Some("0"),
        detail: "",
        uses: &[(Use::Alone, &[Expire])],
    };
    WINDOW = Setting {
        name: "window",
        value: "HH:MM-HH:MM",
        kind: Kind::Text,
        group: Group::Passes,
        help: "Hours of the day (local time) in which the delete queue is emptied; may span midnight",
        default: Some("all day"),
        detail: "",
        uses: SERVE_ONLY,
    };
    LISTEN = Setting {
        name: "listen",
        value: "ADDR:PORT",
        kind: Kind::Text,
        group: Group::Http,
        help: "Address to serve HTTP on",
        default: Some("127.0.0.1:8000"),
        detail: "",
        uses: SERVE_ONLY,
    };
    INSECURE = Setting {
        name: "insecure",
        value: "",
        kind: Kind::Switch,
        group: Group::Http,
        help: "Allow a --listen address that other hosts can reach although no users are configured",
        default: None,
        detail: "Every client then has full access.",
        uses: SERVE_ONLY,
    };
    TLS_CERT = Setting {
        name: "tls-cert",
        value: "FILE",
        kind: Kind::Path,
        group: Group::Http,
        help: "Serve HTTPS with this certificate or certificate chain (PEM); reloaded when it changes and on SIGHUP",
        default: None,
        detail: "[HTTPS](http.md#https)",
        uses: SERVE_ONLY,
    };
    TLS_KEY = Setting {
        name: "tls-key",
        value: "FILE",
        kind: Kind::Path,
        group: Group::Http,
        help: "Private key of the certificate (PEM)",
        default: None,
        detail: "",
        uses: SERVE_ONLY,
    };
    ALLOW_HOST = Setting {
        name: "allow-host",
        value: "NAME[:PORT]",
        kind: Kind::List,
        group: Group::Http,
        help: "Host name that requests may carry where no sign-in is required or a proxy signs users in; repeatable",
        default: None,
        detail: "Pages of this host may embed media. IP addresses and `localhost` are always accepted.",
        uses: SERVE_ONLY,
    };
    BASE_PATH = Setting {
        name: "base-path",
        value: "PATH",
        kind: Kind::Text,
        group: Group::Http,
        help: "Path prefix under which a reverse proxy publishes this service, such as /owlery",
        default: Some("X-Forwarded-Prefix of a trusted proxy"),
        detail: "URLs begin with it ([behind nginx](http.md#behind-nginx)).",
        uses: SERVE_ONLY,
    };
    FRAME_ANCESTORS = Setting {
        name: "frame-ancestors",
        value: "SOURCE",
        kind: Kind::Sources,
        group: Group::Http,
        help: "Origin whose pages may show this one in a frame, such as https://home.example:8123; repeatable",
        default: None,
        detail: "Also `*.example.org`, `https:` and `'self'`.",
        uses: SERVE_ONLY,
    };
    CONFIG = Setting {
        name: "config",
        value: "FILE",
        kind: Kind::Path,
        group: Group::Archive,
        help: "TOML file with these settings",
        default: None,
        detail: "",
        uses: &[(Use::Always, ALL_COMMANDS)],
    };
    MOTION_CONF = Setting {
        name: "motion-conf",
        value: "FILE",
        kind: Kind::Path,
        group: Group::Archive,
        help: "Motion's configuration file: live streams, the event gap, layouts and how events are named are read from it",
        default: None,
        detail: "",
        uses: READS_EVENTS,
    };
    LIVE = Setting {
        name: "live",
        value: "CAMERA=URL",
        kind: Kind::ByCamera,
        group: Group::Archive,
        help: "Where Motion serves the live stream of a camera, such as Camera1=http://127.0.0.1:8081/; repeatable",
        default: Some("that of --motion-conf"),
        detail: "[Live pictures](http.md#live-pictures)",
        uses: SERVE_ONLY,
    };
    LAYOUT = Setting {
        name: "layout",
        value: "[CAMERA=]PATTERN",
        kind: Kind::PerCamera,
        group: Group::Archive,
        help: "How Motion names files where it makes no directory for each event, such as %Y-%m-%d/%H-%M-%S; repeatable, also \
               per camera",
        default: Some("as --motion-conf says, else recognised by looking"),
        detail: "`owlery layout ROOT` prints it ([below](#layouts)).",
        uses: &[
            (Use::Always, &[Check, Accept, Recall]),
            (Use::Alone, &[Scan, List, Stats, Plan, Expire, Restore, Delete, Save, Unsave, Store]),
        ],
    };
    STATE_DIR = Setting {
        name: "state-dir",
        value: "DIR",
        kind: Kind::Path,
        group: Group::Archive,
        help: "Directory for the catalog and all other state",
        default: Some("ROOT/.owlery"),
        detail: "",
        uses: &[(Use::Always, ALL_COMMANDS)],
    };
    CAMERA_PATTERN = Setting {
        name: "camera-pattern",
        value: "REGEX",
        kind: Kind::Text,
        group: Group::Archive,
        help: "Directories of ROOT that are cameras (the whole name must match)",
        default: Some("Camera.*"),
        detail: "`check`, `/readyz` and the log report other directories that hold days.",
        uses: &[
            (Use::Always, &[Audit, Check, Accept]),
            (Use::AloneOrSame, &[Scan, List, Stats, Plan, Expire, Queue, Restore, Delete, Save, Unsave, Cache, Store, Recall, Ended]),
        ],
    };
    EVENT_GAP = Setting {
        name: "event-gap",
        value: "SPAN",
        kind: Kind::Text,
        group: Group::Archive,
        help: "Motion's event_gap: an event is complete 1.5 times this after its last write",
        default: Some("60s"),
        detail: "",
        uses: READS_EVENTS,
    };
    SIDECARS = Setting {
        name: "sidecars",
        value: "new|all|off",
        kind: Kind::Text,
        group: Group::Archive,
        help: "Write .details.json for events that complete while Owlery runs (new), for all events, or for none",
        default: Some("new"),
        detail: "",
        uses: &[(Use::Alone, &[Scan, List, Stats, Plan, Expire])],
    };
    POLL = Setting {
        name: "poll",
        value: "SPAN",
        kind: Kind::Text,
        group: Group::Archive,
        help: "Poll the archive at this interval instead of watching it",
        default: Some("only on network filesystems, FUSE and shared folders"),
        detail: "",
        uses: SERVE_ONLY,
    };
    FINISH = Setting {
        name: "finish",
        value: "",
        kind: Kind::Switch,
        group: Group::Archive,
        help: "Finish events that Motion names by number (%v): make a movie and a thumbnail, and rename them by their time",
        default: None,
        detail: "[finishing.md](finishing.md) has the procedure.",
        uses: SERVE_ONLY,
    };
    CACHE_DIR = Setting {
        name: "cache-dir",
        value: "DIR",
        kind: Kind::Path,
        group: Group::Cache,
        help: "Directory of the media cache",
        default: Some("cache in the state directory"),
        detail: "",
        uses: &[(Use::Always, &[Check]), (Use::Alone, &[Cache])],
    };
    CACHE_SIZE = Setting {
        name: "cache-size",
        value: "SIZE",
        kind: Kind::Text,
        group: Group::Cache,
        help: "Maximum size of the media cache on disk; the least recently used entries are removed first",
        default: Some("500MB"),
        detail: "",
        uses: &[(Use::Alone, &[Cache])],
    };
    CACHE_MEMORY = Setting {
        name: "cache-memory",
        value: "SIZE",
        kind: Kind::Text,
        group: Group::Cache,
        help: "Maximum size of the entries that the media cache keeps in memory too, at most 64; 0 keeps none",
        default: Some("64MiB"),
        detail: "",
        uses: &[(Use::Alone, &[Cache])],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_uses_every_setting() {
        assert!(ALL.iter().all(|setting| setting.used_by(CommandName::Serve) == Use::Always));
    }

    /// A command that stands twice in `uses` would have two meanings.
    #[test]
    fn each_command_is_listed_once() {
        for setting in ALL {
            for command in CommandName::all() {
                let count = setting.uses.iter().filter(|(_, commands)| commands.contains(command)).count();
                assert!(count <= 1 && (count == 0 || *command != CommandName::Serve), "{} {command}", setting.name);
            }
        }
    }
}
