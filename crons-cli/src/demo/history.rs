//! The invented history: the check-ins of ninety days, and the commands of people.

use std::ops::Range;

use crons_server::{TimelineAction, TimelineEvent};
use crons_types::{Interval, IntervalUnit, Schedule, Timezone, calendar};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::jobs::{self, Fate, Job};

/// The days of the history, as many as the server keeps.
const DAYS: f64 = 90.0;

/// The time in which the invented server was not receiving, for the history that ends at `now`.
pub(super) fn outage(now: Timestamp) -> Range<Timestamp> {
    days_before(now, 20.4)..days_before(now, 20.15)
}

/// Returns the check-ins and commands that the invented server receives until `now`, in order of time.
pub(super) fn events(now: Timestamp) -> Vec<TimelineEvent> {
    let outage = outage(now);
    // The seed is fixed, so that the history is the same each time.
    let mut random = Rng::with_seed(1);
    let mut events: Vec<TimelineEvent> =
        jobs::jobs().iter().flat_map(|job| check_ins(job, now, &mut random)).collect();
    events.extend(a_run_in_progress(now, &mut random));
    events.extend(by_people(now));
    events.extend(not_accepted(now));
    events.retain(|event| event.at <= now && !outage.contains(&event.at));
    events.sort_by_key(|event| event.at);
    events.push(TimelineEvent { at: now, action: TimelineAction::Tick });
    events
}

/// The check-ins of a job.
fn check_ins(job: &Job, now: Timestamp, random: &mut Rng) -> Vec<TimelineEvent> {
    let timezone = Timezone::parse(job.timezone).unwrap_or(Timezone::UTC);
    let (schedule, written) = match job.schedule {
        jobs::Schedule::Crontab(crontab) => {
            (Schedule::crontab(crontab).ok(), json!({"type": "crontab", "value": crontab}))
        }
        jobs::Schedule::Minutes(minutes) => (
            Interval::new(minutes, IntervalUnit::Minute).ok().map(Schedule::Interval),
            json!({"type": "interval", "value": minutes, "unit": "minute"}),
        ),
    };
    let Some(schedule) = schedule else { return Vec::new() };
    let mut config = job.settings.clone();
    config["schedule"] = written;
    config["timezone"] = json!(job.timezone);
    let next = |after: &Timestamp| calendar::next_after(&schedule, &timezone, *after);
    let slots = std::iter::successors(next(&days_before(now, DAYS)), next);
    let mut events = Vec::new();
    for slot in slots.take_while(|slot| *slot <= now) {
        let fate = job
            .spells
            .iter()
            .find(|spell| (days_before(now, spell.days.0)..days_before(now, spell.days.1)).contains(&slot))
            .map_or(Fate::Ok, |spell| spell.fate);
        // The random numbers are drawn for each slot, so that a spell changes nothing of the runs around it.
        let start = slot + SignedDuration::from_millis(random.i64(400..14_000));
        let millis = random.i64(i64::from(job.seconds.0) * 1_000..i64::from(job.seconds.1) * 1_000);
        let id = id(random);
        if fate == Fate::Missed {
            continue;
        }
        let check_in = |at, status: &str, more: Value| {
            let mut payload = json!({
                "check_in_id": id, "monitor_slug": job.slug, "status": status, "environment": job.environment,
            });
            if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
                payload.extend(more);
            }
            TimelineEvent { at, action: TimelineAction::CheckIn(payload) }
        };
        // The client sends one check-in for a run that is soon over.
        let is_short = job.seconds.1 < 120 && fate != Fate::Hung;
        if !is_short {
            events.push(check_in(start, "in_progress", json!({"monitor_config": config})));
        }
        let end = start + SignedDuration::from_millis(millis);
        let seconds = SignedDuration::from_millis(millis).as_secs_f64();
        let duration = json!({"duration": seconds, "monitor_config": config});
        match fate {
            Fate::Ok => events.push(check_in(end, "ok", duration)),
            Fate::Error => events.push(check_in(end, "error", duration)),
            Fate::Hung | Fate::Missed => {}
        }
    }
    events
}

/// A run that began a few minutes ago.
fn a_run_in_progress(now: Timestamp, random: &mut Rng) -> Vec<TimelineEvent> {
    let config = json!({
        "schedule": {"type": "interval", "value": 1, "unit": "day"}, "max_runtime": 180, "owner": "team:data",
    });
    let mut events = Vec::new();
    for day in (0..30).rev() {
        let (start, id) = (days_before(now, f64::from(day) + 0.008), id(random));
        let payload = |status: &str| json!({"check_in_id": id, "monitor_slug": "import-catalogue", "status": status, "monitor_config": config});
        events.push(TimelineEvent { at: start, action: TimelineAction::CheckIn(payload("in_progress")) });
        let end = start + SignedDuration::from_mins(random.i64(70..110));
        events.push(TimelineEvent { at: end, action: TimelineAction::CheckIn(payload("ok")) });
    }
    events
}

/// Commands of people: a monitor that is disabled, an environment that is muted.
fn by_people(now: Timestamp) -> [TimelineEvent; 2] {
    let disable = TimelineAction::Disable { monitor: "old-export".to_owned(), disabled: true };
    let mute = TimelineAction::Mute {
        monitor: "fx-rates".to_owned(),
        environment: "production".to_owned(),
        muted: true,
    };
    [
        TimelineEvent { at: days_before(now, 25.0), action: disable },
        TimelineEvent { at: days_before(now, 1.0), action: mute },
    ]
}

/// Returns check-ins that are refused: one of a slug without a monitor, and one with a status that does not exist.
fn not_accepted(now: Timestamp) -> [TimelineEvent; 2] {
    let misspelt = json!({"monitor_slug": "nigthly-backup", "status": "ok"});
    let done = json!({"monitor_slug": "sync-orders", "status": "done"});
    [
        TimelineEvent { at: days_before(now, 0.35), action: TimelineAction::CheckIn(misspelt) },
        TimelineEvent { at: days_before(now, 0.2), action: TimelineAction::CheckIn(done) },
    ]
}

/// A random id of a run.
fn id(random: &mut Rng) -> String {
    format!("{:032x}", random.u128(..))
}

fn days_before(now: Timestamp, days: f64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_secs_f64(days * 86_400.0)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crons_server::{RateLimit, Simulation, Ticks};

    use super::*;

    #[test]
    fn the_demo_has_all_kinds_of_runs_and_incidents() {
        let now: Timestamp = "2026-03-30T10:07:30Z".parse().unwrap();
        let mut simulation = Simulation::new(Ticks::EveryMinute, RateLimit::SENTRY).unwrap();
        let outage = outage(now);
        simulation.add_outage(outage.start, outage.end).unwrap();
        for event in events(now) {
            simulation.apply(event).unwrap();
        }
        let report = serde_json::to_value(simulation.finish().unwrap()).unwrap();
        let rows = |key: &str| report[key].as_array().unwrap().clone();
        let statuses: BTreeSet<String> =
            rows("check_ins").iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect();
        let kinds = ["error", "in_progress", "missed", "ok", "timeout", "unknown"];
        assert_eq!(statuses, kinds.map(str::to_owned).into());
        let incidents = rows("incidents");
        for is_open in [false, true] {
            assert!(incidents.iter().any(|row| row["resolved_at"].is_null() == is_open), "{incidents:?}");
        }
        let environments: BTreeSet<String> =
            rows("environments").iter().map(|row| row["environment"].as_str().unwrap().to_owned()).collect();
        assert_eq!(environments, ["production", "staging"].map(str::to_owned).into());
        let refused = rows("outcomes").iter().filter(|row| row["errors"] != json!([])).count();
        assert_eq!(refused, 2);
    }
}
