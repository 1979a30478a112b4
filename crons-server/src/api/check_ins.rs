//! Check-ins of a monitor, page by page.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ORGANIZATION, config_json, no_monitor, organization};
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
    Path((name, slug)): Path<(String, String)>,
    query: Result<Query<CheckInQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query?;
    organization(&name)?;
    let limit = query.per_page.unwrap_or(PER_PAGE).clamp(1, PER_PAGE);
    let skip = query.cursor.as_deref().map_or(Ok(0), offset)?;
    let (wanted, environment) = (slug.clone(), query.environment.clone());
    let read =
        move |reader: &Reader| reader.check_ins(crate::PROJECT, &wanted, environment.as_deref(), skip, limit);
    let page = app.read(read).await?.ok_or_else(|| no_monitor(&slug))?;
    let rows: Vec<Value> = page.check_ins.iter().map(|(name, row)| check_in_json(name, row)).collect();
    Ok(([(header::LINK, links(&slug, query.environment.as_deref(), skip, limit, page.more))], Json(rows))
        .into_response())
}

/// Sentry's cursors are `{limit}:{offset}:{backwards}`.
fn offset(cursor: &str) -> Result<u32, Refusal> {
    let offset = cursor.split(':').nth(1).and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| {
        Refusal::bad_request(format!(
            "cursor: {cursor:?} is none; take it from the Link header of the page before"
        ))
    })
}

fn links(slug: &str, environment: Option<&str>, skip: u32, limit: u32, more: bool) -> String {
    let filter =
        environment.map(|name| format!("&environment={}", percent_encoded(name))).unwrap_or_default();
    let link = |offset: u32, direction: &str, results: bool| {
        let cursor = format!("{limit}:{offset}:{}", u8::from(direction == "previous"));
        format!(
            "</api/0/organizations/{ORGANIZATION}/monitors/{slug}/checkins/?per_page={limit}{filter}&cursor={cursor}>; \
             rel=\"{direction}\"; results=\"{results}\"; cursor=\"{cursor}\""
        )
    };
    let previous = link(skip.saturating_sub(limit), "previous", skip > 0);
    format!("{previous}, {}", link(skip.saturating_add(limit), "next", more))
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
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
