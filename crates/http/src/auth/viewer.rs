//! The user of a request: the role and the visible cameras. `authenticate` adds it to the request.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::engine::{Handle, Reviewer, UsableStores};
use crate::error::Error;
use crate::event::{AuditAction, Camera, Entry, EventId, Reason};
use crate::problem::Problem;

/// What a user may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Read.
    #[default]
    Viewer,
    /// Read, save, delete, restore, confirm.
    Admin,
}

impl Role {
    /// The name in configurations and JSON.
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

/// What an account belongs to. A user and a token may have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A user, who signed in here or at the trusted proxy.
    User,
    /// A token.
    Token,
    /// Neither: authentication is not required, or the request has none.
    Unauthenticated,
}

/// The account of a user or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name; empty where authentication is not required.
    pub name: String,
    /// What the name names.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// The visible cameras; `None`: all.
    pub cameras: Option<BTreeSet<Camera>>,
}

/// What begins the name by which the stores know a token. `users` of a store names users, and no user's name has this character.
const TOKEN: char = '\0';

/// By which name the stores know a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Authentication is not required: every client may do everything.
    Unrestricted,
    /// A user, or a token.
    Named(String),
}

impl Asker {
    /// As the stores take it.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Unrestricted => None,
            Self::Named(name) => Some(name),
        }
    }
}

/// The user of a request. Every handler that returns data of cameras takes it.
#[derive(Debug, Clone)]
pub struct Viewer(Arc<Account>);

impl Viewer {
    /// An authenticated user.
    pub fn new(account: Arc<Account>) -> Self {
        Self(account)
    }

    /// Full access, where authentication is not required.
    pub fn unrestricted() -> Self {
        let (name, kind) = (String::new(), AccountKind::Unauthenticated);
        Self(Arc::new(Account { name, kind, role: Role::Admin, cameras: None }))
    }

    /// No access: no camera is visible.
    pub fn without_access() -> Self {
        let (name, kind) = (String::new(), AccountKind::Unauthenticated);
        Self(Arc::new(Account { name, kind, role: Role::Viewer, cameras: Some(BTreeSet::new()) }))
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.0
    }

    /// The visible cameras; `None`: all.
    pub fn cameras(&self) -> Option<&BTreeSet<Camera>> {
        self.0.cameras.as_ref()
    }

    /// Whether this camera is visible.
    pub fn sees(&self, camera: &Camera) -> bool {
        self.cameras().is_none_or(|cameras| cameras.contains(camera))
    }

    /// Whether all cameras are visible, including new ones.
    pub fn sees_all(&self) -> bool {
        self.cameras().is_none()
    }

    /// By which name the stores know the user.
    pub(crate) fn asker(&self) -> Asker {
        match self.0.kind {
            AccountKind::Unauthenticated => Asker::Unrestricted,
            AccountKind::User => Asker::Named(self.0.name.clone()),
            AccountKind::Token => Asker::Named(format!("{TOKEN}{}", self.0.name)),
        }
    }

    /// Under which name it is kept what the user has reviewed. A token reviews for itself, also if it has the name of a user.
    pub(crate) fn reviewer(&self) -> Reviewer {
        match self.0.kind {
            AccountKind::Unauthenticated => Reviewer::Anonymous,
            AccountKind::User => Reviewer::User(self.0.name.clone()),
            AccountKind::Token => Reviewer::Token(self.0.name.clone()),
        }
    }

    /// The stores whose events the user sees, of the cameras that he sees.
    pub(crate) fn usable_stores(&self, handle: &Handle) -> UsableStores {
        if self.cameras().is_some_and(BTreeSet::is_empty) {
            return UsableStores::default();
        }
        handle.usable_stores(self.asker().name())
    }

    /// 404 for a camera that is not visible: whether it exists is not revealed.
    pub(crate) fn check_visible(&self, camera: &Camera) -> Result<(), Problem> {
        if self.sees(camera) { Ok(()) } else { Err(Problem::not_found()) }
    }

    /// The event of these names in a path; 404 if one is invalid or the camera is not visible.
    pub(crate) fn event_id(&self, camera: &str, day: &str, name: &str) -> Result<EventId, Problem> {
        let parse = || -> Result<EventId, Error> {
            Ok(EventId { camera: camera.parse()?, day: day.parse()?, name: name.parse()? })
        };
        let id = parse().map_err(|_| Problem::not_found())?;
        self.check_visible(&id.camera)?;
        Ok(id)
    }

    /// Removes the size of the archive or of its disk from the reason of an item, unless the user sees all cameras.
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

    /// Refuses users without the role admin.
    pub(crate) fn may_change(&self) -> Result<(), Problem> {
        if self.0.role == Role::Admin {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "admin role required"))
    }

    /// Refuses users who are not admins of all cameras.
    pub(crate) fn may_change_all(&self) -> Result<(), Problem> {
        self.may_change()?;
        if self.sees_all() {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "admin role for all cameras required"))
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // A route outside `authenticate` by mistake returns no data.
        Ok(parts.extensions.get().cloned().unwrap_or_else(Self::without_access))
    }
}
