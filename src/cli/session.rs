//! A command's archive: opened with the settings of the command, perhaps with a daemon on it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::admin::{self, Admin, Remote};
use super::command_name::CommandName;
use super::hung::Watch;
use super::settings::{MotionFindings, Settings, Values, applicability};
use crate::store::StoreUrl;
use crate::{Archive, Error, Options, Result};

/// What the URL of a store begins with.
const SCHEMES: [&str; 2] = ["s3://", "file://"];

/// Whether a root is meant as the URL of a store.
fn is_url(root: &Path) -> bool {
    let begins = |scheme: &str| {
        root.to_str().and_then(|text| text.get(..scheme.len())).is_some_and(|text| text.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.into_iter().any(begins)
}

/// Refuses the URL of a store as the root of a command that works on files.
pub(super) fn refuse_url(root: &Path, command: impl std::fmt::Display) -> Result<()> {
    if !is_url(root) {
        return Ok(());
    }
    Err(Error::Config(format!(
        "`owlery {command}` works on a folder, not on {}; `owlery serve URL` shows what is there, and `owlery recall ROOT --store NAME` \
         brings events back",
        root.display()
    )))
}

/// The arguments of every command on an archive.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The archive: the folder that holds the camera directories
    pub root: PathBuf,
    /// The settings that were typed as flags.
    #[command(flatten)]
    pub typed: Values,
}

impl Common {
    /// The root as the URL of a store, for `serve`; `None` if it is a path.
    pub(super) fn store_url(&self) -> Result<Option<StoreUrl>> {
        if !is_url(&self.root) {
            return Ok(None);
        }
        let text = self.root.to_str().unwrap_or_default();
        text.parse().map(Some).map_err(|why| Error::Config(format!("ROOT: {why}")))
    }

    /// Opens the archive for a command. Fails where a flag was typed that the command does not use.
    pub(super) fn open(&self, command: CommandName) -> Result<Session<'_>> {
        let (Settings { options, motion_findings, .. }, watch) = self.settings(command)?;
        Ok(Session { archive: Archive::open(options)?, motion_findings, command, typed: &self.typed, _watch: watch })
    }

    /// The same, also for a root that is still empty.
    pub(super) fn open_to_fill(&self, command: CommandName) -> Result<Session<'_>> {
        let (Settings { options, motion_findings, .. }, watch) = self.settings(command)?;
        let archive = Archive::open(options.may_be_empty(true))?;
        Ok(Session { archive, motion_findings, command, typed: &self.typed, _watch: watch })
    }

    /// Opens the archive for a command that reads only the state directory, even if that belongs to another archive.
    pub(super) fn open_any_state(&self, command: CommandName) -> Result<(Archive, Watch)> {
        let (options, watch) = self.options(command)?;
        Ok((Archive::open_any(options)?, watch))
    }

    /// The options of a command, and a watch for hung disks to hold until the command ends.
    pub(super) fn options(&self, command: CommandName) -> Result<(Options, Watch)> {
        let (settings, watch) = self.settings(command)?;
        Ok((settings.options, watch))
    }

    /// The settings of a command, and a watch for hung disks to hold until the command ends.
    pub(super) fn settings(&self, command: CommandName) -> Result<(Settings, Watch)> {
        refuse_url(&self.root, command)?;
        let watch = Watch::start(&self.root, &self.typed);
        let settings = Settings::resolve(&self.typed, &self.root, command)?;
        if let Some(state_dir) = &settings.options.state_dir {
            watch.also(state_dir);
        }
        Ok((settings, watch))
    }
}

/// An archive that is open for a command.
pub(super) struct Session<'a> {
    pub archive: Archive,
    /// Problems of Motion's configuration.
    pub motion_findings: MotionFindings,
    command: CommandName,
    typed: &'a Values,
    /// Ends the command where a disk hangs.
    _watch: Watch,
}

impl Session<'_> {
    /// The operations on the archive: by its daemon if one runs, else by this process. Fails where a flag was typed that the
    /// daemon would not follow.
    pub(super) fn admin(&self) -> Result<Box<dyn Admin + '_>> {
        admin::choose(self)
    }

    /// Whether a daemon runs on this archive. Fails where a flag was typed that it would not follow.
    pub(super) fn has_daemon(&self) -> Result<bool> {
        let is_reachable = admin::is_reachable(&self.archive.state_path());
        if is_reachable {
            self.check_beside_daemon()?;
        }
        Ok(is_reachable)
    }

    /// Fails where a flag was typed that a daemon, which works by its own settings, would not follow.
    pub(super) fn check_beside_daemon(&self) -> Result<()> {
        let daemon = Remote::new(self.archive.state_path());
        applicability::check_beside_daemon(self.typed, self.command, || daemon.camera_pattern())
    }
}
