//! Check-ins of Sentry's API: `GET /api/0/organizations/{organization}/monitors/{slug}/checkins/`. A crons server answers alike.

use std::collections::HashSet;

use crons_server::ImportedRun;
use crons_types::{CheckInId, Environment, Interval, IntervalUnit, MonitorConfig, Schedule};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::imported::History;
use super::row::{Row, Unit, shown};
use super::verdict::{Kind, Verdict};

/// Reads rows, each with its place. `schedule` stands for that of rows without a configuration.
pub(super) fn read(rows: &[(String, Value)], schedule: Option<&Schedule>) -> History {
    let mut history = History::default();
    let mut seen = HashSet::new();
    for (place, value) in rows {
        match check_in(value, schedule) {
            Ok(CheckIn { id, .. }) if !seen.insert(id) => history.repeated += 1,
            Ok(check_in) => add(&mut history, check_in),
            Err(reason) => history.skip(place, &reason, value),
        }
    }
    history
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

struct CheckIn {
    id: CheckInId,
    environment: String,
    status: Status,
    added: Timestamp,
    updated: Option<Timestamp>,
    /// Whether the start was reported.
    is_started: bool,
    expected: Option<Timestamp>,
    /// The minute of Sentry's clock in which the row was made.
    clock: Option<Timestamp>,
    duration_ms: Option<i64>,
    config: MonitorConfig,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Unknown,
    InProgress,
    Ok,
    Error,
    Missed,
    Timeout,
}

const STATUSES: [(&str, Status); 6] = [
    ("unknown", Status::Unknown),
    ("in_progress", Status::InProgress),
    ("ok", Status::Ok),
    ("error", Status::Error),
    ("missed", Status::Missed),
    ("timeout", Status::Timeout),
];

fn check_in(value: &Value, schedule: Option<&Schedule>) -> Result<CheckIn, String> {
    let row = Row::new(value)?;
    let id = row.text("id")?;
    let id = id.parse().map_err(|error| format!("id: {error}"))?;
    let status = row.text("status")?;
    let known = STATUSES.iter().find(|(name, _)| *name == status);
    let Some((_, status)) = known else {
        let names = STATUSES.map(|(name, _)| name).join(", ");
        return Err(format!("status: {} is none of {names}", crons_server::quoted(status)));
    };
    let added = match row.instant("dateAdded")? {
        Some(added) => Some(added),
        None => row.instant("dateCreated")?,
    };
    let added = added.ok_or("dateAdded: it is missing")?;
    let environment = if row.get("environment").is_some() {
        let name = row.text("environment")?;
        Environment::parse(name).map_err(|error| error.to_string())?.to_string()
    } else {
        Environment::DEFAULT.to_owned()
    };
    let updated = row.instant("dateUpdated")?;
    let in_progress = row.instant("dateInProgress")?;
    // Old exports do not have the field.
    let seems_started = !row.has("dateInProgress")
        && (matches!(status, Status::InProgress | Status::Timeout)
            || updated.is_some_and(|updated| updated > added));
    Ok(CheckIn {
        id,
        environment,
        status: *status,
        added,
        updated,
        is_started: in_progress.is_some() || seems_started,
        expected: row.instant("expectedTime")?,
        clock: row.instant("dateClock")?,
        duration_ms: row.millis("duration", Unit::Milliseconds)?,
        config: config(row.get("monitorConfig"), schedule)?,
    })
}

/// Adds a check-in as a run with a verdict.
fn add(history: &mut History, check_in: CheckIn) {
    let CheckIn { id, environment, status, added, updated, is_started, expected, clock, duration_ms, config } =
        check_in;
    let (kind, at) = match status {
        Status::Ok => (Some(Kind::Ok), added),
        Status::Error | Status::Timeout => (Some(Kind::Failed), added),
        Status::Missed => (Some(Kind::Missed), expected.unwrap_or(added)),
        Status::Unknown if !is_started && duration_ms.is_none() => {
            let at = expected.unwrap_or(added);
            history.outages.push(at..clock.unwrap_or(added).max(at).saturating_add(MINUTE).unwrap_or(at));
            (Some(Kind::Unknown), at)
        }
        Status::Unknown | Status::InProgress => (None, added),
    };
    history.verdicts.extend(kind.map(|kind| Verdict::new(&environment, at, kind, &config)));
    // The end as the clock of the server has it, else by the duration.
    let by_duration = || added.checked_add(SignedDuration::from_millis(duration_ms.unwrap_or_default())).ok();
    let end = if is_started {
        updated.filter(|updated| *updated > added).or_else(by_duration)
    } else {
        Some(added)
    };
    let ended = match status {
        Status::Ok => end.map(|at| (at, true)),
        Status::Error => end.map(|at| (at, false)),
        // A late end changes only the duration of a run that has timed out; whether it was a success is not stored.
        Status::Timeout | Status::Unknown if duration_ms.is_some() => end.map(|at| (at, true)),
        Status::Timeout | Status::Unknown | Status::InProgress | Status::Missed => None,
    };
    let started = is_started.then_some(added);
    if status != Status::Missed && (started.is_some() || ended.is_some()) {
        let kept_alive = status != Status::Timeout;
        history.runs.push(ImportedRun { id, environment, started, ended, duration_ms, kept_alive, config });
    }
}

/// Reads the configuration of a check-in.
fn config(value: Option<&Value>, schedule: Option<&Schedule>) -> Result<MonitorConfig, String> {
    let Some(value) = value else {
        let schedule = schedule.ok_or("monitorConfig: it is missing; add --schedule or --interval")?;
        return Ok(MonitorConfig::new(schedule.clone()));
    };
    let faulty = |reason: String| format!("monitorConfig.{reason}");
    let row = Row::new(value).map_err(|reason| format!("monitorConfig: {reason}"))?;
    let schedule = schedule_of(&row).map_err(faulty)?;
    let mut config = MonitorConfig::new(schedule);
    let refused = |error: crons_types::InvalidMonitorConfig| faulty(error.to_string());
    if row.has("timezone") && row.get("timezone").is_some() {
        config = config.timezone(row.text("timezone").map_err(faulty)?).map_err(refused)?;
    }
    let number = |name: &str| match row.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| faulty(format!("{name}: {} is no whole number", shown(value)))),
    };
    // Sentry takes 0 for 1.
    if let Some(margin) = number("checkin_margin")? {
        config = config.checkin_margin(margin.max(1)).map_err(refused)?;
    }
    if let Some(runtime) = number("max_runtime")? {
        config = config.max_runtime(runtime.clamp(1, MonitorConfig::MAX_MAX_RUNTIME)).map_err(refused)?;
    }
    if let Some(failures) = number("failure_issue_threshold")? {
        config = config.failure_issue_threshold(failures.max(1)).map_err(refused)?;
    }
    if let Some(successes) = number("recovery_threshold")? {
        config = config.recovery_threshold(successes.max(1)).map_err(refused)?;
    }
    Ok(config)
}

fn schedule_of(row: &Row<'_>) -> Result<Schedule, String> {
    let value = row.get("schedule").ok_or("schedule: it is missing")?;
    match value {
        Value::String(crontab) => Schedule::crontab(crontab).map_err(|error| format!("schedule: {error}")),
        Value::Array(pair) => {
            let number = pair.first().and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
            let unit = pair.get(1).and_then(Value::as_str).and_then(IntervalUnit::from_name);
            let interval = number.zip(unit).filter(|_| pair.len() == 2);
            let interval = interval.map(|(number, unit)| Interval::new(number, unit));
            match interval {
                Some(interval) => {
                    interval.map(Schedule::Interval).map_err(|error| format!("schedule: {error}"))
                }
                None => Err("schedule: it is no pair such as [10, \"minute\"]".to_owned()),
            }
        }
        other => Err(format!(
            "schedule: it is {}, and neither a crontab nor a pair such as [10, \"minute\"]",
            shown(other)
        )),
    }
}
