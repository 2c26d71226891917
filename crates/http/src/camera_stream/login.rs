//! Responds to a server's demand for a login: `Basic` and `Digest` (RFC 7616 with MD5 or SHA-256), as Motion makes it. A password is
//! sent only after the server has asked for it, and with `Digest` not at all.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use headers::authorization::Credentials;
use headers::{Authorization, HeaderMapExt};
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::stream_url::Login;

/// The `Authorization` for a GET of `target` that the server of this response wants; `None` if it wants another kind of login.
pub(super) fn authorization(response: &HeaderMap, target: &str, login: &Login) -> Option<HeaderValue> {
    let challenges = response.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let challenges: Vec<(&str, &str)> = challenges.filter_map(|value| value.trim().split_once(' ')).collect();
    let is = |scheme: &'static str| move |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(scheme);
    // The safer one first.
    let digest = challenges.iter().filter(is("Digest")).find_map(|(_, parameters)| digest(parameters, target, login));
    if let Some(digest) = digest {
        let mut value = HeaderValue::from_str(&digest).ok()?;
        value.set_sensitive(true);
        return Some(value);
    }
    challenges.iter().find(is("Basic"))?;
    let mut headers = HeaderMap::new();
    headers.typed_insert(Authorization::basic(&login.user, &login.password));
    headers
        .remove(AUTHORIZATION)
        .filter(|value| value.as_bytes().starts_with(headers::authorization::Basic::SCHEME.as_bytes()))
}

fn digest(parameters: &str, target: &str, login: &Login) -> Option<String> {
    let random = RandomState::new();
    digest_with(&format!("{:016x}{:016x}", random.hash_one(0), random.hash_one(1)), parameters, target, login)
}

fn digest_with(cnonce: &str, parameters: &str, target: &str, login: &Login) -> Option<String> {
    let parameters = parse(parameters);
    let get = |name: &str| parameters.get(name).map(String::as_str);
    let (realm, nonce) = (get("realm")?, get("nonce")?);
    let algorithm = get("algorithm").unwrap_or("MD5");
    let hash = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => |text: &str| hex(&Md5::digest(text)),
        "SHA-256" => |text: &str| hex(&Sha256::digest(text)),
        _ => return None,
    };
    let Login { user, password } = login;
    let (secret, request) = (hash(&format!("{user}:{realm}:{password}")), hash(&format!("GET:{target}")));
    let mut value = format!("Digest username={}, realm={}, nonce={}", quoted(user), quoted(realm), quoted(nonce));
    value.push_str(&format!(", uri={}, algorithm={algorithm}", quoted(target)));
    let response = match get("qop") {
        None => hash(&format!("{secret}:{nonce}:{request}")),
        Some(qop) if qop.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => {
            value.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\""));
            hash(&format!("{secret}:{nonce}:00000001:{cnonce}:auth:{request}"))
        }
        Some(_) => return None,
    };
    value.push_str(&format!(", response=\"{response}\""));
    if let Some(opaque) = get("opaque") {
        value.push_str(&format!(", opaque={}", quoted(opaque)));
    }
    Some(value)
}

/// The parameters of a challenge, by their names in lower case: `name=token` or `name="quoted"`, with commas between.
fn parse(text: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let after = after.trim_start();
        let value;
        (value, rest) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let (value, rest) = after.split_once(',').unwrap_or((after, ""));
            (value.trim().to_owned(), rest)
        };
        parameters.insert(name, value);
    }
    parameters
}

/// A quoted value from behind its first quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to memory cannot fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Login {
        Login { user: user.to_owned(), password: password.to_owned() }
    }

    fn asked(challenges: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let value = authorization(&headers, "/", &login("anna", "geheim"))?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    /// The examples of RFC 7616, 3.9.1.
    #[test]
    fn digests_are_those_of_the_standard() {
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = format!(
                "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"FQ\""
            );
            let value = digest_with(cnonce, &challenge, "/dir/index.html", &login("Mufasa", "Circle of Life")).unwrap();
            assert!(value.contains(&format!("response=\"{response}\"")) && value.ends_with("opaque=\"FQ\""), "{value}");
            assert!(!value.contains("Circle"), "{value}");
        }
    }

    #[test]
    fn the_safer_login_is_chosen() {
        let digest = "Digest realm=\"Motion\", nonce=\"1\", opaque=\"2\", qop=\"auth\"";
        assert!(
            asked(&["Basic realm=\"x\"", digest]).unwrap().starts_with("Digest username=\"anna\", realm=\"Motion\"")
        );
        assert_eq!(asked(&["basic realm=\"x\""]).unwrap(), "Basic YW5uYTpnZWhlaW0=");
        assert!(
            asked(&["Digest realm=\"x\", nonce=\"1\", algorithm=MD5-sess", "Basic realm=x"])
                .unwrap()
                .starts_with("Basic")
        );
        for other in [
            "Bearer realm=\"x\"",
            "Digest realm=\"x\"",
            "Digest nonce=\"1\", realm=\"x\", qop=\"auth-int\"",
            "Basic",
            "",
        ] {
            assert_eq!(asked(&[other]), None, "{other}");
        }
    }

    #[test]
    fn challenges_are_taken_apart() {
        let parsed = parse("realm=\"a \\\"b\\\", c=d\" ,Nonce=x , qop=\"auth\",stale=FALSE, =, y");
        let get = |name: &str| parsed.get(name).map(String::as_str);
        assert_eq!((get("realm"), get("nonce"), get("qop")), (Some("a \"b\", c=d"), Some("x"), Some("auth")));
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        assert!(parse("realm=\"open").contains_key("realm") && parse("").is_empty());
    }
}
