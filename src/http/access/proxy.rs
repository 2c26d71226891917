//! A reverse proxy that is trusted: from its addresses, and from no other, it is believed who has signed in, where a request
//! comes from, and that it came over TLS.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::error::{Error, Result};

/// Where the proxy asks from, and how it names a user.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    from: Vec<IpNet>,
    /// The header that names whoever signed in; `None`: the proxy signs nobody in.
    pub user_header: Option<HeaderName>,
}

impl Proxy {
    /// Parses networks (`10.0.0.0/8`) or single addresses, and the name of a header.
    pub fn parse(from: &[String], user_header: Option<&str>) -> Result<Self> {
        let refuse = |text: &str| Error::Config(format!("proxy.from: {text:?} is not an address such as 127.0.0.1/32"));
        let net = |text: &String| {
            let single = || text.parse::<IpAddr>().map(IpNet::from).ok();
            text.parse::<IpNet>().ok().or_else(single).ok_or_else(|| refuse(text))
        };
        let from = from.iter().map(net).collect::<Result<Vec<_>>>()?;
        if from.is_empty() {
            return Err(Error::Config("proxy.from: it names no address, so no proxy would be believed".to_owned()));
        }
        let header = |text: &str| {
            let header = text.parse::<HeaderName>().ok().filter(|name| !RESERVED.contains(&name.as_str()));
            header
                .ok_or_else(|| Error::Config(format!("proxy.user-header: {text:?} is not a header that names a user")))
        };
        Ok(Self { from, user_header: user_header.map(header).transpose()? })
    }

    /// Whether a request from this address is the proxy's.
    pub fn is_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.from.iter().any(|net| net.contains(&address))
    }

    /// Where a request that the proxy passes on comes from: the last in `X-Forwarded-For` that is not a proxy of ours, or
    /// the proxy itself where it does not say.
    pub fn client(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let told = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        let mut client = proxy;
        for text in told.flat_map(|value| value.rsplit(',')) {
            // What lies further left was told by somebody whom nobody knows.
            let Ok(address) = text.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.is_at(client) {
                break;
            }
        }
        client
    }

    /// Whether the proxy was asked over TLS.
    pub fn is_over_tls(headers: &HeaderMap) -> bool {
        let mut told = headers.get_all("x-forwarded-proto").iter();
        told.next_back().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
    }
}

/// Headers that mean something else.
const RESERVED: &[&str] =
    &["authorization", "cookie", "host", "origin", "sec-fetch-site", "x-forwarded-for", "x-forwarded-proto"];

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(from: &[&str]) -> Result<Proxy> {
        let from: Vec<String> = from.iter().map(|&text| text.to_owned()).collect();
        Proxy::parse(&from, Some("X-Forwarded-User"))
    }

    #[test]
    fn a_proxy_is_known_by_its_address_however_that_is_written() {
        let proxy = proxy(&["127.0.0.1/32", "10.0.0.0/8", "::1"]).unwrap();
        for ours in ["127.0.0.1", "::ffff:127.0.0.1", "10.20.30.40", "::1"] {
            assert!(proxy.is_at(ours.parse().unwrap()), "{ours}");
        }
        for foreign in ["127.0.0.2", "11.0.0.1", "::2", "::ffff:11.0.0.1"] {
            assert!(!proxy.is_at(foreign.parse().unwrap()), "{foreign}");
        }
    }

    #[test]
    fn the_client_is_the_last_that_a_proxy_of_ours_has_seen() {
        let proxy = proxy(&["127.0.0.1", "10.0.0.1"]).unwrap();
        let client = |told: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            proxy.client("127.0.0.1".parse().unwrap(), &headers).to_string()
        };
        assert_eq!(client(&[]), "127.0.0.1");
        assert_eq!(client(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["1.2.3.4, 192.0.2.7"]), "192.0.2.7", "the first is what the client made up");
        assert_eq!(client(&["1.2.3.4, 192.0.2.7, 10.0.0.1"]), "192.0.2.7");
        assert_eq!(client(&["1.2.3.4", "192.0.2.7, 10.0.0.1"]), "192.0.2.7");
        assert_eq!(client(&["192.0.2.7, nonsense"]), "127.0.0.1");
        assert_eq!(client(&["nonsense, 10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_or_no_header_of_a_user_is_refused() {
        for bad in [&[][..], &["localhost"], &["127.0.0.1/33"], &["127.0.0.1", ""]] {
            assert!(proxy(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "X User", "Cookie", "authorization", "X-Forwarded-For"] {
            assert!(Proxy::parse(&["127.0.0.1".to_owned()], Some(bad)).is_err(), "{bad:?}");
        }
    }
}
