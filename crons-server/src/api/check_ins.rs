//! Check-ins of a monitor, page by page.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cursor::{links, offset};
use super::{InPath, config_json, no_monitor, organization};
use crate::lifecycle::CheckIn;
use crate::refusal::Refusal;
use crate::state::App;
use crate::store::Reader;

/// Check-ins on a page, at most; as at Sentry.
const PER_PAGE: u32 = 100;

/// Which check-ins to show.
#[derive(Debug, Deserialize)]
pub struct CheckInQuery {
    environment: Option<String>,
    per_page: Option<u32>,
    cursor: Option<String>,
}

/// `GET /api/0/organizations/crons/monitors/{slug}/checkins/`
pub async fn check_ins(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: Result<Query<CheckInQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query?;
    organization(&name)?;
    let limit = query.per_page.unwrap_or(PER_PAGE).clamp(1, PER_PAGE);
    let skip = offset(query.cursor.as_deref())?;
    let (wanted, environment) = (slug.clone(), query.environment.clone());
    let read =
        move |reader: &Reader| reader.check_ins(crate::PROJECT, &wanted, environment.as_deref(), skip, limit);
    let page = app.read(read).await?.ok_or_else(|| no_monitor(&slug))?;
    let rows: Vec<Value> = page.check_ins.iter().map(|(name, row)| check_in_json(name, row)).collect();
    let same = [("per_page", Some(limit.to_string())), ("environment", query.environment)];
    let links = links(&format!("monitors/{slug}/checkins/"), &same, skip, limit, page.more);
    Ok((links, Json(rows)).into_response())
}

fn check_in_json(environment: &str, row: &CheckIn) -> Value {
    json!({
        "id": row.guid,
        "environment": environment,
        "status": row.status.as_str(),
        "duration": row.duration_ms,
        "dateCreated": row.date_added,
        "dateAdded": row.date_added,
        "dateUpdated": row.date_updated,
        "dateInProgress": row.date_in_progress,
        "dateClock": row.date_clock,
        "expectedTime": row.expected_time,
        "monitorConfig": config_json(&row.config),
    })
}
