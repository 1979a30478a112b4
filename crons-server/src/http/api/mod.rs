//! The API: what is stored, as JSON in Sentry's own shapes; where Sentry has none, in shapes like them.

// In layer order: a module uses only those above it.
mod request;
mod cursor;
mod shapes;
mod incident_shapes;
mod revision;
mod search;
mod monitor_query;
mod monitors;
mod monitor_body;
mod change_monitors;
mod change_environments;
mod bulk;
mod period;
mod check_ins;
mod stats;
mod incidents;
mod acknowledgement;
mod explanations;
mod tokens;
mod advice;
mod alerts;
mod processing_errors;
mod usage;
mod outages;
mod openapi;

use axum::Json;
use serde::Serialize;

pub(crate) use acknowledgement::acknowledging_person;
pub use acknowledgement::{acknowledge, unacknowledge};
pub use advice::advice;
pub(crate) use advice::{EnvironmentAdvice, advice_of};
pub use alerts::alerts;
pub use bulk::change_monitors;
pub use change_environments::{change_environment, delete_environment};
pub use change_monitors::{change_monitor, create_monitor, delete_monitor};
pub use check_ins::{check_in, check_ins};
pub(crate) use cursor::page_request;
pub(crate) use explanations::derive;
pub use explanations::explanation;
pub(crate) use incidents::incident_id;
pub use incidents::{incident, incidents, incidents_of};
pub(crate) use monitor_body::monitor_change;
pub use monitors::{monitor, monitors};
pub use openapi::openapi;
pub use outages::outages;
pub use processing_errors::{processing_errors, processing_errors_of};
pub(crate) use request::{InPath, no_monitor};
pub use request::{MonitorInPath, require_monitor};
pub use stats::{stats, stats_of};
pub use tokens::{create_token, revoke_token, tokens};
pub use usage::{usage, usage_of};

#[derive(Serialize)]
pub struct Index {
    auth: Auth,
    user: User,
    version: &'static str,
}

#[derive(Serialize)]
struct Auth {
    scopes: [&'static str; 5],
}

#[derive(Serialize)]
struct User {
    email: &'static str,
    id: &'static str,
    name: &'static str,
    username: &'static str,
}

/// `GET /api/0/`: the user and the scopes of the request, which `sentry-cli info` asks for.
pub async fn index() -> Json<Index> {
    Json(Index {
        auth: Auth { scopes: ["org:read", "project:read", "project:write", "alerts:read", "alerts:write"] },
        user: User { email: "admin", id: "1", name: "admin", username: "admin" },
        version: "0",
    })
}
