//! Restored days, which every rule keeps for a while: otherwise the next pass would take them again. The list is a file
//! of the state directory, not a part of the catalog, which may be rebuilt at any time.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::Now;
use crate::error::{Error, Result};
use crate::event::{Camera, Day, Guard};
use crate::state_file::{IfUnusable, StateContent, StateFile};

/// A day with restored events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RestoredDay {
    /// The camera.
    pub camera: Camera,
    /// The day. The whole day is kept: what came back, and what was there already.
    pub day: Day,
    /// Until when.
    pub until: DateTime<Utc>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredDays {
    days: Vec<RestoredDay>,
}

impl StateContent for StoredDays {
    const NAME: &'static str = "restored.json";
    const IF_UNUSABLE: IfUnusable = IfUnusable::Refuse;
}

/// The list.
#[derive(Debug)]
pub(super) struct RestoredDays {
    file: StateFile<StoredDays>,
    /// As on disk, except for what could not be read. Written by `add`, read by every plan.
    days: Mutex<std::result::Result<Vec<RestoredDay>, String>>,
}

impl RestoredDays {
    /// Reads the list of a state directory. A list that exists and cannot be read holds every pass;
    /// [`RestoredDays::at`] returns the error.
    pub(super) fn open(state_dir: &Path) -> Self {
        let file = StateFile::<StoredDays>::new(state_dir);
        let days = match file.load() {
            Ok(stored) => Ok(stored.unwrap_or_default().days),
            Err(unusable) => Err(unusable.to_string()),
        };
        Self { file, days: Mutex::new(days) }
    }

    fn lock(&self) -> MutexGuard<'_, std::result::Result<Vec<RestoredDay>, String>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The days that are kept at this moment.
    pub(super) fn at(&self, now: Now) -> Result<Vec<RestoredDay>> {
        let mut days = self.all()?;
        days.retain(|day| day.until > now.utc);
        Ok(days)
    }

    /// Whether a day is kept until this time or longer.
    pub(super) fn keeps(&self, camera: &Camera, day: Day, until: DateTime<Utc>) -> Result<bool> {
        let is_it = |kept: &RestoredDay| kept.camera == *camera && kept.day == day && kept.until >= until;
        Ok(self.all()?.iter().any(is_it))
    }

    fn all(&self) -> Result<Vec<RestoredDay>> {
        match &*self.lock() {
            Ok(days) => Ok(days.clone()),
            Err(why) => Err(Error::Refused {
                guard: Guard::Restored,
                message: format!("the list of restored days cannot be read: {why}; repair or remove the file"),
            }),
        }
    }

    /// Keeps these days too; they are on disk when this returns. Removes days whose time is over, if that is certain:
    /// `believed` is the time by a clock that is not held.
    pub(super) fn add(&self, added: &[RestoredDay], believed: Option<Now>) -> Result<()> {
        let mut days = self.all()?;
        days.retain(|day| believed.is_none_or(|now| day.until > now.utc));
        for new in added {
            match days.iter_mut().find(|day| day.camera == new.camera && day.day == new.day) {
                Some(known) => known.until = known.until.max(new.until),
                None => days.push(new.clone()),
            }
        }
        let stored = StoredDays { days };
        self.file.write(&stored)?;
        *self.lock() = Ok(stored.days);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const FILE: &str = StoredDays::NAME;

    /// A broken file holds every pass.
    #[test]
    fn restored_days_survive_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let at = |text: &str| {
            let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            Now { utc: local.and_utc(), local }
        };
        let now = at("2026-11-20 12:00");
        let day = |day: &str, hours: i64| RestoredDay {
            camera: "Camera1".parse().unwrap(),
            day: day.parse().unwrap(),
            until: now.utc + TimeDelta::hours(hours),
        };
        let list = RestoredDays::open(dir.path());
        list.add(&[day("2026-09-01", 2), day("2026-09-02", 1)], Some(now)).unwrap();
        list.add(&[day("2026-09-01", 1)], Some(now)).unwrap();
        let again = RestoredDays::open(dir.path());
        assert_eq!(again.at(now).unwrap(), [day("2026-09-01", 2), day("2026-09-02", 1)], "the longer time counts");
        let camera: Camera = "Camera1".parse().unwrap();
        let until = |hours| again.keeps(&camera, "2026-09-01".parse().unwrap(), now.utc + TimeDelta::hours(hours));
        assert!(until(2).unwrap() && !until(3).unwrap());
        assert_eq!(again.at(at("2026-11-20 13:00")).unwrap(), [day("2026-09-01", 2)]);
        let ahead = at("2027-11-20 12:00");
        again.add(&[], None).unwrap();
        assert_eq!(again.at(now).unwrap().len(), 2, "a clock that is held does not end what is kept");
        again.add(&[], Some(ahead)).unwrap();
        assert!(again.at(now).unwrap().is_empty());
        for broken in ["", "{", "[]", r#"{"owlery":9,"days":[]}"#] {
            std::fs::write(dir.path().join(FILE), broken).unwrap();
            let broken = RestoredDays::open(dir.path());
            assert!(matches!(broken.at(now), Err(Error::Refused { guard: Guard::Restored, .. })));
            assert!(broken.add(&[], Some(now)).is_err(), "nothing is overwritten");
        }
    }
}
