//! How many connections each client has, so that one of them cannot take all there are. A client is an address, or the /64
//! network of an IPv6 address; a trusted proxy is none, since it speaks for many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections of every client.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    /// Written when a connection begins and when it ends.
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One connection's place; free when dropped.
#[derive(Debug)]
pub(super) struct Place {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
}

impl Addresses {
    /// With so many connections for each client.
    pub fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// How many a client may have.
    pub fn most(&self) -> usize {
        self.most
    }

    /// A place for another connection of this client; `None` if it has as many as it may.
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let client = client(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { open: Arc::clone(&self.open), client })
    }
}

impl Drop for Place {
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

/// What is counted as one client: whoever has an IPv6 address has 2^64 of them.
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
    fn a_client_has_its_share_and_gets_it_back() {
        let addresses = Addresses::new(2);
        let take = |address: &str| addresses.take(address.parse().unwrap());
        for (first, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            let held = (take(first).unwrap(), take(same).unwrap());
            assert!(take(first).is_none() && take(same).is_none(), "{first}");
            drop(take(other).unwrap());
            drop(held.0);
            assert!(take(same).is_some(), "{first}");
        }
        assert!(addresses.open.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
