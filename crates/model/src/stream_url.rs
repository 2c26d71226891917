//! The URL of a camera's stream, such as Motion serves it: `http://[USER:PASSWORD@]HOST[:PORT]/PATH`. Messages about a URL never
//! show it, since it may have a password.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The port of a URL without one.
const DEFAULT_PORT: u16 = 80;
/// The longest URL, in bytes.
const MAX_BYTES: usize = 2048;

/// Where the stream of a camera is, and how to log in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamUrl {
    host: String,
    port: u16,
    target: String,
    login: Option<Login>,
}

/// A name and a password. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password; it may be empty.
    pub password: String,
}

impl Login {
    /// Splits `USER:PASSWORD` at the first colon; without one, the password is empty. `None` without a name.
    pub fn of(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        (!user.is_empty()).then(|| Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

impl StreamUrl {
    /// The URL of a path (with its slash at the beginning) on this host.
    pub fn of_this_host(is_ipv6: bool, port: u16, path: &str, login: Option<Login>) -> Self {
        let host = if is_ipv6 { "::1" } else { "127.0.0.1" };
        Self { host: host.to_owned(), port, target: path.to_owned(), login }
    }

    /// The host's name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, with its query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How to log in, if the URL says so.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Host and port, as in a `Host` header; an IPv6 address is in brackets. It has no credentials.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for StreamUrl {
    type Err = Error;

    /// Parses a URL.
    ///
    /// # Errors
    /// It is no `http` URL, or not a valid one. The message does not show it.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).map_err(|why| Error::Config(format!("{why}; expected a URL such as http://127.0.0.1:8081/")))
    }
}

fn parse(text: &str) -> Result<StreamUrl, &'static str> {
    let (scheme, rest) = text.split_once("://").ok_or("it is not a URL")?;
    if scheme.eq_ignore_ascii_case("https") {
        return Err("https is not supported for streams of cameras: use the stream's http port");
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err("its scheme is not http");
    }
    if text.len() > MAX_BYTES {
        return Err("it is too long");
    }
    let (authority, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if target.contains('#') {
        return Err("it has a fragment (#)");
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("its path has characters that must be percent-encoded");
    }
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Some(parse_login(login)?), place),
        None => (None, authority),
    };
    let (host, port) = parse_place(place)?;
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    Ok(StreamUrl { host, port, target, login })
}

fn parse_login(text: &str) -> Result<Login, &'static str> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decode = |text| decode(text).ok_or("its user or password is not valid percent-encoded UTF-8");
    let (user, password) = (decode(user)?, decode(password)?);
    if user.is_empty() || user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
        return Err("its user or password is empty or has characters that cannot be sent");
    }
    Ok(Login { user, password })
}

fn parse_place(place: &str) -> Result<(String, u16), &'static str> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("its IPv6 address is not closed by ]")?;
            let address: Ipv6Addr = address.parse().map_err(|_| "its host is not an IPv6 address")?;
            (address.to_string(), if port.is_empty() { None } else { Some(port.strip_prefix(':').unwrap_or("x")) })
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (place.to_owned(), None),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err("it has no valid host");
    }
    let port = port.map_or(Ok(DEFAULT_PORT), str::parse).ok().filter(|port| *port != 0);
    Ok((host, port.ok_or("its port is not a number from 1 to 65535")?))
}

/// Decodes `%41`.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> (String, String, Option<(String, String)>) {
        let url: StreamUrl = text.parse().unwrap();
        let login = url.login().map(|login| (login.user.clone(), login.password.clone()));
        (url.authority(), url.target().to_owned(), login)
    }

    #[test]
    fn urls_are_taken_apart() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (text, authority, target, expected) in [
            ("http://127.0.0.1:8081/", "127.0.0.1:8081", "/", None),
            ("HTTP://cam", "cam:80", "/", None),
            ("http://cam:8081/1/stream?x=%20", "cam:8081", "/1/stream?x=%20", None),
            ("http://cam?x=1", "cam:80", "/?x=1", None),
            ("http://[::1]:8081/a", "[::1]:8081", "/a", None),
            ("http://[fe80::1]", "[fe80::1]:80", "/", None),
            ("http://anna:geheim@cam/", "cam:80", "/", login("anna", "geheim")),
            ("http://anna:a%40b%3a:c@cam/", "cam:80", "/", login("anna", "a@b::c")),
            ("http://anna@cam/", "cam:80", "/", login("anna", "")),
            ("http://an@na:x@cam/", "cam:80", "/", login("an@na", "x")),
        ] {
            assert_eq!(parts(text), (authority.to_owned(), target.to_owned(), expected), "{text}");
        }
    }

    #[test]
    fn bad_urls_are_refused_without_being_shown() {
        for text in [
            "",
            "cam:8081",
            "https://secret@cam/",
            "rtsp://secret@cam/",
            "http://",
            "http://secret@",
            "http://secret:x@cam:0/",
            "http://secret@cam:65536/",
            "http://secret@cam:/",
            "http://secret@cam:80x/",
            "http://secret@[::1/",
            "http://secret@[::1]8081/",
            "http://secret@[x]/",
            "http://secret@c am/",
            "http://secret@cam/a b",
            "http://secret@cam/\r\nX: y",
            "http://secret@cam/ä",
            "http://secret@cam/#x",
            "http://:secret@cam/",
            "http://secret%zz@cam/",
            "http://secret%0d@cam/",
            "http://secret%ff@cam/",
        ] {
            let error = text.parse::<StreamUrl>().unwrap_err().to_string();
            assert!(!error.contains("secret") && error.contains("http://127.0.0.1:8081/"), "{text}: {error}");
        }
    }

    #[test]
    fn debug_output_shows_no_login() {
        let url: StreamUrl = "http://anna:geheim@cam/".parse().unwrap();
        let text = format!("{url:?}");
        assert!(!text.contains("geheim") && !text.contains("anna") && text.contains("cam"), "{text}");
    }

    proptest! {
        /// Whatever is parsed can be sent as the target and the host of a request.
        #[test]
        fn any_text_is_parsed_or_refused(text in "(http://)?\\PC{0,40}") {
            if let Ok(url) = text.parse::<StreamUrl>() {
                prop_assert!(url.target().starts_with('/') && url.target().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(url.authority().bytes().all(|byte| byte.is_ascii_graphic()) && url.port() > 0);
            }
        }
    }
}
