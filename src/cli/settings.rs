//! Settings: as typed on the command line, in the environment (`OWLERY_…`) and in a TOML file, the first of these that
//! names one counting; and as meant, once they are parsed and fit together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Deserializer};

use super::motion_conf::MotionConf;
use super::who;
use crate::daemon::tls::Tls;
use crate::error::{Error, Result};
use crate::http::Access;
use crate::retention::{Policy, Rules};
use crate::scan::Sidecars;
use crate::service::Options;

/// Settings as typed, from one source.
#[derive(Debug, Clone, Default, PartialEq, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Given {
    /// A day expires when it lies more than N days before today; repeatable, also per camera [default: no expiry]
    #[arg(long, value_name = "[CAMERA=]N|forever", allow_negative_numbers = true)]
    #[serde(deserialize_with = "texts")]
    pub keep_days: Vec<String>,
    /// How large the archive may be; repeatable, also per camera [default: no limit]
    #[arg(long, value_name = "[CAMERA=]SIZE")]
    #[serde(deserialize_with = "texts")]
    pub max_size: Vec<String>,
    /// How much space to keep free on the archive's disk [default: none]
    #[arg(long, value_name = "SIZE|N%")]
    #[serde(deserialize_with = "text")]
    pub min_free: Option<String>,
    /// Rules of size and space never take a day younger than N days [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[serde(deserialize_with = "text")]
    pub floor_days: Option<String>,
    /// How long a retired day can be restored before it is removed [default: not at all; what is deleted by hand: 24h]
    #[arg(long, value_name = "SPAN")]
    pub undo_window: Option<String>,
    /// A pass that would retire more than this share of the archive is held; 1 never holds [default: 0.5]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    #[serde(deserialize_with = "text")]
    pub max_share: Option<String>,
    /// How often the expirer runs [default: 1h]
    #[arg(long, value_name = "SPAN")]
    pub check_interval: Option<String>,
    /// Where to serve HTTP [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Allow to listen on an address that others can reach although nobody has to sign in
    #[arg(long)]
    pub insecure: bool,
    /// Serve HTTPS with this certificate, or chain of certificates (PEM); read again when it changes and at SIGHUP
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// A name of this host, by which it may be asked where nobody signs in here, or only through a proxy; repeatable
    #[arg(long, value_name = "NAME[:PORT]")]
    #[serde(deserialize_with = "texts")]
    pub allow_host: Vec<String>,
    /// The path at which a reverse proxy shows this, such as /owlery [default: as X-Forwarded-Prefix of a trusted proxy says]
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<String>,
    /// A page that may show this one in a frame, such as <https://home.example:8123>; repeatable [default: none]
    #[arg(long, value_name = "SOURCE", num_args = 1..)]
    #[serde(deserialize_with = "texts")]
    pub frame_ancestors: Vec<String>,
    /// A TOML file with these settings
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Motion's own configuration: cameras' stream ports and the event gap are read from it
    #[arg(long, value_name = "FILE")]
    pub motion_conf: Option<PathBuf>,
    /// Where the catalog lies [default: ROOT/.owlery]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Which directories of ROOT are cameras (whole name) [default: Camera.*]
    #[arg(long, value_name = "REGEX")]
    pub camera_pattern: Option<String>,
    /// Motion's `event_gap`, for knowing when an event is complete [default: 60s]
    #[arg(long, value_name = "SPAN")]
    pub event_gap: Option<String>,
    /// For which events .details.json is written [default: new]
    #[arg(long, value_name = "new|all|off")]
    pub sidecars: Option<String>,
    /// Look every SPAN instead of asking the kernel for notifications [default: only on NFS and SMB]
    #[arg(long, value_name = "SPAN")]
    pub poll: Option<String>,
    /// How many entries are removed in a second at most [default: no limit]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[serde(deserialize_with = "text")]
    pub reap_rate: Option<String>,
    /// The hours of the day in which the delete queue is emptied [default: all]
    #[arg(long, value_name = "HH:MM-HH:MM")]
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
}

impl Settings {
    /// The certificate to serve with, if one is configured.
    pub fn open_tls(&self) -> Result<Option<Tls>> {
        self.tls.clone().map(|(certificate, key)| Tls::open(certificate, key)).transpose()
    }
}

/// A TOML value that is written as a text or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Whole(i64),
    Real(f64),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
        }
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Scalar::deserialize(deserializer).map(|scalar| Some(scalar.into_text()))
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        One(Scalar),
        Many(Vec<Scalar>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::One(one) => vec![one.into_text()],
        Form::Many(many) => many.into_iter().map(Scalar::into_text).collect(),
    })
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

    /// The settings of the environment.
    fn of_environment(var: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| var(&format!("OWLERY_{name}")).filter(|value| !value.is_empty());
        Self {
            keep_days: get("KEEP_DAYS").map(|days| days.split(',').map(str::to_owned).collect()).unwrap_or_default(),
            max_size: get("MAX_SIZE").map(|sizes| sizes.split(',').map(str::to_owned).collect()).unwrap_or_default(),
            min_free: get("MIN_FREE"),
            floor_days: get("FLOOR_DAYS"),
            undo_window: get("UNDO_WINDOW"),
            max_share: get("MAX_SHARE"),
            check_interval: get("CHECK_INTERVAL"),
            listen: get("LISTEN"),
            insecure: get("INSECURE").is_some_and(|word| word != "0" && word != "false"),
            tls_cert: get("TLS_CERT").map(Into::into),
            tls_key: get("TLS_KEY").map(Into::into),
            allow_host: get("ALLOW_HOST")
                .map(|names| names.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            base_path: get("BASE_PATH"),
            frame_ancestors: get("FRAME_ANCESTORS")
                .map(|sources| sources.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
                .unwrap_or_default(),
            config: get("CONFIG").map(Into::into),
            motion_conf: get("MOTION_CONF").map(Into::into),
            state_dir: get("STATE_DIR").map(Into::into),
            camera_pattern: get("CAMERA_PATTERN"),
            event_gap: get("EVENT_GAP"),
            sidecars: get("SIDECARS"),
            poll: get("POLL"),
            reap_rate: get("REAP_RATE"),
            window: get("WINDOW"),
            ..Self::default()
        }
    }

    /// Fills in from `other` what is not given here.
    fn or(self, other: Self) -> Self {
        Self {
            keep_days: if self.keep_days.is_empty() { other.keep_days } else { self.keep_days },
            max_size: if self.max_size.is_empty() { other.max_size } else { self.max_size },
            min_free: self.min_free.or(other.min_free),
            floor_days: self.floor_days.or(other.floor_days),
            undo_window: self.undo_window.or(other.undo_window),
            max_share: self.max_share.or(other.max_share),
            check_interval: self.check_interval.or(other.check_interval),
            listen: self.listen.or(other.listen),
            insecure: self.insecure || other.insecure,
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            allow_host: if self.allow_host.is_empty() { other.allow_host } else { self.allow_host },
            base_path: self.base_path.or(other.base_path),
            frame_ancestors: if self.frame_ancestors.is_empty() { other.frame_ancestors } else { self.frame_ancestors },
            config: self.config.or(other.config),
            motion_conf: self.motion_conf.or(other.motion_conf),
            state_dir: self.state_dir.or(other.state_dir),
            camera_pattern: self.camera_pattern.or(other.camera_pattern),
            event_gap: self.event_gap.or(other.event_gap),
            sidecars: self.sidecars.or(other.sidecars),
            poll: self.poll.or(other.poll),
            reap_rate: self.reap_rate.or(other.reap_rate),
            window: self.window.or(other.window),
            // Only a file has these, and there is one.
            users: if self.users.is_empty() { other.users } else { self.users },
            tokens: if self.tokens.is_empty() { other.tokens } else { self.tokens },
            proxy: self.proxy.or(other.proxy),
        }
    }

    /// All sources together, parsed.
    pub fn resolve(self, root: &Path) -> Result<Settings> {
        let mut given = self.or(Self::of_environment(|name| std::env::var(name).ok()));
        if let Some(path) = given.config.clone() {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Error::Config(format!("cannot read --config {}: {error}", path.display())))?;
            let of_file: Self = toml::from_str(&text)
                .map_err(|error| Error::Config(format!("{}{}", path.display(), what_is_wrong(&text, &error))))?;
            given = given.or(of_file);
        }
        given.parse(root)
    }

    fn parse(self, root: &Path) -> Result<Settings> {
        let mut options = Options::new(root).policy(Policy::parse(&self.rules())?);
        let mut gap = None;
        if let Some(path) = &self.motion_conf {
            let conf = MotionConf::read(path)?;
            gap = conf.event_gap;
            options = options.ports(conf.ports_below(root));
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
            let window = humantime::parse_duration(text).map_err(|error| {
                Error::Config(format!("--undo-window {text:?} is not a span such as 24h or 7d: {error}"))
            })?;
            options = options.undo_window(window);
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
            Some(other) => return Err(Error::Config(format!("--sidecars {other:?}: it is new, all or off"))),
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
        Ok(Settings { options, listen, access, tls })
    }
}

fn span(name: &str, text: Option<&str>) -> Result<Option<Duration>> {
    let Some(text) = text else { return Ok(None) };
    match humantime::parse_duration(text) {
        Ok(span) if !span.is_zero() => Ok(Some(span)),
        Ok(_) => Err(Error::Config(format!("--{name} {text:?}: it must be longer than nothing"))),
        Err(error) => Err(Error::Config(format!("--{name} {text:?} is not a span such as 1h or 90s: {error}"))),
    }
}

fn whole(name: &str, text: &str) -> Result<u32> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| Error::Config(format!("--{name} {text:?} is not a whole number, 0 or more")))
}

/// Where a file is wrong and why. The line itself is not told but for its key: it may hold a password's hash.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return format!(": {message}") };
    let number = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
    format!(", line {number} ({key}): {message}")
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
        let environment = Given::of_environment(|name| match name {
            "OWLERY_KEEP_DAYS" => Some("2,Camera2=forever".into()),
            "OWLERY_POLL" => Some("5s".into()),
            "OWLERY_ALLOW_HOST" => Some("owl.example,nas:8000".into()),
            _ => None,
        });
        assert_eq!(environment.keep_days, ["2", "Camera2=forever"]);
        assert_eq!(environment.allow_host, ["owl.example", "nas:8000"]);
        let file: Given =
            toml::from_str("keep-days = 3\npoll = \"9s\"\nevent-gap = \"30s\"\nmax-share = 0.25").unwrap();
        let all = flags.or(environment).or(file);
        assert_eq!(all.keep_days, ["1"]);
        assert_eq!((all.poll.as_deref(), all.event_gap.as_deref()), (Some("5s"), Some("30s")));
        assert_eq!(all.max_share.as_deref(), Some("0.25"));
    }

    #[test]
    fn a_file_with_an_unknown_key_or_form_is_refused() {
        assert!(toml::from_str::<Given>("keep_dayz = 3").is_err());
        assert!(toml::from_str::<Given>("keep-days = true").is_err());
        let list: Given = toml::from_str("keep-days = [45, \"Camera2=forever\"]").unwrap();
        assert_eq!(list.keep_days, ["45", "Camera2=forever"]);
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
    fn what_is_wrong_in_a_file_is_told_by_line_and_key_but_not_its_value() {
        let wrong = |text: &str| what_is_wrong(text, &toml::from_str::<Given>(text).unwrap_err());
        let secret = "[users]\n\nanna = { password = \"secret\", rolle = \"x\" }\n";
        assert_eq!(
            wrong(secret),
            ", line 3 (anna): unknown field `rolle`, expected one of `password`, `role`, `cameras`"
        );
        assert!(wrong("keep-days = 3\nkeep-days = 4").contains("line 2 (keep-days)"));
        assert!(wrong("x").contains("line 1"));
        assert!(wrong("keep-days = ").contains("line 1"));
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
        assert_eq!(
            Given::of_environment(|name| (name == "OWLERY_REAP_RATE").then(|| "7".into())).or(file).reap_rate,
            Some("7".into())
        );
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
