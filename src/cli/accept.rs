//! `owlery accept`: a person says that the archive at ROOT is rightly the one of its state directory.

use super::flags::Name;
use super::{Common, Outcome, output};
use crate::error::Result;
use crate::service::Archive;

pub(super) fn run(common: &Common) -> Result<Outcome> {
    let id = Archive::accept(common.given.clone().resolve(&common.root, Name::Accept)?.options)?;
    output::print(&format!("{} is accepted as the archive {id}\n", common.root.display()))?;
    Ok(Outcome::Done)
}
