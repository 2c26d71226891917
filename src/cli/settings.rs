//! Settings: [`declaration`] declares each of them once. Their values come from the command line, the environment
//! (`OWLERY_…`) and a TOML file ([`Values`]), are merged, and become the library's `Options` and what the daemon needs.

pub(super) mod access;
pub(super) mod applicability;
pub(super) mod declaration;
#[cfg(test)]
mod documentation;
mod environment;
mod file;
mod layouts;
mod live;
mod merge;
pub(super) mod stores;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::command_name::CommandName;
use crate::daemon::tls::Tls;
use crate::http::Access;
use crate::motion_conf::MotionConf;
use crate::store::StoreUrl;
use crate::{CacheOptions, Error, Options, Policy, Result, Sidecars};
use declaration::Use;
use merge::{Source, merge};
use owlery_model::suggest;
pub(super) use values::{Values, parse_size, parse_span};

/// The parsed settings of a command.
#[derive(Debug)]
pub(super) struct Settings {
    pub options: Options,
    pub listen: SocketAddr,
    pub access: Access,
    /// The files of the certificate and its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Problems of Motion's configuration.
    pub motion_findings: MotionFindings,
}

/// What is wrong with a configuration of Motion, as sentences.
#[derive(Debug, Default)]
pub(super) struct MotionFindings {
    /// Its file.
    pub path: PathBuf,
    /// By this Motion loses recordings.
    pub losses: Vec<String>,
    pub remarks: Vec<String>,
}

impl MotionFindings {
    fn of(path: &Path, conf: &MotionConf, root: &Path) -> Self {
        Self { path: path.to_owned(), losses: conf.losses(root), remarks: conf.remarks(root) }
    }
}

impl Settings {
    /// The settings of a command: those of all sources that the command uses. Fails where a flag was typed that it does not use.
    pub(super) fn resolve(typed: &Values, root: &Path, command: CommandName) -> Result<Self> {
        applicability::check_typed(typed, command)?;
        let (values, notes) = of_all_sources(typed)?;
        if declaration::KEEP_DAYS.used_by(command) != Use::Never {
            for note in notes {
                tracing::warn!("{note}");
            }
        }
        Self::parse(&values.only_for(command), root)
    }

    /// The settings of `owlery serve URL`: those about HTTP, the state directory and the cache, and the store with this URL; its root is
    /// up to the caller. Fails where another flag was typed.
    pub(super) fn resolve_bucket(typed: &Values, url: &StoreUrl) -> Result<Self> {
        applicability::check_typed_for_bucket(typed)?;
        let (values, _) = of_all_sources(typed)?;
        let mut settings = Self::parse(&values.only_for_bucket(), Path::new(""))?;
        settings.options.stores = vec![stores::bucket(std::mem::take(&mut settings.options.stores), url)?];
        Ok(settings)
    }

    /// Parses merged values.
    pub(super) fn parse(values: &Values, root: &Path) -> Result<Self> {
        let (options, motion_findings) = options(values, root)?;
        let (listen, access, tls) = (listen(values)?, access(values)?, tls(values)?);
        if !listen.ip().is_loopback() && !access.requires_authentication() && !values.is_on(declaration::INSECURE) {
            return Err(Error::Config(format!(
                "--listen {listen} can be reached by other hosts and no users are configured; configure [users] \
                 (`owlery passwd` prints their lines), or allow it with --insecure"
            )));
        }
        Ok(Self { options, listen, access, tls, motion_findings })
    }

    /// Opens the certificate, if one is configured.
    pub(super) fn open_tls(&self) -> Result<Option<Tls>> {
        self.tls.clone().map(|(certificate, key)| Tls::open(certificate, key)).transpose()
    }
}

/// The settings of all sources, and notes about rules that two of them set differently.
fn of_all_sources(typed: &Values) -> Result<(Values, Vec<String>)> {
    let environment = Values::from_environment(std::env::vars_os())?;
    let config = typed.path(declaration::CONFIG).or_else(|| environment.path(declaration::CONFIG));
    let file = match config {
        Some(path) => Some((Source::File(path.to_owned()), Values::from_file(path)?)),
        None => None,
    };
    let mut levels = vec![(Source::CommandLine, typed.clone()), (Source::Environment, environment)];
    levels.extend(file);
    merge(levels)
}

/// The library's options, and the problems of Motion's configuration.
fn options(values: &Values, root: &Path) -> Result<(Options, MotionFindings)> {
    let policy = Policy::parse(&values.rules())?;
    let (mut options, mut findings) = (Options::new(root), MotionFindings::default());
    if let Some(path) = values.path(declaration::MOTION_CONF) {
        let conf = MotionConf::read(path)?;
        options = conf.options(root);
        findings = MotionFindings::of(path, &conf, root);
    }
    options.layouts = layouts::layouts(values.list(declaration::LAYOUT), options.layouts)?;
    options.live = live::live(values.list(declaration::LIVE), std::mem::take(&mut options.live))?;
    options = options.policy(policy);
    if let Some(dir) = values.path(declaration::STATE_DIR) {
        options = options.state_dir(dir.to_owned());
    }
    if let Some(pattern) = values.text(declaration::CAMERA_PATTERN) {
        options = options.camera_pattern(pattern.to_owned());
    }
    if let Some(span) = values.positive_span(declaration::CHECK_INTERVAL)? {
        options = options.check_interval(span);
    }
    if let Some(span) = values.span(declaration::UNDO_WINDOW)? {
        options = options.undo_window(span);
    }
    if let Some(gap) = values.positive_span(declaration::EVENT_GAP)? {
        options = options.event_gap(gap);
    }
    if let Some(span) = values.positive_span(declaration::POLL)? {
        options = options.poll(span);
    }
    if let Some(rate) = values.whole(declaration::REAP_RATE)? {
        options = options.reap_rate(rate);
    }
    if let Some(window) = values.text(declaration::WINDOW) {
        let wrong = |error: Error| Error::Config(format!("--window: {error}"));
        options = options.window(window.parse().map_err(wrong)?);
    }
    if let Some(sidecars) = values.text(declaration::SIDECARS) {
        options = options.sidecars(parse_sidecars(sidecars)?);
    }
    options = options.stores(values.stores.options()?);
    options = options.finish(values.is_on(declaration::FINISH));
    Ok((options.cache(cache(values)?), findings))
}

/// How the media cache is kept.
fn cache(values: &Values) -> Result<CacheOptions> {
    let usual = CacheOptions::default();
    let max_bytes = values.size(declaration::CACHE_SIZE)?.unwrap_or(usual.max_bytes);
    if max_bytes == 0 {
        return Err(Error::Config("--cache-size takes a size above 0".to_owned()));
    }
    Ok(CacheOptions {
        dir: values.path(declaration::CACHE_DIR).map(Path::to_path_buf),
        max_bytes,
        memory_bytes: values.size(declaration::CACHE_MEMORY)?.unwrap_or(usual.memory_bytes),
    })
}

fn parse_sidecars(text: &str) -> Result<Sidecars> {
    match text {
        "new" => Ok(Sidecars::New),
        "all" => Ok(Sidecars::All),
        "off" => Ok(Sidecars::Off),
        other => {
            let hint = suggest::hint(other, ["new", "all", "off"]);
            Err(Error::Config(format!("--sidecars {other:?}: expected new, all or off{hint}")))
        }
    }
}

fn listen(values: &Values) -> Result<SocketAddr> {
    let text = values.text(declaration::LISTEN).or(declaration::LISTEN.default).unwrap_or_default();
    text.parse().map_err(|_| Error::Config(format!("--listen {text:?} is not an address such as 127.0.0.1:8000")))
}

fn access(values: &Values) -> Result<Access> {
    let mut access = values.tables.access(values.list(declaration::ALLOW_HOST))?;
    if let Some(path) = values.text(declaration::BASE_PATH) {
        access = access.base_path(path)?;
    }
    access.frame_ancestors(values.list(declaration::FRAME_ANCESTORS))
}

/// The files of the certificate and its key.
fn tls(values: &Values) -> Result<Option<(PathBuf, PathBuf)>> {
    match (values.path(declaration::TLS_CERT), values.path(declaration::TLS_KEY)) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate.to_owned(), key.to_owned()))),
        (Some(_), None) => Err(Error::Config("--tls-cert needs a --tls-key".to_owned())),
        (None, Some(_)) => Err(Error::Config("--tls-key needs a --tls-cert".to_owned())),
    }
}

impl Values {
    /// Without the settings that the command does not use: it can share file and environment with the daemon.
    fn only_for(mut self, command: CommandName) -> Self {
        for setting in declaration::ALL.iter().filter(|setting| setting.used_by(command) == Use::Never) {
            self.take(setting);
        }
        if command != CommandName::Serve {
            self.tables = access::AccessTables::default();
        }
        // A rule waits for the copies that stores are to have.
        let has_rules = declaration::KEEP_DAYS.used_by(command) != Use::Never;
        if !has_rules && !matches!(command, CommandName::Store | CommandName::Recall) {
            self.stores = stores::StoreTables::default();
        }
        self
    }

    /// Without the settings that mean nothing for a bucket: it can share file and environment with the daemon of a host.
    fn only_for_bucket(mut self) -> Self {
        for setting in declaration::ALL.iter().filter(|setting| !setting.is_for_bucket()) {
            self.take(setting);
        }
        self
    }
}

#[cfg(test)]
mod tests;
