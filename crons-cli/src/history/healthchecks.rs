//! Pings of Healthchecks: `GET /api/v3/checks/{uuid}/pings/`. They have neither the schedule of the check nor the misses that it has seen.

use std::collections::{HashMap, HashSet};

use crons_server::ImportedRun;
use crons_types::{CheckInId, Environment, MonitorConfig, Schedule};
use jiff::Timestamp;
use serde_json::Value;

use super::imported::{History, Kind, Verdict};
use super::row::{Row, Unit};

/// Reads rows, each with its place, newest first as the API has them, or in any order.
pub(super) fn read(rows: &[(String, Value)], schedule: &Schedule) -> History {
    let mut history = History::default();
    let (mut pings, mut seen) = (Vec::new(), HashSet::new());
    for (place, value) in rows {
        match ping(value) {
            Ok(Some(Ping { number: Some(number), .. })) if !seen.insert(number) => history.repeated += 1,
            Ok(ping) => pings.extend(ping),
            Err(reason) => history.skipped.push(format!("{place}: {reason}")),
        }
    }
    // A stable sort by number within an instant: of one second, the API rounds to microseconds.
    pings.sort_by_key(|ping| (ping.at, ping.number));
    let config = MonitorConfig::new(schedule.clone());
    let mut open: HashMap<Option<CheckInId>, Vec<usize>> = HashMap::new();
    for ping in pings {
        let number = history.runs.len();
        let begun = match ping.kind {
            PingKind::Start => {
                open.entry(ping.run).or_default().push(number);
                None
            }
            // The API has a duration if Healthchecks has found the start of the run.
            PingKind::End { .. } if ping.run.is_some() || ping.duration_ms.is_some() => {
                open.get_mut(&ping.run).and_then(Vec::pop)
            }
            PingKind::End { .. } => None,
        };
        let ended = match ping.kind {
            PingKind::Start => None,
            PingKind::End { ok } => Some((ping.at, ok)),
        };
        if let Some((_, ok)) = ended {
            let started = begun.and_then(|place| history.runs.get(place)).and_then(|run| run.started);
            let kind = if ok { Kind::Ok } else { Kind::Failed };
            history.verdicts.push(Verdict::new(
                Environment::DEFAULT,
                started.unwrap_or(ping.at),
                kind,
                &config,
            ));
        }
        if let Some(run) = begun.and_then(|place| history.runs.get_mut(place)) {
            (run.ended, run.duration_ms) = (ended, ping.duration_ms);
            continue;
        }
        history.runs.push(ImportedRun {
            id: numbered(number),
            environment: Environment::DEFAULT.to_owned(),
            started: ended.is_none().then_some(ping.at),
            ended,
            duration_ms: ping.duration_ms,
            timed_out: false,
            config: config.clone(),
        });
    }
    history
}

struct Ping {
    number: Option<u64>,
    at: Timestamp,
    kind: PingKind,
    /// The id of the run; `None` if the job sent none.
    run: Option<CheckInId>,
    duration_ms: Option<i64>,
}

#[derive(Clone, Copy)]
enum PingKind {
    Start,
    End { ok: bool },
}

/// Reads a ping; `None` if it says nothing about a run: Healthchecks ignored it, or it was a line for the log.
fn ping(value: &Value) -> Result<Option<Ping>, String> {
    let row = Row::new(value)?;
    let kind = match row.text("type")? {
        "start" => PingKind::Start,
        "success" => PingKind::End { ok: true },
        "fail" => PingKind::End { ok: false },
        "log" | "ign" => return Ok(None),
        other => {
            let other = crons_server::quoted(other);
            return Err(format!("type: {other} is none of start, success, fail, log, ign"));
        }
    };
    let at = row.instant("date")?.ok_or("date: it is missing")?;
    let run = match row.get("rid") {
        None => None,
        Some(_) => Some(row.text("rid")?.parse().map_err(|error| format!("rid: {error}"))?),
    };
    let number = row.get("n").and_then(Value::as_u64);
    Ok(Some(Ping { number, at, kind, run, duration_ms: row.millis("duration", Unit::Seconds)? }))
}

/// The id of the run with this number: two runs never have one id, whatever the job has sent.
fn numbered(number: usize) -> CheckInId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    CheckInId::from_bytes(bytes)
}
