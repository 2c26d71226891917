//! Plans, passes and the delete queue as programs read them: the API, the control socket and `--json` tell the same.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::archive::{QueuedPass, Report, Stage, rfc3339};
use crate::error::Result;
use crate::event::{Actor, Camera, Guard, Item, RecordedGuard};
use crate::expirer::{GuardState, HeldPass, Pass, Restoration};
use crate::retention::{ArchiveForecast, Plan, Policy, Refusal, Rules, View};
use crate::service::Handle;

/// A guard's refusal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Refusal)]
pub(crate) struct RefusalWire {
    #[schema(value_type = String)]
    pub guard: RecordedGuard,
    pub message: String,
}

impl From<&Refusal> for RefusalWire {
    fn from(refusal: &Refusal) -> Self {
        Self { guard: refusal.guard.into(), message: refusal.message.clone() }
    }
}

/// A plan as users see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanWire {
    pub items: Vec<Item>,
    pub kept: Vec<Item>,
    /// What a rule asks for and cannot be done.
    pub alerts: Vec<String>,
    /// The guard that would hold the pass.
    #[schema(required)]
    pub held: Option<RefusalWire>,
    /// Whether any rule can expire anything.
    pub has_rule: bool,
}

impl PlanWire {
    pub fn of(handle: &Handle, policy: Option<&Policy>) -> Result<Self> {
        let (view, plan) = handle.expirer.plan(policy)?;
        Ok(Self::made(handle, &view, plan, policy.unwrap_or(handle.expirer.policy())))
    }

    fn made(handle: &Handle, view: &View, plan: Plan, policy: &Policy) -> Self {
        let held = handle.expirer.held(&plan, view, policy).as_ref().map(RefusalWire::from);
        Self { items: plan.items, kept: plan.kept, alerts: plan.alerts, held, has_rule: policy.can_expire() }
    }
}

/// A pass as users see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Pass)]
pub(crate) struct PassWire {
    /// Its name in the delete queue; with `refused`, the id that confirms it; null where there was nothing to do.
    #[schema(required)]
    pub pass: Option<String>,
    pub started: String,
    pub items: Vec<Item>,
    /// Until when it can be taken back, RFC 3339.
    #[schema(required)]
    pub undo_until: Option<String>,
    /// The guard that holds it.
    #[schema(required)]
    pub refused: Option<RefusalWire>,
    pub alerts: Vec<String>,
    failures: Vec<ProblemWire>,
}

/// A report as programs read it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ProblemWire {
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

    /// What could not be done.
    pub fn failures(&self) -> Vec<Report> {
        self.failures.iter().map(|failure| Report::failure(&failure.path, &failure.problem)).collect()
    }
}

/// The delete queue as users see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Queue)]
pub(crate) struct QueueWire {
    pub passes: Vec<QueuedWire>,
    /// What lies there and is not ours.
    pub others: Vec<ProblemWire>,
}

/// A pass that waits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = QueuedPass)]
pub(crate) struct QueuedWire {
    pub pass: String,
    pub started: String,
    pub by: Actor,
    #[schema(required)]
    pub undo_until: Option<String>,
    /// What it was made to hold; what has been restored since is among it.
    pub items: Vec<Item>,
    /// Where it lies; null for whoever sees only some cameras.
    #[schema(value_type = Option<String>, required)]
    #[serde(serialize_with = "crate::printable::serialize_path_if_any")]
    pub path: Option<PathBuf>,
    /// Whether it is being removed: it cannot be taken back any more.
    pub reaping: bool,
    /// What is the matter with it: it was cut off, or cannot be removed.
    #[schema(required)]
    #[serde(default)]
    pub problem: Option<String>,
}

impl QueueWire {
    pub fn of(handle: &Handle) -> Result<Self> {
        let (passes, others) = handle.queue()?;
        let passes = passes.into_iter().map(|pass| {
            let problem = pass.problem();
            let QueuedPass { manifest, path, stage, .. } = pass;
            QueuedWire {
                pass: manifest.pass,
                started: manifest.started,
                by: manifest.by,
                undo_until: manifest.undo_until,
                items: manifest.items,
                path: Some(path),
                reaping: stage == Stage::Reaping,
                problem,
            }
        });
        Ok(Self { passes: passes.collect(), others: others.iter().map(ProblemWire::from).collect() })
    }
}

/// What taking a pass back did, as users see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Restoration)]
pub(crate) struct RestorationWire {
    pub pass: String,
    pub items: Vec<Item>,
    #[schema(required)]
    pub kept_until: Option<String>,
    left: Vec<ProblemWire>,
    /// What else could not be done: the audit lacks it.
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
    /// What stays in the queue, and what else could not be done.
    pub fn problems(&self) -> Vec<Report> {
        let all = self.left.iter().chain(&self.failures);
        all.map(|problem| Report::failure(&problem.path, &problem.problem)).collect()
    }
}

/// How retention stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retention)]
pub(crate) struct RetentionWire {
    /// The rules as they could be typed; for whoever sees only some cameras, those about these.
    pub rules: Rules,
    /// When the timer runs next, RFC 3339; null while it waits for the archive to be read.
    #[schema(required, format = DateTime)]
    pub next_check: Option<String>,
    /// What a pass would do now; null where the guard `restored` lets no plan be made.
    #[schema(required)]
    pub plan: Option<PlanWire>,
    /// Every guard that can hold a pass.
    pub guards: Vec<GuardWire>,
    pub forecast: ArchiveForecast,
    /// The pass that is held, if one is, and those that wait in the delete queue, oldest first.
    pub passes: Vec<WaitingWire>,
}

/// A guard and what it says now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Guard)]
pub(crate) struct GuardWire {
    #[schema(value_type = String)]
    pub name: Guard,
    /// Whether it would let a pass through.
    pub ok: bool,
    /// Why not.
    #[schema(required)]
    pub message: Option<String>,
}

impl From<GuardState> for GuardWire {
    fn from(guard: GuardState) -> Self {
        Self { name: guard.name, ok: guard.ok, message: Some(guard.message).filter(|_| !guard.ok) }
    }
}

/// A pass that waits: in the delete queue, or for a person's confirmation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WaitingPass)]
pub(crate) struct WaitingWire {
    /// Its name in the queue; with `refused`, the id that confirms it.
    pub pass: String,
    /// When it was made, or held, RFC 3339.
    pub started: String,
    pub by: Actor,
    /// Until when it can be taken back.
    #[schema(required)]
    pub undo_until: Option<String>,
    pub items: Vec<Item>,
    /// Whether it is being removed: it cannot be taken back any more.
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

impl RetentionWire {
    /// How it stands; rules and forecast are those of `cameras` (`None`: of all), what else is told is of all.
    pub fn of(handle: &Handle, cameras: Option<&BTreeSet<Camera>>) -> Result<Self> {
        let policy = handle.expirer.policy();
        let shown = cameras.map(|cameras| policy.within(cameras));
        let shown = shown.as_ref().unwrap_or(policy);
        let standing = handle.expirer.standing()?;
        let plan = standing.plan.map(|(view, plan)| PlanWire {
            has_rule: shown.can_expire(),
            ..PlanWire::made(handle, &view, plan, policy)
        });
        let mut passes: Vec<WaitingWire> = handle.expirer.held_pass().into_iter().map(WaitingWire::from).collect();
        for queued in QueueWire::of(handle)?.passes {
            // A pass that lies in several queues is one.
            match passes.iter_mut().find(|told| told.pass == queued.pass) {
                Some(told) => told.reaping |= queued.reaping,
                None => passes.push(queued.into()),
            }
        }
        Ok(Self {
            rules: Rules::from(shown),
            next_check: handle.next_check().map(rfc3339),
            plan,
            guards: standing.guards.into_iter().map(GuardWire::from).collect(),
            forecast: handle.stats_of(cameras)?.forecast.archive,
            passes,
        })
    }
}
