//! Making and changing monitors by what their check-ins bring along.

use super::NewId;
use super::error::ProcessingError;
use super::event::{CheckInEvent, ConfigPatch, ConfigUpdate};
use super::model::{Caps, Config, Monitor, State};

/// Larger margins are cut down to it: minutes, 28 days.
pub(super) const MAX_CHECKIN_MARGIN: u32 = crons_types::MonitorConfig::MAX_CHECKIN_MARGIN;
/// Longer runs are cut down to it: minutes, 7 days.
pub(super) const MAX_MAX_RUNTIME: u32 = crons_types::MonitorConfig::MAX_MAX_RUNTIME;

/// Steps 6 and 8: the monitor as this check-in would have it. What is wrong but does not keep the check-in out is returned.
pub(super) fn upsert(
    state: &mut State,
    event: &CheckInEvent,
    caps: Caps,
    new_id: NewId<'_>,
) -> Result<Vec<ProcessingError>, Vec<ProcessingError>> {
    let patch = match &event.config {
        None => None,
        Some(ConfigUpdate::Valid(patch)) => Some(patch),
        // A known monitor keeps the configuration it has.
        Some(ConfigUpdate::Invalid(reason)) if state.monitor.is_some() => {
            return Ok(vec![ProcessingError::MonitorInvalidConfig(reason.clone())]);
        }
        Some(ConfigUpdate::Invalid(reason)) => {
            let invalid = ProcessingError::MonitorInvalidConfig(reason.clone());
            return Err(vec![invalid, ProcessingError::MonitorNotFound]);
        }
    };
    match (&mut state.monitor, patch) {
        (None, None) => return Err(vec![ProcessingError::MonitorNotFound]),
        // Whoever sends no configuration any more has taken the monitor into his own hands; the end of a run does not say so.
        (Some(monitor), None) => monitor.upserting &= state.check_in.is_some(),
        (Some(monitor), Some(patch)) => {
            merge(&mut monitor.config, patch);
            monitor.upserting = true;
            if patch.owner.is_some() {
                monitor.owner.clone_from(&patch.owner);
            }
        }
        (None, Some(_)) if state.siblings.monitors >= caps.monitors => {
            return Err(vec![ProcessingError::MonitorLimitExceeded(caps.monitors)]);
        }
        (missing, Some(patch)) => {
            let mut config = Config {
                schedule: patch.schedule.clone(),
                checkin_margin: None,
                max_runtime: None,
                timezone: None,
                failure_issue_threshold: None,
                recovery_threshold: None,
            };
            merge(&mut config, patch);
            *missing = Some(Monitor {
                guid: new_id(),
                project: event.project,
                slug: event.monitor_slug.clone(),
                enabled: true,
                upserting: true,
                config,
                owner: patch.owner.clone(),
                date_created: event.received,
            });
        }
    }
    match patch {
        Some(patch) if patch.owner_refused => {
            let reason = "owner: neither `user:<name or id>` nor `team:<name or id>`; it was left as it was";
            Ok(vec![ProcessingError::CheckInValidationFailed(reason.to_owned())])
        }
        _ => Ok(Vec::new()),
    }
}

/// A key that is absent keeps its value, a null takes it away.
fn merge(config: &mut Config, patch: &ConfigPatch) {
    config.schedule = patch.schedule.clone();
    if let Some(margin) = patch.checkin_margin {
        config.checkin_margin = margin.map(|minutes| minutes.clamp(1, MAX_CHECKIN_MARGIN));
    }
    if let Some(runtime) = patch.max_runtime {
        config.max_runtime = runtime.map(|minutes| minutes.min(MAX_MAX_RUNTIME));
    }
    if let Some(timezone) = patch.timezone {
        config.timezone = timezone;
    }
    if let Some(failures) = patch.failure_issue_threshold {
        config.failure_issue_threshold = failures;
    }
    if let Some(successes) = patch.recovery_threshold {
        config.recovery_threshold = successes;
    }
}
