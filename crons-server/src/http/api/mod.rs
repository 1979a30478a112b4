//! What is stored, as JSON, in Sentry's own shapes; where Sentry has none, in shapes like them.

// In layer order: a module uses only those above it.
mod request;
mod cursor;
mod monitors;
mod check_ins;
mod incidents;
mod alerts;
mod processing_errors;
mod usage;
mod outages;

use axum::Json;
use serde_json::{Value, json};

pub use alerts::alerts;
pub use check_ins::check_ins;
pub use incidents::{acknowledge, incident, incidents, incidents_of, unacknowledge};
pub use monitors::{change_environment, change_monitor, delete_monitor, monitor, monitors};
pub use outages::outages;
pub use processing_errors::{refused, refused_of};
pub use usage::{usage, usage_of};

/// `GET /api/0/`: what `sentry-cli info` asks: who is asking, and what they may do.
pub async fn index() -> Json<Value> {
    Json(json!({
        "version": "0",
        "user": {"id": "1", "name": "admin", "username": "admin", "email": "admin"},
        "auth": {"scopes": ["org:read", "project:read", "project:write", "alerts:read", "alerts:write"]},
    }))
}
