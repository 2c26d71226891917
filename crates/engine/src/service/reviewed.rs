//! Which events each user has reviewed. It is kept in the folder `reviewed` of the state directory, a journal for each user, and never in the
//! catalog, which is disposable. `marks` has one user's, `text` and `names` how they are written and held, `counts` how many there are of
//! each day, and `queries` the methods of the handle. Nothing that decides about recordings knows them.

mod counts;
mod marks;
mod names;
mod queries;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use counts::Counts;
pub use marks::Marks;

use crate::event::{Camera, Day};

/// The folder in the state directory.
const FOLDER: &str = "reviewed";
/// For how long a day has been gone when its marks are dropped: what is restored, or is in a store now, is found in this time.
const GONE_FOR: Duration = Duration::from_hours(1);

/// A camera's day.
type OfDay = (Camera, Day);

/// Who has reviewed events. A user and a token may have the same name, and are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reviewer {
    /// All clients together, if no users are configured.
    Anonymous,
    /// The user of this name, however signed in.
    User(String),
    /// The token of this name.
    Token(String),
}

impl Reviewer {
    /// A file's name that no other has, also where upper and lower case are the same.
    fn file_name(&self) -> String {
        let (kind, name) = match self {
            Self::Anonymous => return "anonymous".to_owned(),
            Self::User(name) => ("user", name),
            Self::Token(name) => ("token", name),
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let encoded =
            name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") });
        format!("{kind}-{}", encoded.collect::<String>())
    }
}

/// What all users have reviewed, read for each when it is first asked for.
#[derive(Debug)]
pub(crate) struct Reviewed {
    folder: PathBuf,
    /// Where marks are read that the folder does not have, if the state is not kept where it usually is.
    kept: Option<PathBuf>,
    users: Mutex<BTreeMap<Reviewer, Arc<OnceLock<Arc<Marks>>>>>,
    /// How many are of each day.
    pub(crate) counts: Arc<Counts>,
    /// The days with marks that have no events, and since when.
    gone: Mutex<BTreeMap<OfDay, Instant>>,
}

impl Reviewed {
    /// What a state directory has. `usual` is the one that is used where it can be written. Reads nothing.
    pub(super) fn new(state_dir: &Path, usual: &Path) -> Self {
        let kept = (state_dir != usual).then(|| usual.join(FOLDER));
        Self {
            folder: state_dir.join(FOLDER),
            kept,
            users: Mutex::default(),
            counts: Arc::default(),
            gone: Mutex::default(),
        }
    }

    fn user(&self, reviewer: &Reviewer) -> Arc<OnceLock<Arc<Marks>>> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        match users.get(reviewer) {
            Some(user) => Arc::clone(user),
            None => Arc::clone(users.entry(reviewer.clone()).or_default()),
        }
    }

    /// What a user has reviewed, if it was read already.
    fn loaded(&self, reviewer: &Reviewer) -> Option<Arc<Marks>> {
        self.user(reviewer).get().cloned()
    }

    /// What a user has reviewed. Reads it the first time.
    fn of(&self, reviewer: &Reviewer) -> Arc<Marks> {
        let load = || Marks::load(reviewer.clone(), &self.folder, self.kept.as_deref(), Arc::clone(&self.counts));
        Arc::clone(self.user(reviewer).get_or_init(|| Arc::new(load())))
    }

    /// All that were read.
    fn all_loaded(&self) -> Vec<Arc<Marks>> {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.values().filter_map(|user| user.get().cloned()).collect()
    }

    /// Notes which of the days with marks have no events now. Returns those that have had none for long enough.
    fn gone_for_long(&self, gone: BTreeSet<OfDay>) -> BTreeSet<OfDay> {
        let (now, enough) = (Instant::now(), crate::fault::span("reviewed-gone", GONE_FOR));
        let mut since = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|day, _| gone.contains(day));
        for day in gone {
            since.entry(day).or_insert(now);
        }
        since.iter().filter(|(_, since)| now.duration_since(**since) >= enough).map(|(day, _)| day.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_another_file() {
        let names = [
            Reviewer::Anonymous,
            Reviewer::User(String::new()),
            Reviewer::User("anonymous".into()),
            Reviewer::User("anna".into()),
            Reviewer::User("Anna".into()),
            Reviewer::Token("anna".into()),
            Reviewer::User("../anna".into()),
            Reviewer::User("token-anna".into()),
            Reviewer::User("%41nna".into()),
            Reviewer::User("ä".repeat(32)),
        ]
        .map(|reviewer| reviewer.file_name());
        assert_eq!(names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.len() < 240 && !name.contains(['/', '.'])), "{names:?}");
        assert_eq!(names[4], "user-%41nna");
    }
}
