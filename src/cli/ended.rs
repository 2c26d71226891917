//! `owlery ended`: passes on Motion's word that a movie is finished. Without a daemon there is nothing to do: the next start
//! looks for itself.

use std::path::Path;

use super::flags::Name;
use super::{Common, Outcome};
use crate::daemon::control::Request;
use crate::error::{Error, Result};

pub(super) fn run(common: &Common, movie: &Path) -> Result<Outcome> {
    let here = common.open(Name::Ended)?;
    let path = std::path::absolute(movie).map_err(|e| Error::io("find", movie, e))?;
    match here.ask::<String>(&Request::Ended { path }) {
        None => Ok(Outcome::Done),
        Some(answer) => answer.map(|_| Outcome::Done),
    }
}
