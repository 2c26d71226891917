//! `owlery store list`, `login`, `logout` and `check`: which stores there are, and whether they can be used.

use std::fmt::Write as _;
use std::io::{IsTerminal, Read, stdin};

use crate::store::{Credentials, Host};

use super::super::command_name::CommandName;
use super::super::session::Common;
use super::super::{Outcome, admin, output};
use super::{Configured, Named, Requests, error};
use crate::daemon::control;
use crate::http::convert::store;
use crate::protocol::control::Request;
use crate::protocol::{Store, Stores};
use crate::{Error, Result};

/// The limit of what `login` reads, in bytes.
const MAX_CREDENTIALS: u64 = 64 * 1024;

pub(super) fn list(common: &Common, json: bool) -> Result<Outcome> {
    let configured = Configured::open_blank(common, CommandName::Store)?;
    let mut served = served(&configured);
    let mut stores = Vec::new();
    for name in configured.stores().names(None) {
        let options = configured.stores().options(None, name.as_str()).map_err(error)?;
        let mut store = store(&options, None, None); // nothing was sent
        if let Some(served) = served.iter_mut().find(|served| served.name == store.name && served.url == store.url) {
            store.copying = served.copying.take();
            store.out_of_reach_since = served.out_of_reach_since.take();
        }
        stores.push(store);
    }
    if json {
        output::json(&Stores { stores })?;
    } else {
        output::print(&table(&stores))?;
    }
    Ok(Outcome::Done)
}

/// The stores of a running daemon; none without one, or if it is of a version that does not say.
fn served(configured: &Configured) -> Vec<Store> {
    let Some(daemon) = control::connect(&configured.archive.state_path()) else { return Vec::new() };
    let stores: Result<Stores> = admin::request(daemon, &Request::Stores);
    stores.map(|stores| stores.stores).unwrap_or_default()
}

/// How many events wait for their copies, as far as a daemon says; `?` if it does not know yet.
fn waiting(store: &Store) -> String {
    let known = |waiting: Option<u64>| waiting.map_or_else(|| "?".to_owned(), |waiting| waiting.to_string());
    store.copying.as_ref().map_or_else(|| "-".to_owned(), |copying| known(copying.waiting))
}

fn table(stores: &[Store]) -> String {
    if stores.is_empty() {
        return "no stores; a table [stores.NAME] of the configuration (--config FILE) adds one\n".to_owned();
    }
    let width = |of: fn(&Store) -> usize, title: &str| stores.iter().map(of).max().unwrap_or(0).max(title.len());
    let names = width(|store| store.name.len(), "NAME");
    let parts = width(|store| store.include.join(", ").len(), "COPIES");
    let mut text =
        format!("{:<names$}  {:<8}  {:<parts$}  {:<8}  {:>7}  URL\n", "NAME", "STATE", "COPIES", "RULE", "WAITING");
    for store in stores {
        let state = if store.active { "active" } else { "inactive" };
        let url = store.url.as_deref().unwrap_or_default();
        let (include, waiting) = (store.include.join(", "), waiting(store));
        let _ = writeln!(
            text,
            "{:<names$}  {state:<8}  {include:<parts$}  {:<8}  {waiting:>7}  {url}",
            store.name, store.copy
        );
    }
    text
}

pub(super) fn login(named: &Named) -> Result<Outcome> {
    let configured = Configured::open_blank(&named.common, CommandName::Store)?;
    let name = configured.options(&named.name)?.name;
    if stdin().is_terminal() {
        eprintln!("paste the credentials, then press Enter and Ctrl-D:");
        eprintln!("  access_key = …");
        eprintln!("  secret_key = …");
    }
    let mut text = String::new();
    let read = stdin().lock().take(MAX_CREDENTIALS).read_to_string(&mut text);
    read.map_err(|e| Error::io("read credentials from", "standard input", e))?;
    let credentials =
        Credentials::parse(&text, "default").map_err(|why| Error::Config(format!("standard input: {why}")))?;
    configured.stores().login(&name, &credentials).map_err(error)?;
    output::print(&format!(
        "the credentials of {name} are kept in {}\n",
        configured.archive.state_path().join("stores").display()
    ))?;
    Ok(Outcome::Done)
}

pub(super) fn logout(named: &Named) -> Result<Outcome> {
    let configured = Configured::open_blank(&named.common, CommandName::Store)?;
    let name = configured.options(&named.name)?.name;
    let was_kept = configured.stores().logout(&name).map_err(error)?;
    output::print(&if was_kept {
        format!("the credentials of {name} are removed\n")
    } else {
        format!("no credentials of {name} were kept\n")
    })?;
    Ok(Outcome::Done)
}

pub(super) fn check(named: &Named) -> Result<Outcome> {
    let configured = Configured::open(&named.common)?;
    let options = configured.options(&named.name)?;
    let client = configured.client(&options)?;
    let (host, archive) = (options.host_name().map_err(error)?, configured.archive_id()?);
    let found = Requests::new()?.run(async {
        client.check(&host).await?;
        let opened = Host::open(client.clone(), &host, archive).await?;
        Ok(opened.index().clone())
    })?;
    let days = found.days();
    let (events, bytes) = days.iter().fold((0u64, 0u64), |(events, bytes), (_, _, sums)| {
        (events.saturating_add(sums.events), bytes.saturating_add(sums.bytes))
    });
    output::print(&format!(
        "{}: reached, written and read; {host} has {} of {} there, {}\n",
        named.name,
        output::count(events, "event"),
        output::count(days.len() as u64, "day"),
        output::size(Some(bytes))
    ))?;
    Ok(Outcome::Done)
}
