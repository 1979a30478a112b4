//! Check-ins of a monitor, page by page.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::cursor::{links, offset};
use super::request::{InPath, config_json, no_monitor, organization};
use crate::domain::CheckIn;
use crate::http::error::Refusal;
use crate::http::query::QueryPairs;
use crate::http::state::App;
use crate::store::Reader;

/// Check-ins on a page, at most; as at Sentry.
const PER_PAGE: u32 = 100;

/// `GET /api/0/organizations/crons/monitors/{slug}/checkins/`
pub async fn check_ins(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let limit = per_page(query.value("per_page")?)?;
    let skip = offset(query.value("cursor")?)?;
    let environment = query.value("environment")?.map(str::to_owned);
    let (wanted, of) = (slug.clone(), environment.clone());
    let read = move |reader: &Reader| reader.check_ins(crate::PROJECT, &wanted, of.as_deref(), skip, limit);
    let page = app.read(read).await?.ok_or_else(|| no_monitor(&slug))?;
    let rows: Vec<Value> = page.check_ins.iter().map(|(name, row)| check_in_json(name, row)).collect();
    let same = [("per_page", Some(limit.to_string())), ("environment", environment)];
    let links = links(&format!("monitors/{slug}/checkins/"), &same, skip, limit, page.more);
    Ok((links, Json(rows)).into_response())
}

/// How many check-ins a page has; the most there can be if nobody says.
fn per_page(given: Option<&str>) -> Result<u32, Refusal> {
    let Some(given) = given else { return Ok(PER_PAGE) };
    let count: u32 = given.parse().map_err(|_| {
        let given: String = given.chars().take(80).collect();
        Refusal::bad_request(format!(
            "per_page: {given:?} is no whole number; write one from 1 to {PER_PAGE}"
        ))
    })?;
    Ok(count.clamp(1, PER_PAGE))
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
