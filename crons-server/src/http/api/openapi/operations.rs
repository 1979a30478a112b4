//! The table of all operations.

use super::answers::{Badge, BadgeAddresses, Explanation, Health};
use super::bodies::{acknowledgement, bulk, environment, monitor, silence, token};
use super::operation::{Answer, Operation};
use super::schemas::{any, many, one};
use crate::http::api::advice::EnvironmentAdvice;
use crate::http::api::alerts::{self, Alert};
use crate::http::api::bulk::BulkAnswer;
use crate::http::api::drill::StartedDrill;
use crate::http::api::incident_shapes::Incident;
use crate::http::api::index::Index;
use crate::http::api::nodes::Node;
use crate::http::api::outages::Outage;
use crate::http::api::processing_errors::ProcessingErrors;
use crate::http::api::shapes::{CheckIn, Monitor};
use crate::http::api::silences::Silence;
use crate::http::api::since_query;
use crate::http::api::stats::{self, MonitorBucket};
use crate::http::api::tokens::Token;
use crate::http::api::usage::{self, Usage};
use crate::http::api::{check_ins, incidents, monitor_query, monitors};

const MONITOR: Answer = Answer::Json(200, one::<Monitor<'static>>);
const INCIDENT: Answer = Answer::Json(200, one::<Incident<'static>>);
const HEALTH: Answer = Answer::Json(200, one::<Health>);
const ANY: Answer = Answer::Json(200, any);

/// The routes of monitors, relative to the organization or the project.
pub(super) const OF_MONITORS: [Operation; 16] = [
    Operation::get(
        "/monitors/",
        "List monitors",
        &monitor_query::PARAMETERS,
        Answer::Json(200, many::<Monitor<'static>>),
    ),
    Operation::change(
        ("post", "/monitors/"),
        "Create a monitor",
        &[],
        Some(monitor),
        Answer::Json(201, one::<Monitor<'static>>),
    ),
    Operation::change(
        ("put", "/monitors/"),
        "Change several monitors",
        &[],
        Some(bulk),
        Answer::Json(200, one::<BulkAnswer>),
    ),
    Operation::get("/monitors/{slug}/", "Get a monitor", &monitors::MONITOR_PARAMETERS, MONITOR),
    Operation::change(
        ("put", "/monitors/{slug}/"),
        "Change a monitor",
        &["If-Match"],
        Some(monitor),
        MONITOR,
    ),
    Operation::change(
        ("delete", "/monitors/{slug}/"),
        "Delete a monitor, or environments of it",
        &monitors::MONITOR_PARAMETERS,
        None,
        Answer::Empty(202),
    ),
    Operation::change(
        ("put", "/monitors/{slug}/environments/{environment}/"),
        "Mute or unmute an environment",
        &[],
        Some(environment),
        MONITOR,
    ),
    Operation::change(
        ("delete", "/monitors/{slug}/environments/{environment}/"),
        "Delete an environment",
        &[],
        None,
        Answer::Empty(202),
    ),
    Operation::get(
        "/monitors/{slug}/checkins/",
        "List check-ins",
        &check_ins::PARAMETERS,
        Answer::Json(200, many::<CheckIn<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/checkins/{id}/",
        "Get a check-in",
        &["expand"],
        Answer::Json(200, one::<CheckIn<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/stats/",
        "Count the check-ins of a monitor by buckets of time",
        &stats::MONITOR_PARAMETERS,
        Answer::Json(200, many::<MonitorBucket>),
    ),
    Operation::get(
        "/monitors/{slug}/advice/",
        "Get advice on the configuration of a monitor",
        &["environment"],
        Answer::Json(200, many::<EnvironmentAdvice>),
    ),
    Operation::get(
        "/monitors/{slug}/badge/",
        "Get the addresses of the badges of a monitor",
        &[],
        Answer::Json(200, one::<BadgeAddresses>),
    ),
    Operation::get(
        "/monitors/{slug}/incidents/",
        "List the incidents of a monitor",
        &incidents::PARAMETERS,
        Answer::Json(200, many::<Incident<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/processing-errors/",
        "List refused payloads of a monitor",
        &[],
        Answer::Json(200, many::<ProcessingErrors<'static>>),
    ),
    Operation::get(
        "/monitors/{slug}/usage/",
        "Count the check-ins of a monitor by hour and outcome",
        &usage::PARAMETERS,
        Answer::Json(200, many::<Usage<'static>>),
    ),
];

/// The routes of the organization other than those above.
pub(super) const OF_ORGANIZATION: [Operation; 18] = [
    Operation::get("/monitors-stats/", "Count check-ins by buckets of time", &stats::PARAMETERS, ANY),
    Operation::get(
        "/incidents/",
        "List incidents",
        &incidents::PARAMETERS,
        Answer::Json(200, many::<Incident<'static>>),
    ),
    Operation::get("/incidents/{id}/", "Get an incident", &[], INCIDENT),
    Operation::change(
        ("put", "/incidents/{id}/acknowledgement/"),
        "Acknowledge an incident",
        &[],
        Some(acknowledgement),
        INCIDENT,
    ),
    Operation::change(
        ("delete", "/incidents/{id}/acknowledgement/"),
        "Take an acknowledgement back",
        &[],
        None,
        INCIDENT,
    ),
    Operation::get(
        "/explanations/{id}/",
        "Explain the status of a check-in or an incident",
        &[],
        Answer::Json(200, one::<Explanation>),
    ),
    Operation::get("/alerts/", "List alerts", &alerts::PARAMETERS, Answer::Json(200, many::<Alert<'static>>)),
    Operation::change(
        ("post", "/alerts/drill/"),
        "Send a test message to every target that rules or the digest name",
        &[],
        None,
        Answer::Json(202, one::<StartedDrill>),
    ),
    Operation::get(
        "/processing-errors/",
        "List refused payloads for no known monitor",
        &[],
        Answer::Json(200, many::<ProcessingErrors<'static>>),
    ),
    Operation::get(
        "/usage/",
        "Count check-ins by hour and outcome",
        &usage::PARAMETERS,
        Answer::Json(200, many::<Usage<'static>>),
    ),
    Operation::get(
        "/outages/",
        "List the times in which the server was not receiving",
        &since_query::PARAMETERS,
        Answer::Json(200, many::<Outage>),
    ),
    Operation::get(
        "/nodes/",
        "List the servers on the database, if it is one that several can use",
        &[],
        Answer::Json(200, many::<Node>),
    ),
    Operation::get(
        "/silences/",
        "List silences",
        &since_query::PARAMETERS,
        Answer::Json(200, many::<Silence<'static>>),
    ),
    Operation::change(
        ("post", "/silences/"),
        "Keep messages about monitors back for a while",
        &[],
        Some(silence),
        Answer::Json(201, one::<Silence<'static>>),
    ),
    Operation::change(("delete", "/silences/{id}/"), "End a silence now", &[], None, Answer::Empty(204)),
    Operation::get("/tokens/", "List API tokens", &[], Answer::Json(200, many::<Token<'static>>)),
    Operation::change(
        ("post", "/tokens/"),
        "Create an API token",
        &[],
        Some(token),
        Answer::Json(201, one::<Token<'static>>),
    ),
    Operation::change(("delete", "/tokens/{id}/"), "Revoke an API token", &[], None, Answer::Empty(204)),
];

/// The routes outside of the organization.
pub(super) const OF_SERVER: [Operation; 7] = [
    Operation::get(
        "/api/0/",
        "Describe the user and the scopes of the request",
        &[],
        Answer::Json(200, one::<Index>),
    ),
    Operation::get("/api/0/openapi.json", "Get this document", &[], ANY),
    Operation::get("/health", "Check that the process answers", &[], HEALTH).public(),
    Operation::get("/ready", "Check that database, clock and outbox work", &[], HEALTH).public(),
    Operation::get(
        "/metrics",
        "Get metrics for Prometheus",
        &[],
        Answer::Text("application/openmetrics-text"),
    ),
    Operation::get(
        "/monitors/{slug}/badge.svg",
        "Get a badge as a picture",
        &["key", "environment"],
        Answer::Text("image/svg+xml"),
    ),
    Operation::get(
        "/monitors/{slug}/badge.json",
        "Get a badge as JSON",
        &["key", "environment"],
        Answer::Json(200, one::<Badge>),
    ),
];
