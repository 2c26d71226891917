//! The limit on failed sign-ins. An attempt counts when it begins, so that concurrent attempts are counted too; a success removes it
//! again.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use super::secret::Digest;
use crate::clock::Now;

/// How long attempts count, in seconds, from the first one.
const WINDOW: i64 = 300;
/// The most attempts for one name from one address.
const MAX_PER_NAME_AND_ADDRESS: u32 = 10;
/// The most attempts from one address.
const MAX_PER_ADDRESS: u32 = 30;
/// The most attempts for one name: more than for one address, so that a single attacker cannot lock the user out.
const MAX_PER_NAME: u32 = 100;
/// The most entries of a table; a new one replaces the oldest.
const MAX_ENTRIES: usize = 4096;

/// Counts sign-in attempts and invalid tokens.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    both: Table<(Digest, Source)>,
    addresses: Table<Source>,
    names: Table<Digest>,
    tokens: Table<Source>,
}

/// The address of attempts; `None` where it is unknown. An IPv6 client has a whole network, so only its /64 counts.
type Source = Option<IpAddr>;

/// Too many attempts; the time until the next one is allowed, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany(pub i64);

impl RateLimiter {
    fn with<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a sign-in attempt, or refuses it. A refused attempt does not count.
    pub(super) fn begin(&self, name: &str, from: Option<IpAddr>, now: Now) -> Result<(), TooMany> {
        let (name, source, now) = (Digest::of(name), source(from), now.utc.timestamp());
        self.with(|tables| {
            tables.addresses.check(&source, MAX_PER_ADDRESS, now)?;
            tables.both.check(&(name, source), MAX_PER_NAME_AND_ADDRESS, now)?;
            tables.names.check(&name, MAX_PER_NAME, now)?;
            tables.addresses.count(source, now);
            tables.both.count((name, source), now);
            tables.names.count(name, now);
            Ok(())
        })
    }

    /// Removes a successful attempt, and the failed ones before it for this name and address.
    pub(super) fn succeeded(&self, name: &str, from: Option<IpAddr>) {
        let (name, source) = (Digest::of(name), source(from));
        self.with(|tables| {
            let failures = tables.both.0.remove(&(name, source)).map_or(0, |counter| counter.count);
            tables.addresses.take_back(&source, failures);
            tables.names.take_back(&name, failures);
        });
    }

    /// Removes an attempt whose password was not checked.
    pub(super) fn withdraw(&self, name: &str, from: Option<IpAddr>) {
        let (name, source) = (Digest::of(name), source(from));
        self.with(|tables| {
            tables.both.take_back(&(name, source), 1);
            tables.addresses.take_back(&source, 1);
            tables.names.take_back(&name, 1);
        });
    }

    /// Counts an invalid token, or refuses it if there were too many. Valid tokens are never refused.
    pub(super) fn invalid_token(&self, from: Option<IpAddr>, now: Now) -> Result<(), TooMany> {
        let (source, now) = (source(from), now.utc.timestamp());
        self.with(|tables| {
            tables.tokens.check(&source, MAX_PER_ADDRESS, now)?;
            tables.tokens.count(source, now);
            Ok(())
        })
    }
}

fn source(address: Option<IpAddr>) -> Source {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    })
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Counter>);

#[derive(Debug, Clone, Copy)]
struct Counter {
    /// The time of the first attempt, in seconds since 1970.
    since: i64,
    count: u32,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl Counter {
    /// Whether its attempts still count. A time in the future means that the clock was set back.
    fn counts(&self, now: i64) -> bool {
        (self.since..self.since.saturating_add(WINDOW)).contains(&now)
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn check(&self, key: &K, most: u32, now: i64) -> Result<(), TooMany> {
        match self.0.get(key) {
            Some(counter) if counter.counts(now) && counter.count >= most => {
                Err(TooMany((counter.since + WINDOW - now).max(1)))
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, key: K, now: i64) {
        if self.0.len() >= MAX_ENTRIES && !self.0.contains_key(&key) {
            self.0.retain(|_, counter| counter.counts(now));
            let oldest = self.0.iter().min_by_key(|(_, counter)| counter.since).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| self.0.len() >= MAX_ENTRIES) {
                self.0.remove(&oldest);
            }
        }
        let counter = self.0.entry(key).or_insert(Counter { since: now, count: 0 });
        if !counter.counts(now) {
            *counter = Counter { since: now, count: 0 };
        }
        counter.count += 1;
    }

    fn take_back(&mut self, key: &K, count: u32) {
        if let Some(counter) = self.0.get_mut(key) {
            counter.count = counter.count.saturating_sub(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;

    fn at(seconds: i64) -> Now {
        Now::at(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds))
    }

    fn from(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn ten_failures_block_a_name_at_one_address() {
        let limiter = RateLimiter::default();
        for n in 0..10 {
            assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(n)), Ok(()));
        }
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(100)), Err(TooMany(200)));
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(299)), Err(TooMany(1)));
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.2")), at(100)), Ok(()), "another address");
        assert_eq!(limiter.begin("bert", Some(from("192.0.2.1")), at(100)), Ok(()), "another name");
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(300)), Ok(()), "the window has passed");
    }

    #[test]
    fn a_success_clears_earlier_failures() {
        let limiter = RateLimiter::default();
        for _ in 0..20 {
            for _ in 0..9 {
                assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
            }
            limiter.succeeded("anna", None);
        }
    }

    #[test]
    fn withdrawn_attempts_do_not_count() {
        let limiter = RateLimiter::default();
        for _ in 0..200 {
            assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
            limiter.withdraw("anna", None);
        }
    }

    #[test]
    fn addresses_and_names_have_limits_of_their_own() {
        let limiter = RateLimiter::default();
        let of_names =
            (0..50).filter(|n| limiter.begin(&format!("{n}"), Some(from("192.0.2.1")), at(0)).is_ok()).count();
        assert_eq!(of_names, 30);
        let limiter = RateLimiter::default();
        let address = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        assert_eq!((0..500).filter(|&n| limiter.begin("anna", address(n), at(0)).is_ok()).count(), 100);
        let same_net = |n: u32| Some(from(&format!("2001:db8::{n:x}")));
        assert_eq!((0..50).filter(|&n| limiter.begin("bert", same_net(n), at(0)).is_ok()).count(), 10);
        assert_eq!(limiter.begin("bert", Some(from("2001:db8:0:1::1")), at(0)), Ok(()), "another network");
        assert_eq!(limiter.begin("bert", Some(from("::ffff:192.0.2.9")), at(0)), Ok(()));
    }

    #[test]
    fn invalid_tokens_are_counted_separately() {
        let limiter = RateLimiter::default();
        assert_eq!((0..50).filter(|_| limiter.invalid_token(None, at(0)).is_ok()).count(), 30);
        assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
    }

    #[test]
    fn tables_are_bounded_and_survive_clock_changes() {
        let limiter = RateLimiter::default();
        for n in 0..4_500u32 {
            let address = Some(IpAddr::from(n.to_be_bytes()));
            assert_eq!(limiter.begin(&n.to_string(), address, at(1000 + i64::from(n / 100))), Ok(()));
        }
        limiter.with(|tables| {
            assert!(
                tables.both.0.len() <= MAX_ENTRIES
                    && tables.names.0.len() <= MAX_ENTRIES
                    && tables.addresses.0.len() <= MAX_ENTRIES
            );
        });
        let limiter = RateLimiter::default();
        assert!((0..11).any(|_| limiter.begin("anna", None, at(1_000_000)).is_err()));
        assert_eq!(limiter.begin("anna", None, at(5)), Ok(()));
    }
}
