//! Results of the engine as the JSON types of `owlery_protocol`. HTTP, the control socket and `--json` show them alike.

use crate::engine::{self, DaySummary, GuardState, HeldPass, Preview, RetentionState, Stage, Stats};
use crate::event::Actor;
use crate::protocol::{
    CameraInfo, Cameras, DaySums, Days, GuardStatus, Pass, Plan, Queue, QueuedPass, Refusal, Report, Restoration,
    Retention, WaitingPass,
};
use crate::retention;
use crate::time::rfc3339;

/// The cameras and the forecast.
pub fn cameras(Stats { cameras, mut forecast, zone }: Stats) -> Cameras {
    let cameras = cameras.into_iter().map(|engine::CameraInfo { summary, port }| CameraInfo {
        name: summary.camera.to_string(),
        port,
        events: summary.events,
        saved: summary.saved,
        bytes: (summary.unmeasured == 0).then_some(summary.bytes),
        first_day: summary.days.map(|(first, _)| first.to_string()),
        last_day: summary.days.map(|(_, last)| last.to_string()),
        forecast: forecast.cameras.remove(&summary.camera).unwrap_or_default(),
    });
    Cameras { cameras: cameras.collect(), forecast: forecast.archive, zone }
}

/// The sums of days.
pub fn days(days: Vec<DaySummary>) -> Days {
    let sums =
        |DaySummary { camera, day, events, saved, bytes, hours }| DaySums { camera, day, events, saved, bytes, hours };
    Days { days: days.into_iter().map(sums).collect() }
}

/// What a pass would do now.
pub fn plan(Preview { plan, held, has_rule }: Preview) -> Plan {
    Plan { items: plan.items, kept: plan.kept, alerts: plan.alerts, held: held.map(refusal), has_rule }
}

/// A pass.
pub fn pass(pass: &engine::Pass) -> Pass {
    Pass {
        pass: pass.pass.clone(),
        started: pass.started.clone(),
        items: pass.items.clone(),
        undo_until: pass.undo_until.clone(),
        refused: pass.refused.clone().map(refusal),
        alerts: pass.alerts.clone(),
        failures: reports(&pass.failures),
        emptied: pass.emptied.clone(),
    }
}

/// The delete queue.
pub fn queue(engine::Queue { passes, others }: engine::Queue) -> Queue {
    Queue { passes: passes.into_iter().map(queued).collect(), others: reports(&others) }
}

/// The result of restoring a pass.
pub fn restoration(done: engine::Restoration) -> Restoration {
    Restoration {
        left: reports(&done.left),
        failures: reports(&done.failures),
        pass: done.pass,
        items: done.items,
        kept_until: done.kept_until,
    }
}

/// The state of retention.
pub fn retention(state: RetentionState) -> Retention {
    let mut passes: Vec<WaitingPass> = state.held.into_iter().map(held).collect();
    for queued in state.queue.into_iter().map(queued) {
        // A pass can have parts in several queues.
        match passes.iter_mut().find(|pass| pass.pass == queued.pass) {
            Some(pass) => pass.reaping |= queued.reaping,
            None => passes.push(queued.into()),
        }
    }
    Retention {
        rules: state.rules,
        next_check: state.next_check.map(rfc3339),
        plan: state.preview.map(plan),
        guards: state.guards.into_iter().map(guard).collect(),
        forecast: state.forecast,
        passes,
    }
}

/// Reports.
pub fn reports(reports: &[engine::Report]) -> Vec<Report> {
    reports.iter().map(|report| Report { path: report.path.clone(), problem: report.problem.clone() }).collect()
}

fn refusal(retention::Refusal { guard, message }: retention::Refusal) -> Refusal {
    Refusal { guard: guard.into(), message }
}

fn queued(pass: engine::QueuedPass) -> QueuedPass {
    let problem = pass.problem();
    let engine::QueuedPass { manifest, path, stage, .. } = pass;
    QueuedPass {
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

fn guard(GuardState { name, ok, message }: GuardState) -> GuardStatus {
    GuardStatus { name, ok, message: Some(message).filter(|_| !ok) }
}

fn held(held: HeldPass) -> WaitingPass {
    WaitingPass {
        pass: held.id,
        started: held.since,
        by: Actor::Rule,
        undo_until: None,
        items: held.items.into_iter().map(|(item, _)| item).collect(),
        reaping: false,
        refused: Some(Refusal { guard: held.guard, message: held.message }),
    }
}
