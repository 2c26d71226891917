//! The sessions that the login page begins. The browser holds the secret in a cookie, this program its digest. A file in the
//! state directory keeps sessions over a restart.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::secret::{self, Digest};
use crate::clock::Now;
use crate::error::Result;
use crate::state_file::{Access, IfUnusable, StateContent, StateFile};

/// How long a session lasts, in seconds: 30 days.
pub(super) const SESSION_LIFETIME: i64 = 30 * 24 * 3600;
/// The most sessions of a user; another one ends the oldest.
const MAX_SESSIONS: usize = 50;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    /// The name of the user.
    pub user: String,
    /// The digest of the user's configuration line when it began.
    pub line: Digest,
    /// When it began, in seconds since 1970.
    begun: i64,
}

/// All sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    file: StateFile<Stored>,
    /// By the digest of the cookie's secret.
    kept: Mutex<HashMap<Digest, Session>>,
    /// Held while the file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
}

/// The file's format.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    sessions: Vec<StoredSession>,
}

impl StateContent for Stored {
    const NAME: &'static str = "sessions.json";
    const ACCESS: Access = Access::Owner;
    const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("all users have to sign in again");
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSession {
    sha256: String,
    user: String,
    line: String,
    begun: i64,
}

impl Sessions {
    /// Reads the sessions of a state directory. Logs a warning and starts without sessions if the file cannot be read.
    pub(super) fn open(state_dir: &Path) -> Self {
        let file = StateFile::<Stored>::new(state_dir);
        let sessions = file.load_or_default().sessions;
        let read = |stored: StoredSession| {
            let session = Session { user: stored.user, line: stored.line.parse().ok()?, begun: stored.begun };
            Some((stored.sha256.parse().ok()?, session))
        };
        Self { file, kept: Mutex::new(sessions.into_iter().filter_map(read).collect()), writing: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Session>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session; returns the secret for the cookie.
    pub(super) fn begin(&self, user: &str, line: Digest, now: Now) -> Result<String> {
        let secret = secret::random()?;
        let begun = now.utc.timestamp();
        let mut kept = self.lock();
        // Sessions that have expired, or whose configuration line has changed, are invalid.
        kept.retain(|_, old| old.lasts(now) && (old.user != user || old.line == line));
        let of_user = |kept: &HashMap<Digest, Session>| {
            let mine = kept.iter().filter(|(_, session)| session.user == user);
            let mut mine: Vec<(i64, Digest)> = mine.map(|(digest, session)| (session.begun, *digest)).collect();
            mine.sort_unstable();
            mine
        };
        let mine = of_user(&kept);
        for (_, oldest) in mine.iter().take((mine.len() + 1).saturating_sub(MAX_SESSIONS)) {
            kept.remove(oldest);
        }
        kept.insert(Digest::of(&secret), Session { user: user.to_owned(), line, begun });
        Ok(secret)
    }

    /// The valid session with this digest of its secret.
    pub(super) fn find(&self, secret: &Digest, now: Now) -> Option<Session> {
        self.lock().get(secret).filter(|session| session.lasts(now)).cloned()
    }

    /// Ends a session; returns whether it existed.
    pub(super) fn end(&self, secret: &str) -> bool {
        self.lock().remove(&Digest::of(secret)).is_some()
    }

    /// Writes the file; it is on disk when this returns.
    pub(super) fn save(&self) -> Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let store = |(digest, session): (&Digest, &Session)| StoredSession {
            sha256: digest.to_string(),
            user: session.user.clone(),
            line: session.line.to_string(),
            begun: session.begun,
        };
        let stored = Stored { sessions: self.lock().iter().map(store).collect() };
        self.file.write(&stored)
    }
}

impl Session {
    /// Whether it has not expired.
    fn lasts(&self, now: Now) -> bool {
        now.utc.timestamp() < self.begun.saturating_add(SESSION_LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use chrono::{TimeDelta, Utc};

    use super::*;

    const FILE: &str = Stored::NAME;

    fn at(seconds: i64) -> Now {
        Now::at(chrono::DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds))
    }

    fn find(sessions: &Sessions, secret: &str, now: Now) -> Option<Session> {
        sessions.find(&Digest::of(secret), now)
    }

    #[test]
    fn a_session_is_found_by_its_secret() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(dir.path());
        let line = Digest::of("line");
        let (one, other) =
            (sessions.begin("anna", line, at(10)).unwrap(), sessions.begin("bert", line, at(10)).unwrap());
        assert_eq!(find(&sessions, &one, at(10)).unwrap().user, "anna");
        assert_eq!(find(&sessions, &other, at(9 + SESSION_LIFETIME)).unwrap().user, "bert");
        assert_eq!(find(&sessions, &other, at(10 + SESSION_LIFETIME)), None, "expired");
        for none in ["", "x", &one[1..], &one.to_uppercase(), &Digest::of(&one).to_string()] {
            assert_eq!(find(&sessions, none, at(10)), None, "{none:?}");
        }
        assert!(sessions.end(&one) && !sessions.end(&one));
        assert_eq!(find(&sessions, &one, at(10)), None);
    }

    #[test]
    fn the_sessions_file_is_private_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(dir.path());
        let secret = sessions.begin("anna", Digest::of("line"), at(10)).unwrap();
        sessions.save().unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(&secret), "the file holds no secret");
        assert_eq!(find(&Sessions::open(dir.path()), &secret, at(11)), find(&sessions, &secret, at(11)));
        for bad in ["", "{", "[]", "{\"owlery\":2,\"sessions\":[]}", "{\"owlery\":1,\"sessions\":[{}]}"] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(find(&Sessions::open(dir.path()), &secret, at(11)), None, "{bad:?}");
        }
    }

    #[test]
    fn a_new_session_ends_the_oldest() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(dir.path());
        let line = Digest::of("line");
        let of_bert = sessions.begin("bert", line, at(0)).unwrap();
        let secrets: Vec<String> = (0..60).map(|n| sessions.begin("anna", line, at(n)).unwrap()).collect();
        let there: Vec<bool> = secrets.iter().map(|secret| find(&sessions, secret, at(60)).is_some()).collect();
        assert_eq!(there, [vec![false; 10], vec![true; 50]].concat());
        assert!(find(&sessions, &of_bert, at(60)).is_some(), "other users keep their sessions");
        sessions.begin("anna", Digest::of("new line"), at(61)).unwrap();
        assert_eq!(sessions.lock().len(), 2, "sessions of the old line are removed");
    }
}
