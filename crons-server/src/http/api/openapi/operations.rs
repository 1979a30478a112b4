//! The table of all operations.

use super::bodies::{acknowledgement, bulk, environment, monitor, token};
use super::operation::{Answer, Operation};
use super::schemas::{any, any_list, many, one};
use crate::http::api::alerts::Alert;
use crate::http::api::incident_shapes::Incident;
use crate::http::api::outages::Outage;
use crate::http::api::processing_errors::ProcessingErrors;
use crate::http::api::shapes::{CheckIn, Monitor};
use crate::http::api::stats::MonitorBucket;
use crate::http::api::usage::Usage;

const LIST: [&str; 8] = ["query", "owner", "environment", "project", "sort", "asc", "per_page", "cursor"];
const CHECK_INS: [&str; 7] = ["environment", "expand", "start", "end", "statsPeriod", "per_page", "cursor"];
const INCIDENTS: [&str; 4] = ["environment", "status", "before", "cursor"];
const USAGE: [&str; 3] = ["since", "per_page", "cursor"];
const MONITOR: Answer = Answer::Json(200, one::<Monitor<'static>>);
const INCIDENT: Answer = Answer::Json(200, one::<Incident<'static>>);
const ANY: Answer = Answer::Json(200, any);

/// The routes of monitors, relative to the organization or the project.
pub(super) const OF_MONITORS: [Operation; 16] = [
    Operation::get("/monitors/", "List monitors", &LIST, Answer::Json(200, many::<Monitor<'static>>)),
    Operation::change(
        ("post", "/monitors/"),
        "Create a monitor",
        &[],
        Some(monitor),
        Answer::Json(201, one::<Monitor<'static>>),
    ),
    Operation::change(("put", "/monitors/"), "Change several monitors", &[], Some(bulk), ANY),
    Operation::get("/monitors/{slug}/", "Get a monitor", &[], MONITOR),
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
        &["environment", "project"],
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
        &CHECK_INS,
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
        &["since", "until", "resolution", "environment"],
        Answer::Json(200, many::<MonitorBucket>),
    ),
    Operation::get(
        "/monitors/{slug}/advice/",
        "Get advice on the configuration of a monitor",
        &["environment"],
        Answer::Json(200, any_list),
    ),
    Operation::get("/monitors/{slug}/badge/", "Get the addresses of the badges of a monitor", &[], ANY),
    Operation::get(
        "/monitors/{slug}/incidents/",
        "List the incidents of a monitor",
        &INCIDENTS,
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
        &USAGE,
        Answer::Json(200, many::<Usage<'static>>),
    ),
];

/// The other routes of the organization.
pub(super) const OF_ORGANIZATION: [Operation; 13] = [
    Operation::get(
        "/monitors-stats/",
        "Count check-ins by buckets of time",
        &["monitor", "since", "until", "resolution", "environment", "project"],
        ANY,
    ),
    Operation::get("/incidents/", "List incidents", &INCIDENTS, Answer::Json(200, many::<Incident<'static>>)),
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
    Operation::get("/explanations/{id}/", "Explain the status of a check-in or an incident", &[], ANY),
    Operation::get("/alerts/", "List alerts", &[], Answer::Json(200, many::<Alert<'static>>)),
    Operation::get(
        "/processing-errors/",
        "List refused payloads for no known monitor",
        &[],
        Answer::Json(200, many::<ProcessingErrors<'static>>),
    ),
    Operation::get(
        "/usage/",
        "Count check-ins by hour and outcome",
        &USAGE,
        Answer::Json(200, many::<Usage<'static>>),
    ),
    Operation::get(
        "/outages/",
        "List the times in which the server was not receiving",
        &USAGE,
        Answer::Json(200, many::<Outage>),
    ),
    Operation::get("/tokens/", "List API tokens", &[], Answer::Json(200, any_list)),
    Operation::change(("post", "/tokens/"), "Create an API token", &[], Some(token), Answer::Json(201, any)),
    Operation::change(("delete", "/tokens/{id}/"), "Revoke an API token", &[], None, Answer::Empty(204)),
];

/// The routes outside of the organization.
pub(super) const OF_SERVER: [Operation; 7] = [
    Operation::get("/api/0/", "Describe the user and the scopes of the request", &[], ANY),
    Operation::get("/api/0/openapi.json", "Get this document", &[], ANY),
    Operation::get("/health", "Check that the process answers", &[], ANY),
    Operation::get("/ready", "Check that database, clock and outbox work", &[], ANY),
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
    Operation::get("/monitors/{slug}/badge.json", "Get a badge as JSON", &["key", "environment"], ANY),
];
