//! Metrics of the server and of its monitors, in the text format of `OpenMetrics`, which Prometheus reads.

// The modules are in layer order: each uses only those above it.
mod server;
mod monitors;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::http::error::HttpError;
use crate::http::state::AppState;
use monitors::MonitorFigures;
use server::ServerFigures;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`
pub async fn metrics(State(state): State<AppState>) -> Result<Response, HttpError> {
    let mut registry = Registry::with_prefix("crons");
    registry.register_collector(Box::new(ServerFigures {
        figures: state.inbox.vitals().figures(),
        queued: state.inbox.queued(),
        nodes: state.group.nodes(),
    }));
    let (monitors, durations) =
        state.read(|queries| Ok((queries.summaries()?, queries.last_durations()?))).await?;
    let durations = durations.into_iter().map(|(slug, name, duration)| ((slug, name), duration)).collect();
    let now = state.inbox.clock().now();
    registry.register_collector(Box::new(MonitorFigures { monitors, durations, now }));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(HttpError::internal)?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
