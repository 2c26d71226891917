//! The tables of the configuration file for HTTP access: `[users]`, `[tokens]` and `[proxy]`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::http::{Access, Grant, Role};
use crate::{Camera, Error, Result};

/// `anna = { password = "$argon2id$…", role = "admin", cameras = ["Camera1"] }`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    password: Option<String>,
    role: Option<String>,
    cameras: Option<Vec<String>>,
}

/// `home = { sha256 = "…", role = "viewer" }`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    sha256: String,
    role: Option<String>,
    cameras: Option<Vec<String>>,
}

/// `from = ["127.0.0.1/32"]` and `user-header = "X-Forwarded-User"`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Proxy {
    from: Vec<String>,
    user_header: Option<String>,
}

/// The tables of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AccessTables {
    pub users: BTreeMap<String, User>,
    pub tokens: BTreeMap<String, Token>,
    pub proxy: Option<Proxy>,
}

impl AccessTables {
    /// The access that these tables and the allowed host names configure.
    pub(super) fn access(&self, hosts: &[String]) -> Result<Access> {
        let mut access = Access::default();
        for host in hosts {
            access = access.allow_host(host)?;
        }
        for (name, user) in &self.users {
            let grant = grant("users", name, user.role.as_deref(), user.cameras.as_deref())?;
            access = access.user(name, user.password.as_deref(), grant)?;
        }
        for (name, token) in &self.tokens {
            let grant = grant("tokens", name, token.role.as_deref(), token.cameras.as_deref())?;
            access = access.token(name, &token.sha256, grant)?;
        }
        if let Some(proxy) = &self.proxy {
            access = access.proxy(&proxy.from, proxy.user_header.as_deref())?;
        }
        access.check()?;
        Ok(access)
    }
}

fn grant(table: &str, name: &str, role: Option<&str>, cameras: Option<&[String]>) -> Result<Grant> {
    let role = role.map(str::parse::<Role>).transpose();
    let role = role.map_err(|error| Error::Config(format!("{table}.{name}.role: {error}")))?.unwrap_or_default();
    let cameras = cameras.map(|names| names.iter().map(|camera| camera.parse::<Camera>()).collect()).transpose();
    let cameras: Option<BTreeSet<Camera>> =
        cameras.map_err(|error| Error::Config(format!("{table}.{name}.cameras: {error}")))?;
    if cameras.as_ref().is_some_and(BTreeSet::is_empty) {
        return Err(Error::Config(format!("{table}.{name}.cameras: it names no camera; leave it out for all")));
    }
    Ok(Grant { role, cameras })
}
