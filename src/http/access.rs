//! Who may ask over HTTP, as configured: users and their passwords, tokens, a trusted proxy, the names of this host. The
//! deciding is `gate`'s.

mod framing;
pub(crate) mod hosts;
pub(crate) mod password;
pub(crate) mod proxy;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use framing::Framing;

use super::prefix;
use super::secret::Digest;
use super::viewer::{Account, Role};
use crate::error::{Error, Result};
use crate::event::Camera;
use hosts::Hosts;
use password::Password;
use proxy::Proxy;

/// Who may ask over HTTP. The default: whoever reaches the address, for everything, if he asks it by an address, as
/// `localhost`, or by a name that was allowed. With the first user or token, nobody else gets anything.
///
/// ```no_run
/// # fn main() -> owlery::Result<()> {
/// # let service = owlery::Archive::open(owlery::Options::new("/var/lib/motion"))?.start()?;
/// use owlery::http::{Access, Grant, Role};
///
/// let hash = "$argon2id$v=19$m=19456,t=2,p=1$…"; // as `owlery passwd` prints it
/// let access = Access::default()
///     .allow_host("owl.example")?
///     .user("anna", Some(hash), Grant { role: Role::Admin, cameras: None })?;
/// let router = owlery::http::router_with(&service, access);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Access {
    is_unchecked: bool,
    hosts: Hosts,
    users: BTreeMap<String, User>,
    tokens: HashMap<Digest, Arc<Account>>,
    proxy: Option<Proxy>,
    /// The path at which a proxy shows this program, empty for the root; `None`: as a trusted proxy says.
    base_path: Option<String>,
    framing: Framing,
}

/// What a user or a token may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// Look, or change as well.
    pub role: Role,
    /// The cameras that exist for him; `None`: all, also those to come.
    pub cameras: Option<BTreeSet<Camera>>,
}

/// Somebody who signs in.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub account: Arc<Account>,
    /// `None` where only the proxy signs him in.
    pub password: Option<Password>,
    /// Of all that his line says: another line ends his sessions.
    pub line: Digest,
}

impl Access {
    /// For an embedding program that has done all of this itself before a request comes to the router: whoever comes there
    /// may do everything, neither `Host` nor `Origin` is looked at, and which pages may show an answer is not said.
    pub fn unchecked() -> Self {
        Self { is_unchecked: true, ..Self::default() }
    }

    /// This host is also known by a name, `owl.example` or `owl.example:8000`; pages of that name may show what is ours. Fails
    /// if it cannot be a name.
    pub fn allow_host(mut self, name: &str) -> Result<Self> {
        self.hosts.allow(name)?;
        Ok(self)
    }

    /// A user who signs in: with a password, whose hash is given as `owlery passwd` prints it, or by the proxy. Fails if it
    /// is no such hash, if the name cannot be one, or if there is such a user already.
    pub fn user(mut self, name: &str, password: Option<&str>, grant: Grant) -> Result<Self> {
        check_name(name)?;
        let password = password.map(str::parse::<Password>).transpose();
        let password = password.map_err(|error| Error::Config(format!("users.{name}.password: {error}")))?;
        let line = line(name, password.as_ref(), &grant);
        let Grant { role, cameras } = grant;
        let account = Arc::new(Account { name: name.to_owned(), role, cameras });
        if self.users.insert(name.to_owned(), User { account, password, line }).is_some() {
            return Err(Error::Config(format!("users.{name} is there twice")));
        }
        Ok(self)
    }

    /// Whoever shows a token as `Authorization: Bearer`; its SHA-256 is given in hexadecimal digits. Fails if it is none, if
    /// the name cannot be one, or if the same token is there already.
    pub fn token(mut self, name: &str, sha256: &str, grant: Grant) -> Result<Self> {
        check_name(name)?;
        let digest = sha256.parse::<Digest>();
        let digest = digest.map_err(|error| Error::Config(format!("tokens.{name}.sha256: {error}")))?;
        let Grant { role, cameras } = grant;
        let account = Arc::new(Account { name: name.to_owned(), role, cameras });
        if let Some(other) = self.tokens.insert(digest, account) {
            return Err(Error::Config(format!("tokens.{name} is the same token as tokens.{}", other.name)));
        }
        Ok(self)
    }

    /// A reverse proxy at these addresses or networks is believed: what it tells of the client's address and of TLS, and, if
    /// a header is named, which user has signed in there. Fails if an address or the header cannot be one.
    pub fn proxy(mut self, from: &[String], user_header: Option<&str>) -> Result<Self> {
        self.proxy = Some(Proxy::parse(from, user_header)?);
        Ok(self)
    }

    /// The path below which clients reach this program through a reverse proxy, such as `/owlery`: URLs in responses begin with
    /// it, and `X-Forwarded-Prefix` is ignored. The path at which an axum application mounts the router comes after it. Fails if
    /// it is not a path of plain segments.
    pub fn base_path(mut self, path: &str) -> Result<Self> {
        let plain = prefix::plain(path);
        self.base_path = Some(plain.ok_or_else(|| {
            Error::Config(format!(
                "--base-path {path:?} is not a path such as /owlery (letters, digits and -._~+@ between single slashes)"
            ))
        })?);
        Ok(self)
    }

    /// The pages that may show the page in a frame, as sources of the Content-Security-Policy: an origin such as
    /// `https://home.example:8123`, `https:`, `*.example.org`, `'self'`, or `'none'`, which is the default. Fails if one of them is no source.
    pub fn frame_ancestors<S: AsRef<str>>(mut self, sources: &[S]) -> Result<Self> {
        self.framing = Framing::parse(sources.iter().map(AsRef::as_ref))?;
        Ok(self)
    }

    /// Refuses what lets nobody in.
    pub(crate) fn check(&self) -> Result<()> {
        let signs_in = self.trusted_proxy().is_some_and(|proxy| proxy.user_header.is_some());
        if signs_in && self.users.is_empty() {
            return Err(Error::Config("proxy.user-header: there are no users whom it could name".to_owned()));
        }
        match self.users.iter().find(|(_, user)| user.password.is_none()) {
            Some((name, _)) if !signs_in => Err(Error::Config(format!(
                "users.{name} has neither a password nor a proxy.user-header by which a proxy signs him in"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether everything was checked before.
    pub(super) fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    /// Whether one has to be known to get anything.
    pub(crate) fn asks_who(&self) -> bool {
        !self.users.is_empty() || !self.tokens.is_empty()
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(super) fn trusted_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Whether this is the address of a trusted proxy.
    pub(crate) fn is_proxy(&self, address: std::net::IpAddr) -> bool {
        self.trusted_proxy().is_some_and(|proxy| proxy.is_at(address))
    }

    /// The path at which a proxy shows this program, if it was configured.
    pub(super) fn get_base_path(&self) -> Option<&str> {
        self.base_path.as_deref()
    }

    /// Which pages may show the page in a frame.
    pub(super) fn framing(&self) -> &Framing {
        &self.framing
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The password that takes the most work to compare: what a name that nobody has is compared with.
    pub(super) fn slowest_password(&self) -> Option<&Password> {
        self.users.values().filter_map(|user| user.password.as_ref()).max_by_key(|password| password.work)
    }

    pub(super) fn account_of_token(&self, token: &str) -> Option<&Arc<Account>> {
        self.tokens.get(&Digest::of(token))
    }
}

/// Refuses what is hard to read, or to send in a header.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = !name.is_empty() && name.len() <= 64 && name.trim() == name && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Error::Config(format!("{name:?} cannot be a name: 1 to 64 bytes without control characters or outer spaces")))
}

/// The fingerprint of a user's line.
fn line(name: &str, password: Option<&Password>, grant: &Grant) -> Digest {
    let password = password.map(ToString::to_string).unwrap_or_default();
    // No name of a camera has a separator or a control character in it.
    let cameras = grant.cameras.as_ref().map(|all| all.iter().map(Camera::as_str).collect::<Vec<_>>().join("/"));
    Digest::of(format!("{name}\n{password}\n{:?}\n{cameras:?}", grant.role))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ";

    fn lines(access: &Access) -> Vec<Digest> {
        access.users.values().map(|user| user.line).collect()
    }

    #[test]
    fn whatever_a_line_says_is_in_its_fingerprint() {
        let camera = |names: &[&str]| Some(names.iter().map(|name| name.parse().unwrap()).collect());
        let admin = |cameras| Grant { role: Role::Admin, cameras };
        let other = HASH.replace("c2FsdHNhbHRzYWx0$", "c2FsdHNhbHRzYWx1$");
        let all: BTreeSet<Digest> = [
            Access::default().user("anna", Some(HASH), Grant::default()),
            Access::default().user("anna", Some(&other), Grant::default()),
            Access::default().user("anna", None, Grant::default()),
            Access::default().user("bert", Some(HASH), Grant::default()),
            Access::default().user("anna", Some(HASH), admin(None)),
            Access::default().user("anna", Some(HASH), admin(camera(&["Camera1"]))),
            Access::default().user("anna", Some(HASH), admin(camera(&["Camera1", "Camera2"]))),
        ]
        .into_iter()
        .flat_map(|access| lines(&access.unwrap()))
        .collect();
        assert_eq!(all.len(), 7);
    }

    #[test]
    fn what_lets_nobody_in_is_refused() {
        let from = ["127.0.0.1".to_owned()];
        let user = |access: Access, password| access.user("anna", password, Grant::default()).unwrap();
        assert!(user(Access::default(), Some(HASH)).check().is_ok());
        assert!(user(Access::default(), None).check().is_err());
        let proxy = || Access::default().proxy(&from, Some("X-User")).unwrap();
        assert!(proxy().check().is_err());
        assert!(user(proxy(), None).check().is_ok());
        let deaf = Access::default().proxy(&from, None).unwrap();
        assert!(deaf.check().is_ok() && !deaf.asks_who());
        assert!(user(deaf, None).check().is_err());
    }

    #[test]
    fn names_are_plain_and_nothing_is_there_twice() {
        for bad in ["", " anna", "anna\n", "a\0", &"x".repeat(65)] {
            assert!(Access::default().user(bad, None, Grant::default()).is_err(), "{bad:?}");
        }
        let anna = Access::default().user("anna", None, Grant::default()).unwrap();
        assert!(anna.user("anna", None, Grant::default()).is_err());
        let digest = Digest::of("x").to_string();
        let token = Access::default().token("home", &digest, Grant::default()).unwrap();
        assert!(token.token("away", &digest, Grant::default()).is_err());
    }
}
