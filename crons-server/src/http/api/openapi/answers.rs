//! The schemas of answers whose types belong to other layers: explanations, badges, health, and parts of incidents and silences. A test
//! compares each with an answer of the server.
#![expect(dead_code, reason = "these types are read by the derive of their schemas only")]

use jiff::Timestamp;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The derivation of the status of a check-in or an incident.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Explanation {
    /// The effect of the run on an incident; `null` for an incident.
    consequence: Option<Consequence>,
    environment: String,
    id: Uuid,
    /// `check_in` or `incident`.
    kind: String,
    monitor_slug: String,
    /// Changes that would have led to another status.
    prevention: Vec<Prevention>,
    rule: AppliedRule,
    status: String,
    steps: Vec<Step>,
    /// The derivation as `crons explain` prints it.
    text: String,
    /// The time zone of the monitor.
    timezone: String,
    title: String,
}

/// The effect of a run on an incident.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Consequence {
    incident_id: Option<Uuid>,
    /// Whether nobody was notified since the environment was muted.
    muted: bool,
    name: String,
    text: String,
}

/// A change that would have led to another status.
#[derive(ToSchema)]
struct Prevention {
    setting: Option<SettingAtLeast>,
    text: String,
}

/// A setting of a monitor, with the least value that would have been enough.
#[derive(ToSchema)]
struct SettingAtLeast {
    at_least: i64,
    name: String,
}

/// The rule that decided, with the numbers that it was applied to.
#[derive(ToSchema)]
struct AppliedRule {
    inputs: Map<String, Value>,
    name: String,
    text: String,
}

/// A step of a derivation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Step {
    at: Timestamp,
    check_in_id: Option<Uuid>,
    /// `at` in the zone of the monitor.
    local: String,
    name: String,
    text: String,
}

/// The state of a monitor in the form that shields.io reads.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Badge {
    color: String,
    label: String,
    message: String,
    schema_version: u8,
    /// The state as a fixed name, for programs.
    state: String,
}

/// The paths of the badges of a monitor, with their key.
#[derive(ToSchema)]
pub(super) struct BadgeAddresses {
    json: String,
    svg: String,
}

/// The answer of a part that works: `ok` or `ready`.
#[derive(ToSchema)]
pub(super) struct Health {
    status: String,
}
