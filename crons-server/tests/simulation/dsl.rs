//! Timelines in short, and the report of a simulation as a few lines of text.
//!
//! ```text
//! a ok 10:00:05 270000ms expected 11:00 timeout 10:30 begun 10:00:05     a check-in
//! = ok, last 10:00:05, next 11:00, latest 11:01, muted                   an environment
//! ! 11:00 #1 -> 11:02:30 b                                               an incident, from and to
//! > 11:01 #1 A missed check-in was detected                              an occurrence
//! ? 10:00:09 rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED   an outcome that is not plainly accepted
//! ```
//!
//! `#1` is the first check-in that the server created itself. `@dev`, `@other` and `@other/dev` mark what is not about the
//! monitor `job` in `production`.
#![allow(dead_code, unused_imports, clippy::allow_attributes, reason = "each test file uses its own part")]

use crons_server::{RateLimit, Simulation, Ticks, parse_timeline};
use serde_json::{Value, json};

pub use crate::told::{only, text};

pub const NIL: &str = "nil";
pub const EVERY: Ticks = Ticks::EveryMinute;
pub const LISTED: Ticks = Ticks::Listed;
pub const LIMIT: RateLimit = RateLimit::SENTRY;

/// An event of a timeline, without its time.
#[derive(Clone, Debug)]
pub struct Event(pub Value);

pub fn in_progress(id: &str) -> Event {
    check_in(id, "in_progress")
}

pub fn ok(id: &str) -> Event {
    check_in(id, "ok")
}

pub fn error(id: &str) -> Event {
    check_in(id, "error")
}

pub fn check_in(id: &str, status: &str) -> Event {
    let config = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}});
    payload(
        json!({"check_in_id": hex(id), "monitor_slug": "job", "status": status, "monitor_config": config}),
    )
}

pub fn payload(payload: impl Into<Value>) -> Event {
    Event(json!({ "check_in": payload.into() }))
}

pub fn tick() -> Event {
    Event(json!({"tick": true}))
}

pub fn mute(environment: &str, muted: bool) -> Event {
    Event(json!({"mute": {"monitor": "job", "environment": environment, "muted": muted}}))
}

pub fn disable(disabled: bool) -> Event {
    Event(json!({"disable": {"monitor": "job", "disabled": disabled}}))
}

impl Event {
    /// Sets a key of the payload.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0["check_in"][key] = value.into();
        self
    }

    pub fn at(self, environment: &str) -> Self {
        self.with("environment", environment)
    }

    pub fn of(self, monitor: &str) -> Self {
        self.with("monitor_slug", monitor)
    }

    /// Sets keys of the configuration.
    pub fn set(mut self, keys: Value) -> Self {
        let Value::Object(keys) = keys else { panic!("no keys: {keys}") };
        for (key, value) in keys {
            self.0["check_in"]["monitor_config"][key] = value;
        }
        self
    }

    pub fn crontab(self, crontab: &str) -> Self {
        self.set(json!({"schedule": {"type": "crontab", "value": crontab}}))
    }

    pub fn every(self, value: u32, unit: &str) -> Self {
        self.set(json!({"schedule": {"type": "interval", "value": value, "unit": unit}}))
    }

    /// Removes the configuration.
    pub fn bare(self) -> Self {
        self.without("monitor_config")
    }

    pub fn without(mut self, key: &str) -> Self {
        self.0["check_in"].as_object_mut().unwrap().remove(key);
        self
    }
}

/// The id that a name stands for.
pub fn hex(name: &str) -> String {
    if name == NIL {
        return "0".repeat(32);
    }
    format!("{:0<32}", name.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// `10:00:05` is on 3 June 2024.
pub fn instant(time: &str) -> String {
    if time.contains('T') { format!("{time}Z") } else { format!("2024-06-03T{time}Z") }
}

pub type Timeline<'a> = &'a [(&'a str, Event)];

pub fn lines(timeline: Timeline<'_>) -> String {
    timeline.iter().fold(String::new(), |text, (time, Event(event))| {
        let mut event = event.clone();
        event["at"] = json!(instant(&seconds(time)));
        text + &event.to_string() + "\n"
    })
}

/// `10:00` is `10:00:00`.
fn seconds(time: &str) -> String {
    if time.matches(':').count() == 1 { format!("{time}:00") } else { time.to_owned() }
}

/// Returns the report of a timeline, with these ticks and this limit.
pub fn report(timeline: Timeline<'_>, ticks: Ticks, limit: RateLimit) -> Value {
    let mut simulation = Simulation::new(ticks, limit).unwrap();
    for event in parse_timeline(&lines(timeline)).unwrap() {
        simulation.apply(event).unwrap();
    }
    let report = serde_json::to_value(simulation.finish().unwrap()).unwrap();
    // The report has one outcome for each check-in, in order, at its time.
    let sent = timeline.iter().filter(|(_, event)| event.0.get("check_in").is_some());
    let sent: Vec<Value> = sent.map(|(time, _)| json!(instant(&seconds(time)))).collect();
    let counted: Vec<Value> =
        report["outcomes"].as_array().unwrap().iter().map(|row| row["at"].clone()).collect();
    assert_eq!(counted, sent);
    report
}

/// Asserts the whole report of a timeline.
#[track_caller]
pub fn proves(timeline: Timeline<'_>, expected: &str) {
    compare(&report(timeline, Ticks::EveryMinute, RateLimit::SENTRY), expected);
}

/// Asserts the whole report of a timeline like [`proves`], where only the listed minutes are evaluated.
#[track_caller]
pub fn proves_with_listed_ticks(timeline: Timeline<'_>, expected: &str) {
    compare(&report(timeline, Ticks::Listed, RateLimit::SENTRY), expected);
}

#[track_caller]
fn compare(report: &Value, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let told = text(report);
    let told: Vec<&str> = told.lines().collect();
    assert!(told == expected, "told:\n  {}\nexpected:\n  {}", told.join("\n  "), expected.join("\n  "));
}
