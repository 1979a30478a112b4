//! The steps of a check-in: its monitor, its environment, its run, and the changes to them.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::effects::Effects;
use super::error::ProcessingError;
use super::expectation::after_check_in;
use super::model::{
    CheckIn, Config, EnvironmentStatus, MonitorEnvironment, NewId, Quotas, Status, truncate_to_minute,
};
use super::received::CheckInEvent;
use super::snapshot::Snapshot;
use super::subject::{LoadedCheckIn, Subject};
use super::upsert::{MAX_MAX_RUNTIME, upsert};
use super::verdict::Verdict;

/// The longest duration that is stored, in milliseconds: 24 days.
pub(crate) const MAX_DURATION_MS: i64 = 2_147_483_647;

/// Applies a check-in to the snapshot, and returns the verdict. A monitor or an environment that was made on the way stays, also if
/// the check-in is refused. Warnings about parts that are not taken as they were sent come before the reasons of a refusal: a misspelt
/// `monitor_config` is why there is no monitor.
pub fn check_in(snapshot: &mut Snapshot, event: &CheckInEvent, quotas: Quotas, new_id: NewId<'_>) -> Verdict {
    let mut subject = match snapshot.subject(event) {
        Ok(subject) => subject,
        // The check-in is kept like any refused one, until the row is repaired.
        Err(reason) => return Verdict::Refused(vec![ProcessingError::UnreadableRow(reason)]),
    };
    let mut verdict = decide(&mut subject, event, quotas, new_id);
    let occurrences = match &verdict {
        Verdict::Accepted { effects, .. } => &effects.occurrences[..],
        Verdict::Deferred | Verdict::Refused(_) => &[],
    };
    snapshot.put(subject, occurrences);
    if let Verdict::Accepted { warnings: errors, .. } | Verdict::Refused(errors) = &mut verdict {
        errors.splice(..0, event.remarks.iter().cloned().map(ProcessingError::CheckInValidationFailed));
    }
    verdict
}

/// Applies a check-in to the rows that it is about.
pub(super) fn decide(
    subject: &mut Subject,
    event: &CheckInEvent,
    quotas: Quotas,
    new_id: NewId<'_>,
) -> Verdict {
    // Steps 6 and 8. Some clients send the configuration only with the begin, and let the end overtake it.
    let warnings = match upsert(subject, event, quotas, new_id) {
        Ok(warnings) => warnings,
        Err(_) if event.config.is_none() && event.status.is_terminal() => return Verdict::Deferred,
        Err(errors) => return Verdict::Refused(errors),
    };
    let Some(monitor) = &subject.monitor else {
        return Verdict::Refused(vec![ProcessingError::MonitorNotFound]);
    };
    // Step 10 of Sentry's order: a disabled monitor filters the check-in.
    if !monitor.enabled {
        // A run whose end comes now would time out once the monitor is enabled, so it is marked. A run that is alive may still end.
        if let Some(LoadedCheckIn { row, other_environment: None, .. }) = &mut subject.check_in {
            row.unheard |= row.status == Status::InProgress && event.status.is_terminal();
        }
        return Verdict::Refused(vec![ProcessingError::MonitorDisabled]);
    }
    let config = monitor.config.clone();
    // Step 11 of Sentry's order: the quotas.
    let quota_usage = subject.quota_usage;
    if subject.environment.is_none() && quota_usage.environments >= quotas.environments {
        return Verdict::Refused(vec![ProcessingError::MonitorEnvironmentLimitExceeded(quotas.environments)]);
    }
    if let Err(refused) = crons_types::Environment::parse(&event.environment) {
        return Verdict::Refused(vec![ProcessingError::MonitorInvalidEnvironment(refused.to_string())]);
    }
    let muted = quota_usage.all_muted.unwrap_or(monitor.muted);
    let environment = subject.environment.get_or_insert_with(|| MonitorEnvironment {
        name: event.environment.clone(),
        status: EnvironmentStatus::Active,
        muted,
        date_created: event.received,
        last_check_in: None,
        next_check_in: None,
        next_check_in_latest: None,
        last_ok: None,
    });
    // Steps 12 and 13.
    let update = match &mut subject.check_in {
        Some(LoadedCheckIn { other_environment: Some(place), .. }) => {
            return Verdict::Refused(vec![ProcessingError::CheckInEnvironmentMismatch(place.clone())]);
        }
        Some(existing) => match update(&mut existing.row, event, &config) {
            Ok(update) => update,
            Err(refused) => return Verdict::Refused(vec![refused]),
        },
        none => {
            let row = create(event, config.clone(), environment.next_check_in, new_id);
            *none = Some(LoadedCheckIn { row, arrival_seq: None, other_environment: None });
            Update::Progress
        }
    };
    let late_start = matches!(update, Update::LateStart);
    let effects = match update {
        Update::Repeated => Effects::default(),
        _ => after_check_in(subject, &config, event.received, late_start, new_id),
    };
    Verdict::Accepted { warnings, effects }
}

/// The first report about a run.
fn create(
    event: &CheckInEvent,
    config: Config,
    expected_time: Option<Timestamp>,
    new_id: NewId<'_>,
) -> CheckIn {
    let open = !event.status.is_terminal();
    CheckIn {
        guid: if event.check_in_id.is_nil() {
            new_id()
        } else {
            Uuid::from_bytes(*event.check_in_id.as_bytes())
        },
        status: event.status.into(),
        // The duration of a run is known when it is over.
        duration_ms: if open { None } else { event.duration_ms },
        date_added: event.received,
        date_updated: event.received,
        date_clock: truncate_to_minute(event.received),
        date_in_progress: open.then_some(event.received),
        expected_time,
        timeout_at: open.then(|| deadline(event.received, &config)),
        reported: Some(event.status.into()),
        unheard: false,
        note: event.note.clone(),
        decision: None,
        trace: event.trace,
        config,
    }
}

/// News that a report brings.
enum Update {
    /// The run goes on, or has ended.
    Progress,
    /// The run began; how it ended is known already.
    LateStart,
    /// The start was reported before, after the end: the report changes no expectation.
    Repeated,
}

/// A further report about a run.
fn update(row: &mut CheckIn, event: &CheckInEvent, config: &Config) -> Result<Update, ProcessingError> {
    let received = event.received;
    let oldest_open = add_minutes(truncate_to_minute(row.date_added), MAX_MAX_RUNTIME);
    if received >= oldest_open {
        return Err(ProcessingError::CheckInFinished);
    }
    // The difference is taken of the instants, and not of their milliseconds: a tenth of a millisecond is none.
    let elapsed = received.duration_since(row.date_added).abs().as_millis();
    let elapsed = i64::try_from(elapsed).unwrap_or(i64::MAX);
    // A repeated end does not change the duration.
    let duration = event.duration_ms.or(row.duration_ms).unwrap_or(elapsed);
    if duration > MAX_DURATION_MS {
        return Err(ProcessingError::CheckInInvalidDuration);
    }
    if matches!(row.status, Status::InProgress | Status::Unknown) {
        row.decision = None;
    }
    match (row.status, event.status.is_terminal()) {
        // The run is alive, and may go on for as long again.
        (Status::InProgress | Status::Unknown, false) => {
            row.status = Status::InProgress;
            row.timeout_at = Some(deadline(received, config).min(oldest_open));
        }
        (Status::InProgress | Status::Unknown, true) => {
            row.status = event.status.into();
            row.duration_ms = Some(duration);
            row.timeout_at = None;
        }
        // The start arrives after the end: it sets the time of the start, and nothing else.
        (Status::Ok | Status::Error, false) => {
            if row.date_in_progress.replace(received).is_some() {
                return Ok(Update::Repeated);
            }
            row.duration_ms.get_or_insert(elapsed);
            if row.note.is_none() {
                row.note.clone_from(&event.note);
            }
            row.config = config.clone();
            return Ok(Update::LateStart);
        }
        // An end after the timeout does not change the status, but brings the duration.
        (Status::Timeout, true) => {
            row.duration_ms = Some(duration);
            row.timeout_at = None;
        }
        (Status::Ok | Status::Error, true) | (Status::Timeout, false) | (Status::Missed, _) => {
            return Err(ProcessingError::CheckInFinished);
        }
    }
    row.trace = row.trace.or(event.trace);
    row.unheard = false;
    if event.note.is_some() {
        row.note.clone_from(&event.note);
    }
    row.date_updated = received;
    row.reported = Some(event.status.into());
    Ok(Update::Progress)
}

fn deadline(begin: Timestamp, config: &Config) -> Timestamp {
    add_minutes(truncate_to_minute(begin), config.runtime().min(MAX_MAX_RUNTIME))
}

fn add_minutes(instant: Timestamp, minutes: u32) -> Timestamp {
    instant.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}
