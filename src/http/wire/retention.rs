//! Plans, passes and the delete queue as programs read them: the API, the control socket and `--json` tell the same.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::archive::{QueuedPass, Report};
use crate::error::Result;
use crate::event::{By, Item};
use crate::expirer::{Pass, Restoration};
use crate::retention::{Policy, Refusal};
use crate::service::Handle;

/// A guard's refusal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefusalWire {
    pub guard: String,
    pub message: String,
}

impl From<&Refusal> for RefusalWire {
    fn from(refusal: &Refusal) -> Self {
        Self { guard: refusal.guard.to_owned(), message: refusal.message.clone() }
    }
}

/// A plan as users see it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlanWire {
    pub items: Vec<Item>,
    pub kept: Vec<Item>,
    /// What a rule asks for and cannot be done.
    pub alerts: Vec<String>,
    /// The guard that would hold the pass.
    pub held: Option<RefusalWire>,
    /// Whether any rule can expire anything.
    pub has_rule: bool,
}

impl PlanWire {
    pub fn of(handle: &Handle, policy: Option<&Policy>) -> Result<Self> {
        let (view, plan) = handle.expirer.plan(policy)?;
        let policy = policy.unwrap_or(handle.expirer.policy());
        let held = handle.expirer.held(&plan, &view, policy).as_ref().map(RefusalWire::from);
        Ok(Self { items: plan.items, kept: plan.kept, alerts: plan.alerts, held, has_rule: policy.can_expire() })
    }
}

/// A pass as users see it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PassWire {
    pub pass: Option<String>,
    pub started: String,
    pub items: Vec<Item>,
    pub undo_until: Option<String>,
    pub refused: Option<RefusalWire>,
    pub alerts: Vec<String>,
    failures: Vec<ProblemWire>,
}

/// A report as programs read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProblemWire {
    pub path: PathBuf,
    pub problem: String,
}

impl From<&Report> for ProblemWire {
    fn from(report: &Report) -> Self {
        Self { path: report.path.clone(), problem: report.problem.clone() }
    }
}

impl From<&Pass> for PassWire {
    fn from(pass: &Pass) -> Self {
        Self {
            pass: pass.pass.clone(),
            started: pass.started.clone(),
            items: pass.items.clone(),
            undo_until: pass.undo_until.clone(),
            refused: pass.refused.as_ref().map(RefusalWire::from),
            alerts: pass.alerts.clone(),
            failures: pass.failures.iter().map(ProblemWire::from).collect(),
        }
    }
}

impl PassWire {
    /// What could not be done.
    pub fn failures(&self) -> Vec<Report> {
        self.failures.iter().map(|failure| Report::failure(&failure.path, &failure.problem)).collect()
    }
}

/// The delete queue as users see it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QueueWire {
    pub passes: Vec<QueuedWire>,
    /// What lies there and is not ours.
    pub others: Vec<ProblemWire>,
}

/// A pass that waits.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QueuedWire {
    pub pass: String,
    pub started: String,
    pub by: By,
    pub undo_until: Option<String>,
    /// What it was made to hold; what has been restored since is among it.
    pub items: Vec<Item>,
    pub path: PathBuf,
    /// Whether it is being removed: it cannot be taken back any more.
    pub reaping: bool,
}

impl QueueWire {
    pub fn of(handle: &Handle) -> Result<Self> {
        let (passes, others) = handle.queue()?;
        let passes = passes.into_iter().map(|QueuedPass { manifest, path, is_taken_up, .. }| QueuedWire {
            pass: manifest.pass,
            started: manifest.started,
            by: manifest.by,
            undo_until: manifest.undo_until,
            items: manifest.items,
            path,
            reaping: is_taken_up,
        });
        Ok(Self { passes: passes.collect(), others: others.iter().map(ProblemWire::from).collect() })
    }
}

/// What taking a pass back did, as users see it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestorationWire {
    pub pass: String,
    pub items: Vec<Item>,
    pub kept_until: Option<String>,
    left: Vec<ProblemWire>,
}

impl From<Restoration> for RestorationWire {
    fn from(done: Restoration) -> Self {
        let left = done.left.iter().map(ProblemWire::from).collect();
        Self { pass: done.pass, items: done.items, kept_until: done.kept_until, left }
    }
}

impl RestorationWire {
    /// What stays in the queue.
    pub fn left(&self) -> Vec<Report> {
        self.left.iter().map(|left| Report::failure(&left.path, &left.problem)).collect()
    }
}
