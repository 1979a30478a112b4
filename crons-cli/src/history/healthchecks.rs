//! Pings of Healthchecks: `GET /api/v3/checks/{uuid}/pings/`. They have neither the schedule of the check nor the misses that it has seen.

use std::collections::{HashMap, HashSet};

use crons_server::ImportedRun;
use crons_types::{CheckInId, Environment, MonitorConfig, Schedule};
use jiff::Timestamp;
use serde_json::Value;

use super::imported::History;
use super::row::{Row, Unit};
use super::verdict::{Kind, Verdict};

/// The most runs without an end and without an id that an end is looked for: the others have died.
const MAX_OPEN: usize = 100;
/// The most milliseconds between a start and the time at which a run began by its duration.
const MOST_DISTANCE: i128 = 10_000;

/// Reads rows, each with its place, newest first as the API has them, or in any order.
pub(super) fn read(rows: &[(String, Value)], schedule: &Schedule) -> History {
    let mut history = History::default();
    let (mut pings, mut seen) = (Vec::new(), HashSet::new());
    for (place, value) in rows {
        match ping(value) {
            Ok(Some(Ping { number: Some(number), .. })) if !seen.insert(number) => history.repeated += 1,
            Ok(ping) => pings.extend(ping),
            Err(reason) => history.skip(place, &reason, value),
        }
    }
    // Pings of one instant are in the order of their numbers, in which Healthchecks has received them.
    pings.sort_by_key(|ping| (ping.at, ping.number));
    let config = MonitorConfig::new(schedule.clone());
    // The places of runs without an end, by the id that the job has sent.
    let mut open: HashMap<Option<CheckInId>, Vec<usize>> = HashMap::new();
    for ping in pings {
        let number = history.runs.len();
        let places = open.entry(ping.run).or_default();
        let begun = match ping.kind {
            // A start that is repeated under its id says that the run goes on.
            PingKind::Start if ping.run.is_some() && !places.is_empty() => continue,
            PingKind::Start => {
                if places.len() == MAX_OPEN {
                    places.remove(0);
                }
                places.push(number);
                None
            }
            PingKind::End { .. } => start_of(&ping, places, &history.runs),
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
            // No ping says that a run goes on.
            kept_alive: false,
            config: config.clone(),
        });
    }
    history
}

/// Takes the run that a ping ends from the open ones of its id. Without an id, the duration tells the start that Healthchecks has found. It
/// finds the one that came last, so an end without a duration is that of the oldest run.
fn start_of(end: &Ping, open: &mut Vec<usize>, runs: &[ImportedRun]) -> Option<usize> {
    let Some(duration_ms) = end.duration_ms.filter(|_| end.run.is_none()) else {
        return (!open.is_empty()).then(|| open.remove(0));
    };
    let distance = |place: usize| {
        let started = runs.get(place)?.started?;
        Some((end.at.duration_since(started).as_millis() - i128::from(duration_ms)).abs())
    };
    let near = open.iter().enumerate().filter_map(|(index, place)| Some((distance(*place)?, index)));
    let (_, index) = near.min().filter(|(distance, _)| *distance <= MOST_DISTANCE)?;
    Some(open.remove(index))
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
