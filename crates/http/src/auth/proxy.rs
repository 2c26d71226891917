//! The trusted reverse proxy: requests from its addresses may name the user, the client's address, and TLS.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::error::{Error, Result};

/// The addresses of the proxy, and its header for users.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    from: Vec<IpNet>,
    /// The header that names the user; `None`: the proxy does not authenticate users.
    pub user_header: Option<HeaderName>,
}

impl Proxy {
    /// Parses networks (`10.0.0.0/8`) or single addresses, and the name of the header for users.
    pub(crate) fn parse(from: &[String], user_header: Option<&str>) -> Result<Self> {
        let refuse = |text: &str| Error::Config(format!("proxy.from: {text:?} is not an address such as 127.0.0.1/32"));
        let net = |text: &String| {
            let single = || text.parse::<IpAddr>().map(IpNet::from).ok();
            text.parse::<IpNet>().ok().or_else(single).ok_or_else(|| refuse(text))
        };
        let from = from.iter().map(net).collect::<Result<Vec<_>>>()?;
        if from.is_empty() {
            return Err(Error::Config("proxy.from lists no address".to_owned()));
        }
        let header = |text: &str| {
            let header = text.parse::<HeaderName>().ok().filter(|name| !RESERVED.contains(&name.as_str()));
            header.ok_or_else(|| {
                Error::Config(format!("proxy.user-header: {text:?} is not a header that can name a user"))
            })
        };
        Ok(Self { from, user_header: user_header.map(header).transpose()? })
    }

    /// Whether the proxy has this address.
    pub(crate) fn is_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.from.iter().any(|net| net.contains(&address))
    }

    /// The client of a forwarded request: the last address in `X-Forwarded-For` that is not a trusted proxy, or the proxy itself
    /// without that header.
    pub(crate) fn client(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let values = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        let mut client = proxy;
        for text in values.flat_map(|value| value.rsplit(',')) {
            // Addresses further left come from an untrusted host.
            let Ok(address) = text.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.is_at(client) {
                break;
            }
        }
        client
    }

    /// Whether the client's connection to the proxy uses TLS.
    pub(crate) fn is_over_tls(headers: &HeaderMap) -> bool {
        let mut values = headers.get_all("x-forwarded-proto").iter();
        values.next_back().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"))
    }
}

/// Headers with another meaning.
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
    fn a_proxy_address_matches_in_any_notation() {
        let proxy = proxy(&["127.0.0.1/32", "10.0.0.0/8", "::1"]).unwrap();
        for ours in ["127.0.0.1", "::ffff:127.0.0.1", "10.20.30.40", "::1"] {
            assert!(proxy.is_at(ours.parse().unwrap()), "{ours}");
        }
        for foreign in ["127.0.0.2", "11.0.0.1", "::2", "::ffff:11.0.0.1"] {
            assert!(!proxy.is_at(foreign.parse().unwrap()), "{foreign}");
        }
    }

    #[test]
    fn the_client_is_the_last_untrusted_address() {
        let proxy = proxy(&["127.0.0.1", "10.0.0.1"]).unwrap();
        let client = |forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            proxy.client("127.0.0.1".parse().unwrap(), &headers).to_string()
        };
        assert_eq!(client(&[]), "127.0.0.1");
        assert_eq!(client(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["1.2.3.4, 192.0.2.7"]), "192.0.2.7", "the client sent the first address itself");
        assert_eq!(client(&["1.2.3.4, 192.0.2.7, 10.0.0.1"]), "192.0.2.7");
        assert_eq!(client(&["1.2.3.4", "192.0.2.7, 10.0.0.1"]), "192.0.2.7");
        assert_eq!(client(&["192.0.2.7, nonsense"]), "127.0.0.1");
        assert_eq!(client(&["nonsense, 10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn invalid_addresses_and_headers_are_refused() {
        for bad in [&[][..], &["localhost"], &["127.0.0.1/33"], &["127.0.0.1", ""]] {
            assert!(proxy(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "X User", "Cookie", "authorization", "X-Forwarded-For"] {
            assert!(Proxy::parse(&["127.0.0.1".to_owned()], Some(bad)).is_err(), "{bad:?}");
        }
    }
}
