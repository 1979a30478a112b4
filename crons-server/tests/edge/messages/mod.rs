//! Tests of the messages of refusals: they name the field, its value, what is allowed and what to do, and have no words of Rust.

mod payloads;
mod requests;

use crons_server::{RateLimit, Settings};
use serde_json::{Value, json};

use crate::harness::{Harness, KEY, id};
use crate::raw::{Raw, ask};

/// The words of Rust, its libraries and parsers, which mean nothing to a client that sends JSON.
const RUST: [&str; 26] = [
    "EOF",
    "sequence",
    "invalid type",
    "missing field",
    "unknown variant",
    "unknown field",
    "expected value",
    "expected ident",
    "recursion limit",
    "Some(",
    "None",
    "struct ",
    "usize",
    "u64",
    "u32",
    "i64",
    "f64",
    "elements",
    "Option",
    "enum ",
    "tuple",
    "unit value",
    "deserialize",
    "Deserialize",
    "newtype",
    "::",
];

fn is_plain(text: &str) -> bool {
    RUST.iter().all(|word| !text.contains(word))
}

fn reason(answer: &Raw) -> String {
    let reason = answer.header("x-sentry-error").to_owned();
    assert!(is_plain(&reason), "{reason}");
    assert!(reason.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{reason}");
    reason
}

/// A server without a rate limit.
fn unlimited() -> Harness {
    Harness::with("10:00:00", Settings { rate_limit: RateLimit::OFF, ..Settings::default() })
}

/// The payload of a good check-in with one part replaced, by its path.
fn with(pointer: &str, value: Value) -> Value {
    let mut payload = json!({
        "monitor_slug": "job", "status": "ok", "duration": 1.5, "environment": "production", "contexts": {},
        "check_in_id": id('a'),
        "monitor_config": {
            "schedule": {"type": "interval", "value": 2, "unit": "hour"}, "checkin_margin": 5, "max_runtime": 30,
            "failure_issue_threshold": 1, "recovery_threshold": 1, "timezone": "UTC", "owner": "team:ops",
        },
    });
    *payload.pointer_mut(pointer).unwrap() = value;
    payload
}

/// The answers to this payload in an envelope and as the body of the check-in URL.
fn both_ways(server: &Harness, payload: &[u8]) -> [Raw; 2] {
    let body = [b"{}\n{\"type\":\"check_in\"}\n", payload].concat();
    let first = ask(server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], &body);
    let json = [("content-type", "application/json")];
    [first, ask(server, &format!("POST /api/1/cron/job/{KEY}/"), &json, payload)]
}
