//! `owlery serve`: runs the sidecar.

mod bucket;

use std::sync::Arc;

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output, progress};
use crate::daemon::Daemon;
use crate::{Archive, Result};

pub(super) fn run(common: &Common) -> Result<Outcome> {
    if let Some(url) = common.store_url()? {
        return bucket::run(&common.typed, &url);
    }
    // The watch is for the start: a running daemon watches its disks itself.
    let (settings, watch) = common.settings(CommandName::Serve)?;
    for warning in settings.motion_findings.losses.iter().chain(&settings.motion_findings.remarks) {
        tracing::warn!("Motion's configuration: {warning}");
    }
    let tls = settings.open_tls()?;
    let archive = Archive::open(settings.options.may_be_empty(true))?;
    let daemon = Daemon::start(&archive, settings.listen, tls, settings.access)?;
    drop(watch);
    run_until_stopped(daemon)
}

/// Prints the URL, shows the progress of the preload, and waits for the end.
pub(super) fn run_until_stopped(daemon: Daemon) -> Result<Outcome> {
    output::print_raw(&format!("listening on {}\n", daemon.url()))?;
    let until = Arc::clone(daemon.service().handle());
    let shown = progress::Shown::start(Arc::clone(until.status().progress()), move || until.status().is_ready());
    daemon.run()?;
    drop(shown);
    Ok(Outcome::Done)
}
