//! `owlery recall`: brings copied events back from a store, day by day, newest first. This process reads the store and gathers each
//! event in a hidden directory of its camera; who manages the archive (its daemon, else this process) puts it in place.

mod event;
mod shown;
mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use owlery_model::printable::printable;

use super::command_name::CommandName;
use super::session::{Common, Session};
use super::store::{Configured, Requests, error, identities, or_configured};
use super::{Outcome, manual, output};
use crate::protocol::{FailedEvent, RecalledEvents};
use crate::store::{CopiedEvent, Copies, HostIndex, HostName, Identities, StoreOptions};
use crate::{Camera, Day, Error, EventId, EventName, Recall, Result};
use event::{Brought, Problem};
use shown::Shown;

/// How many failed requests, of which each may have failed for its object alone, end a recall: the store is in trouble then.
const MOST_DOUBTS: u32 = 10;

#[derive(Debug, Args)]
pub(super) struct RecallArgs {
    #[command(flatten)]
    common: Common,
    /// An event, such as Camera1/2026-11-20/10-04-36
    #[arg(value_name = "EVENT", required_unless_present_any = ["day", "all"], conflicts_with_all = ["day", "all", "camera"])]
    events: Vec<String>,
    /// The store: the NAME of [stores.NAME] in the configuration [default: the only one that is active]
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// The host that has copied the events [default: the name under which this host copies]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// All events of this day, such as 2026-11-20
    #[arg(long, value_name = "D", conflicts_with = "all")]
    day: Option<String>,
    /// Only events of this camera
    #[arg(long, value_name = "C")]
    camera: Option<String>,
    /// All events
    #[arg(long)]
    all: bool,
    /// The identity file that decrypts encrypted copies, as age-keygen writes it; /dev/stdin for a pipe
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which events are to come back.
enum Wanted {
    Events(BTreeMap<(Day, Camera), BTreeSet<EventName>>),
    Days(Option<Day>, Option<Camera>),
}

impl Wanted {
    fn of(args: &RecallArgs) -> Result<Self> {
        if args.events.is_empty() {
            let day = args.day.as_deref().map(str::parse).transpose()?;
            return Ok(Self::Days(day, args.camera.as_deref().map(str::parse).transpose()?));
        }
        let mut days: BTreeMap<_, BTreeSet<EventName>> = BTreeMap::new();
        for id in manual::events(&args.events)? {
            days.entry((id.day, id.camera)).or_default().insert(id.name);
        }
        Ok(Self::Events(days))
    }

    /// The days, newest first, with the bytes that the store has of each, if that is known.
    fn days(&self, index: &HostIndex) -> Vec<(Day, Camera, u64)> {
        match self {
            Self::Events(days) => days.keys().rev().map(|(day, camera)| (*day, camera.clone(), 0)).collect(),
            Self::Days(on, of) => {
                let days = index.days().into_iter();
                let wanted = days.filter(|(camera, day, _)| {
                    on.is_none_or(|on| on == *day) && of.as_ref().is_none_or(|of| of == *camera)
                });
                wanted.map(|(camera, day, sums)| (day, camera.clone(), sums.bytes)).collect()
            }
        }
    }

    /// The events of a day, if not all of it are wanted.
    fn names(&self, day: Day, camera: &Camera) -> Option<&BTreeSet<EventName>> {
        match self {
            Self::Events(days) => days.get(&(day, camera.clone())),
            Self::Days(..) => None,
        }
    }
}

pub(super) fn run(args: &RecallArgs) -> Result<Outcome> {
    let wanted = Wanted::of(args)?;
    let identities = identities(args.identity.as_deref())?;
    let configured = Configured::open_blank(&args.common, CommandName::Recall)?;
    let store = the_store(&configured, args.store.as_deref())?;
    let identities = or_configured(identities, &store)?;
    let client = configured.client(&store)?;
    let named: Option<HostName> = args.host.as_deref().map(str::parse).transpose().map_err(Error::Config)?;
    let host = named.map_or_else(|| store.host_name().map_err(error), Ok)?;
    let session = args.common.open_to_fill(CommandName::Recall)?;
    session.has_daemon()?;
    let requests = Requests::new()?;
    let copies = requests.run(Copies::open(client, &host))?;
    note_owner(&copies.index().archive, session.archive.id(), &host);
    let days = wanted.days(copies.index());
    let done = RecalledEvents { store: store.name.to_string(), host: host.to_string(), ..RecalledEvents::default() };
    let shown = Shown::new(days.iter().map(|(_, _, bytes)| bytes).sum());
    let mut run = Run { session: &session, requests, copies, identities, store, shown, doubts: 0, done };
    if days.is_empty() {
        run.failed("*", "the store has no copies of that day or camera");
    }
    for (day, camera, bytes) in days {
        if let Err(problem) = run.day(&camera, day, wanted.names(day, &camera)) {
            run.failed(format!("{camera}/{day}"), format!("{problem}; the recall has ended"));
            break;
        }
        tracing::debug!(%camera, %day, bytes, "recalled");
    }
    let Run { shown, done, .. } = run;
    drop(shown);
    session.archive.remove_recall_leftovers()?; // also of cameras from which nothing was missing
    show(&done, args.json)
}

/// The store that was named, or the only active one.
fn the_store(configured: &Configured, wanted: Option<&str>) -> Result<StoreOptions> {
    if let Some(name) = wanted {
        return configured.options(name);
    }
    let names = configured.stores().names(None);
    let all: Result<Vec<StoreOptions>> = names.iter().map(|name| configured.options(name.as_str())).collect();
    let active: Vec<StoreOptions> = all?.into_iter().filter(|store| store.active).collect();
    match <[StoreOptions; 1]>::try_from(active) {
        Ok([only]) => Ok(only),
        Err(active) if active.is_empty() => Err(Error::Config(
            "the configuration has no active store; --config FILE names one with a table [stores.NAME]".to_owned(),
        )),
        Err(active) => {
            let names: Vec<&str> = active.iter().map(|store| store.name.as_str()).collect();
            Err(Error::Config(format!(
                "there are several stores; choose one with --store (there are: {})",
                names.join(", ")
            )))
        }
    }
}

/// Says that the copies are another archive's, which only copying would refuse.
fn note_owner(theirs: &str, own: Option<&str>, host: &HostName) {
    if !theirs.is_empty() && own != Some(theirs) {
        eprintln!("the copies of {host} are those of another archive ({theirs}); they are only read");
    }
}

/// A recall under way.
struct Run<'a> {
    session: &'a Session<'a>,
    requests: Requests,
    copies: Copies,
    /// What decrypts encrypted copies.
    identities: Option<Identities>,
    store: StoreOptions,
    shown: Shown,
    /// How many requests failed that may have failed for their object alone.
    doubts: u32,
    done: RecalledEvents,
}

impl Run<'_> {
    fn failed(&mut self, event: impl Into<String>, problem: impl Into<String>) {
        self.done.failed.push(FailedEvent { event: event.into(), problem: problem.into() });
    }

    /// Brings back events of a day: those named, or all. An error ends the recall.
    fn day(
        &mut self,
        camera: &Camera,
        day: Day,
        names: Option<&BTreeSet<EventName>>,
    ) -> std::result::Result<(), String> {
        let of = |name: EventName| EventId { camera: camera.clone(), day, name };
        let events = match self.requests.try_run(self.copies.manifest(camera, day)) {
            Ok(Some(manifest)) => manifest.events,
            Ok(None) if names.is_some() => Vec::new(),
            Ok(None) => {
                self.failed(format!("{camera}/{day}"), "its manifest is missing in the store");
                return Ok(());
            }
            Err(found) if found.is_of_one_event() => {
                self.failed(format!("{camera}/{day}"), found.to_string());
                return Ok(());
            }
            Err(found) => return Err(error(found).chain()),
        };
        let is_there = |name: &EventName| events.iter().any(|event| event.name == *name);
        for name in names.into_iter().flatten().filter(|name| !is_there(name)) {
            self.failed(of(*name).to_string(), "the store has no such event");
        }
        let mut recall = None;
        for copied in events.iter().rev().filter(|event| names.is_none_or(|names| names.contains(&event.name))) {
            if !self.event(&of(copied.name), copied, &mut recall)? {
                break;
            }
        }
        Ok(())
    }

    /// Brings back one event; false if no other one of its day can come back. An error ends the recall.
    fn event(
        &mut self,
        id: &EventId,
        copied: &CopiedEvent,
        recall: &mut Option<Recall>,
    ) -> std::result::Result<bool, String> {
        match self.bring(id, copied, recall) {
            Ok(Brought { files: 0, bytes, left, .. }) if left.is_empty() => {
                self.done.known += 1;
                self.done.bytes += bytes;
            }
            Ok(Brought { files, bytes, kept_until, left }) => {
                self.done.recalled += u64::from(files > 0);
                self.done.files += files;
                self.done.bytes += bytes;
                self.done.kept_until = kept_until.max(self.done.kept_until.take());
                for problem in left {
                    self.failed(id.to_string(), problem);
                }
            }
            Err(Problem::OfEvent(why)) => self.failed(id.to_string(), why),
            Err(Problem::OfDay(why)) => {
                self.failed(format!("{}/{}", id.camera, id.day), why);
                return Ok(false);
            }
            Err(Problem::OfStore(found)) if self.is_only_this(&found) => self.failed(id.to_string(), found.to_string()),
            Err(Problem::OfStore(found)) => return Err(error(found).chain()),
            Err(Problem::Full(why)) => return Err(format!("the disk is full: {id}: {why}")),
        }
        Ok(true)
    }

    /// Whether a request failed for its object, although the store responds to others. That is asked a few times only.
    fn is_only_this(&mut self, found: &crate::store::Error) -> bool {
        if found.is_of_one_event() || found.is_not_found() {
            return true;
        }
        self.doubts += u32::from(found.may_pass());
        found.may_pass() && self.doubts <= MOST_DOUBTS && self.requests.try_run(self.copies.reach()).is_ok()
    }
}

fn show(done: &RecalledEvents, json: bool) -> Result<Outcome> {
    if json {
        output::json(done)?;
    } else {
        for FailedEvent { event, problem } in &done.failed {
            eprintln!("{}: {}", printable(event), printable(problem));
        }
        let mut text = format!(
            "{}: recalled {} ({}, {}); {} there already",
            done.store,
            output::count(done.recalled, "event"),
            output::count(done.files, "file"),
            output::size(Some(done.bytes)),
            done.known
        );
        if !done.failed.is_empty() {
            text.push_str(&format!("; {} failed", done.failed.len()));
        }
        if let Some(until) = &done.kept_until {
            text.push_str(&format!("; no rule retires them until {until}"));
        }
        output::print(&(text + "\n"))?;
    }
    Ok(if done.failed.is_empty() { Outcome::Done } else { Outcome::Incomplete })
}
