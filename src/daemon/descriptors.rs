//! How many descriptors the process may have: a thousand clients of the live stream are as many connections, and service
//! managers start programs with room for 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as this process may (getrlimit(2)): its soft limit to its hard one.
pub(crate) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    let shown = |limit: Option<u64>| limit.map_or_else(|| "any number".to_owned(), |limit| limit.to_string());
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::debug!("{} descriptors may be open, and not {}", shown(maximum), shown(current)),
        Err(error) => tracing::debug!("{} descriptors may be open, and no more: {error}", shown(current)),
    }
}
