//! How often somebody may fail to sign in. Every attempt counts when it begins, or many at once would all be the first; one
//! that succeeds is taken back.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use super::secret::Digest;
use crate::clock::Now;

/// For how long an attempt counts, in seconds, from the first of a row.
const WINDOW: i64 = 300;
/// How many a name has from one address.
const OF_BOTH: u32 = 10;
/// How many an address has, whatever the names.
const OF_ADDRESS: u32 = 30;
/// How many a name has from all addresses: more than one attacker needs to be stopped, so that he does not shut out the
/// user from elsewhere.
const OF_NAME: u32 = 100;
/// How many rows of one kind are kept; the oldest goes for one more.
const MOST: usize = 4096;

/// Attempts to sign in with passwords, and tokens that nobody has.
#[derive(Debug, Default)]
pub(super) struct Limiter(Mutex<Rows>); // written by every attempt to sign in, and by requests with a wrong token

#[derive(Debug, Default)]
struct Rows {
    both: Table<(Digest, Source)>,
    addresses: Table<Source>,
    names: Table<Digest>,
    tokens: Table<Source>,
}

/// Where attempts come from; `None` where the embedding program does not say. Whoever has one IPv6 address has a whole
/// network of them.
type Source = Option<IpAddr>;

/// Too many; when to come back, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany(pub i64);

impl Limiter {
    fn with<T>(&self, work: impl FnOnce(&mut Rows) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts an attempt to sign in, or refuses it; one that is refused does not count.
    pub fn begin(&self, name: &str, from: Option<IpAddr>, now: Now) -> Result<(), TooMany> {
        let (name, source, now) = (Digest::of(name), source(from), now.utc.timestamp());
        self.with(|rows| {
            rows.addresses.check(&source, OF_ADDRESS, now)?;
            rows.both.check(&(name, source), OF_BOTH, now)?;
            rows.names.check(&name, OF_NAME, now)?;
            rows.addresses.count(source, now);
            rows.both.count((name, source), now);
            rows.names.count(name, now);
            Ok(())
        })
    }

    /// The attempt was right: it does not count, nor do the wrong ones before it from there under this name.
    pub fn succeeded(&self, name: &str, from: Option<IpAddr>) {
        let (name, source) = (Digest::of(name), source(from));
        self.with(|rows| {
            let failures = rows.both.0.remove(&(name, source)).map_or(0, |row| row.count);
            rows.addresses.take_back(&source, failures);
            rows.names.take_back(&name, failures);
        });
    }

    /// The attempt was not looked at, so it does not count.
    pub fn withdraw(&self, name: &str, from: Option<IpAddr>) {
        let (name, source) = (Digest::of(name), source(from));
        self.with(|rows| {
            rows.both.take_back(&(name, source), 1);
            rows.addresses.take_back(&source, 1);
            rows.names.take_back(&name, 1);
        });
    }

    /// Counts a token that nobody has, and says when there were too many. Tokens that somebody has are not asked for here.
    pub fn wrong_token(&self, from: Option<IpAddr>, now: Now) -> Result<(), TooMany> {
        let (source, now) = (source(from), now.utc.timestamp());
        self.with(|rows| {
            rows.tokens.check(&source, OF_ADDRESS, now)?;
            rows.tokens.count(source, now);
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
struct Table<K>(HashMap<K, Row>);

#[derive(Debug, Clone, Copy)]
struct Row {
    /// When its first attempt was, in seconds since 1970.
    since: i64,
    count: u32,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl Row {
    /// Whether it still counts. One from the future is from before the clock was set back, and does not.
    fn counts(&self, now: i64) -> bool {
        (self.since..self.since.saturating_add(WINDOW)).contains(&now)
    }
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn check(&self, key: &K, most: u32, now: i64) -> Result<(), TooMany> {
        match self.0.get(key) {
            Some(row) if row.counts(now) && row.count >= most => Err(TooMany((row.since + WINDOW - now).max(1))),
            _ => Ok(()),
        }
    }

    fn count(&mut self, key: K, now: i64) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.0.retain(|_, row| row.counts(now));
            let oldest = self.0.iter().min_by_key(|(_, row)| row.since).map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| self.0.len() >= MOST) {
                self.0.remove(&oldest);
            }
        }
        let row = self.0.entry(key).or_insert(Row { since: now, count: 0 });
        if !row.counts(now) {
            *row = Row { since: now, count: 0 };
        }
        row.count += 1;
    }

    fn take_back(&mut self, key: &K, count: u32) {
        if let Some(row) = self.0.get_mut(key) {
            row.count = row.count.saturating_sub(count);
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
    fn ten_wrong_passwords_in_five_minutes_shut_a_name_for_this_address_alone() {
        let limiter = Limiter::default();
        for n in 0..10 {
            assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(n)), Ok(()));
        }
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(100)), Err(TooMany(200)));
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(299)), Err(TooMany(1)));
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.2")), at(100)), Ok(()), "elsewhere she may");
        assert_eq!(limiter.begin("bert", Some(from("192.0.2.1")), at(100)), Ok(()), "and others may here");
        assert_eq!(limiter.begin("anna", Some(from("192.0.2.1")), at(300)), Ok(()), "it is over");
    }

    #[test]
    fn a_right_password_takes_back_the_wrong_ones_before_it() {
        let limiter = Limiter::default();
        for _ in 0..20 {
            for _ in 0..9 {
                assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
            }
            limiter.succeeded("anna", None);
        }
    }

    #[test]
    fn what_was_not_looked_at_does_not_count() {
        let limiter = Limiter::default();
        for _ in 0..200 {
            assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
            limiter.withdraw("anna", None);
        }
    }

    #[test]
    fn an_address_has_only_so_many_names_and_a_name_so_many_addresses() {
        let limiter = Limiter::default();
        let of_names =
            (0..50).filter(|n| limiter.begin(&format!("{n}"), Some(from("192.0.2.1")), at(0)).is_ok()).count();
        assert_eq!(of_names, 30);
        let limiter = Limiter::default();
        let address = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        assert_eq!((0..500).filter(|&n| limiter.begin("anna", address(n), at(0)).is_ok()).count(), 100);
        let same_net = |n: u32| Some(from(&format!("2001:db8::{n:x}")));
        assert_eq!((0..50).filter(|&n| limiter.begin("bert", same_net(n), at(0)).is_ok()).count(), 10);
        assert_eq!(limiter.begin("bert", Some(from("2001:db8:0:1::1")), at(0)), Ok(()), "another network");
        assert_eq!(limiter.begin("bert", Some(from("::ffff:192.0.2.9")), at(0)), Ok(()));
    }

    #[test]
    fn wrong_tokens_are_counted_apart() {
        let limiter = Limiter::default();
        assert_eq!((0..50).filter(|_| limiter.wrong_token(None, at(0)).is_ok()).count(), 30);
        assert_eq!(limiter.begin("anna", None, at(0)), Ok(()));
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_clock_that_goes_back_shuts_nobody_out() {
        let limiter = Limiter::default();
        for n in 0..4_500u32 {
            let address = Some(IpAddr::from(n.to_be_bytes()));
            assert_eq!(limiter.begin(&n.to_string(), address, at(1000 + i64::from(n / 100))), Ok(()));
        }
        limiter.with(|rows| {
            assert!(rows.both.0.len() <= MOST && rows.names.0.len() <= MOST && rows.addresses.0.len() <= MOST);
        });
        let limiter = Limiter::default();
        assert!((0..11).any(|_| limiter.begin("anna", None, at(1_000_000)).is_err()));
        assert_eq!(limiter.begin("anna", None, at(5)), Ok(()));
    }
}
