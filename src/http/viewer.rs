//! Whoever asks: what he may do, and which cameras exist for him. Who he is was found out by the gate.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::error::Problem;
use crate::error::Error;
use crate::event::{AuditAction, Camera, Entry, Reason};

/// What a user may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look.
    #[default]
    Viewer,
    /// Look, save, delete, restore, confirm.
    Admin,
}

impl Role {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Self::Viewer, Self::Admin];
        let refuse = || Error::Name { what: "a role (viewer or admin)", text: text.to_owned() };
        all.into_iter().find(|role| role.as_str() == text).ok_or_else(refuse)
    }
}

/// A user as far as requests are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// The name; empty where nobody has to sign in.
    pub name: String,
    pub role: Role,
    /// The cameras that exist for this user; `None`: all.
    pub cameras: Option<BTreeSet<Camera>>,
}

/// Whoever asks. Put into the request's extensions by the gate; every handler that tells anything of a camera takes it.
#[derive(Debug, Clone)]
pub(super) struct Viewer(Arc<Account>);

impl Viewer {
    /// A user who has been recognised.
    pub fn new(account: Arc<Account>) -> Self {
        Self(account)
    }

    /// Somebody where nobody has to sign in: he may do everything.
    pub fn anybody() -> Self {
        Self(Arc::new(Account { name: String::new(), role: Role::Admin, cameras: None }))
    }

    /// Nobody: no camera exists for him.
    pub fn nobody() -> Self {
        Self(Arc::new(Account { name: String::new(), role: Role::Viewer, cameras: Some(BTreeSet::new()) }))
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.0
    }

    /// The cameras that exist for him; `None`: all.
    pub fn cameras(&self) -> Option<&BTreeSet<Camera>> {
        self.0.cameras.as_ref()
    }

    /// Whether this camera exists for him.
    pub fn sees(&self, camera: &Camera) -> bool {
        self.cameras().is_none_or(|cameras| cameras.contains(camera))
    }

    /// Whether all cameras exist for him, also those to come.
    pub fn sees_all(&self) -> bool {
        self.cameras().is_none()
    }

    /// Removes from the reason of a plan's or a pass's item what tells the size of the archive or of its disk, unless the
    /// user sees all cameras.
    pub fn redact(&self, reason: &mut Reason) {
        if !self.sees_all() {
            *reason = reason.redacted();
        }
    }

    /// The same for an entry of the audit log. The entries that record an error or a request have words that no rule made.
    pub fn redact_entry(&self, entry: &mut Entry) {
        let is_by_rule = match entry.what {
            AuditAction::Pass | AuditAction::Item | AuditAction::Removed | AuditAction::Lost | AuditAction::Other => {
                true
            }
            AuditAction::Left
            | AuditAction::Refused
            | AuditAction::Restored
            | AuditAction::Deleted
            | AuditAction::Saved
            | AuditAction::Unsaved
            | AuditAction::Emptied
            | AuditAction::Failed => false,
        };
        if is_by_rule || !matches!(entry.reason, Reason::Words { .. }) {
            self.redact(&mut entry.reason);
        }
    }

    /// Refuses whoever may not change anything.
    pub fn may_change(&self) -> Result<(), Problem> {
        if self.0.role == Role::Admin {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "this takes an admin"))
    }

    /// Refuses whoever may not change what concerns the whole archive.
    pub fn may_change_all(&self) -> Result<(), Problem> {
        self.may_change()?;
        if self.sees_all() {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "this takes an admin of all cameras"))
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // A route that was put past the gate by mistake shows nothing.
        Ok(parts.extensions.get().cloned().unwrap_or_else(Self::nobody))
    }
}
