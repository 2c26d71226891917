//! What the guards say as things stand, for whoever wants to know before a pass is made. Nothing is decided here: a pass
//! asks each guard anew, in its own moment.

use super::Expirer;
use super::held::HeldPass;
use crate::error::{Error, Result};
use crate::retention::{Plan, View, check_rules, hold};

/// A guard that holds passes, or some days of them, as long as something is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its name.
    pub name: &'static str,
    /// Why it would refuse now; `None` if it would not.
    pub refuses: Option<String>,
}

/// The plan as it is now, and what each guard says of it.
#[derive(Debug)]
pub struct Standing {
    /// What it was made of, and the plan; `None` where a guard does not let one be made.
    pub plan: Option<(View, Plan)>,
    /// In the order in which a pass meets them.
    pub guards: Vec<Guard>,
}

impl Expirer {
    /// The pass that is held, if one is.
    pub fn held_pass(&self) -> Option<HeldPass> {
        let _queue = self.tree.lock_queue();
        self.held.get()
    }

    /// The plan now, and what each guard says.
    pub fn standing(&self) -> Result<Standing> {
        let (plan, restored) = match self.plan(None) {
            Ok(made) => (Some(made), None),
            Err(Error::Refused { guard: "restored", message }) => (None, Some(message)),
            Err(error) => return Err(error),
        };
        let configuration = match &plan {
            Some((view, _)) => check_rules(view, &self.policy),
            None => check_rules(&self.catalog.retention_view(None)?, &self.policy),
        };
        let share = plan.as_ref().and_then(|(view, plan)| hold(plan, view, &self.policy));
        let share = share.filter(|refusal| refusal.guard == "share");
        let guards = vec![
            Guard { name: "configuration", refuses: configuration.map(|refusal| refusal.message) },
            Guard { name: "clock", refuses: self.clock.held() },
            Guard { name: "restored", refuses: restored },
            Guard { name: "share", refuses: share.map(|refusal| refusal.message) },
            Guard { name: "marker", refuses: self.tree.verify_identity().err().map(why) },
            Guard { name: "disk", refuses: self.other_disks() },
        ];
        Ok(Standing { plan, guards })
    }

    /// The cameras that lie on another disk than they did, in words.
    fn other_disks(&self) -> Option<String> {
        let cameras = match self.tree.cameras() {
            Ok(cameras) => cameras.open,
            Err(error) => return Some(error.chain()), // a root that cannot be looked at is no camera's disk
        };
        let refusals: Vec<String> =
            cameras.iter().filter_map(|camera| self.tree.check_disk(camera).err()).map(why).collect();
        (!refusals.is_empty()).then(|| refusals.join("; "))
    }
}

/// What a guard said, or what kept it from looking.
fn why(error: Error) -> String {
    match error {
        Error::Refused { message, .. } => message,
        other => other.chain(),
    }
}
