//! What stores lack, for plans and passes: asked for the days that a rule would take, and again before each event is
//! retired. What is unknown counts as lacking.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Expirer;
use crate::archive::{Stay, Tree};
use crate::copy_proofs::CopyProofs;
use crate::error::Result;
use crate::event::{EventId, EventName, Item, Reason};
use crate::retention::{DayView, EventView, Plan, View, WhenFull, have_copies};

/// How many days are listed at a time: their events are kept only if a store lacks some.
const LISTED: usize = 64;

/// What decides whether an event of an item may go as far as its copies are concerned.
#[derive(Debug)]
pub(super) struct ItemCopies<'a> {
    proofs: Option<&'a Arc<dyn CopyProofs>>,
    lacking: BTreeMap<EventName, WhenFull>,
    /// Whether the plan takes the item's events without copies.
    is_without: bool,
}

impl ItemCopies<'_> {
    /// Whether the stores have what this plan counts on: a copy; or, for an item that goes without copies, none, but the
    /// permission. An event that got its copy meanwhile waits for the next plan, whose reason is the right one.
    pub(super) fn allow(&self, name: EventName) -> bool {
        self.lacking.get(&name).copied() == self.is_without.then_some(WhenFull::Expire)
    }

    /// Why an event stays, by what lies on the disk now.
    pub(super) fn why_stays(&self, tree: &Tree, id: &EventId) -> Result<Option<Stay>> {
        let Some(proofs) = self.proofs else { return Ok(None) };
        if !self.allow(id.name) {
            return Ok(Some(Stay::NotCopied));
        }
        if self.is_without {
            return Ok(None);
        }
        match proofs.is_proved(tree, id) {
            Ok(is_proved) => Ok((!is_proved).then_some(Stay::NotCopied)),
            Err(error) if error.is_not_found() => Err(error), // it is gone
            Err(error) => {
                tracing::warn!("{}; {id} stays", error.chain());
                Ok(Some(Stay::NotCopied))
            }
        }
    }
}

impl Expirer {
    /// The stores that must have copies.
    pub(super) fn stores(&self) -> Vec<String> {
        self.copies.get().map(|copies| copies.names()).unwrap_or_default()
    }

    /// What stores lack of an item now. Items of users need no copies: ask only for those of rules.
    pub(super) fn copies_of(&self, item: &Item, names: &[EventName]) -> ItemCopies<'_> {
        let proofs = self.copies.get();
        let is_without = proofs.is_some() && matches!(item.reason, Reason::WithoutCopy { .. });
        let lacking = proofs.map(|proofs| {
            proofs.lacking(&item.camera, item.day, names).unwrap_or_else(|error| {
                tracing::warn!(camera = %item.camera, day = %item.day, "{}; the day stays", error.chain());
                names.iter().map(|name| (*name, WhenFull::Keep)).collect()
            })
        });
        ItemCopies { proofs, lacking: lacking.unwrap_or_default(), is_without }
    }

    /// Adds to these days of a view which of their events stores lack. A day of which that is unknown counts as lacking all,
    /// and is reported.
    pub(super) fn add_copies(&self, view: &mut View, places: &[usize], troubles: &mut Vec<String>) -> Result<()> {
        let Some(proofs) = self.copies.get() else { return Ok(()) };
        let mut unknown: Vec<String> = Vec::new();
        for places in places.chunks(LISTED) {
            let is_listed = |at: &usize| view.days[*at].mixed.is_some();
            let unlisted: Vec<usize> = places.iter().copied().filter(|at| !is_listed(at)).collect();
            self.catalog.add_events(view, &unlisted)?;
            for at in places {
                let day = &mut view.days[*at];
                if let Err(error) = mark(&**proofs, day, unlisted.contains(at)) {
                    unknown.push(format!("{}/{}: {}", day.camera, day.day, error.chain()));
                }
            }
        }
        if let Some(first) = unknown.first() {
            let (days, until) = (unknown.len(), have_copies(&proofs.names()));
            troubles.push(format!("{days} days stay until it can be read whether {until}: {first}"));
        }
        Ok(())
    }

    /// Remembers how many events a plan of the archive's rules keeps for want of a copy.
    pub(super) fn note_not_copied(&self, plan: &Plan) {
        self.not_copied.store(plan.not_copied(), Ordering::Relaxed);
    }

    /// What a forecast has to add: by the last plan, rules keep events beyond their time. `None` if they do not.
    pub(crate) fn forecast_warning(&self) -> Option<String> {
        let events = self.not_copied.load(Ordering::Relaxed);
        let until = have_copies(&self.stores());
        (events > 0)
            .then(|| format!("{events} events are past their time and stay until {until}, beside what the rules keep"))
    }
}

/// Marks what stores lack of a day whose events are listed; `is_new`: listed for this.
fn mark(proofs: &dyn CopyProofs, day: &mut DayView, is_new: bool) -> Result<()> {
    let mut events: Vec<EventView> = day.mixed.take().unwrap_or_default();
    let names: Vec<EventName> = events.iter().map(|event| event.name).collect();
    let asked = proofs.lacking(&day.camera, day.day, &names);
    for event in &mut events {
        event.lacks_copy = match &asked {
            Ok(lacking) => lacking.get(&event.name).copied(),
            Err(_) => Some(WhenFull::Keep),
        };
    }
    day.uncopied = Some(events.iter().filter(|event| event.lacks_copy.is_some()).count() as u64);
    if day.is_mixed() {
        if is_new {
            day.weighed = false; // the sum was measured, not the single events
        }
        day.mixed = Some(events);
    }
    asked.map(|_| ())
}
