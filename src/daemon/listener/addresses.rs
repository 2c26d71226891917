//! Counts the connections of each client, so that one client cannot use all of them. A client is an IPv4 address or the /64
//! network of an IPv6 address. A trusted proxy is not counted, since it connects for many clients.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The number of connections of every client.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    limit: usize,
}

/// The permit for one connection, returned when dropped.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
}

impl Addresses {
    /// Allows `limit` connections for each client.
    pub(super) fn new(limit: usize) -> Self {
        Self { open: Arc::default(), limit }
    }

    /// The limit for each client.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A permit for one more connection of this client; `None` at its limit.
    pub(super) fn acquire(&self, address: IpAddr) -> Option<ConnectionPermit> {
        let client = client(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(ConnectionPermit { open: Arc::clone(&self.open), client })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

/// The address that stands for the client: a host with an IPv6 address usually has 2^64 of them.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_limited_and_returned() {
        let addresses = Addresses::new(2);
        let acquire = |address: &str| addresses.acquire(address.parse().unwrap());
        for (first, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            let held = (acquire(first).unwrap(), acquire(same).unwrap());
            assert!(acquire(first).is_none() && acquire(same).is_none(), "{first}");
            drop(acquire(other).unwrap());
            drop(held.0);
            assert!(acquire(same).is_some(), "{first}");
        }
        assert!(addresses.open.lock().unwrap().is_empty(), "no entry is left");
    }
}
