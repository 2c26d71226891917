//! The names of this host in `Host` and `Origin`. A foreign page can make its own name resolve to this address (DNS rebinding),
//! but the browser still sends that name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{Error, Result};

/// A host and, unless it is that of the scheme, a port: `owl.example`, `127.0.0.1:8000`, `[::1]:8000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    name: Name,
    /// `None`: the default of the scheme, 80 or 443.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Address(IpAddr),
    /// In lower case.
    Text(String),
}

impl Host {
    /// Parses a `Host` header: a name or an address, with an optional port. `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            (Name::Address(address.parse::<Ipv6Addr>().ok()?.into()), rest)
        } else {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            let is_name = |name: &str| {
                let of_names = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
                !name.is_empty() && name.len() <= 253 && name.bytes().all(of_names)
            };
            let name = match name.parse::<Ipv4Addr>() {
                Ok(address) => Name::Address(address.into()),
                Err(_) if is_name(name) => Name::Text(name.to_ascii_lowercase()),
                Err(_) => return None,
            };
            (name, rest)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        Some(Self { name, port: port.filter(|port| !matches!(port, 80 | 443)) })
    }

    /// Parses an `Origin` header such as `http://127.0.0.1:8000`. `None` for `null` and other schemes.
    pub(crate) fn of_origin(text: &str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        matches!(scheme, "http" | "https").then(|| Self::parse(host)).flatten()
    }

    /// Whether this is an address or `localhost`, which a foreign DNS server cannot define.
    fn is_local(&self) -> bool {
        match &self.name {
            Name::Address(_) => true,
            Name::Text(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

/// The names that `--allow-host` gives this host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Vec<Host>);

impl Hosts {
    /// Adds a name, for every port or for one.
    pub(crate) fn allow(&mut self, name: &str) -> Result<()> {
        let host = Host::parse(name);
        let host =
            host.ok_or_else(|| Error::Config(format!("--allow-host {name:?} is not a host such as owl.example:8000")))?;
        self.0.push(host);
        Ok(())
    }

    /// Whether this is one of the names.
    pub(crate) fn contains(&self, host: &Host) -> bool {
        let is = |known: &Host| known.name == host.name && (known.port.is_none() || known.port == host.port);
        self.0.iter().any(is)
    }

    /// Whether a request to this host is accepted: by address, as `localhost`, or by one of the names.
    pub(crate) fn serve(&self, host: &Host) -> bool {
        host.is_local() || self.contains(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Hosts {
        let mut hosts = Hosts::default();
        for name in names {
            hosts.allow(name).unwrap();
        }
        hosts
    }

    #[test]
    fn only_local_and_allowed_hosts_match() {
        let hosts = hosts(&["owl.example", "Nas:8000"]);
        for ours in [
            "localhost",
            "LOCALHOST:8000",
            "a.b.localhost:1",
            "127.0.0.1",
            "192.168.1.2:8000",
            "[::1]",
            "[fe80::1]:8000",
            "owl.example",
            "OWL.example:8443",
            "nas:8000",
        ] {
            assert!(hosts.serve(&Host::parse(ours).unwrap()), "{ours}");
        }
        for foreign in [
            "evil.example",
            "notlocalhost",
            "localhost.evil.example",
            "owl.example.evil.example",
            "127.0.0.1.evil.example",
            "nas",
            "nas:8001",
            "localhost.",
            "2130706433",
            "0x7f.1",
            "127.1",
            "127.0.0.01",
        ] {
            assert!(!hosts.serve(&Host::parse(foreign).unwrap()), "{foreign}");
        }
    }

    #[test]
    fn invalid_hosts_are_refused() {
        for bad in [
            "",
            ":8000",
            "a b",
            "a/b",
            "user@127.0.0.1",
            "127.0.0.1@evil.example",
            "127.0.0.1:80:80",
            "127.0.0.1:x",
            "127.0.0.1:+1",
            "127.0.0.1:99999",
            "[::1",
            "[::1]x",
            "[evil]",
            "[fe80::1%25eth0]",
            "::1",
            "127.0.0.1#",
            "127.0.0.1?",
            "127.0.0.1\\",
            "tür",
        ] {
            assert_eq!(Host::parse(bad), None, "{bad:?}");
        }
        assert!(Hosts::default().allow("http://owl.example").is_err());
    }

    #[test]
    fn origins_are_compared_without_the_scheme() {
        let host = |text| Host::parse(text).unwrap();
        let origin = |text| Host::of_origin(text).unwrap();
        assert_eq!(origin("https://Owl.example"), host("owl.example:443"));
        assert_eq!(origin("http://owl.example"), host("owl.example"));
        assert_eq!(origin("https://[::1]:8000"), host("[::1]:8000"));
        assert_ne!(origin("http://owl.example:8000"), host("owl.example"));
        for bad in ["null", "", "owl.example", "file://", "http://", "ftp://owl.example", "http://owl.example/"] {
            assert_eq!(Host::of_origin(bad), None, "{bad:?}");
        }
    }
}
