//! The access configuration: users, tokens, the trusted proxy, the names of this host. `authenticate` applies it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::base_path;
use super::framing::Framing;
use super::hosts::Hosts;
use super::password::Password;
use super::proxy::Proxy;
use super::secret::Digest;
use super::viewer::{Account, AccountKind, Role};
use crate::error::{Error, Result};
use crate::event::Camera;

/// The access configuration of the HTTP service. By default every client has full access, if its request names this host by an
/// address, as `localhost`, or by an allowed name. With a user or a token configured, unauthenticated requests get no data.
///
/// ```no_run
/// # mod owlery { pub use owlery_http as http; }
/// # fn main() -> owlery_model::error::Result<()> {
/// # use owlery_engine::{Archive, Options};
/// # let service = Archive::open(Options::new("/var/lib/motion"))?.start()?;
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
    /// The path at which a proxy serves this program, empty for the root; `None`: taken from `X-Forwarded-Prefix`.
    base_path: Option<String>,
    framing: Framing,
}

/// What a user or a token may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// Read, or change as well.
    pub role: Role,
    /// The visible cameras; `None`: all, including new ones.
    pub cameras: Option<BTreeSet<Camera>>,
}

/// A configured user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub account: Arc<Account>,
    /// `None` where only the proxy authenticates the user.
    pub password: Option<Password>,
    /// The digest of the user's configuration line: a change ends the user's sessions.
    pub line: Digest,
}

impl Access {
    /// For an embedding program that does all access checks before a request reaches the router: every request has full access,
    /// `Host` and `Origin` are not checked, and responses have no `Cross-Origin-Resource-Policy`.
    pub fn unchecked() -> Self {
        Self { is_unchecked: true, ..Self::default() }
    }

    /// Allows a name of this host, `owl.example` or `owl.example:8000`; pages of that name may embed responses. Fails if the text
    /// is not a host name.
    pub fn allow_host(mut self, name: &str) -> Result<Self> {
        self.hosts.allow(name)?;
        Ok(self)
    }

    /// Adds a user who signs in with a password, given as the hash that `owlery passwd` prints, or through the proxy. Fails if the
    /// hash or the name is invalid, or if the user exists already.
    pub fn user(mut self, name: &str, password: Option<&str>, grant: Grant) -> Result<Self> {
        check_name(name)?;
        let password = password.map(str::parse::<Password>).transpose();
        let password = password.map_err(|error| Error::Config(format!("users.{name}.password: {error}")))?;
        let line = line(name, password.as_ref(), &grant);
        let Grant { role, cameras } = grant;
        let account = Arc::new(Account { name: name.to_owned(), kind: AccountKind::User, role, cameras });
        if self.users.insert(name.to_owned(), User { account, password, line }).is_some() {
            return Err(Error::Config(format!("users.{name} is defined twice")));
        }
        Ok(self)
    }

    /// Adds a token for `Authorization: Bearer`, given as its SHA-256 in hexadecimal digits. Fails if the digest or the name is
    /// invalid, or if the same token exists already.
    pub fn token(mut self, name: &str, sha256: &str, grant: Grant) -> Result<Self> {
        check_name(name)?;
        let digest = sha256.parse::<Digest>();
        let digest = digest.map_err(|error| Error::Config(format!("tokens.{name}.sha256: {error}")))?;
        let Grant { role, cameras } = grant;
        let account = Arc::new(Account { name: name.to_owned(), kind: AccountKind::Token, role, cameras });
        if let Some(other) = self.tokens.insert(digest, account) {
            return Err(Error::Config(format!("tokens.{name} is the same token as tokens.{}", other.name)));
        }
        Ok(self)
    }

    /// Trusts a reverse proxy at these addresses or networks for the client's address, for TLS and, if a header is given, for the
    /// user who signed in there. Fails if an address or the header name is invalid.
    pub fn proxy(mut self, from: &[String], user_header: Option<&str>) -> Result<Self> {
        self.proxy = Some(Proxy::parse(from, user_header)?);
        Ok(self)
    }

    /// The path below which clients reach this program through a reverse proxy, such as `/owlery`: URLs in responses begin with
    /// it, and `X-Forwarded-Prefix` is ignored. The path at which an axum application mounts the router comes after it. Fails if
    /// it is not a path of plain segments.
    pub fn base_path(mut self, path: &str) -> Result<Self> {
        let plain = base_path::plain(path);
        self.base_path = Some(plain.ok_or_else(|| {
            Error::Config(format!(
                "--base-path {path:?} is not a path such as /owlery (letters, digits and -._~+@ between single slashes)"
            ))
        })?);
        Ok(self)
    }

    /// The pages that may frame the page, as sources of the Content-Security-Policy: an origin such as
    /// `https://home.example:8123`, `https:`, `*.example.org`, `'self'`, or `'none'`, the default. Fails if a source is invalid.
    pub fn frame_ancestors<S: AsRef<str>>(mut self, sources: &[S]) -> Result<Self> {
        self.framing = Framing::parse(sources.iter().map(AsRef::as_ref))?;
        Ok(self)
    }

    /// Refuses a configuration under which a user cannot sign in.
    pub fn check(&self) -> Result<()> {
        let signs_in = self.trusted_proxy().is_some_and(|proxy| proxy.user_header.is_some());
        if signs_in && self.users.is_empty() {
            return Err(Error::Config("proxy.user-header is set, but no users are configured".to_owned()));
        }
        match self.users.iter().find(|(_, user)| user.password.is_none()) {
            Some((name, _)) if !signs_in => Err(Error::Config(format!(
                "users.{name} cannot sign in: it has no password, and proxy.user-header is not set"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the embedding program does all access checks.
    pub(crate) fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    /// Whether requests must be authenticated.
    pub fn requires_authentication(&self) -> bool {
        !self.users.is_empty() || !self.tokens.is_empty()
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(crate) fn trusted_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Whether this is the address of a trusted proxy.
    pub fn is_proxy(&self, address: std::net::IpAddr) -> bool {
        self.trusted_proxy().is_some_and(|proxy| proxy.is_at(address))
    }

    /// The configured path at which a proxy serves this program.
    pub(crate) fn get_base_path(&self) -> Option<&str> {
        self.base_path.as_deref()
    }

    /// Which pages may frame the page.
    pub(crate) fn framing(&self) -> &Framing {
        &self.framing
    }

    pub(crate) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The password that takes the most work to check. Used for unknown names.
    pub(crate) fn slowest_password(&self) -> Option<&Password> {
        self.users.values().filter_map(|user| user.password.as_ref()).max_by_key(|password| password.work)
    }

    pub(crate) fn account_of_token(&self, token: &str) -> Option<&Arc<Account>> {
        self.tokens.get(&Digest::of(token))
    }
}

/// Checks the name of a user or token: short, readable, and valid in a header.
pub fn check_name(name: &str) -> Result<()> {
    let fits = !name.is_empty() && name.len() <= 64 && name.trim() == name && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Error::Config(format!(
        "{name:?} is not a valid name: 1 to 64 bytes without control characters or outer spaces"
    )))
}

/// The digest of a user's configuration line.
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
    fn the_digest_covers_the_whole_line() {
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
    fn users_who_cannot_sign_in_are_refused() {
        let from = ["127.0.0.1".to_owned()];
        let user = |access: Access, password| access.user("anna", password, Grant::default()).unwrap();
        assert!(user(Access::default(), Some(HASH)).check().is_ok());
        assert!(user(Access::default(), None).check().is_err());
        let proxy = || Access::default().proxy(&from, Some("X-User")).unwrap();
        assert!(proxy().check().is_err());
        assert!(user(proxy(), None).check().is_ok());
        let without_header = Access::default().proxy(&from, None).unwrap();
        assert!(without_header.check().is_ok() && !without_header.requires_authentication());
        assert!(user(without_header, None).check().is_err());
    }

    #[test]
    fn invalid_and_duplicate_names_are_refused() {
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
