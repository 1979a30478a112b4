//! Conversions of stored rows to the types of the domain, whatever the database.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::domain::{
    Acknowledgement, Author, Broken, CheckIn, Config, Configured, EnvironmentStatus, Failures, FinishedRun,
    FollowUp, Incident, Monitor, MonitorEnvironment, Occurrence, Opening, Silenced, Status, Withheld,
};

/// Columns of a [`Monitor`] named `m`, in the order in which [`monitor_with`] reads them.
pub(super) const MONITOR: &str = "m.id, m.guid, m.project, m.slug, m.enabled, m.upserting, m.config, m.owner, m.date_created, \
    m.spelling, m.name, m.muted, m.configured_by, m.configured_at";
pub(super) const MONITOR_COLUMNS: usize = 14;
/// Columns of a [`MonitorEnvironment`] named `e`.
pub(super) const ENVIRONMENT: &str = "e.id, e.name, e.status, e.muted, e.date_created, e.last_check_in, \
    e.next_check_in, e.next_check_in_latest, e.last_ok";
pub(super) const ENVIRONMENT_COLUMNS: usize = 9;
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

/// A row of a database. Numbers, and instants in microseconds since 1970, are 64-bit integers.
pub(super) trait StoredRow {
    /// The failure of a value that cannot be decoded.
    type Error;

    fn integer(&self, column: usize) -> Result<Option<i64>, Self::Error>;
    fn boolean(&self, column: usize) -> Result<Option<bool>, Self::Error>;
    fn text(&self, column: usize) -> Result<Option<&str>, Self::Error>;
    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Self::Error>;
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Self::Error>;
    /// The trace of the run with this id.
    fn trace(&self, column: usize, run: Uuid) -> Result<Option<Uuid>, Self::Error>;
    /// The error of a value that cannot be decoded, such as one that another program has written.
    fn corrupt(column: usize, what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self::Error;
}

/// A type that a column can be read as.
pub(super) trait Stored: Sized {
    /// The value of a column; `None` for `NULL`.
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error>;
}

/// The value of a column that is never `NULL`.
pub(super) fn get<T: Stored, R: StoredRow>(row: &R, column: usize) -> Result<T, R::Error> {
    T::read(row, column)?.ok_or_else(|| R::corrupt(column, "a value of the type Null"))
}

/// The value of a column; `None` for `NULL`.
pub(super) fn maybe<T: Stored, R: StoredRow>(row: &R, column: usize) -> Result<Option<T>, R::Error> {
    T::read(row, column)
}

impl Stored for i64 {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        row.integer(column)
    }
}

impl Stored for u32 {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        let number = row.integer(column)?;
        let converted = number.map(|number| {
            Self::try_from(number).map_err(|_| R::corrupt(column, format!("{number} is out of range")))
        });
        converted.transpose()
    }
}

impl Stored for bool {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        row.boolean(column)
    }
}

impl Stored for String {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        Ok(row.text(column)?.map(ToOwned::to_owned))
    }
}

impl Stored for Box<str> {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        Ok(row.text(column)?.map(Into::into))
    }
}

impl Stored for Uuid {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        row.uuid(column)
    }
}

impl Stored for Timestamp {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        let micros = row.integer(column)?;
        micros.map(Self::from_microsecond).transpose().map_err(|error| R::corrupt(column, error))
    }
}

impl Stored for Status {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        let Some(text) = row.text(column)? else { return Ok(None) };
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        let known = known.ok_or_else(|| R::corrupt(column, format!("{text:?} is no status of a check-in")));
        known.map(Some)
    }
}

impl Stored for EnvironmentStatus {
    fn read<R: StoredRow>(row: &R, column: usize) -> Result<Option<Self>, R::Error> {
        match row.text(column)? {
            None => Ok(None),
            Some("active") => Ok(Some(Self::Active)),
            Some("ok") => Ok(Some(Self::Ok)),
            Some("error") => Ok(Some(Self::Error)),
            Some(other) => Err(R::corrupt(column, format!("{other:?} is no status of an environment"))),
        }
    }
}

/// The text of a column that is never `NULL`.
pub(super) fn text<R: StoredRow>(row: &R, column: usize) -> Result<&str, R::Error> {
    row.text(column)?.ok_or_else(|| R::corrupt(column, "a value of the type Null"))
}

/// The value of a column with JSON.
pub(super) fn json<T: DeserializeOwned, R: StoredRow>(row: &R, column: usize) -> Result<T, R::Error> {
    serde_json::from_str(text(row, column)?).map_err(|error| R::corrupt(column, error))
}

/// A status that may be `NULL`; one that is unknown is `None`, too, as rows of check-ins name it.
pub(super) fn maybe_status<R: StoredRow>(row: &R, column: usize) -> Result<Option<Status>, R::Error> {
    row.text(column)?;
    Ok(maybe(row, column).unwrap_or_default())
}

/// Returns the row id and the monitor, with its config parsed by `config`.
pub(super) fn monitor_with<R: StoredRow>(
    row: &R,
    config: impl FnOnce(&str) -> serde_json::Result<Config>,
) -> Result<(i64, Monitor), R::Error> {
    let by = match text(row, 12)? {
        "code" => Author::Code,
        "person" => Author::Person,
        other => return Err(R::corrupt(12, format!("{other:?} is nobody who sets configurations"))),
    };
    let monitor = Monitor {
        guid: get(row, 1)?,
        project: get::<i64, R>(row, 2)?.cast_unsigned(),
        slug: text(row, 3)?.parse().map_err(|error: crons_types::InvalidSlug| R::corrupt(3, error))?,
        spelling: maybe(row, 9)?,
        name: maybe(row, 10)?,
        muted: get(row, 11)?,
        configured: Configured { by, at: get(row, 13)? },
        enabled: get(row, 4)?,
        upserting: get(row, 5)?,
        config: config(text(row, 6)?).map_err(|error| R::corrupt(6, error))?,
        owner: maybe(row, 7)?,
        date_created: get(row, 8)?,
    };
    Ok((get(row, 0)?, monitor))
}

/// Returns the row id and the environment.
pub(super) fn environment<R: StoredRow>(row: &R) -> Result<(i64, MonitorEnvironment), R::Error> {
    environment_from(row, 0)
}

/// Returns the row id and the environment, from the column `first` on.
pub(super) fn environment_from<R: StoredRow>(
    row: &R,
    first: usize,
) -> Result<(i64, MonitorEnvironment), R::Error> {
    let environment = MonitorEnvironment {
        status: get(row, first + 2)?,
        name: get(row, first + 1)?,
        muted: get(row, first + 3)?,
        date_created: get(row, first + 4)?,
        last_check_in: maybe(row, first + 5)?,
        next_check_in: maybe(row, first + 6)?,
        next_check_in_latest: maybe(row, first + 7)?,
        last_ok: maybe(row, first + 8)?,
    };
    Ok((get(row, first)?, environment))
}

/// Returns the row id and the check-in.
pub(super) fn check_in<R: StoredRow>(row: &R) -> Result<(i64, CheckIn), R::Error> {
    check_in_with(row, json(row, CHECK_IN_COLUMNS - 1)?)
}

/// Returns the row id and the check-in with this config.
pub(super) fn check_in_with<R: StoredRow>(row: &R, config: Config) -> Result<(i64, CheckIn), R::Error> {
    let guid = get(row, 1)?;
    let check_in = CheckIn {
        guid,
        status: get(row, 2)?,
        duration_ms: maybe(row, 3)?,
        date_added: get(row, 4)?,
        date_updated: get(row, 5)?,
        date_clock: get(row, 6)?,
        date_in_progress: maybe(row, 7)?,
        expected_time: maybe(row, 8)?,
        timeout_at: maybe(row, 9)?,
        reported: maybe(row, 10)?,
        unheard: get(row, 11)?,
        decision: row.text(12)?.map(|_| json(row, 12)).transpose()?,
        trace: row.trace(13, guid)?,
        note: maybe(row, 14)?,
        config,
    };
    Ok((get(row, 0)?, check_in))
}

/// `id, guid, status, date_added`.
pub(super) fn finished<R: StoredRow>(row: &R) -> Result<FinishedRun, R::Error> {
    Ok(FinishedRun {
        arrival_seq: get(row, 0)?,
        guid: get(row, 1)?,
        status: get(row, 2)?,
        date_added: get(row, 3)?,
    })
}

/// An incident.
pub(super) fn incident<R: StoredRow>(row: &R) -> Result<Incident, R::Error> {
    incident_from(row, 0)
}

/// An incident, from the column `first` on.
pub(super) fn incident_from<R: StoredRow>(row: &R, first: usize) -> Result<Incident, R::Error> {
    let acknowledged = match (maybe(row, first + 9)?, maybe(row, first + 10)?) {
        (Some(at), Some(by)) => Some(Acknowledgement { at, by }),
        _ => None,
    };
    let opening = match (maybe(row, first + 11)?, maybe(row, first + 12)?, maybe(row, first + 13)?) {
        (Some(at), Some(check_in), Some(threshold)) => Some(Opening { at, check_in, threshold }),
        _ => None,
    };
    let withheld = match (maybe(row, first + 15)?, maybe(row, first + 16)?, maybe(row, first + 17)?) {
        (Some(until), Some(by), Some(why)) => {
            Some(Withheld { silence: Silenced { until, by, why }, pending: get(row, first + 18)? })
        }
        _ => None,
    };
    let follow_up = match (maybe(row, first + 19)?, maybe(row, first + 20)?) {
        (Some(notified_at), Some(decided_until)) => {
            Some(FollowUp { notified_at, decided_until, due: maybe(row, first + 21)? })
        }
        _ => None,
    };
    Ok(Incident {
        guid: get(row, first)?,
        started_at: get(row, first + 1)?,
        starting_check_in: get(row, first + 2)?,
        opening,
        resolved_at: maybe(row, first + 3)?,
        resolving_check_in: maybe(row, first + 4)?,
        recovery_threshold: maybe(row, first + 14)?,
        failures: Failures {
            error: get(row, first + 5)?,
            missed: get(row, first + 6)?,
            timeout: get(row, first + 7)?,
        },
        notified: get(row, first + 8)?,
        acknowledged,
        withheld,
        broken: broken(row, first + 22)?,
        follow_up,
    })
}

/// `broken_at, broken_muted_at`, from `column` on.
pub(super) fn broken<R: StoredRow>(row: &R, column: usize) -> Result<Option<Broken>, R::Error> {
    let (detected_at, muted_at) = (maybe(row, column)?, maybe(row, column + 1)?);
    Ok(detected_at.map(|detected_at| Broken { detected_at, muted_at }))
}

/// `check_in, at, reason`, from `column` on.
pub(super) fn occurrence<R: StoredRow>(row: &R, column: usize) -> Result<Occurrence, R::Error> {
    Ok(Occurrence { check_in: get(row, column)?, at: get(row, column + 1)?, reason: get(row, column + 2)? })
}
