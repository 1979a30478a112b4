//! Conversions between rows and the types of the domain.

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Row, ToSql};
use uuid::Uuid;

pub(super) use super::unreadable::skip_unreadable;
use crate::domain::{
    Acknowledgement, Author, Broken, CheckIn, Config, Configured, EnvironmentStatus, Failures, FinishedRun,
    FollowUp, Incident, Monitor, MonitorEnvironment, Occurrence, Opening, Silenced, Status, Withheld,
};

/// Columns of a [`Monitor`] named `m`, in the order [`monitor`] reads them.
pub(super) const MONITOR: &str = "m.id, m.guid, m.project, m.slug, m.enabled, m.upserting, m.config, m.owner, m.date_created, \
    m.spelling, m.name, m.muted, m.configured_by, m.configured_at";
pub(super) const MONITOR_COLUMNS: usize = 14;
/// Columns of a [`MonitorEnvironment`] named `e`.
pub(super) const ENVIRONMENT: &str = "e.id, e.name, e.status, e.muted, e.date_created, e.last_check_in, \
    e.next_check_in, e.next_check_in_latest, e.last_ok";
pub(super) const ENVIRONMENT_COLUMNS: usize = 9;
/// The status of the newest failure of an environment named `e`, while it is in error. Few rows are newer: runs in progress, unknown ones,
/// and successes that are too few to resolve the incident.
pub(super) const FAILING: &str = "CASE WHEN e.status = 'error' THEN (SELECT status FROM check_ins
    INDEXED BY check_ins_by_date WHERE environment_id = e.id AND status IN ('error', 'timeout', 'missed')
    ORDER BY date_added DESC, id DESC LIMIT 1) END";
/// Columns of a [`CheckIn`] named `c`, and last that of its config, named `k`.
pub(super) const CHECK_IN: &str = "c.id, c.guid, c.status, c.duration_ms, c.date_added, c.date_updated, c.date_clock, \
    c.date_in_progress, c.expected_time, c.timeout_at, c.reported, c.unheard, c.decision, c.trace, c.note, k.config";
pub(super) const CHECK_IN_COLUMNS: usize = 16;
/// Columns of an [`Incident`] named `i`.
pub(super) const INCIDENT: &str = "i.guid, i.started_at, i.starting_check_in, i.resolved_at, i.resolving_check_in, \
    i.errors, i.misses, i.timeouts, i.told, i.acknowledged_at, i.acknowledged_by, \
    i.opened_at, i.opening_check_in, i.threshold, i.recovery_threshold, \
    i.withheld_until, i.withheld_by, i.withheld_why, i.withheld_pending, \
    i.notified_at, i.follow_ups_until, i.follow_up_due, i.broken_at, i.broken_muted_at";
pub(super) const INCIDENT_COLUMNS: usize = 24;

/// An instant as it is stored.
#[derive(Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self).into())
    }
}

impl From<Micros> for ToSqlOutput<'_> {
    fn from(Micros(instant): Micros) -> Self {
        instant.as_microsecond().into()
    }
}

/// The error of a value that cannot be decoded, such as one that another program has written.
pub(super) fn corrupt(
    column: usize,
    what: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

pub(super) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|error| corrupt(column, error))
}

pub(super) fn maybe_instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(Timestamp::from_microsecond).transpose().map_err(|error| corrupt(column, error))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| corrupt(column, error))
}

pub(super) fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<Status> {
    status_named(row.get_ref(column)?.as_str()?, column)
}

fn status_named(text: &str, column: usize) -> rusqlite::Result<Status> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| corrupt(column, format!("{text:?} is no status of a check-in")))
}

/// A status that may be `NULL`; one that is unknown is `None`, too, as rows of check-ins name it.
pub(super) fn maybe_status(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Status>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    Ok(text.and_then(|text| status_named(text, column).ok()))
}

/// Returns the row id and the monitor, with its config parsed by `config`.
pub(super) fn monitor_with(
    row: &Row<'_>,
    config: impl FnOnce(&str) -> serde_json::Result<Config>,
) -> rusqlite::Result<(i64, Monitor)> {
    let slug = row.get_ref(3)?.as_str()?;
    let by = match row.get_ref(12)?.as_str()? {
        "code" => Author::Code,
        "person" => Author::Person,
        other => return Err(corrupt(12, format!("{other:?} is nobody who sets configurations"))),
    };
    let monitor = Monitor {
        guid: uuid(row, 1)?,
        project: u64::from_ne_bytes(row.get::<_, i64>(2)?.to_ne_bytes()),
        slug: slug.parse().map_err(|error: crons_types::InvalidSlug| corrupt(3, error))?,
        spelling: row.get(9)?,
        name: row.get(10)?,
        muted: row.get(11)?,
        configured: Configured { by, at: instant(row, 13)? },
        enabled: row.get(4)?,
        upserting: row.get(5)?,
        config: config(row.get_ref(6)?.as_str()?).map_err(|error| corrupt(6, error))?,
        owner: row.get(7)?,
        date_created: instant(row, 8)?,
    };
    Ok((row.get(0)?, monitor))
}

/// Returns the row id and the environment.
pub(super) fn environment(row: &Row<'_>) -> rusqlite::Result<(i64, MonitorEnvironment)> {
    environment_from(row, 0)
}

/// Returns the row id and the environment, from the column `first` on.
pub(super) fn environment_from(row: &Row<'_>, first: usize) -> rusqlite::Result<(i64, MonitorEnvironment)> {
    let status = environment_status(row, first + 2)?;
    let environment = MonitorEnvironment {
        name: row.get(first + 1)?,
        status,
        muted: row.get(first + 3)?,
        date_created: instant(row, first + 4)?,
        last_check_in: maybe_instant(row, first + 5)?,
        next_check_in: maybe_instant(row, first + 6)?,
        next_check_in_latest: maybe_instant(row, first + 7)?,
        last_ok: maybe_instant(row, first + 8)?,
    };
    Ok((row.get(first)?, environment))
}

pub(super) fn environment_status(row: &Row<'_>, column: usize) -> rusqlite::Result<EnvironmentStatus> {
    match row.get_ref(column)?.as_str()? {
        "active" => Ok(EnvironmentStatus::Active),
        "ok" => Ok(EnvironmentStatus::Ok),
        "error" => Ok(EnvironmentStatus::Error),
        other => Err(corrupt(column, format!("{other:?} is no status of an environment"))),
    }
}

/// Returns the row id and the check-in.
pub(super) fn check_in(row: &Row<'_>) -> rusqlite::Result<(i64, CheckIn)> {
    check_in_with(row, json(row, CHECK_IN_COLUMNS - 1)?)
}

/// Returns the row id and the check-in with this config.
pub(super) fn check_in_with(row: &Row<'_>, config: Config) -> rusqlite::Result<(i64, CheckIn)> {
    let check_in = CheckIn {
        guid: uuid(row, 1)?,
        status: status(row, 2)?,
        duration_ms: row.get(3)?,
        date_added: instant(row, 4)?,
        date_updated: instant(row, 5)?,
        date_clock: instant(row, 6)?,
        date_in_progress: maybe_instant(row, 7)?,
        expected_time: maybe_instant(row, 8)?,
        timeout_at: maybe_instant(row, 9)?,
        reported: row.get_ref(10)?.as_str_or_null()?.map(|text| status_named(text, 10)).transpose()?,
        unheard: row.get(11)?,
        decision: match row.get_ref(12)? {
            ValueRef::Null => None,
            _ => Some(json(row, 12)?),
        },
        trace: match row.get_ref(13)? {
            ValueRef::Null => None,
            ValueRef::Blob([]) => Some(uuid(row, 1)?),
            _ => Some(uuid(row, 13)?),
        },
        note: row.get(14)?,
        config,
    };
    Ok((row.get(0)?, check_in))
}

/// `id, guid, status, date_added`.
pub(super) fn finished(row: &Row<'_>) -> rusqlite::Result<FinishedRun> {
    Ok(FinishedRun {
        arrival_seq: row.get(0)?,
        guid: uuid(row, 1)?,
        status: status(row, 2)?,
        date_added: instant(row, 3)?,
    })
}

/// An incident.
pub(super) fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    incident_from(row, 0)
}

/// An incident, from the column `first` on.
pub(super) fn incident_from(row: &Row<'_>, first: usize) -> rusqlite::Result<Incident> {
    let acknowledged = match (maybe_instant(row, first + 9)?, row.get(first + 10)?) {
        (Some(at), Some(by)) => Some(Acknowledgement { at, by }),
        _ => None,
    };
    let opening = match (
        maybe_instant(row, first + 11)?,
        row.get::<_, Option<[u8; 16]>>(first + 12)?,
        row.get(first + 13)?,
    ) {
        (Some(at), Some(check_in), Some(threshold)) => {
            Some(Opening { at, check_in: Uuid::from_bytes(check_in), threshold })
        }
        _ => None,
    };
    let withheld = match (maybe_instant(row, first + 15)?, row.get(first + 16)?, row.get(first + 17)?) {
        (Some(until), Some(by), Some(why)) => {
            Some(Withheld { silence: Silenced { until, by, why }, pending: row.get(first + 18)? })
        }
        _ => None,
    };
    let follow_up = match (maybe_instant(row, first + 19)?, maybe_instant(row, first + 20)?) {
        (Some(notified_at), Some(decided_until)) => {
            Some(FollowUp { notified_at, decided_until, due: maybe_instant(row, first + 21)? })
        }
        _ => None,
    };
    Ok(Incident {
        guid: uuid(row, first)?,
        started_at: instant(row, first + 1)?,
        starting_check_in: uuid(row, first + 2)?,
        opening,
        resolved_at: maybe_instant(row, first + 3)?,
        resolving_check_in: row.get::<_, Option<[u8; 16]>>(first + 4)?.map(Uuid::from_bytes),
        recovery_threshold: row.get(first + 14)?,
        failures: Failures {
            error: row.get(first + 5)?,
            missed: row.get(first + 6)?,
            timeout: row.get(first + 7)?,
        },
        notified: row.get(first + 8)?,
        acknowledged,
        withheld,
        broken: broken(row, first + 22)?,
        follow_up,
    })
}

/// `broken_at, broken_muted_at`, from `column` on.
pub(super) fn broken(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Broken>> {
    let (detected_at, muted_at) = (maybe_instant(row, column)?, maybe_instant(row, column + 1)?);
    Ok(detected_at.map(|detected_at| Broken { detected_at, muted_at }))
}

/// `check_in, at, reason`, from `column` on.
pub(super) fn occurrence(row: &Row<'_>, column: usize) -> rusqlite::Result<Occurrence> {
    Ok(Occurrence {
        check_in: uuid(row, column)?,
        at: instant(row, column + 1)?,
        reason: row.get(column + 2)?,
    })
}
