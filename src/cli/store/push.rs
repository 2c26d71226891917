//! `owlery store push`: copies events now, day by day, newest first. What the store has is not sent again. Days that are complete there
//! cost no request, so that a timer can run it often.

use std::collections::BTreeSet;

use crate::store::{Copied, FileKind, Host, Look, Proofs, UploadRecord};
use chrono::{Days, NaiveTime};
use owlery_model::printable::printable;

use super::super::command_name::CommandName;
use super::super::source::Source;
use super::super::{Outcome, manual, output};
use super::{Configured, Named, Requests, error};
use crate::protocol::{FailedEvent, PushedEvents};
use crate::{Archive, Camera, Day, Event, EventId, EventName, EventSource, Query, Result, State};

/// How many such requests end a push: the store is in trouble then.
const MOST_DOUBTS: u32 = 10;

/// How many events a query of the catalog returns.
const PAGE: usize = 500;

pub(super) fn run(named: &Named, events: &[String], again: bool, json: bool) -> Result<Outcome> {
    let requested = manual::events(events)?;
    let configured = Configured::open(&named.common)?;
    let options = configured.options(&named.name)?;
    let client = configured.client(&options)?.with_rate(options.rate);
    let (host, id) = (options.host_name().map_err(error)?, configured.archive_id()?);
    let _lock = configured.stores().lock(&options).map_err(error)?;
    let session = named.common.open(CommandName::Store)?;
    let opened = Source::open(&session)?;
    let (mut source, is_read) = (opened.value, !opened.is_incomplete);
    let requests = Requests::new()?;
    let state_dir = configured.archive.state_path();
    let proofs = Proofs::new(&state_dir, &options.url, &host, id);
    let record = UploadRecord::new(&state_dir, &options.name);
    let host = requests.run(Host::open(client, &host, id))?.proving(proofs).resuming(record);
    let host = host.encrypting(options.encrypt.clone());
    let look = if again || !requested.is_empty() { Look::AtObjects } else { Look::AtManifest };
    let archive = &configured.archive;
    let mut push =
        Push { requests, host, archive, kinds: options.kinds(), look, doubts: 0, done: PushedEvents::default() };
    for (day, camera, events) in source.query(archive, |source| days(source, &requested))? {
        if requested.is_empty() {
            let unread = source.query(archive, |source| push.unread(source, &camera, day, events))?;
            push.done.failed.extend(unread);
        }
        if look == Look::AtManifest && push.is_whole(&camera, day, events) {
            push.done.known += events;
            continue;
        }
        let mut of_day = source.query(&configured.archive, |source| events_of(source, &camera, day))?;
        if !requested.is_empty() {
            let wanted: BTreeSet<&EventId> =
                requested.iter().filter(|id| id.camera == camera && id.day == day).collect();
            of_day.retain(|event| wanted.contains(&event.id));
            let there: BTreeSet<&EventId> = of_day.iter().map(|event| &event.id).collect();
            push.done.failed.extend(wanted.difference(&there).map(|id| failed(id, "there is no such event")));
        }
        push.day(&of_day)?;
    }
    let done = push.end()?;
    if json {
        output::json(&done)?;
    } else {
        show(&done, &named.name)?;
    }
    Ok(if is_read && done.failed.is_empty() { Outcome::Done } else { Outcome::Incomplete })
}

/// The days to copy, newest first, with the number of their events: those of the requested events, or all.
fn days(source: &Source, requested: &[EventId]) -> Result<Vec<(Day, Camera, u64)>> {
    let mut days: Vec<(Day, Camera, u64)> = if requested.is_empty() {
        source.days()?.into_iter().filter(|day| day.events > 0).map(|day| (day.day, day.camera, day.events)).collect()
    } else {
        requested.iter().map(|id| (id.day, id.camera.clone(), 0)).collect()
    };
    days.sort_unstable_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    days.dedup();
    Ok(days)
}

/// The events in a camera's day, newest first. Some may have begun before midnight, and a numbered one at any time.
fn events_of(source: &Source, camera: &Camera, day: Day) -> Result<Vec<Event>> {
    let midnight = day.date().and_time(NaiveTime::MIN);
    let (from, to) = (midnight.checked_sub_days(Days::new(1)), midnight.checked_add_days(Days::new(2)));
    let mut query = Query::new().camera(camera.as_str()).limit(PAGE);
    query = from.into_iter().fold(query, Query::from);
    query = to.into_iter().fold(query, Query::to);
    let mut events = Vec::new();
    loop {
        let page = source.events(&query)?;
        events.extend(page.events.into_iter().filter(|event| event.id.day == day));
        match page.next {
            Some(next) => query = query.cursor(next),
            None => return Ok(events),
        }
    }
}

/// Copies under way.
struct Push<'a> {
    requests: Requests,
    host: Host,
    archive: &'a Archive,
    kinds: BTreeSet<FileKind>,
    look: Look,
    /// How many requests failed that may have failed for their object alone.
    doubts: u32,
    done: PushedEvents,
}

impl Push<'_> {
    /// Whether the store has all of a day, by the number of its events. Events of today and yesterday may still change.
    fn is_whole(&self, camera: &Camera, day: Day, events: u64) -> bool {
        let now = self.archive.options().clock.now();
        let copied = self.host.index().cameras.get(camera).and_then(|days| days.get(&day));
        day.date() < now.yesterday() && copied.is_some_and(|sums| sums.events == events)
    }

    /// The events of a day that are there and not in the catalog, since they could not be read.
    fn unread(&self, source: &Source, camera: &Camera, day: Day, events: u64) -> Result<Vec<FailedEvent>> {
        let of = |name: EventName| EventId { camera: camera.clone(), day, name };
        let names = match self.archive.event_names(camera, day) {
            Ok(names) if names.len() as u64 <= events => return Ok(Vec::new()),
            Ok(names) => names,
            Err(error) if error.is_not_found() => return Ok(Vec::new()), // retired since
            Err(error) => {
                let event = format!("{camera}/{day}");
                return Ok(vec![FailedEvent { event, problem: error.chain() }]);
            }
        };
        let known: BTreeSet<EventId> = events_of(source, camera, day)?.into_iter().map(|event| event.id).collect();
        let unread = names.into_iter().map(of).filter(|id| !known.contains(id));
        Ok(unread.map(|id| failed(&id, "it is not in the catalog; owlery check says why")).collect())
    }

    /// Copies events of a day, and names what cannot be copied. Ends if the store cannot be used.
    fn day(&mut self, events: &[Event]) -> Result<()> {
        for event in events {
            if event.details.state == State::Open {
                self.done.open += 1;
                continue;
            }
            let files = match self.archive.event_files(&event.id) {
                Ok(files) => EventSource::from(files),
                Err(error) => {
                    self.done.failed.push(failed(&event.id, &error.chain()));
                    continue;
                }
            };
            match self.requests.try_run(self.host.copy(event, &files, &self.kinds, self.look)) {
                Ok(Copied::Known) => self.done.known += 1,
                Ok(Copied::Sent { objects, bytes }) => {
                    self.done.copied += 1;
                    self.done.objects += objects;
                    self.done.bytes = self.done.bytes.saturating_add(bytes);
                }
                Err(found) if found.is_of_one_event() || self.is_only_this(&found) => {
                    self.done.failed.push(failed(&event.id, &found.to_string()));
                }
                Err(found) => {
                    // What was copied before counts, if the store can still be written.
                    let _ = self.requests.try_run(self.host.finish());
                    return Err(error(found));
                }
            }
        }
        Ok(())
    }

    /// Whether a request failed although the store responds to others: it may never take this object. That is asked a few times only.
    fn is_only_this(&mut self, found: &crate::store::Error) -> bool {
        self.doubts += u32::from(found.may_pass());
        found.may_pass() && self.doubts <= MOST_DOUBTS && self.requests.try_run(self.host.reach()).is_ok()
    }

    fn end(mut self) -> Result<PushedEvents> {
        self.requests.run(self.host.finish())?;
        Ok(self.done)
    }
}

fn failed(event: &EventId, problem: &str) -> FailedEvent {
    FailedEvent { event: event.to_string(), problem: problem.to_owned() }
}

fn show(done: &PushedEvents, name: &str) -> Result<()> {
    for FailedEvent { event, problem } in &done.failed {
        eprintln!("{}: {}", printable(event), printable(problem));
    }
    let mut text = format!(
        "{name}: copied {} ({}, {}); {} there already",
        output::count(done.copied, "event"),
        output::count(done.objects, "object"),
        output::size(Some(done.bytes)),
        done.known
    );
    if done.open > 0 {
        text.push_str(&format!("; {} still being recorded", done.open));
    }
    if !done.failed.is_empty() {
        text.push_str(&format!("; {} failed", done.failed.len()));
    }
    output::print(&(text + "\n"))
}
