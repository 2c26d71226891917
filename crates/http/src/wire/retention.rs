//! Plans, passes and the delete queue: the same JSON in the API, on the control socket and with `--json`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::archive::{QueuedPass, Report, Stage, rfc3339};
use crate::event::{Actor, Guard, Item, RecordedGuard};
use crate::expirer::{GuardState, HeldPass, Pass, Restoration};
use crate::retention::{ArchiveForecast, Refusal, Rules};
use crate::service::{Preview, Queue, RetentionState};

/// A guard's refusal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Refusal)]
pub struct RefusalWire {
    #[schema(value_type = String)]
    pub guard: RecordedGuard,
    pub message: String,
}

impl From<&Refusal> for RefusalWire {
    fn from(refusal: &Refusal) -> Self {
        Self { guard: refusal.guard.into(), message: refusal.message.clone() }
    }
}

/// A plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanWire {
    pub items: Vec<Item>,
    pub kept: Vec<Item>,
    /// Requirements of rules that cannot be met.
    pub alerts: Vec<String>,
    /// The guard that would hold the pass.
    #[schema(required)]
    pub held: Option<RefusalWire>,
    /// Whether any rule can expire anything.
    pub has_rule: bool,
}

impl From<Preview> for PlanWire {
    fn from(Preview { plan, held, has_rule }: Preview) -> Self {
        let held = held.as_ref().map(RefusalWire::from);
        Self { items: plan.items, kept: plan.kept, alerts: plan.alerts, held, has_rule }
    }
}

/// A pass.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Pass)]
pub struct PassWire {
    /// Its name in the delete queue; with `refused`, the id that confirms it; null where there was nothing to do.
    #[schema(required)]
    pub pass: Option<String>,
    pub started: String,
    pub items: Vec<Item>,
    /// Until when it can be restored, RFC 3339.
    #[schema(required)]
    pub undo_until: Option<String>,
    /// The guard that holds it.
    #[schema(required)]
    pub refused: Option<RefusalWire>,
    pub alerts: Vec<String>,
    failures: Vec<ProblemWire>,
}

/// A report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Report)]
pub struct ProblemWire {
    #[schema(value_type = String)]
    #[serde(serialize_with = "crate::printable::serialize_path")]
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
    /// A pass that a guard refuses before there is a plan.
    pub fn refused(started: String, guard: Guard, message: String) -> Self {
        let refused = Some(RefusalWire { guard: guard.into(), message });
        Self { pass: None, started, items: vec![], undo_until: None, refused, alerts: vec![], failures: vec![] }
    }

    /// The failures.
    pub fn failures(&self) -> Vec<Report> {
        self.failures.iter().map(|failure| Report::failure(&failure.path, &failure.problem)).collect()
    }
}

/// The delete queue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Queue)]
pub struct QueueWire {
    pub passes: Vec<QueuedWire>,
    /// Entries that are not Owlery's.
    pub others: Vec<ProblemWire>,
}

/// A pass in the delete queue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = QueuedPass)]
pub struct QueuedWire {
    pub pass: String,
    pub started: String,
    pub by: Actor,
    #[schema(required)]
    pub undo_until: Option<String>,
    /// Its content when it was made, including what has been restored since.
    pub items: Vec<Item>,
    /// Its path; null for users who cannot see all cameras.
    #[schema(value_type = Option<String>, required)]
    #[serde(serialize_with = "crate::printable::serialize_path_if_any")]
    pub path: Option<PathBuf>,
    /// Whether it is being removed, so that it cannot be restored any more.
    pub reaping: bool,
    /// A problem: it was interrupted, or cannot be removed.
    #[schema(required)]
    #[serde(default)]
    pub problem: Option<String>,
}

impl From<QueuedPass> for QueuedWire {
    fn from(pass: QueuedPass) -> Self {
        let problem = pass.problem();
        let QueuedPass { manifest, path, stage, .. } = pass;
        Self {
            pass: manifest.pass,
            started: manifest.started,
            by: manifest.by,
            undo_until: manifest.undo_until,
            items: manifest.items,
            path: Some(path),
            reaping: stage == Stage::Reaping,
            problem,
        }
    }
}

impl From<Queue> for QueueWire {
    fn from(Queue { passes, others }: Queue) -> Self {
        let passes = passes.into_iter().map(QueuedWire::from).collect();
        Self { passes, others: others.iter().map(ProblemWire::from).collect() }
    }
}

/// The result of restoring a pass.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Restoration)]
pub struct RestorationWire {
    pub pass: String,
    pub items: Vec<Item>,
    #[schema(required)]
    pub kept_until: Option<String>,
    left: Vec<ProblemWire>,
    /// Other failures, such as a missing entry of the audit log.
    #[serde(default)]
    failures: Vec<ProblemWire>,
}

impl From<Restoration> for RestorationWire {
    fn from(done: Restoration) -> Self {
        let wire = |reports: &[Report]| reports.iter().map(ProblemWire::from).collect();
        let (left, failures) = (wire(&done.left), wire(&done.failures));
        Self { pass: done.pass, items: done.items, kept_until: done.kept_until, left, failures }
    }
}

impl RestorationWire {
    /// What stays in the queue, and other failures.
    pub fn problems(&self) -> Vec<Report> {
        let all = self.left.iter().chain(&self.failures);
        all.map(|problem| Report::failure(&problem.path, &problem.problem)).collect()
    }
}

/// The state of retention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retention)]
pub struct RetentionWire {
    /// The rules as options; for users who cannot see all cameras, only the rules of theirs.
    pub rules: Rules,
    /// When the timer runs next, RFC 3339; null while it waits for the archive to be read.
    #[schema(required, format = DateTime)]
    pub next_check: Option<String>,
    /// The plan of a pass now; null while the guard `restored` prevents a plan.
    #[schema(required)]
    pub plan: Option<PlanWire>,
    /// Every guard that can hold a pass.
    pub guards: Vec<GuardWire>,
    pub forecast: ArchiveForecast,
    /// The held pass, if there is one, and the passes in the delete queue, oldest first.
    pub passes: Vec<WaitingWire>,
}

/// A guard and its present state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Guard)]
pub struct GuardWire {
    #[schema(value_type = String)]
    pub name: Guard,
    /// Whether it would allow a pass.
    pub ok: bool,
    /// The reason if not.
    #[schema(required)]
    pub message: Option<String>,
}

impl From<GuardState> for GuardWire {
    fn from(guard: GuardState) -> Self {
        Self { name: guard.name, ok: guard.ok, message: Some(guard.message).filter(|_| !guard.ok) }
    }
}

/// A pass in the delete queue, or one that waits for confirmation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingPass)]
pub struct WaitingWire {
    /// Its name in the queue; with `refused`, the id that confirms it.
    pub pass: String,
    /// When it was made, or held, RFC 3339.
    pub started: String,
    pub by: Actor,
    /// Until when it can be restored.
    #[schema(required)]
    pub undo_until: Option<String>,
    pub items: Vec<Item>,
    /// Whether it is being removed, so that it cannot be restored any more.
    pub reaping: bool,
    /// The guard that holds it; null in the queue.
    #[schema(required)]
    pub refused: Option<RefusalWire>,
}

impl From<HeldPass> for WaitingWire {
    fn from(held: HeldPass) -> Self {
        Self {
            pass: held.id,
            started: held.since,
            by: Actor::Rule,
            undo_until: None,
            items: held.items.into_iter().map(|(item, _)| item).collect(),
            reaping: false,
            refused: Some(RefusalWire { guard: held.guard, message: held.message }),
        }
    }
}

impl From<QueuedWire> for WaitingWire {
    fn from(queued: QueuedWire) -> Self {
        let QueuedWire { pass, started, by, undo_until, items, reaping, .. } = queued;
        Self { pass, started, by, undo_until, items, reaping, refused: None }
    }
}

impl From<RetentionState> for RetentionWire {
    fn from(state: RetentionState) -> Self {
        let mut passes: Vec<WaitingWire> = state.held.into_iter().map(WaitingWire::from).collect();
        for queued in state.queue.into_iter().map(QueuedWire::from) {
            // A pass can have parts in several queues.
            match passes.iter_mut().find(|pass| pass.pass == queued.pass) {
                Some(pass) => pass.reaping |= queued.reaping,
                None => passes.push(queued.into()),
            }
        }
        Self {
            rules: state.rules,
            next_check: state.next_check.map(rfc3339),
            plan: state.preview.map(PlanWire::from),
            guards: state.guards.into_iter().map(GuardWire::from).collect(),
            forecast: state.forecast,
            passes,
        }
    }
}
