//! The plan and its input: the catalog's days, the disk, and what has to be read from the disk before a rule may count
//! on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Expirer;
use crate::archive::{DayDir, QueuedPass};
use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, Item};
use crate::retention::{DayView, EventView, Foreign, MinFree, Need, Plan, Policy, View, newest_needed, plan};

/// How often the free space is checked while sizes are measured: on a large archive, that takes minutes.
const SPACE_PERIOD: Duration = Duration::from_secs(10);

impl Expirer {
    /// What would be retired now by these rules, or by `policy` instead.
    pub(crate) fn plan(&self, policy: Option<&Policy>) -> Result<(View, Plan)> {
        self.plan_at(policy, self.scanner.clock.now())
    }

    /// What would be retired at `now`. A pass has one time for its name, its plan and its audit entries, even if the
    /// clock is set meanwhile.
    pub(super) fn plan_at(&self, policy: Option<&Policy>, now: Now) -> Result<(View, Plan)> {
        let is_own = policy.is_none();
        let policy = policy.unwrap_or(&self.policy);
        let mut view = self.view(policy, now)?;
        let mut troubles = Vec::new();
        loop {
            let mut plan = plan(&view, policy, now);
            if plan.needs.is_empty() {
                plan.tell_of_wrong_dates(|id| self.command.confirm_by_rules(id));
                plan.alerts.append(&mut troubles);
                if is_own {
                    self.note_not_copied(&plan);
                }
                return Ok((view, plan));
            }
            self.complete(&mut view, policy, &plan.needs, &mut troubles)?;
        }
    }

    fn view(&self, policy: &Policy, now: Now) -> Result<View> {
        let mut view = self.catalog.retention_view(newest_needed(policy, now))?;
        self.measured_days.mark(&mut view.days);
        view.stores = self.stores();
        view.restored = self.restored.at(now)?.into_iter().map(|day| (day.camera, day.day)).collect();
        if policy.min_free.is_some() {
            view.disk = Some(self.tree.disk().map_err(|error| error.chain()));
            let apart = self.tree.cameras_apart()?;
            view.queued = self.queued_bytes(&apart)?;
            view.pressed = self.pressed.load(Ordering::Acquire);
            for camera in &mut view.cameras {
                camera.apart = apart.contains(&camera.camera);
            }
        }
        Ok(view)
    }

    /// The bytes on the root's disk that wait to be removed, by the manifests. A pass may be in several queues, each
    /// part with the same manifest: an item counts in its camera's own queue if that has a part, else in the root's.
    fn queued_bytes(&self, apart: &BTreeSet<Camera>) -> Result<u64> {
        let (passes, _) = self.tree.passes()?;
        let part = |pass: &QueuedPass, camera: &Camera| (pass.manifest.pass.clone(), camera.clone());
        let own: BTreeSet<_> = passes.iter().filter_map(|pass| Some(part(pass, pass.camera()?))).collect();
        let lies_in = |pass: &QueuedPass, item: &Item| match pass.camera() {
            Some(camera) => *camera == item.camera,
            None => !apart.contains(&item.camera) && !own.contains(&part(pass, &item.camera)),
        };
        let on_root = passes.iter().filter(|pass| pass.is_on_root && pass.stuck.is_none());
        let items = on_root.flat_map(|pass| pass.manifest.items.iter().filter(move |item| lies_in(pass, item)));
        Ok(items.map(|item| item.frees.or(item.bytes).unwrap_or(0)).sum())
    }

    /// Reads what a plan needs. A day that cannot be read is left out and reported, so that this ends.
    fn complete(
        &self,
        view: &mut View,
        policy: &Policy,
        needs: &[(Camera, Day, Need)],
        troubles: &mut Vec<String>,
    ) -> Result<()> {
        let places: BTreeMap<(Day, Camera), usize> =
            view.days.iter().enumerate().map(|(at, day)| ((day.day, day.camera.clone()), at)).collect();
        let place = |camera: &Camera, day: Day| places.get(&(day, camera.clone())).copied();
        let of_need = |wanted: Need| -> Vec<usize> {
            let of_it = needs.iter().filter(|(_, _, need)| *need == wanted);
            of_it.filter_map(|(camera, day, _)| place(camera, *day)).collect()
        };
        self.catalog.add_events(view, &of_need(Need::Events))?;
        self.add_copies(view, &of_need(Need::Copies), troubles)?;
        let (mut lost, mut looked_at_space) = (Vec::new(), Instant::now());
        for (camera, day, need) in needs.iter().filter(|(_, _, need)| !matches!(need, Need::Events | Need::Copies)) {
            let Some(at) = place(camera, *day) else { continue };
            if *need == Need::Bytes && looked_at_space.elapsed() > SPACE_PERIOD {
                looked_at_space = Instant::now();
                view.became_short = !view.pressed && self.is_short(policy);
                if view.became_short {
                    break;
                }
            }
            let read = match need {
                Need::Foreign => self.foreign(&mut view.days[at]),
                _ => self.weigh(&mut view.days[at]),
            };
            match read {
                Ok((before, weighed)) => put_right(view, camera, before, weighed),
                // A stop must not cause younger days to be taken.
                Err(Error::Stopped) => return Err(Error::Stopped),
                Err(error) => {
                    troubles
                        .push(format!("{camera}/{day} is left out, since it cannot be measured: {}", error.chain()));
                    put_right(view, camera, view.days[at].measured, 0);
                    lost.push(at);
                }
            }
        }
        lost.sort_unstable();
        for at in lost.into_iter().rev() {
            view.days.remove(at);
        }
        Ok(())
    }

    /// Whether less than the mark of the rule of free space is free now.
    fn is_short(&self, policy: &Policy) -> bool {
        let mark = |min_free: MinFree| self.tree.disk().is_ok_and(|disk| disk.free < min_free.mark(disk.total));
        policy.min_free.is_some_and(mark)
    }

    /// Reads the contents of a day without events. A day that is gone counts as empty. What belongs to no event goes with the
    /// day, so its size counts: returns the bytes known before, and the measured ones.
    fn foreign(&self, view: &mut DayView) -> Result<(u64, u64)> {
        let dir = match self.tree.camera(&view.camera)?.day(view.day) {
            Err(error) if error.is_not_found() => {
                view.foreign = Some(Foreign::default());
                return Ok((0, 0));
            }
            other => other?,
        };
        let list = dir.list()?;
        let names = list.foreign.iter().chain(&list.refused);
        let example = names.clone().min().cloned().unwrap_or_default();
        view.foreign = Some(Foreign { count: names.count() as u64, example });
        let bytes = loose_bytes(&dir)?;
        view.loose = list.loose;
        (view.bytes, view.frees) = (Some(bytes), Some(bytes));
        (view.weighed, view.measured_on_disk) = (true, true);
        Ok((std::mem::replace(&mut view.measured, bytes), bytes))
    }

    /// Measures a day's events on the disk; returns the bytes known before, and the measured ones.
    fn weigh(&self, view: &mut DayView) -> Result<(u64, u64)> {
        let begun = Instant::now();
        let dir = self.tree.camera(&view.camera)?.day(view.day)?;
        if view.is_mixed() && view.mixed.is_none() {
            let mut one = View { days: vec![view.clone()], ..View::default() };
            self.catalog.add_events(&mut one, &[0])?;
            view.mixed = one.days.pop().and_then(|day| day.mixed);
        }
        let event = |name| EventView { name, saved: false, open: false, lacks_copy: None, bytes: None, frees: None };
        let mut events: Vec<EventView> = if let Some(events) = view.mixed.take() {
            events
        } else {
            self.catalog.names_of(&view.camera, view.day)?.into_iter().map(event).collect()
        };
        let (mut bytes, mut frees) = (0u64, 0u64);
        for event in &mut events {
            if self.scanner.is_stopped() {
                return Err(Error::Stopped);
            }
            let weight = dir.weigh(event.name)?;
            (event.bytes, event.frees) = (Some(weight.bytes), Some(weight.frees));
            bytes = bytes.saturating_add(weight.bytes);
            frees = frees.saturating_add(weight.frees);
        }
        // What belongs to no event goes with its day.
        let loose = loose_bytes(&dir)?;
        (bytes, frees) = (bytes.saturating_add(loose), frees.saturating_add(loose));
        let before = std::mem::replace(&mut view.measured, bytes);
        self.measured_days.note(&view.camera, view.day, bytes, begun.elapsed());
        (view.bytes, view.frees) = (Some(bytes), Some(frees));
        (view.weighed, view.measured_on_disk) = (true, true);
        view.mixed = view.is_mixed().then_some(events);
        Ok((before, bytes))
    }
}

/// The bytes of a day's loose files.
fn loose_bytes(dir: &DayDir) -> Result<u64> {
    Ok(dir.measure_loose()?.bytes.unwrap_or(0))
}

/// Corrects the totals after a day was measured.
fn put_right(view: &mut View, camera: &Camera, before: u64, weighed: u64) {
    let corrected = |sum: u64| sum.saturating_sub(before).saturating_add(weighed);
    view.bytes = corrected(view.bytes);
    for of_camera in view.cameras.iter_mut().filter(|view| &view.camera == camera) {
        of_camera.bytes = corrected(of_camera.bytes);
    }
}
