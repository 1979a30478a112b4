//! The schemas of the bodies of requests.

use serde_json::{Value, json};

use crate::domain::Silence;

/// The body that creates or changes a monitor.
pub(super) fn monitor() -> Value {
    let number = |most: u32| json!({"type": ["integer", "null"], "minimum": 1, "maximum": most});
    let most = crons_types::MonitorConfig::MAX_THRESHOLD;
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "type": {"type": "string", "enum": ["cron_job"]},
            "name": {"type": ["string", "null"], "minLength": 1, "maxLength": crate::domain::Monitor::MAX_NAME},
            "slug": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,49}$"},
            "status": status(),
            "isMuted": {"type": "boolean"},
            "owner": {"type": ["string", "null"], "pattern": "^(user|team):[A-Za-z0-9_-]+$"},
            "project": {},
            "config": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "schedule_type": {"type": "string", "enum": ["crontab", "interval"]},
                    "schedule": {"examples": ["0 3 * * *", [10, "minute"]]},
                    "timezone": {"type": ["string", "null"], "examples": ["Europe/Vienna"]},
                    "checkin_margin": number(crons_types::MonitorConfig::MAX_CHECKIN_MARGIN),
                    "max_runtime": number(crons_types::MonitorConfig::MAX_MAX_RUNTIME),
                    "failure_issue_threshold": number(most),
                    "recovery_threshold": number(most),
                    "alert_rule_id": {"type": "null"},
                },
            },
        },
    })
}

/// The body that creates an API token.
pub(super) fn token() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "scope"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": crate::http::api::tokens::MAX_NAME},
            "scope": {"type": "string", "enum": ["read", "write"]},
        },
    })
}

/// The body that changes several monitors.
pub(super) fn bulk() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["ids"],
        "properties": {
            "ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": crate::http::api::bulk::MAX_IDS},
            "status": status(),
            "isMuted": {"type": "boolean"},
            "project": {},
        },
    })
}

/// The body that changes an environment.
pub(super) fn environment() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["isMuted"],
        "properties": {"isMuted": {"type": "boolean"}},
    })
}

/// The body that acknowledges an incident.
pub(super) fn acknowledgement() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["by"],
        "properties": {"by": {"type": "string", "minLength": 1, "maxLength": crate::http::api::acknowledgement::MAX_NAME}},
    })
}

/// The body that makes a silence.
pub(super) fn silence() -> Value {
    let instant = || json!({"type": "string", "format": "date-time"});
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["matchers", "by", "why"],
        "oneOf": [{"required": ["ends_at"]}, {"required": ["for"]}],
        "properties": {
            "matchers": {
                "type": "array",
                "minItems": 1,
                "maxItems": Silence::MAX_MATCHERS,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["key", "match"],
                    "properties": {
                        "key": {"type": "string", "examples": ["monitor.slug", "environment", "owner"]},
                        "match": {"type": "string", "examples": ["matches pattern", "equals"]},
                        "value": {"type": "string", "examples": ["nightly-*"]},
                    },
                },
            },
            "starts_at": instant(),
            "ends_at": instant(),
            "for": {"type": "string", "examples": ["2h", "1h30m", "1 day"]},
            "by": text(Silence::MAX_BY),
            "why": text(Silence::MAX_WHY),
        },
    })
}

fn status() -> Value {
    json!({"type": "string", "enum": ["active", "disabled"]})
}
