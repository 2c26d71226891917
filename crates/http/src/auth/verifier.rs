//! Password checks on the blocking pool, bounded in number: each takes the memory that its hash was made with.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::password::Password;
use crate::limits::blocking;
use crate::problem::Problem;

/// How many passwords are checked at a time.
const MAX_CHECKS: usize = 2;
/// How many more checks may wait.
const MAX_WAITING_CHECKS: usize = 64;

/// Checks passwords, a few at a time.
#[derive(Debug)]
pub(super) struct Verifier {
    running: Arc<Semaphore>,
    /// Running and waiting.
    admitted: Arc<Semaphore>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(MAX_CHECKS)),
            admitted: Arc::new(Semaphore::new(MAX_CHECKS + MAX_WAITING_CHECKS)),
        }
    }
}

impl Verifier {
    /// Whether `typed` is the password; `None` if too many checks wait already.
    pub(super) async fn verify(&self, password: Password, typed: String) -> Result<Option<bool>, Problem> {
        let Ok(admission) = Arc::clone(&self.admitted).try_acquire_owned() else { return Ok(None) };
        let Ok(permit) = Arc::clone(&self.running).acquire_owned().await else { return Ok(None) };
        // The work goes on when the client disconnects, so it holds the permits.
        let permits = (admission, permit);
        let matches = blocking(move || {
            let matches = password.matches(&typed);
            drop(permits);
            Ok(matches)
        });
        matches.await.map(Some)
    }

    /// Takes every permit to run, as checks in progress would.
    #[cfg(test)]
    pub(super) async fn occupy(&self) -> impl Drop {
        self.running.acquire_many(2).await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";

    #[tokio::test]
    async fn password_checks_are_bounded() {
        let (verifier, password) = (Verifier::default(), HASH.parse::<Password>().unwrap());
        let verify = async || verifier.verify(password.clone(), "wrong".to_owned()).await.ok().flatten();
        assert_eq!(verify().await, Some(false));
        let others = verifier.admitted.acquire_many(66).await.unwrap();
        assert_eq!(verify().await, None);
        drop(others);
        assert_eq!(verify().await, Some(false));
        let permits = verifier.occupy().await;
        let waits = tokio::time::timeout(Duration::from_millis(1), verify());
        assert!(waits.await.is_err(), "a third check waits");
        drop(permits);
        assert_eq!(verify().await, Some(false));
    }
}
