//! Events that a store is to have and lacks: rules keep them as if they were open. Only the rule of free space takes them, one
//! by one, if the rest is not enough and their store allows it.

use std::collections::BTreeMap;

use super::{ASKED, Need, Planner, some_item, text_of};
use crate::event::{Item, Reason};
use crate::retention::{DayView, EARLIEST, EventView};

impl Planner<'_> {
    /// Whether it is unknown what stores lack of a day, and that matters.
    pub(super) fn lacks_copies(&self, day: &DayView) -> bool {
        !self.view.stores.is_empty() && day.events > day.saved && day.uncopied.is_none()
    }

    /// Takes events without a copy, oldest first and no more than needed, until they free `missing` bytes. Called when nothing
    /// else may be taken. Returns what is still missing; `None` if it is enough, or something must be known first.
    pub(super) fn take_without_copies(
        &mut self,
        missing: u64,
        rule: &Reason,
        is_meant: &dyn Fn(&DayView) -> bool,
    ) -> Option<u64> {
        let view = self.view;
        let newest = self.newest_for_space();
        let restored = |day: &DayView| view.restored.iter().any(|(camera, of)| (camera, *of) == (&day.camera, day.day));
        let (mut gained, mut asked, mut taken) = (0u64, 0, Vec::new());
        for (at, day) in view.days.iter().enumerate() {
            let is_near = day.day > newest || day.day.number() < EARLIEST;
            if is_near || self.policy.is_kept_forever(&day.camera) || !is_meant(day) || restored(day) {
                continue;
            }
            if gained >= missing || asked >= ASKED {
                break;
            }
            let events = || day.mixed.iter().flatten().filter(|event| event.is_last_resort());
            if events().any(|event| event.frees.is_none()) {
                // The order must hold: nothing younger is taken before it is known what this one frees.
                self.needs.insert((at, Need::Frees));
                asked += 1;
            }
            if asked > 0 {
                continue;
            }
            let mut chosen: Vec<&EventView> = Vec::new();
            for event in events() {
                let frees = event.frees.filter(|frees| *frees > 0 && gained < missing);
                if let Some(frees) = frees {
                    gained = gained.saturating_add(frees);
                    chosen.push(event);
                }
            }
            if !chosen.is_empty() {
                let why = Reason::WithoutCopy { rule: Box::new(rule.clone()) };
                taken.push(some_item(day, chosen.into_iter(), &why));
            }
        }
        if asked > 0 {
            return None;
        }
        if !taken.is_empty() {
            let (what, _) = told(&taken.iter().collect::<Vec<_>>());
            let until = have_copies(&self.view.stores);
            self.plan.alerts.push(format!("{rule}: {what} deleted before {until}, since nothing else may be deleted"));
        }
        self.keep_others(&taken);
        self.plan.items.append(&mut taken);
        (gained < missing).then(|| missing - gained)
    }

    /// Lists these events as kept for want of a copy no longer.
    fn keep_others(&mut self, taken: &[Item]) {
        let taken: BTreeMap<_, _> = taken.iter().map(|item| ((item.day, &item.camera), item.names())).collect();
        let is_kept = |item: &Item| item.reason == Reason::NotCopied && taken.contains_key(&(item.day, &item.camera));
        self.plan.kept.retain(|item| !is_kept(item));
        for day in &self.view.days {
            let Some(names) = taken.get(&(day.day, &day.camera)) else { continue };
            let others = day.mixed.iter().flatten();
            let others = others.filter(|event| event.waits_for_copy() && !names.contains(&event.name));
            let kept = some_item(day, others, &Reason::NotCopied);
            self.plan.kept.extend((kept.count > 0).then_some(kept));
        }
    }

    /// Reports what stays because a store lacks it.
    pub(super) fn tell_of_missing_copies(&mut self) {
        let kept: Vec<&Item> = self.plan.kept.iter().filter(|item| item.reason == Reason::NotCopied).collect();
        if kept.is_empty() {
            return;
        }
        let (what, their) = told(&kept);
        let until = have_copies(&self.view.stores);
        self.plan.alerts.push(format!("{what} past {their} time and kept until {until}"));
    }
}

/// "offsite has a copy", "offsite and nas have copies".
pub fn have_copies(stores: &[String]) -> String {
    let verb = if stores.len() == 1 { "has a copy" } else { "have copies" };
    format!("{} {verb}", stores.join(" and "))
}

/// "3 events (2 GB) are", and "their". The size is left out if it is unknown.
fn told(items: &[&Item]) -> (String, &'static str) {
    let count: u64 = items.iter().map(|item| item.count).sum();
    let bytes: Option<u64> = items.iter().map(|item| item.bytes).sum();
    let size = bytes.map(|bytes| format!(" ({})", text_of(bytes))).unwrap_or_default();
    if count == 1 { (format!("1 event{size} is"), "its") } else { (format!("{count} events{size} are"), "their") }
}
