//! `owlery list`: events, newest first.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use owlery_model::time::{End, parse};

use super::admin::{Found, measure};
use super::command_name::CommandName;
use super::session::{Common, Session};
use super::source::Source;
use super::{Outcome, output};
use crate::protocol::EventPage;
use crate::{Camera, Details, Error, Event, EventId, Located, Measure, Order, Page, Query, Region, Result, State};
use owlery_model::suggest;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only events of this camera; repeatable
    #[arg(long, value_name = "C")]
    camera: Vec<String>,
    /// Only events that start at this time or later: 2026-11-20, 2026-11-20 10:04:36, or 3d (3 days ago)
    #[arg(long, value_name = "T")]
    from: Option<String>,
    /// Only events that start at this time or earlier; a date without time includes that day
    #[arg(long, value_name = "T")]
    to: Option<String>,
    /// Only saved events
    #[arg(long)]
    saved: bool,
    /// Only events at least this many seconds long
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    min_seconds: Option<u32>,
    /// Only events in which something moved in this rectangle of the picture: its left, upper, right and lower edge as
    /// fractions from 0 to 1, such as 0,0.5,0.25,1
    #[arg(long, value_name = "X0,Y0,X1,Y1", value_parser = region_text)]
    region: Option<String>,
    /// Only events in this state
    #[arg(long, value_name = "STATE", value_parser = state_parser())]
    state: Option<State>,
    /// Newest first (desc) or oldest first (asc)
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = ListOrder::Desc)]
    order: ListOrder,
    /// Continue after the previous page, with its `next`
    #[arg(long, value_name = "NEXT")]
    cursor: Option<String>,
    /// Maximum number of events to list
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListOrder {
    Desc,
    Asc,
}

impl From<ListOrder> for Order {
    fn from(order: ListOrder) -> Self {
        match order {
            ListOrder::Desc => Self::Desc,
            ListOrder::Asc => Self::Asc,
        }
    }
}

/// Parses the name of a state.
fn state_parser() -> impl TypedValueParser<Value = State> {
    let names = [State::Open, State::Complete, State::Interrupted].map(State::as_str);
    PossibleValuesParser::new(names).try_map(|name| State::of(&name).ok_or("no such state"))
}

/// Checks the text of a region.
fn region_text(text: &str) -> Result<String> {
    text.parse::<Region>().map(|_| text.to_owned())
}

impl ListArgs {
    /// The arguments for the page at this cursor.
    fn words(&self, cursor: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |flag: &str, value: &dyn ToString| words.extend([flag.to_owned(), value.to_string()]);
        self.camera.iter().for_each(|camera| add("--camera", camera));
        let times = [("--from", &self.from), ("--to", &self.to)];
        times
            .iter()
            .filter_map(|(flag, value)| Some((flag, value.as_ref()?)))
            .for_each(|(flag, value)| add(flag, value));
        if let Some(state) = self.state {
            add("--state", &state.as_str());
        }
        if let Some(seconds) = &self.min_seconds {
            add("--min-seconds", seconds);
        }
        if let Some(region) = &self.region {
            add("--region", region);
        }
        if self.order == ListOrder::Asc {
            add("--order", &"asc");
        }
        add("--limit", &self.limit);
        add("--cursor", &cursor);
        words.extend(self.saved.then(|| "--saved".to_owned()));
        words
    }
}

pub(super) fn run(common: &Common, args: &ListArgs) -> Result<Outcome> {
    let session = common.open(CommandName::List)?;
    let now = session.archive.options().clock.now();
    let mut query = Query::new().limit(usize::try_from(args.limit).unwrap_or(usize::MAX));
    for camera in &args.camera {
        query = query.camera(camera.parse::<Camera>()?.as_str());
    }
    let time = |text: &Option<String>, end| text.as_ref().map(|text| parse(text, end, now)).transpose();
    if let Some(from) = time(&args.from, End::From)? {
        query = query.from(from);
    }
    if let Some(to) = time(&args.to, End::To)? {
        query = query.to(to);
    }
    if args.saved {
        query = query.saved(true);
    }
    if let Some(seconds) = args.min_seconds {
        query = query.min_seconds(seconds);
    }
    if let Some(region) = &args.region {
        query = query.region(region.parse()?);
    }
    if let Some(state) = args.state {
        query = query.state(state);
    }
    query = query.order(args.order.into());
    if let Some(cursor) = &args.cursor {
        query = query.cursor(cursor.parse()?);
    }
    let Found { value: mut source, mut is_incomplete } = Source::open(&session)?;
    source.query(&session.archive, |source| check_cameras(&args.camera, source, &session))?;
    if let Some(open) = source.own_archive().filter(|_| args.region.is_some()) {
        // Only what Motion recorded in the frames tells which events match.
        is_incomplete |= !measure(open, Measure::NewDays)?;
    }
    let mut page = source.query(&session.archive, |source| source.events(&query))?;
    if let Some(open) = source.own_archive() {
        // No daemon measures these later, so the events to print are measured now.
        let is_known = |details: &Details| details.is_measured() && details.peak_change.is_some();
        let unknown = page.events.iter().filter(|event| !is_known(&event.details));
        let unknown: Vec<EventId> = unknown.map(|event| event.id.clone()).collect();
        is_incomplete |= !measure(open, Measure::Events(&unknown))?;
        page = source.query(&session.archive, |source| source.events(&query))?;
    }
    if args.json {
        let next = page.next.as_ref().map(ToString::to_string);
        let events: Vec<Located> = page.events.into_iter().map(Located::local).collect();
        output::json(&EventPage::new(&events, None, next, ""))?;
    } else {
        let next =
            page.next.as_ref().map(|next| session.archive.command().list("list", &args.words(&next.to_string())));
        output::print(&table(&page, next))?;
    }
    Ok(if is_incomplete { Outcome::Incomplete } else { Outcome::Done })
}

/// Refuses a camera that is neither in the catalog nor on disk. The message names the existing ones.
fn check_cameras(requested: &[String], source: &Source, session: &Session<'_>) -> Result<()> {
    if requested.is_empty() {
        return Ok(());
    }
    let mut known: BTreeSet<String> =
        source.cameras()?.into_iter().map(|camera| camera.summary.camera.to_string()).collect();
    known.extend(session.archive.cameras()?.iter().map(Camera::to_string));
    let Some(unknown) = requested.iter().find(|camera| !known.contains(*camera)) else { return Ok(()) };
    let hint = suggest::hint(unknown, known.iter().map(String::as_str));
    let names = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(Error::Config(format!("--camera {unknown:?}: there is no such camera{hint} (there are: {names})")))
}

/// One line for each event. The most frequent state is left blank.
fn table(page: &Page, next: Option<String>) -> String {
    let mut text = String::new();
    if page.events.is_empty() {
        return "no events\n".to_owned();
    }
    let _ = writeln!(text, "{:<19}  {:>8}  {:>6}  {:>9}  {:<11}  EVENT", "START", "SECONDS", "FRAMES", "SIZE", "STATE");
    for Event { id, details } in &page.events {
        let state = match (details.state, details.saved) {
            (State::Complete, true) => "saved".to_owned(),
            (state, true) => format!("{} ★", state.as_str()),
            (State::Complete, false) => String::new(),
            (state, false) => state.as_str().to_owned(),
        };
        let frames = details.frames.map_or_else(|| "?".to_owned(), |frames| frames.to_string());
        let problems = details.problems.iter().fold(String::new(), |all, problem| all + "  ! " + problem);
        let _ = writeln!(
            text,
            "{:<19}  {:>8}  {:>6}  {:>9}  {:<11}  {id}{problems}",
            details.start.to_string(),
            (details.end - details.start).num_seconds(),
            frames,
            output::size(details.bytes),
            state
        );
    }
    if let Some(next) = next {
        let _ = writeln!(text, "… and more: {next}");
    }
    text
}
