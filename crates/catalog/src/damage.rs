//! Which errors mean that the catalog's file is damaged, and how often it may be rebuilt. Other modules open, move
//! and fill the file.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Error, ErrorCode, ffi};

use crate::error;

/// The error for `op` on the catalog's file.
pub(super) fn error(op: &'static str, path: &Path, source: Error) -> error::Error {
    error::Error::Catalog { op, path: path.to_path_buf(), is_damage: is_damage(&source), source: Box::new(source) }
}

/// SQLite's code in the source of an [`error::Error::Catalog`].
pub(super) fn code(source: &(dyn std::error::Error + 'static)) -> Option<ErrorCode> {
    source.downcast_ref::<Error>()?.sqlite_error_code()
}

/// Whether an error means that the file is at fault, rather than the disk's space, a lock or the caller. Our statements
/// are fixed, so an error in one of them ("no such column"), or a value of an unexpected type, is damage too.
pub(crate) fn is_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) | Error::SqlInputError { error: failure, .. } => {
            let of_code = matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::InternalMalfunction
                    | ErrorCode::TypeMismatch
                    | ErrorCode::TooBig
                    | ErrorCode::ConstraintViolation
                    | ErrorCode::Unknown
            );
            // A part of the file that the medium does not return.
            let of_medium = [
                ffi::SQLITE_IOERR_READ,
                ffi::SQLITE_IOERR_SHORT_READ,
                ffi::SQLITE_IOERR_CORRUPTFS,
                ffi::SQLITE_IOERR_DATA,
            ];
            of_code || of_medium.contains(&failure.extended_code)
        }
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::InvalidColumnIndex(_)
        | Error::Utf8Error(..)
        | Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

/// How long after one rebuild the next may begin, at first; doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two rebuilds.
const MAX_WAIT: Duration = Duration::from_hours(1);
/// After this time without a rebuild, the wait is the first one again.
const RESET_AFTER: Duration = Duration::from_hours(12);

/// Decides when a rebuild may begin: a disk that damages every file must not make the program walk the archive for
/// ever.
#[derive(Debug, Default)]
pub(super) struct Rebuilds {
    /// The last attempt, and how long to wait after it.
    last: Option<(Instant, Duration)>,
}

impl Rebuilds {
    /// Whether a rebuild may begin at `now`; if so it is counted.
    pub(crate) fn begin(&mut self, now: Instant) -> bool {
        let wait = match self.last {
            None => FIRST_WAIT,
            Some((last, wait)) => {
                let since = now.saturating_duration_since(last);
                if since < wait {
                    return false;
                }
                if since > RESET_AFTER { FIRST_WAIT } else { (wait * 2).min(MAX_WAIT) }
            }
        };
        self.last = Some((now, wait));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits double up to an hour, and start again after half a day.
    #[test]
    fn rebuilds_are_spaced_out() {
        let begin = Instant::now();
        let (mut rebuilds, mut at, mut times) = (Rebuilds::default(), 0, Vec::new());
        while at < 4 * 3600 {
            if rebuilds.begin(begin + Duration::from_secs(at)) {
                times.push(at);
            }
            at += 1;
        }
        assert_eq!(times[..5], [0, 2, 6, 14, 30]);
        assert!(times.len() < 16, "{times:?}");
        let later = begin + Duration::from_secs(at) + RESET_AFTER * 2;
        assert!(rebuilds.begin(later) && rebuilds.begin(later + FIRST_WAIT));
    }
}
