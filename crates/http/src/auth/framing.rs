//! Which pages may frame the page: the configured sources of `frame-ancestors` (CSP level 3).

use axum::http::HeaderValue;

use crate::error::{Error, Result};

/// The Content-Security-Policy of every response.
#[derive(Debug, Clone)]
pub(crate) struct Framing {
    policy: HeaderValue,
    is_allowed: bool,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            policy: HeaderValue::from_static(
                "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
            ),
            is_allowed: false,
        }
    }
}

impl Framing {
    /// Parses sources; without any, framing is forbidden.
    pub(crate) fn parse<'a>(sources: impl Iterator<Item = &'a str>) -> Result<Self> {
        // As in the policy itself, one text may hold several sources.
        let each = sources.flat_map(|text| {
            let is_blank = text.trim().is_empty();
            is_blank.then_some(text).into_iter().chain(text.split_ascii_whitespace())
        });
        let sources = each.map(source).collect::<Result<Vec<_>>>()?;
        let has_none = sources.iter().any(|source| source == "'none'");
        if has_none && sources.len() > 1 {
            return Err(Error::Config("--frame-ancestors 'none' cannot be combined with other sources".to_owned()));
        }
        if has_none || sources.is_empty() {
            return Ok(Self::default());
        }
        let policy =
            format!("default-src 'self'; frame-ancestors {}; base-uri 'self'; form-action 'self'", sources.join(" "));
        let policy = HeaderValue::try_from(policy)
            .map_err(|_| Error::Config("--frame-ancestors: the sources are not a valid header value".to_owned()))?;
        Ok(Self { policy, is_allowed: true })
    }

    /// The policy as a header.
    pub(crate) fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// Whether any page may frame the page.
    pub(crate) fn is_allowed(&self) -> bool {
        self.is_allowed
    }
}

/// Checks one source. It cannot contain a character that ends the directive.
fn source(text: &str) -> Result<String> {
    match text {
        "self" | "'self'" => return Ok("'self'".to_owned()),
        "none" | "'none'" => return Ok("'none'".to_owned()),
        _ => {}
    }
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let fits = match text.split_once("://") {
        Some((scheme, rest)) => is_scheme(scheme) && is_host(rest),
        None => text.strip_suffix(':').map_or_else(|| is_host(text), is_scheme),
    };
    let refused = || {
        Error::Config(format!(
            "--frame-ancestors {text:?} is not a source such as https://home.example:8123, *.example.org, https: or 'self'"
        ))
    };
    if fits && text.len() <= 255 { Ok(text.to_owned()) } else { Err(refused()) }
}

/// Whether this is a host with an optional port: `*`, `*.example.org`, `home.example:8123`, `10.0.0.1:*`, `[::1]:80`.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_fits = port.is_none_or(|port| port == "*" || port.parse::<u16>().is_ok());
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host == "*" || host.strip_prefix("*.").unwrap_or(host).split('.').all(is_label),
    };
    port_fits && host_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(sources: &[&str]) -> Result<String> {
        Framing::parse(sources.iter().copied()).map(|framing| framing.policy().to_str().unwrap().to_owned())
    }

    #[test]
    fn sources_become_frame_ancestors() {
        let all = ["https://home.example:8123", "*.example.org", "https:", "self", "http://10.0.0.1:*", "[::1]:80"];
        let policy_of_all = policy(&all).unwrap();
        let wanted =
            "frame-ancestors https://home.example:8123 *.example.org https: 'self' http://10.0.0.1:* [::1]:80;";
        assert!(policy_of_all.contains(wanted), "{policy_of_all}");
        assert!(policy(&["https://a.b  'self'"]).unwrap().contains("frame-ancestors https://a.b 'self';"));
        for none in [&[][..], &["none"], &["'none'"]] {
            assert!(policy(none).unwrap().contains("frame-ancestors 'none';"), "{none:?}");
        }
    }

    #[test]
    fn invalid_sources_are_refused() {
        for bad in [
            "",
            " ",
            "a b;",
            "a;script-src *",
            "a,b",
            "https://",
            "https://a/b",
            "https://a;b",
            "'unsafe-inline'",
            "a:99999",
            "*.",
            "a..b",
            "a.*",
            "http://a\u{b}",
            "\u{fc}.example",
            "1:",
            ":",
            "[::1",
            "self;",
        ] {
            assert!(policy(&[bad]).is_err(), "{bad:?}");
        }
        assert!(policy(&["none", "self"]).is_err());
    }
}
