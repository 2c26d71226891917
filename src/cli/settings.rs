//! Settings: as typed on the command line, in the environment (`OWLERY_…`) and in a TOML file, the first of these that
//! names one counting; and as meant, once they are parsed and fit together.

mod environment;
mod file;
mod merge;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::flags::{self, Flag, Name, Use};
use super::{suggest, who};
use crate::daemon::tls::Tls;
use crate::error::{Error, Result};
use crate::http::Access;
use crate::motion_conf::MotionConf;
use crate::retention::{Policy, Rules};
use crate::scan::Sidecars;
use crate::service::Options;
use file::{text, texts};
use merge::{Source, merge};

/// Settings as typed, from one source.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Given {
    /// A day expires when it lies more than N days before today; repeatable, also per camera [default: no expiry]
    #[arg(long, value_name = "[CAMERA=]N|forever", allow_negative_numbers = true, help_heading = "Retention rules")]
    #[serde(deserialize_with = "texts")]
    pub keep_days: Vec<String>,
    /// How large the archive may be; repeatable, also per camera [default: no limit]
    #[arg(long, value_name = "[CAMERA=]SIZE", help_heading = "Retention rules")]
    #[serde(deserialize_with = "texts")]
    pub max_size: Vec<String>,
    /// How much space to keep free on the archive's disk [default: none]
    #[arg(long, value_name = "SIZE|N%", help_heading = "Retention rules")]
    #[serde(deserialize_with = "text")]
    pub min_free: Option<String>,
    /// Rules of size and space never take a day younger than N days [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "Retention rules")]
    #[serde(deserialize_with = "text")]
    pub floor_days: Option<String>,
    /// How long a retired day can be restored before it is removed [default: not at all; what is deleted by hand: 24h]
    #[arg(long, value_name = "SPAN", help_heading = "Passes and their removal")]
    #[serde(deserialize_with = "text")]
    pub undo_window: Option<String>,
    /// A pass that would retire more than this share of the archive is held; 1 never holds [default: 0.5]
    #[arg(long, value_name = "F", allow_negative_numbers = true, help_heading = "Retention rules")]
    #[serde(deserialize_with = "text")]
    pub max_share: Option<String>,
    /// How often the expirer runs [default: 1h]
    #[arg(long, value_name = "SPAN", help_heading = "Passes and their removal")]
    #[serde(deserialize_with = "text")]
    pub check_interval: Option<String>,
    /// Where to serve HTTP [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT", help_heading = "HTTP")]
    pub listen: Option<String>,
    /// Allow to listen on an address that others can reach although nobody has to sign in
    #[arg(long, help_heading = "HTTP")]
    pub insecure: bool,
    /// Serve HTTPS with this certificate, or chain of certificates (PEM); read again when it changes and at SIGHUP
    #[arg(long, value_name = "FILE", help_heading = "HTTP")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", help_heading = "HTTP")]
    pub tls_key: Option<PathBuf>,
    /// A name of this host, by which it may be asked where nobody signs in here, or only through a proxy; repeatable
    #[arg(long, value_name = "NAME[:PORT]", help_heading = "HTTP")]
    #[serde(deserialize_with = "texts")]
    pub allow_host: Vec<String>,
    /// The path at which a reverse proxy shows this, such as /owlery [default: as X-Forwarded-Prefix of a trusted proxy says]
    #[arg(long, value_name = "PATH", help_heading = "HTTP")]
    pub base_path: Option<String>,
    /// A page that may show this one in a frame, such as `https://home.example:8123`; repeatable [default: none]
    #[arg(long, value_name = "SOURCE", help_heading = "HTTP")]
    #[serde(deserialize_with = "texts")]
    pub frame_ancestors: Vec<String>,
    /// A TOML file with these settings
    #[arg(long, value_name = "FILE", help_heading = "Archive")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Motion's own configuration: cameras' stream ports and the event gap are read from it
    #[arg(long, value_name = "FILE", help_heading = "Archive")]
    pub motion_conf: Option<PathBuf>,
    /// Where the catalog lies [default: ROOT/.owlery]
    #[arg(long, value_name = "DIR", help_heading = "Archive")]
    pub state_dir: Option<PathBuf>,
    /// Which directories of ROOT are cameras (whole name) [default: Camera.*]
    #[arg(long, value_name = "REGEX", help_heading = "Archive")]
    pub camera_pattern: Option<String>,
    /// Motion's `event_gap`, for knowing when an event is complete [default: 60s]
    #[arg(long, value_name = "SPAN", help_heading = "Archive")]
    #[serde(deserialize_with = "text")]
    pub event_gap: Option<String>,
    /// For which events .details.json is written [default: new]
    #[arg(long, value_name = "new|all|off", help_heading = "Archive")]
    #[serde(deserialize_with = "text")]
    pub sidecars: Option<String>,
    /// Look every SPAN instead of asking the kernel for notifications [default: only on NFS and SMB]
    #[arg(long, value_name = "SPAN", help_heading = "Archive")]
    #[serde(deserialize_with = "text")]
    pub poll: Option<String>,
    /// How many entries are removed in a second at most [default: no limit]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "Passes and their removal")]
    #[serde(deserialize_with = "text")]
    pub reap_rate: Option<String>,
    /// The hours of the day in which the delete queue is emptied [default: all]
    #[arg(long, value_name = "HH:MM-HH:MM", help_heading = "Passes and their removal")]
    #[serde(deserialize_with = "text")]
    pub window: Option<String>,
    /// Who may ask over HTTP; only in the file
    #[arg(skip)]
    pub users: BTreeMap<String, who::User>,
    /// Scripts that may
    #[arg(skip)]
    pub tokens: BTreeMap<String, who::Token>,
    /// A reverse proxy that is believed
    #[arg(skip)]
    pub proxy: Option<who::Proxy>,
}

/// Settings as meant.
#[derive(Debug)]
pub(super) struct Settings {
    pub options: Options,
    pub listen: SocketAddr,
    pub access: Access,
    /// Where the certificate is, and its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// What the owner of Motion's configuration should know.
    pub motion_warnings: Vec<String>,
}

impl Settings {
    /// The certificate to serve with, if one is configured.
    pub fn open_tls(&self) -> Result<Option<Tls>> {
        self.tls.clone().map(|(certificate, key)| Tls::open(certificate, key)).transpose()
    }
}

impl Given {
    /// The rules of retention.
    pub fn rules(&self) -> Rules {
        Rules {
            keep_days: self.keep_days.clone(),
            max_size: self.max_size.clone(),
            min_free: self.min_free.clone(),
            floor_days: self.floor_days.clone(),
            max_share: self.max_share.clone(),
        }
    }

    /// All sources together, as far as the command uses them, parsed.
    pub fn resolve(self, root: &Path, command: Name) -> Result<Settings> {
        flags::check(&self.flags(), command)?;
        let environment = Self::of_environment(std::env::vars_os())?;
        let config = self.config.clone().or_else(|| environment.config.clone());
        let mut levels = vec![(Source::CommandLine, self), (Source::Environment, environment)];
        if let Some(path) = config {
            let of_file = Self::of_file(&path)?;
            levels.push((Source::File(path), of_file));
        }
        let (given, notes) = merge(levels)?;
        if Flag::KeepDays.used_by(command) != Use::Never {
            for note in notes {
                tracing::warn!("{note}");
            }
        }
        given.only_for(command).parse(root)
    }

    /// The flags that are given.
    pub fn flags(&self) -> Vec<Flag> {
        let Self {
            keep_days,
            max_size,
            min_free,
            floor_days,
            undo_window,
            max_share,
            check_interval,
            listen,
            insecure,
            tls_cert,
            tls_key,
            allow_host,
            base_path,
            frame_ancestors,
            config,
            motion_conf,
            state_dir,
            camera_pattern,
            event_gap,
            sidecars,
            poll,
            reap_rate,
            window,
            users: _,
            tokens: _,
            proxy: _,
        } = self;
        let given = [
            (Flag::KeepDays, !keep_days.is_empty()),
            (Flag::MaxSize, !max_size.is_empty()),
            (Flag::MinFree, min_free.is_some()),
            (Flag::FloorDays, floor_days.is_some()),
            (Flag::UndoWindow, undo_window.is_some()),
            (Flag::MaxShare, max_share.is_some()),
            (Flag::CheckInterval, check_interval.is_some()),
            (Flag::Listen, listen.is_some()),
            (Flag::Insecure, *insecure),
            (Flag::TlsCert, tls_cert.is_some()),
            (Flag::TlsKey, tls_key.is_some()),
            (Flag::AllowHost, !allow_host.is_empty()),
            (Flag::BasePath, base_path.is_some()),
            (Flag::FrameAncestors, !frame_ancestors.is_empty()),
            (Flag::Config, config.is_some()),
            (Flag::MotionConf, motion_conf.is_some()),
            (Flag::StateDir, state_dir.is_some()),
            (Flag::CameraPattern, camera_pattern.is_some()),
            (Flag::EventGap, event_gap.is_some()),
            (Flag::Sidecars, sidecars.is_some()),
            (Flag::Poll, poll.is_some()),
            (Flag::ReapRate, reap_rate.is_some()),
            (Flag::Window, window.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag).collect()
    }

    /// Only what the command uses: a file that commands share with the daemon must not make them fail by what is not theirs.
    fn only_for(mut self, command: Name) -> Self {
        let unused = Flag::ALL.into_iter().filter(|flag| flag.used_by(command) == Use::Never);
        unused.for_each(|flag| self.clear(flag));
        if command != Name::Serve {
            (self.users, self.tokens, self.proxy) = Default::default();
        }
        self
    }

    fn clear(&mut self, flag: Flag) {
        match flag {
            Flag::KeepDays => self.keep_days.clear(),
            Flag::MaxSize => self.max_size.clear(),
            Flag::MinFree => self.min_free = None,
            Flag::FloorDays => self.floor_days = None,
            Flag::UndoWindow => self.undo_window = None,
            Flag::MaxShare => self.max_share = None,
            Flag::CheckInterval => self.check_interval = None,
            Flag::Listen => self.listen = None,
            Flag::Insecure => self.insecure = false,
            Flag::TlsCert => self.tls_cert = None,
            Flag::TlsKey => self.tls_key = None,
            Flag::AllowHost => self.allow_host.clear(),
            Flag::BasePath => self.base_path = None,
            Flag::FrameAncestors => self.frame_ancestors.clear(),
            Flag::Config => self.config = None,
            Flag::MotionConf => self.motion_conf = None,
            Flag::StateDir => self.state_dir = None,
            Flag::CameraPattern => self.camera_pattern = None,
            Flag::EventGap => self.event_gap = None,
            Flag::Sidecars => self.sidecars = None,
            Flag::Poll => self.poll = None,
            Flag::ReapRate => self.reap_rate = None,
            Flag::Window => self.window = None,
        }
    }

    /// These settings alone, parsed.
    pub fn parse(self, root: &Path) -> Result<Settings> {
        let mut options = Options::new(root).policy(Policy::parse(&self.rules())?);
        let mut gap = None;
        let mut motion_warnings = Vec::new();
        if let Some(path) = &self.motion_conf {
            let conf = MotionConf::read(path)?;
            gap = Some(conf.event_gap(root));
            motion_warnings = conf.warnings(root);
            options = options.ports(conf.ports(root));
        }
        if let Some(dir) = self.state_dir {
            options = options.state_dir(dir);
        }
        if let Some(pattern) = self.camera_pattern {
            options = options.camera_pattern(pattern);
        }
        if let Some(span) = span("check-interval", self.check_interval.as_deref())? {
            options = options.check_interval(span);
        }
        if let Some(text) = self.undo_window.as_deref() {
            options = options.undo_window(parse_span("undo-window", text)?);
        }
        if let Some(gap) = span("event-gap", self.event_gap.as_deref())?.or(gap) {
            options = options.event_gap(gap);
        }
        if let Some(span) = span("poll", self.poll.as_deref())? {
            options = options.poll(span);
        }
        if let Some(rate) = self.reap_rate.as_deref() {
            options = options.reap_rate(whole("reap-rate", rate)?);
        }
        if let Some(window) = self.window.as_deref() {
            options = options.window(window.parse()?);
        }
        options = options.sidecars(match self.sidecars.as_deref() {
            None | Some("new") => Sidecars::New,
            Some("all") => Sidecars::All,
            Some("off") => Sidecars::Off,
            Some(other) => {
                let hint = suggest::hint(other, ["new", "all", "off"]);
                return Err(Error::Config(format!("--sidecars {other:?}: it is new, all or off{hint}")));
            }
        });
        let listen = self.listen.as_deref().unwrap_or("127.0.0.1:8000");
        let listen: SocketAddr = listen
            .parse()
            .map_err(|_| Error::Config(format!("--listen {listen:?} is not an address such as 127.0.0.1:8000")))?;
        let access = who::access(&self.allow_host, &self.users, &self.tokens, self.proxy.as_ref())?;
        let access = match self.base_path.as_deref() {
            Some(path) => access.base_path(path)?,
            None => access,
        };
        let access = access.frame_ancestors(&self.frame_ancestors)?;
        if !listen.ip().is_loopback() && !access.asks_who() && !self.insecure {
            return Err(Error::Config(format!(
                "--listen {listen} can be reached by others and nobody has to sign in; configure [users] \
                 (`owlery passwd` makes their lines), or say --insecure if that is meant"
            )));
        }
        let tls = match (self.tls_cert, self.tls_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => return Err(Error::Config("--tls-cert takes a --tls-key".to_owned())),
            (None, Some(_)) => return Err(Error::Config("--tls-key takes a --tls-cert".to_owned())),
        };
        Ok(Settings { options, listen, access, tls, motion_warnings })
    }
}

/// A span that is longer than nothing.
fn span(name: &str, text: Option<&str>) -> Result<Option<Duration>> {
    match text.map(|text| parse_span(name, text)).transpose()? {
        Some(Duration::ZERO) => Err(Error::Config(format!("--{name}: it must be longer than nothing"))),
        other => Ok(other),
    }
}

fn parse_span(name: &str, text: &str) -> Result<Duration> {
    let number = text.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && number != "0" {
        let (less, more) = if name == "undo-window" { ("h", "d") } else { ("s", "m") };
        return Err(Error::Config(format!("--{name} {text:?} has no unit: {number}{less} or {number}{more}?")));
    }
    humantime::parse_duration(text)
        .map_err(|error| Error::Config(format!("--{name} {text:?} is not a span such as 1h, 90s or 7d: {error}")))
}

fn whole(name: &str, text: &str) -> Result<u32> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| Error::Config(format!("--{name} {text:?} is not a whole number, 0 or more")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Keep;

    fn parse(given: Given) -> Result<Settings> {
        given.parse(Path::new("/x"))
    }

    #[test]
    fn the_command_line_outranks_the_environment_and_that_the_file() {
        let flags = Given { keep_days: vec!["1".into()], ..Given::default() };
        let environment = Given::of_environment(
            [
                ("OWLERY_KEEP_DAYS", "2,Camera2=forever"),
                ("OWLERY_POLL", "5s"),
                ("OWLERY_ALLOW_HOST", "owl.example,nas:8000"),
            ]
            .map(|(name, value)| (name.into(), value.into())),
        )
        .unwrap();
        assert_eq!(environment.keep_days, ["2", "Camera2=forever"]);
        assert_eq!(environment.allow_host, ["owl.example", "nas:8000"]);
        let file: Given =
            toml::from_str("keep-days = 3\npoll = \"9s\"\nevent-gap = \"30s\"\nmax-share = 0.25").unwrap();
        let levels =
            vec![(Source::CommandLine, flags), (Source::Environment, environment), (Source::File("f".into()), file)];
        let (all, _) = merge(levels).unwrap();
        assert_eq!(all.keep_days, ["1", "Camera2=forever"]);
        assert_eq!((all.poll.as_deref(), all.event_gap.as_deref()), (Some("5s"), Some("30s")));
        assert_eq!(all.max_share.as_deref(), Some("0.25"));
    }

    #[test]
    fn every_flag_can_be_cleared() {
        for flag in Flag::ALL {
            let value = if flag == Flag::Insecure { "yes" } else { "x" };
            let mut given = Given::of_environment([(flag.variable().into(), value.into())]).unwrap();
            given.clear(flag);
            assert_eq!(given, Given::default(), "{flag:?}");
        }
    }

    #[test]
    fn a_number_without_a_unit_has_two_readings() {
        let wrong = |given: Given| parse(given).unwrap_err().to_string();
        let free = wrong(Given { min_free: Some("20".into()), ..Given::default() });
        assert!(free.contains("20GB") && free.contains("20%"), "{free}");
        let size = wrong(Given { max_size: vec!["Camera1=5".into()], ..Given::default() });
        assert!(size.contains("5GB") && size.contains("5TB"), "{size}");
        let poll = wrong(Given { poll: Some("5".into()), ..Given::default() });
        assert!(poll.contains("5s or 5m"), "{poll}");
        let undo = wrong(Given { undo_window: Some("7".into()), ..Given::default() });
        assert!(undo.contains("7h or 7d"), "{undo}");
        assert!(parse(Given { undo_window: Some("0".into()), ..Given::default() }).is_ok());
        let file: Given = toml::from_str("check-interval = 60\nmin-free = 20\nmax-size = [1, 2.5]").unwrap();
        assert_eq!((file.check_interval.as_deref(), file.min_free.as_deref()), (Some("60"), Some("20")));
        assert_eq!(file.max_size, ["1", "2.5"]);
    }

    #[test]
    fn rules_are_parsed_strictly() {
        let days = |text: &str| parse(Given { keep_days: vec![text.into()], ..Given::default() });
        assert_eq!(days("45").unwrap().options.policy.keep, Some(Keep::Days(45)));
        assert_eq!(days("forever").unwrap().options.policy.keep, Some(Keep::Forever));
        for bad in ["0", "-1", "x", "", "1.5", "Camera1=", "=5", "Camera1=0", "99999999999"] {
            assert!(days(bad).is_err(), "{bad:?}");
        }
        let share = |text: &str| parse(Given { max_share: Some(text.into()), ..Given::default() });
        assert!(share("1").is_ok());
        for bad in ["0", "-0.5", "1.5", "NaN", "half"] {
            assert!(share(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_for_others_takes_a_word() {
        let listen = |text: &str, insecure| parse(Given { listen: Some(text.into()), insecure, ..Given::default() });
        assert!(listen("127.0.0.1:0", false).is_ok());
        assert!(listen("[::1]:8000", false).is_ok());
        assert!(listen("0.0.0.0:8000", false).is_err());
        assert!(listen("0.0.0.0:8000", true).is_ok());
        assert!(listen("localhost", false).is_err());
        let with_users = |text: &str| {
            let mut given: Given = toml::from_str(text).unwrap();
            given.listen = Some("0.0.0.0:8000".into());
            parse(given)
        };
        let sha256 = "0".repeat(64);
        assert!(with_users(&format!("[tokens]\nhome = {{ sha256 = \"{sha256}\" }}")).unwrap().access.asks_who());
        assert!(with_users("[proxy]\nfrom = [\"127.0.0.1\"]").is_err(), "it signs nobody in");
    }

    #[test]
    fn the_reapers_rate_is_a_whole_number_and_nothing_is_no_limit() {
        let rate = |text: &str| parse(Given { reap_rate: Some(text.into()), ..Given::default() });
        assert_eq!(rate("500").unwrap().options.reap_rate.map(u32::from), Some(500));
        assert_eq!(rate("0").unwrap().options.reap_rate, None);
        for bad in ["-1", "+1", "1.5", "", "fast", "1/s", "99999999999"] {
            assert!(rate(bad).is_err(), "{bad:?}");
        }
        let file: Given = toml::from_str("reap-rate = 500\nwindow = \"01:00-05:30\"").unwrap();
        assert_eq!((file.reap_rate.as_deref(), file.window.as_deref()), (Some("500"), Some("01:00-05:30")));
    }

    #[test]
    fn a_window_is_two_different_times_of_day() {
        let window = |text: &str| parse(Given { window: Some(text.into()), ..Given::default() });
        assert_eq!(window("22:00-04:00").unwrap().options.window.unwrap().to_string(), "22:00-04:00");
        for bad in ["", "night", "22-4", "22:00", "25:00-04:00", "04:00-04:00"] {
            assert_eq!(window(bad).unwrap_err().kind(), crate::error::Kind::Usage, "{bad:?}");
        }
    }

    #[test]
    fn spans_are_in_words_and_not_nothing() {
        let gap = |text: &str| parse(Given { event_gap: Some(text.into()), ..Given::default() });
        assert_eq!(gap("1m 30s").unwrap().options.event_gap, Duration::from_secs(90));
        for bad in ["0s", "60", "soon", ""] {
            assert!(gap(bad).is_err(), "{bad:?}");
        }
    }
}
