//! Conversions of stored rows to what queries return, whatever the database. Each names the columns that it reads.

use jiff::{SignedDuration, Timestamp};

use super::api_token::{ApiToken, Scope, TokenHash};
use super::error::UnreadableRow;
use super::rows::{
    self, CHECK_IN_COLUMNS, ENVIRONMENT_COLUMNS, INCIDENT_COLUMNS, Stored, StoredRow, get, maybe,
};
use super::unreadable::UnreadableRows;
use super::views::{
    AlertView, EnvironmentSummary, EnvironmentView, ErrorView, IncidentView, MonitorSummary,
    ProcessingErrorsView, ProofView, RunMark, StatsView, UsageView,
};
use crate::alerts::{DRILL, DueAlert};
use crate::domain::{CheckIn, Filter, MonitorEnvironment, Outage, ProcessingError, Silence, Status};

/// Columns of an [`ApiToken`], and its row id.
pub(super) const API_TOKEN: &str = "guid, name, scope, hash, created_at, id";
/// Columns of an [`AlertView`], and its row id.
pub(super) const ALERT: &str = "key, target, event, incident, check_in, created_at, attempts, next_attempt_at, delivered_at, \
    given_up_at, last_answer, id";
/// Columns of a [`DueAlert`] named `a`.
pub(super) const DUE_ALERT: &str = "a.id, a.key, a.target, a.body, a.created_at, a.attempts, a.next_attempt_at, a.group_until, a.refused, a.event";
/// Columns of a [`Silence`], and its row id.
pub(super) const SILENCE: &str = "guid, matchers, starts_at, ends_at, author, why, created_at, ended_at, id";
/// Columns of a [`RunMark`].
pub(super) const MARK: &str = "status, date_added, duration_ms, date_updated, date_in_progress, timeout_at";
/// The statuses of runs that went wrong, which timelines list of each bucket.
pub(super) const FAILED: [Status; 4] = [Status::Unknown, Status::Error, Status::Timeout, Status::Missed];
/// The statuses [`FAILED`], in the words of the partial index of such runs, without which no database uses it.
pub(super) const IS_FAILED: &str = "status IN ('unknown', 'error', 'timeout', 'missed')";

/// Adds an environment to the summaries, which are in the order of slugs: `slug, owner, enabled`, of the environment `name, muted,
/// status`, the statuses of its newest check-in and failure and the start of the former, of the monitor `guid, name, muted`, and the
/// deadline of the environment.
pub(super) fn add_summary<R: StoredRow>(found: &mut Vec<MonitorSummary>, row: &R) {
    let slug = rows::text(row, 0).unwrap_or_default();
    if found.last().is_none_or(|last| last.slug != slug) {
        found.push(MonitorSummary {
            id: get(row, 9).unwrap_or_default(),
            slug: slug.to_owned(),
            name: get(row, 10).unwrap_or_default(),
            owner: maybe(row, 1).unwrap_or_default(),
            enabled: get(row, 2).unwrap_or(true),
            muted: get(row, 11).unwrap_or_default(),
            environments: Vec::new(),
        });
    }
    // A monitor without environments has one row of NULLs. A row that cannot be read is left out, as in lists of monitors.
    if let (Some(last), Ok(environment)) = (found.last_mut(), environment_summary(row)) {
        last.environments.push(environment);
    }
}

fn environment_summary<R: StoredRow>(row: &R) -> Result<EnvironmentSummary, R::Error> {
    Ok(EnvironmentSummary {
        name: get(row, 3)?,
        muted: get(row, 4)?,
        status: get(row, 5)?,
        newest: rows::maybe_status(row, 6)?,
        failing: rows::maybe_status(row, 7)?,
        last_check_in: maybe(row, 8)?,
        next_check_in_latest: maybe(row, 12)?,
    })
}

/// Returns the row id of the monitor and the view: behind the columns of a check-in and an environment the start of the open incident, the
/// row id of the monitor, the status of the newest failure, and `broken_at, broken_muted_at`.
pub(super) fn environment_view<R: StoredRow>(
    row: &R,
    environment: MonitorEnvironment,
    newest: Option<CheckIn>,
) -> Result<(i64, EnvironmentView), R::Error> {
    let first = CHECK_IN_COLUMNS + ENVIRONMENT_COLUMNS;
    let view = EnvironmentView {
        environment,
        incident_since: maybe(row, first).unwrap_or_default(),
        newest,
        failing: rows::maybe_status(row, first + 2)?,
        broken: rows::broken(row, first + 3)?,
    };
    Ok((get(row, first + 1)?, view))
}

/// An incident, behind which are the guid and the slug of its monitor, two other columns and the row id, and the monitor's name.
pub(super) fn incident_view<R: StoredRow>(row: &R, environment: String) -> Result<IncidentView, R::Error> {
    Ok(IncidentView {
        monitor_guid: get(row, INCIDENT_COLUMNS)?,
        monitor_slug: get(row, INCIDENT_COLUMNS + 1)?,
        monitor_name: get(row, INCIDENT_COLUMNS + 5)?,
        environment,
        incident: rows::incident(row)?,
    })
}

/// `since, until`.
pub(super) fn outage<R: StoredRow>(row: &R) -> Result<Outage, R::Error> {
    Ok(Outage { since: get(row, 0)?, until: get(row, 1)? })
}

/// The columns [`SILENCE`].
pub(super) fn silence<R: StoredRow>(row: &R) -> Result<Silence, R::Error> {
    Ok(Silence {
        id: get(row, 0)?,
        matchers: Filter::stored(rows::text(row, 1)?).map_err(|error| R::corrupt(1, error))?,
        starts_at: get(row, 2)?,
        ends_at: get(row, 3)?,
        by: get(row, 4)?,
        why: get(row, 5)?,
        created_at: get(row, 6)?,
        ended_at: maybe(row, 7)?,
    })
}

/// `received, payload, errors, accepted`.
pub(super) fn processing_errors<R: StoredRow>(row: &R) -> Result<ProcessingErrorsView, R::Error> {
    let errors: Vec<(String, String)> = rows::json(row, 2)?;
    Ok(ProcessingErrorsView {
        received: get(row, 0)?,
        payload: get(row, 1)?,
        accepted: get(row, 3)?,
        errors: errors.into_iter().map(|(name, message)| ErrorView { name, message }).collect(),
    })
}

/// Lists the noted rows that are `asked_for`, as errors without a payload, the last found first.
pub(super) fn unreadable_views(
    unreadable: &UnreadableRows,
    asked_for: impl Fn(&UnreadableRow) -> bool,
) -> Vec<ProcessingErrorsView> {
    let listed = unreadable.listed().into_iter().rev().filter(|(_, row)| asked_for(row));
    let views = listed.map(|(since, row)| {
        let error = ProcessingError::UnreadableRow(row.to_string());
        ProcessingErrorsView {
            received: since,
            payload: String::new(),
            accepted: false,
            errors: vec![ErrorView { name: error.name().to_owned(), message: error.to_string() }],
        }
    });
    views.collect()
}

/// The statement that selects the slug of the monitor that a row of `table` belongs to, by the row id `$1`; `None` if no monitor has rows
/// of the table.
pub(super) fn slug_of_row(table: &str) -> Option<String> {
    let of_environment =
        |from: &str| format!("SELECT m.slug FROM {from} JOIN monitors m ON m.id = e.monitor_id");
    let (sql, id) = match table {
        "monitors" => ("SELECT slug FROM monitors".to_owned(), "id"),
        "held_check_ins" => ("SELECT slug FROM held_check_ins".to_owned(), "id"),
        "refused" => {
            ("SELECT m.slug FROM refused r JOIN monitors m ON m.id = r.monitor_id".to_owned(), "r.id")
        }
        "environments" => (of_environment("environments e"), "e.id"),
        "check_ins" | "incidents" => {
            (of_environment(&format!("{table} r JOIN environments e ON e.id = r.environment_id")), "r.id")
        }
        "occurrences" => {
            let incidents = "occurrences o JOIN incidents i ON i.id = o.incident_id";
            (of_environment(&format!("{incidents} JOIN environments e ON e.id = i.environment_id")), "o.id")
        }
        _ => return None,
    };
    Some(format!("{sql} WHERE {id} = $1"))
}

/// `hour, slug, outcome, reason, count`.
pub(super) fn usage<R: StoredRow>(row: &R) -> Result<UsageView, R::Error> {
    let named = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(UsageView {
        hour: Timestamp::from_second(get(row, 0)?).unwrap_or_default(),
        monitor: named(get(row, 1)?),
        outcome: get(row, 2)?,
        reason: named(get(row, 3)?),
        count: get(row, 4)?,
    })
}

/// `slug, environment, status, bucket, count, duration_ms, timed`; `None` for a status that cannot be read, which is that of rows that lists
/// leave out.
pub(super) fn stats<R: StoredRow>(row: &R) -> Result<Option<StatsView>, R::Error> {
    let Ok(Some(status)) = rows::maybe_status(row, 2) else { return Ok(None) };
    Ok(Some(StatsView {
        monitor_slug: get(row, 0)?,
        environment: get(row, 1)?,
        bucket: get(row, 3)?,
        status,
        count: get(row, 4)?,
        duration_ms: get(row, 5)?,
        timed: get(row, 6)?,
    }))
}

/// The columns [`DUE_ALERT`].
pub(super) fn due_alert<R: StoredRow>(row: &R) -> Result<DueAlert, R::Error> {
    Ok(DueAlert {
        id: get(row, 0)?,
        key: get(row, 1)?,
        target: get(row, 2)?,
        body: get(row, 3)?,
        created_at: get(row, 4)?,
        attempts: get(row, 5)?,
        next_attempt_at: get(row, 6)?,
        group_until: maybe(row, 7)?,
        refused: get(row, 8)?,
        is_drill: rows::text(row, 9)? == DRILL,
    })
}

/// Of alerts in their order, the next one of each target. An oldest one that was tried and not refused goes before those that were refused.
pub(super) fn next_of_each_target(found: Vec<DueAlert>) -> Vec<DueAlert> {
    let mut next: Vec<DueAlert> = Vec::new();
    for alert in found {
        match next.iter_mut().find(|other| other.target == alert.target) {
            None => next.push(alert),
            Some(other) if alert.attempts > 0 && !alert.refused => *other = alert,
            Some(_) => {}
        }
    }
    next.sort_by_key(|alert| (alert.next_attempt_at, alert.id));
    next
}

/// The columns [`ALERT`].
pub(super) fn alert<R: StoredRow>(row: &R) -> Result<AlertView, R::Error> {
    Ok(AlertView {
        id: get(row, 0)?,
        target: get(row, 1)?,
        event: get(row, 2)?,
        incident: get(row, 3)?,
        check_in: get(row, 4)?,
        created: get(row, 5)?,
        attempts: get(row, 6)?,
        next_attempt: maybe(row, 7)?,
        delivered: maybe(row, 8)?,
        expired: maybe(row, 9)?,
        last_answer: maybe(row, 10)?,
    })
}

/// The first creation and the last delivery of the alerts of a drill.
pub(super) fn proof<R: StoredRow>(row: &R) -> Result<ProofView, R::Error> {
    let (began, at): (Timestamp, Timestamp) = (get(row, 0)?, get(row, 1)?);
    Ok(ProofView { at, took: at.duration_since(began) })
}

/// The columns [`API_TOKEN`].
pub(super) fn api_token<R: StoredRow>(row: &R) -> Result<ApiToken, R::Error> {
    let scope = rows::text(row, 2)?;
    Ok(ApiToken {
        id: get(row, 0)?,
        name: get(row, 1)?,
        scope: Scope::named(scope).ok_or_else(|| R::corrupt(2, format!("{scope:?} is no scope")))?,
        hash: get(row, 3)?,
        created: get(row, 4)?,
    })
}

impl Stored for TokenHash {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        let hash = row.bytes(column)?.map(<[u8; 32]>::try_from).transpose();
        Ok(hash.map_err(|error| R::corrupt(column, error))?.map(Self))
    }
}

/// The columns [`MARK`], from the column `first` on. A status that cannot be read is unknown.
pub(super) fn mark<R: StoredRow>(row: &R, first: usize) -> Result<RunMark, R::Error> {
    let status = get(row, first).unwrap_or(Status::Unknown);
    let started: Timestamp = get(row, first + 1)?;
    let duration: Option<i64> = maybe(row, first + 2)?;
    let ended = match status {
        Status::InProgress | Status::Missed => None,
        Status::Timeout => maybe(row, first + 5)?,
        Status::Ok | Status::Error | Status::Unknown => match duration {
            Some(milliseconds) => started.checked_add(SignedDuration::from_millis(milliseconds)).ok(),
            None => maybe::<Timestamp, _>(row, first + 4)?.and(Some(get(row, first + 3)?)),
        },
    };
    Ok(RunMark { status, started, ended })
}

/// Returns whether a run that began before `since` went on at that time.
pub(super) fn reaches_into(mark: &RunMark, since: Timestamp) -> bool {
    mark.status == Status::InProgress || mark.ended.is_some_and(|ended| ended > since)
}
