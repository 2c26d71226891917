//! `owlery accept`: accepts the archive at ROOT as the one of its state directory.

use super::command_name::CommandName;
use super::session::Common;
use super::{Outcome, output};
use crate::{Archive, Result};

pub(super) fn run(common: &Common) -> Result<Outcome> {
    let (options, _watch) = common.options(CommandName::Accept)?;
    let id = Archive::accept(options)?;
    output::print(&format!("{} is accepted as archive {id}\n", common.root.display()))?;
    Ok(Outcome::Done)
}
