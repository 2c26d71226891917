//! The threads that work for stores: which there are, by the configuration.

use std::sync::Arc;
use std::time::Duration;

use owlery_store::{CopyRule, Part};

use super::super::handle::Handle;
use super::Copier;
use super::evidence::EvidenceSender;
use crate::clock::Stop;
use crate::error::{Error, Result};

/// What works for a store, on a thread of its own.
pub(in crate::service) enum Worker {
    /// Copies events.
    Copier(Box<Copier>),
    /// Sends frames of events that are being recorded.
    EvidenceSender(Box<EvidenceSender>),
}

impl Worker {
    /// Runs until stopped.
    pub(in crate::service) fn run(self, stop: &Stop) -> Result<()> {
        match self {
            Self::Copier(copier) => copier.run(stop),
            Self::EvidenceSender(sender) => sender.run(stop),
        }
    }
}

/// Starts a copier for each store that has a rule.
pub(in crate::service) fn start(
    handle: &Arc<Handle>,
    (archive, interval, finishes): (Option<&str>, Duration, bool),
    mut spawn: impl FnMut(String, Worker) -> Result<()>,
) -> Result<()> {
    let stores = handle.stores();
    let options: Vec<_> =
        stores.names(None).iter().filter_map(|name| stores.options(None, name.as_str()).ok()).collect();
    let copying = options.into_iter().filter(|options| options.active && options.copy != CopyRule::Off);
    for options in copying {
        let Some(archive) = archive else {
            let root = handle.root().display();
            return Err(Error::Config(format!(
                "{root} has no marker and cannot get one, so nothing says whose copies those in [stores.{}] would be; let \
                 the service write there, or set `copy = \"off\"`",
                options.name
            )));
        };
        let figures = handle.copying.add(&options);
        let name = options.name.to_string();
        if options.copy == CopyRule::Complete && options.include.contains(&Part::BestFrame) {
            let sender = EvidenceSender::new(handle, options.clone(), archive)?;
            spawn(format!("owlery-evidence-{name}"), Worker::EvidenceSender(Box::new(sender)))?;
        }
        let copier = Copier::new(handle, options, archive, figures, (interval, finishes))?;
        spawn(format!("owlery-copy-{name}"), Worker::Copier(Box::new(copier)))?;
    }
    Ok(())
}
