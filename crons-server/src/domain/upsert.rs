//! Creates and changes monitors by the configurations of their check-ins.

use std::borrow::Cow;

use super::error::ProcessingError;
use super::model::{Author, Config, Configured, Monitor, NewId, Quotas};
use super::received::{CheckInEvent, ConfigPatch, ConfigUpdate};
use super::subject::Subject;

/// The longest margin, in minutes (28 days); larger ones are cut to it.
pub(super) const MAX_CHECKIN_MARGIN: u32 = crons_types::MonitorConfig::MAX_CHECKIN_MARGIN;
/// The longest run, in minutes (7 days); larger values are cut to it.
pub(super) const MAX_MAX_RUNTIME: u32 = crons_types::MonitorConfig::MAX_MAX_RUNTIME;

/// Steps 6 and 8: the monitor as this check-in would have it. Returns what is not taken as it was sent, but does not keep
/// the check-in out.
pub(super) fn upsert(
    subject: &mut Subject,
    event: &CheckInEvent,
    quotas: Quotas,
    new_id: NewId<'_>,
) -> Result<Vec<ProcessingError>, Vec<ProcessingError>> {
    let mut warnings = Vec::new();
    let patch = match &event.config {
        None => None,
        Some(ConfigUpdate::Valid(patch)) => Some(patch),
        // A known monitor keeps the configuration it has.
        Some(ConfigUpdate::Invalid(reason)) => {
            let Some(monitor) = &mut subject.monitor else {
                let invalid = ProcessingError::MonitorInvalidConfig(reason.clone());
                return Err(vec![invalid, ProcessingError::MonitorNotFound]);
            };
            warnings.extend(spelling(monitor, event));
            let reason = format!("{reason}; the monitor keeps the configuration that it has");
            warnings.push(ProcessingError::MonitorInvalidConfig(reason));
            return Ok(warnings);
        }
    };
    match (&mut subject.monitor, patch) {
        (None, None) => return Err(vec![ProcessingError::MonitorNotFound]),
        // The monitor is no longer managed by its check-ins, which have no configuration; the end of a run does not count for that.
        (Some(monitor), None) => {
            warnings.extend(spelling(monitor, event));
            monitor.upserting &= subject.check_in.is_some();
        }
        (Some(monitor), Some(patch)) => {
            warnings.extend(spelling(monitor, event));
            let before = (monitor.config.clone(), monitor.owner.clone());
            merge(&mut monitor.config, patch, &mut warnings);
            monitor.upserting = true;
            if patch.owner.is_some() {
                monitor.owner.clone_from(&patch.owner);
            }
            if before.0 != monitor.config || before.1 != monitor.owner {
                monitor.configured = Configured { by: Author::Code, at: event.received };
            }
        }
        (None, Some(_)) if subject.quota_usage.monitors >= quotas.monitors => {
            return Err(vec![ProcessingError::MonitorLimitExceeded(quotas.monitors)]);
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
            merge(&mut config, patch, &mut warnings);
            *missing = Some(Monitor {
                guid: new_id(),
                project: event.project,
                slug: event.monitor_slug.clone(),
                name: None,
                spelling: Some(as_line(event.written_slug()).into_owned()),
                enabled: true,
                upserting: true,
                config,
                configured: Configured { by: Author::Code, at: event.received },
                owner: patch.owner.clone(),
                muted: false,
                date_created: event.received,
            });
        }
    }
    if let Some(owner) = patch.and_then(|patch| patch.owner_refused.as_ref()) {
        warnings.push(ProcessingError::CheckInValidationFailed(format!(
            "monitor_config.owner: {owner:?} is neither `user:<name or id>` nor `team:<name or id>`; the owner stays as it was"
        )));
    }
    Ok(warnings)
}

/// Notes that two spellings of the slug lead to this monitor, to the senders of both: they may be two jobs.
fn spelling(monitor: &mut Monitor, event: &CheckInEvent) -> Option<ProcessingError> {
    let written = event.written_slug();
    let known = monitor.spelling.get_or_insert_with(|| as_line(written).into_owned());
    if known == written {
        return None;
    }
    let written = as_line(written);
    if !known.contains('\n') && *known != written {
        known.push('\n');
        known.push_str(&written);
    }
    let other = known.lines().find(|known| *known != written)?;
    Some(ProcessingError::CheckInValidationFailed(format!(
        "monitor_slug: {written:?} and {other:?} are one monitor, `{}`; write one of them everywhere, or names that differ in \
         their first {} letters and digits",
        monitor.slug,
        crons_types::Slug::MAX_LEN
    )))
}

/// A spelling as one line of [`Monitor::spelling`].
fn as_line(written: &str) -> Cow<'_, str> {
    if written.contains(['\n', '\r']) {
        Cow::Owned(written.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(written)
    }
}

/// Merges a configuration: an absent key keeps its value, a null removes it; a value beyond a limit is cut to it, with a warning.
fn merge(config: &mut Config, patch: &ConfigPatch, warnings: &mut Vec<ProcessingError>) {
    let mut cut = |field: &str, minutes: u32, least: u32, most: u32| {
        let used = minutes.clamp(least, most);
        if used != minutes {
            warnings.push(ProcessingError::ConfigValueCut(format!(
                "monitor_config.{field}: {minutes} minutes are not in {least} to {most}; {used} is used instead"
            )));
        }
        used
    };
    config.schedule = patch.schedule.clone();
    if let Some(margin) = patch.checkin_margin {
        config.checkin_margin = margin.map(|minutes| cut("checkin_margin", minutes, 1, MAX_CHECKIN_MARGIN));
    }
    if let Some(runtime) = patch.max_runtime {
        config.max_runtime = runtime.map(|minutes| cut("max_runtime", minutes, 1, MAX_MAX_RUNTIME));
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
