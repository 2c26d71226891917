//! `owlery accept`: a person says that the archive at ROOT is rightly the one of its state directory.

use super::flags::Name;
use super::{Common, Outcome, output};
use crate::error::Result;
use crate::service::Archive;

pub(super) fn run(common: &Common) -> Result<Outcome> {
    let (options, _watch) = common.options(Name::Accept)?;
    let id = Archive::accept(options)?;
    output::print(&format!("{} is accepted as the archive {id}\n", common.root.display()))?;
    Ok(Outcome::Done)
}
