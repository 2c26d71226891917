//! `owlery store verify`: compares the copies in a store with what was written.

use std::path::Path;

use crate::store::{Share, verify_with};
use owlery_model::printable::printable;

use super::super::{Outcome, output};
use super::{Configured, Named, Requests, error, identities, or_configured};
use crate::protocol::VerifiedStore;
use crate::{Day, Error, Result};

pub(super) fn run(named: &Named, subset: Option<&str>, identity: Option<&Path>, json: bool) -> Result<Outcome> {
    let identities = identities(identity)?;
    let configured = Configured::open(&named.common)?;
    let today = Day::try_from(configured.archive.options().clock.now().today())?;
    let share = subset.map_or(Ok(Share::All), |text| share(text, today))?;
    let options = configured.options(&named.name)?;
    let identities = or_configured(identities, &options)?;
    let client = configured.client(&options)?;
    let host = options.host_name().map_err(error)?;
    let found = Requests::new()?.run(verify_with(&client, &host, share, identities.as_ref()))?;
    let is_right = found.wrong.is_empty();
    let found = VerifiedStore {
        events: found.events,
        objects: found.objects,
        read: found.read,
        bytes: found.bytes,
        decrypted: found.decrypted,
        wrong: found.wrong,
    };
    if json {
        output::json(&found)?;
    } else {
        for wrong in &found.wrong {
            eprintln!("{}", printable(wrong));
        }
        output::print(&format!(
            "{}: {}, {} by size, {} of them read back ({}){}: {}\n",
            named.name,
            output::count(found.events, "event"),
            output::count(found.objects, "object"),
            found.read,
            output::size(Some(found.bytes)),
            if identities.is_some() { format!(", {} decrypted", found.decrypted) } else { String::new() },
            if is_right { "all as written".to_owned() } else { output::count(found.wrong.len() as u64, "difference") }
        ))?;
    }
    Ok(if is_right { Outcome::Done } else { Outcome::Incomplete })
}

/// Parses a share such as `2%`.
fn share(text: &str, today: Day) -> Result<Share> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let wrong = || Error::Config(format!("--subset {text:?} is not a share above 0% and up to 100%, such as 2%"));
    number.and_then(|percent| Share::percent(percent, today)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        let today: Day = "2026-11-29".parse().unwrap();
        assert_eq!(share("100%", today).unwrap(), Share::All);
        assert_eq!(share(" 2 %", today).unwrap(), Share::Part { millionths: 20_000, on: today });
        for wrong in ["2", "", "%", "0%", "-1%", "101%", "two%", "NaN%", "inf%"] {
            assert!(share(wrong, today).is_err(), "{wrong:?}");
        }
    }
}
