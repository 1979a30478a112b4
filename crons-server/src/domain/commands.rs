//! What people tell the server about a monitor.

use jiff::Timestamp;

use super::model::{Acknowledgement, Incident, Monitor, MonitorEnvironment};

/// Whether a monitor is watched. What it missed while it was not is never judged: its next run is expected from `now` on.
/// `true` if it is watched again; then its open runs whose deadline has passed, or of which a report was filtered, become
/// unknown, since they could not be heard (`Records::excuse_unheard`).
pub fn set_enabled(
    monitor: &mut Monitor,
    environments: &mut [MonitorEnvironment],
    enabled: bool,
    now: Timestamp,
) -> bool {
    let resumed = enabled && !monitor.enabled;
    monitor.enabled = enabled;
    if resumed {
        for environment in environments.iter_mut().filter(|environment| environment.next_check_in.is_some()) {
            environment.expect_after(&monitor.config, now);
        }
    }
    resumed
}

/// Somebody has the incident in hand, or `None`: nobody has any more. One that is over stays as it is.
pub fn acknowledge(incident: &mut Incident, by: Option<String>, now: Timestamp) {
    if incident.resolved_at.is_none() {
        incident.acknowledged = by.map(|by| Acknowledgement { at: now, by });
    }
}
