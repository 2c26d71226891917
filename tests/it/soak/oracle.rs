//! What the test knows of every event that was ever made: where it must be, and who was entitled to take it. It replays
//! the audit entry by entry, judges each, and compares the result with the disk.
//!
//! The clock jumps while the daemon's threads are at work. So each entry has a [`Span`] of real time, from the moment at
//! which its procedure read the clock until it was replayed: what the rules compare with that reading is judged by exactly
//! that time, and what the procedure saw of the world (free space, sizes, an undo time that is over) may have been so at
//! any moment of the span.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, NaiveDateTime};
use serde_json::Value;

use super::clock::{DAY, SimClock, date, real, seconds};
use super::host::Listed;
use super::rules;

/// An event that was written later than this before an entry is open, in seconds: 1.5 times the event gap, less what a
/// time of whole seconds can be off.
const OPEN: i64 = 88;
/// For how long the days that came back are kept, in seconds.
const RESTORED: i64 = 7 * DAY;
/// An event that a cleaner has emptied holds Owlery's own hidden files at most, which are smaller than this.
const CLEANED_MOST: u64 = 4096;

/// Where an event must be by the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Archive,
    /// In the delete queue, since a real moment, and until a simulated time for sure.
    Queue {
        pass: String,
        since: i64,
        until: Option<i64>,
    },
    Gone,
}

#[derive(Debug)]
pub struct Event {
    pub begin: i64,
    /// The file names, and the bytes of each, below its directory.
    pub files: BTreeMap<String, u64>,
    /// When it was last written.
    pub written: i64,
    pub saved: bool,
    /// Whether a person made the file: then the list has it within a day.
    pub saved_by_file: bool,
    /// Whether a cleaner has taken files of it: then it may be anywhere.
    pub cleaned: bool,
    pub place: Place,
}

impl Event {
    pub fn new(begin: i64) -> Self {
        let (saved, saved_by_file, cleaned) = (false, false, false);
        Self { begin, files: BTreeMap::new(), written: begin, saved, saved_by_file, cleaned, place: Place::Archive }
    }

    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }
}

/// Between two real moments, in seconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

impl Span {
    fn overlaps(self, (from, until): (i64, Option<i64>)) -> bool {
        from <= self.until && until.is_none_or(|until| self.from <= until)
    }
}

/// How much happened, for the report.
#[derive(Debug, Default)]
pub struct Counts {
    pub retired: u64,
    pub deleted: u64,
    pub restored: u64,
    pub refused: u64,
    pub passes: u64,
}

#[derive(Default)]
pub struct Oracle {
    root: PathBuf,
    pub events: BTreeMap<String, Event>,
    /// Events that Motion goes on writing.
    pub open: BTreeSet<String>,
    /// Events that a person wanted deleted.
    pub delete_asked: BTreeSet<String>,
    /// Passes that a person wanted restored.
    pub restore_asked: BTreeSet<String>,
    /// Camera and day, and until when no rule may take of it.
    restored: BTreeMap<(String, String), i64>,
    /// The real times in which the root's disk was short of space; the last may not be over.
    pub short: Vec<(i64, Option<i64>)>,
    /// What the limited camera's recordings took, and from which real moment on.
    limited: Vec<(i64, u64)>,
    /// When the daemon's list was last found to be right.
    right: i64,
    last_entry: u64,
    /// What the entry of each pass said that it retired, less its items.
    open_sums: BTreeMap<String, i64>,
    /// The first entry that was not true.
    untrue: Option<String>,
    pub counts: Counts,
}

impl Oracle {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), ..Self::default() }
    }

    pub fn is_in_archive(&self, id: &str) -> bool {
        self.events.get(id).is_some_and(|event| event.place == Place::Archive && !event.cleaned)
    }

    /// The ids in the archive of which `check` is true.
    pub fn ids(&self, check: impl Fn(&str, &Event) -> bool) -> Vec<String> {
        let here = self.events.iter().filter(|(id, _)| self.is_in_archive(id));
        here.filter(|(id, event)| check(id, event)).map(|(id, _)| id.clone()).collect()
    }

    /// The disk is short of space from now on.
    pub fn begin_short(&mut self) {
        self.short.push((real(), None));
    }

    /// It is no longer short.
    pub fn end_short(&mut self) {
        if let Some((_, until @ None)) = self.short.last_mut() {
            *until = Some(real());
        }
    }

    fn was_short(&self, span: Span) -> bool {
        self.short.iter().any(|short| span.overlaps(*short))
    }

    /// Notes what the limited camera takes now: before each change.
    pub fn note_limited(&mut self) {
        let its =
            self.events.iter().filter(|(id, event)| camera_of(id) == rules::LIMITED && event.place == Place::Archive);
        let bytes = its.map(|(_, event)| event.bytes() + 4096).sum::<u64>();
        if self.limited.last().is_none_or(|last| last.1 != bytes) {
            self.limited.push((real(), bytes));
        }
    }

    /// The most that the limited camera took by what the daemon may have believed: its sums are those of the disk since the
    /// list was last right.
    fn most_limited(&self, span: Span) -> u64 {
        let from = span.from.min(self.right);
        let before = self.limited.iter().rposition(|(since, _)| *since <= from).unwrap_or(0);
        self.limited[before..].iter().map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }

    /// Replays what the audit has more than before. Fails at the first entry that is not true.
    pub fn replay(&mut self, state_dir: &Path, clock: &SimClock) -> Result<(), String> {
        if self.untrue.is_none() {
            self.untrue = self.replay_more(state_dir, clock).err();
        }
        self.untrue.clone().map_or(Ok(()), Err)
    }

    fn replay_more(&mut self, state_dir: &Path, clock: &SimClock) -> Result<(), String> {
        let text = std::fs::read_to_string(state_dir.join("audit.jsonl")).unwrap_or_default();
        self.note_limited();
        for line in text.lines() {
            let Ok(entry) = serde_json::from_str::<Value>(line) else { continue }; // torn by a kill
            let id = entry["id"].as_u64().unwrap();
            if id <= self.last_entry {
                continue;
            }
            self.last_entry = id;
            self.entry(&entry, clock).map_err(|why| format!("{why}: {line}"))?;
        }
        self.note_limited();
        match self.open_sums.iter().find(|(_, sum)| **sum != 0) {
            Some((pass, sum)) => Err(format!("the items of pass {pass} differ by {sum} from its sum")),
            None => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Value, clock: &SimClock) -> Result<(), String> {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let count = entry["count"].as_i64().unwrap_or(0);
        let pass = text("pass");
        match entry["what"].as_str().unwrap() {
            "pass" => {
                self.counts.passes += 1;
                if self.open_sums.insert(pass, count).is_some() {
                    return Err("the pass has two entries".to_owned());
                }
            }
            what @ ("item" | "deleted") => {
                let is_rule = what == "item" && !Self::is_deletion(entry);
                let ids = self.named(entry, &Place::Archive)?;
                // After a crash it is recorded later: the pass has the time of its plan.
                let at = begun(&pass).ok_or("the pass's name tells no time")?;
                let from = clock.shown(at).ok_or("the clock has not shown the time of the pass")?;
                let noted = clock.shown(seconds(&text("at"))).ok_or("the clock has not shown that time")?;
                let span = Span { from, until: real() };
                let until = entry["undo_until"].as_str().map(seconds);
                if is_rule {
                    self.check_reason(entry, at, span)?;
                }
                for id in &ids {
                    self.check_entitled(id, at, clock.latest_since(from), is_rule)?;
                    let event = self.events.get_mut(id).unwrap();
                    event.place = Place::Queue { pass: pass.clone(), since: noted.min(from), until };
                }
                let taken = ids.len() as u64;
                if is_rule {
                    self.counts.retired += taken;
                } else {
                    self.counts.deleted += taken;
                }
                if what == "item" {
                    *self.open_sums.entry(pass).or_default() -= count;
                }
            }
            "removed" => {
                // On a disk that has no room for a delete queue: by a rule, where it lies.
                let at = seconds(&text("at"));
                let from = clock.shown(at).ok_or("the clock has not shown that time")?;
                let span = Span { from, until: real() };
                if !self.was_short(span) {
                    return Err("the disk was not full".to_owned());
                }
                for id in self.named(entry, &Place::Archive)? {
                    self.check_entitled(&id, at, clock.latest_since(from), true)?;
                    self.events.get_mut(&id).unwrap().place = Place::Gone;
                    self.counts.retired += 1;
                }
            }
            "restored" => {
                let is_put_back = text("reason").starts_with("put back: "); // what a crash cut off
                if !is_put_back && !self.restore_asked.contains(&pass) {
                    return Err("no one asked for it".to_owned());
                }
                let place = |event: &Event| matches!(&event.place, Place::Queue { pass: of, .. } if *of == pass);
                let names = names(entry).ok_or("a restore names its events")?;
                for id in names {
                    let event = self.events.get_mut(&id).filter(|event| place(event) || event.cleaned);
                    event.ok_or_else(|| format!("{id} was not in that pass"))?.place = Place::Archive;
                    self.counts.restored += 1;
                }
                let kept = seconds(&text("at")) + RESTORED;
                self.restored.insert((text("camera"), text("day")), kept);
            }
            "refused" => self.counts.refused += 1,
            "lost" => return Err("audit entries were lost".to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// Whether it is an item of a person's deletion: after a crash a deletion is noted from its manifest, like a pass.
    fn is_deletion(entry: &Value) -> bool {
        entry["reason"] == "deleted by hand"
    }

    /// The events that an entry names, all of which must be at that place.
    fn named(&self, entry: &Value, place: &Place) -> Result<Vec<String>, String> {
        let count = usize::try_from(entry["count"].as_u64().unwrap()).unwrap();
        if let Some(ids) = names(entry) {
            for id in &ids {
                let event = self.events.get(id).ok_or_else(|| format!("no one has made {id}"))?;
                if event.place != *place {
                    return Err(format!("{id} is at {:?} by what the audit said before", event.place));
                }
            }
            return (ids.len() == count).then_some(ids).ok_or_else(|| "the count is not that of the names".to_owned());
        }
        let day = format!("{}/{}/", entry["camera"].as_str().unwrap(), entry["day"].as_str().unwrap());
        let at = seconds(entry["at"].as_str().unwrap());
        let of_day = self.events.iter().filter(|(id, event)| id.starts_with(&day) && event.place == *place);
        let of_day: Vec<_> = of_day.filter(|(_, event)| event.begin <= at + DAY).collect();
        let sure = of_day.iter().filter(|(_, event)| !event.cleaned).count();
        if !(sure..=of_day.len()).contains(&count) {
            let ids: Vec<_> = of_day.iter().map(|(id, _)| id).collect();
            return Err(format!("the day has between {sure} and {} events: {ids:?}", of_day.len()));
        }
        Ok(of_day.into_iter().map(|(id, _)| id.clone()).collect())
    }

    /// Whether an event might be retired at all, by a pass that began at `at` and during which the clock showed `latest` at
    /// last.
    fn check_entitled(&self, id: &str, at: i64, latest: i64, is_rule: bool) -> Result<(), String> {
        let event = &self.events[id];
        if event.cleaned {
            return Ok(());
        }
        if event.saved {
            return Err(format!("{id} is saved"));
        }
        // One that is over may have times in the future, if the clock was put back since.
        if latest - event.written < OPEN && (self.open.contains(id) || latest >= event.written) {
            return Err(format!("{id} was written {} s before", latest - event.written));
        }
        if !is_rule {
            let asked = self.delete_asked.contains(id);
            return asked.then_some(()).ok_or_else(|| format!("no one asked to delete {id}"));
        }
        let day = day_of(id);
        if day >= date(at) - Days::new(1) {
            return Err(format!("{id} is of today or yesterday"));
        }
        let kept = self.restored.get(&(camera_of(id).to_owned(), day.to_string()));
        if kept.is_some_and(|until| at < *until) {
            return Err(format!("{id} was restored"));
        }
        Ok(())
    }

    /// Whether the reason of a rule is true.
    fn check_reason(&self, entry: &Value, at: i64, span: Span) -> Result<(), String> {
        let reason = entry["reason"].as_str().unwrap();
        let camera = entry["camera"].as_str().unwrap();
        let day: NaiveDate = entry["day"].as_str().unwrap().parse().unwrap();
        let today = date(at);
        if camera == rules::FOREVER {
            return Err("no rule may take of that camera".to_owned());
        }
        if reason == format!("older than {} days: ended {day}", rules::keep_days(camera)) {
            let is_old = day < today - Days::new(rules::keep_days(camera));
            return is_old.then_some(()).ok_or_else(|| format!("the day is not so old on {today}"));
        }
        if day > today - Days::new(rules::FLOOR_DAYS) {
            return Err("the day is younger than the floor".to_owned());
        }
        if camera == rules::LIMITED && reason.starts_with(&format!("{camera} over ")) {
            let most = self.most_limited(span);
            return (most > rules::LIMIT).then_some(()).ok_or_else(|| format!("the camera had {most} bytes"));
        }
        if camera != rules::APART && reason.starts_with("free space ") {
            return self.was_short(span).then_some(()).ok_or_else(|| "the disk was not full".to_owned());
        }
        Err("that is not a reason by these rules".to_owned())
    }

    /// Compares the daemon's list with what must be there; says what differs. While the clock is held nothing is looked for
    /// that cleaners have emptied, so it may be listed as it was.
    pub fn compare_list(&mut self, listed: &BTreeMap<String, Listed>, is_clock_held: bool) -> Vec<String> {
        let mut problems = Vec::new();
        let mut stale = Vec::new();
        for (id, event) in &self.events {
            match listed.get(id) {
                // What a cleaner took may be listed, but not as if it were whole.
                Some(Listed { bytes: Some(bytes), .. }) if event.cleaned && *bytes >= CLEANED_MOST => {
                    stale.push(format!("{id} was emptied, and is listed with {bytes} bytes"));
                }
                _ if event.cleaned => {}
                listed if listed.is_some() != (event.place == Place::Archive) => {
                    problems.push(format!("{id} is at {:?}, and listed: {}", event.place, listed.is_some()));
                }
                Some(listed) if !event.saved_by_file && listed.saved != event.saved => {
                    problems.push(format!("{id} should be listed with saved: {}", event.saved));
                }
                _ => {}
            }
        }
        problems.extend(listed.keys().filter(|id| !self.events.contains_key(*id)).map(|id| format!("{id}?")));
        if problems.is_empty() && stale.is_empty() {
            self.note_limited();
            self.right = real();
        } else if !is_clock_held {
            problems.extend(stale);
        }
        problems
    }

    /// Compares the disk with what must be there; says what differs.
    ///
    /// While the disk is full the audit's entries wait for room: what lies in the queue meanwhile is judged later.
    pub fn compare(&mut self, clock: &SimClock, is_full: bool) -> Vec<String> {
        let mut problems = Vec::new();
        let root = self.root.clone();
        let ids: Vec<String> = self.events.keys().cloned().collect();
        for id in ids {
            let archived = root.join(&id);
            let event = &self.events[&id];
            if event.cleaned {
                continue;
            }
            let is_whole = || {
                let is_there = |(name, bytes): (&String, &u64)| {
                    archived.join(name).symlink_metadata().is_ok_and(|meta| meta.len() == *bytes)
                };
                event.files.iter().all(is_there)
            };
            match &event.place {
                Place::Archive if !archived.is_dir() => {
                    let found = queued(&root, &id);
                    if is_full && !found.is_empty() {
                        continue;
                    }
                    problems.push(format!("{id} is lost; it was written at {}; queued: {found:?}", event.written));
                }
                Place::Archive if !is_whole() => {
                    problems.push(format!("{id} has lost files; it had {:?}", event.files));
                }
                Place::Archive => {
                    if event.saved != archived.join(".saved").exists() {
                        problems.push(format!("{id}: saved should be {}", event.saved));
                    }
                }
                Place::Queue { pass, since, until } => {
                    let is_queued = queued(&root, &id).iter().any(|path| path.to_str().unwrap().contains(pass));
                    let was_restored = self.restore_asked.contains(pass) && archived.is_dir() && is_whole();
                    if is_queued && archived.is_dir() {
                        problems.push(format!("{id} is in the queue and in the archive"));
                    } else if was_restored {
                        self.counts.restored += 1; // it was killed before it could note that
                        self.events.get_mut(&id).unwrap().place = Place::Archive;
                    } else if !is_queued {
                        let span = Span { from: *since, until: real() };
                        let is_over = until.is_none_or(|until| clock.latest_since(*since) >= until);
                        let is_due = is_over || self.was_short(span);
                        if is_due {
                            self.events.get_mut(&id).unwrap().place = Place::Gone;
                        } else {
                            problems.push(format!("{id} of pass {pass} was removed before its undo time {until:?}"));
                        }
                    }
                }
                Place::Gone if archived.is_dir() => problems.push(format!("{id} was gone and is back")),
                Place::Gone => {}
            }
        }
        problems
    }
}

/// Where an event lies in a delete queue, if it does.
fn queued(root: &Path, id: &str) -> Vec<PathBuf> {
    let queues = [root.join("delete_queue"), root.join(camera_of(id)).join("delete_queue")];
    let passes = queues.iter().flat_map(|queue| std::fs::read_dir(queue).into_iter().flatten().flatten());
    passes.map(|pass| pass.path().join(id)).filter(|path| path.is_dir()).collect()
}

/// The ids that an entry names; `None` where it is the whole day.
fn names(entry: &Value) -> Option<Vec<String>> {
    let (camera, day) = (entry["camera"].as_str()?, entry["day"].as_str()?);
    let names = entry["events"].as_array()?.iter();
    Some(names.map(|name| format!("{camera}/{day}/{}", name.as_str().unwrap())).collect())
}

pub fn camera_of(id: &str) -> &str {
    id.split('/').next().unwrap()
}

pub fn day_of(id: &str) -> NaiveDate {
    id.split('/').nth(1).unwrap().parse().unwrap()
}

/// The time at which a pass began, from its name.
fn begun(pass: &str) -> Option<i64> {
    let text = pass.split('-').next()?;
    Some(NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?.and_utc().timestamp())
}
