//! The present plan and the states of the guards, for the program, HTTP and embedding programs. `retention` makes the plan,
//! the expirer has the guards.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::handle::Handle;
use crate::archive::{QueuedPass, Report};
use crate::error::Result;
use crate::event::Camera;
use crate::expirer::{GuardState, HeldPass};
use crate::retention::{ArchiveForecast, Plan, Policy, Refusal, Rules};

/// What a pass would do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What it would retire, and what it would keep.
    pub plan: Plan,
    /// The guard that would hold it, or a part of it.
    pub held: Option<Refusal>,
    /// Whether any rule can retire anything.
    pub has_rule: bool,
}

/// The content of the delete queues.
#[derive(Debug)]
pub struct Queue {
    /// The passes, oldest first. A pass with parts in several queues occurs several times.
    pub passes: Vec<QueuedPass>,
    /// Entries without our manifest, which are never touched.
    pub others: Vec<Report>,
}

/// The rules, what they would do now, and the passes that they have made.
#[derive(Debug)]
pub struct RetentionState {
    /// The rules, as options.
    pub rules: Rules,
    /// When the expirer's timer runs next; `None` before the preload ended, or where no service runs.
    pub next_check: Option<DateTime<Utc>>,
    /// What a pass would do now; `None` while the guard `restored` prevents a plan.
    pub preview: Option<Preview>,
    /// Every guard, in the order of [`Guard::ALL`](crate::event::Guard::ALL).
    pub guards: Vec<GuardState>,
    /// The forecast by these rules.
    pub forecast: ArchiveForecast,
    /// The pass that waits for confirmation, if there is one.
    pub held: Option<HeldPass>,
    /// The passes in the delete queues, as in [`Queue::passes`].
    pub queue: Vec<QueuedPass>,
}

impl Handle {
    /// The rules in force.
    pub fn policy(&self) -> &Policy {
        self.expirer.policy()
    }

    /// What a pass would do now, by the archive's rules or by `policy` instead. Changes nothing. Fails with
    /// [`Error::Refused`](crate::error::Error::Refused) if a guard prevents a plan.
    pub fn preview(&self, policy: Option<&Policy>) -> Result<Preview> {
        let (view, plan) = self.expirer.plan(policy)?;
        let policy = policy.unwrap_or(self.policy());
        Ok(Preview { held: self.expirer.held(&plan, &view, policy), plan, has_rule: policy.can_expire() })
    }

    /// The state of retention. Rules and forecast are those of `cameras` (`None`: of all), the rest is of all cameras.
    pub fn retention(&self, cameras: Option<&BTreeSet<Camera>>) -> Result<RetentionState> {
        let policy = self.policy();
        let within = cameras.map(|cameras| policy.within(cameras));
        let shown = within.as_ref().unwrap_or(policy);
        let standing = self.expirer.standing()?;
        let preview = standing.plan.map(|(view, plan)| Preview {
            held: self.expirer.held(&plan, &view, policy),
            plan,
            has_rule: shown.can_expire(),
        });
        Ok(RetentionState {
            rules: Rules::from(shown),
            preview,
            guards: standing.guards,
            held: self.expirer.held_pass(),
            queue: self.queue()?.passes,
            next_check: self.next_check(),
            forecast: self.stats_of(cameras)?.forecast.archive,
        })
    }
}
