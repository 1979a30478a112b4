//! What is stored, as JSON, in Sentry's own shapes.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use crons_types::Schedule;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::lifecycle::{CheckIn, Config};
use crate::refusal::Refusal;
use crate::state::App;
use crate::store::{EnvironmentView, MonitorView, Reader};

/// The organization that everything belongs to.
const ORGANIZATION: &str = "crons";
/// Check-ins on a page, at most; as at Sentry.
const PER_PAGE: u32 = 100;

fn organization(name: &str) -> Result<(), Refusal> {
    if name == ORGANIZATION {
        return Ok(());
    }
    Err(Refusal::not_found(format!("there is no organization {name:?}; this server has `{ORGANIZATION}`")))
}

fn no_monitor(slug: &str) -> Refusal {
    Refusal::not_found(format!(
        "there is no monitor {slug:?}; it is made by its first check-in that brings a schedule"
    ))
}

/// `GET /api/0/organizations/crons/monitors/`
pub async fn monitors(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Refusal> {
    organization(&name)?;
    let found = app.read(|reader| reader.monitors(crate::PROJECT, None)).await?;
    Ok(Json(found.iter().map(monitor_json).collect::<Vec<_>>()).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/`
pub async fn monitor(
    State(app): State<App>,
    Path((name, slug)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let wanted = slug.clone();
    let found = app.read(move |reader| reader.monitors(crate::PROJECT, Some(&wanted))).await?;
    let monitor = found.first().ok_or_else(|| no_monitor(&slug))?;
    Ok(Json(monitor_json(monitor)).into_response())
}

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

fn monitor_json(view: &MonitorView) -> Value {
    let monitor = &view.monitor;
    let muted = !view.environments.is_empty() && view.environments.iter().all(|view| view.environment.muted);
    json!({
        "id": monitor.guid,
        "slug": monitor.slug,
        "name": monitor.slug,
        "status": if monitor.enabled { "active" } else { "disabled" },
        "isMuted": muted,
        "isUpserting": monitor.upserting,
        "config": config_json(&monitor.config),
        "dateCreated": monitor.date_created,
        "owner": monitor.owner.as_deref().map(owner_json),
        "project": {"id": monitor.project.to_string(), "slug": ORGANIZATION, "name": ORGANIZATION},
        "environments": view.environments.iter().map(environment_json).collect::<Vec<_>>(),
    })
}

fn owner_json(owner: &str) -> Value {
    let (kind, id) = owner.split_once(':').unwrap_or(("user", owner));
    json!({"type": kind, "id": id, "name": id})
}

fn environment_json(view: &EnvironmentView) -> Value {
    let environment = &view.environment;
    let incident = |since: Timestamp| json!({"startingTimestamp": since, "resolvingTimestamp": null, "brokenNotice": null});
    json!({
        "name": environment.name,
        "status": environment.status.as_str(),
        "isMuted": environment.muted,
        "dateCreated": environment.date_created,
        "lastCheckIn": environment.last_check_in,
        "nextCheckIn": environment.next_check_in,
        "nextCheckInLatest": environment.next_check_in_latest,
        "activeIncident": view.incident_since.map(incident),
    })
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

fn config_json(config: &Config) -> Value {
    let (schedule_type, schedule) = match &config.schedule {
        Schedule::Crontab(crontab) => ("crontab", json!(crontab.as_str())),
        Schedule::Interval(interval) => ("interval", json!([interval.value(), interval.unit()])),
    };
    json!({
        "schedule_type": schedule_type,
        "schedule": schedule,
        "checkin_margin": config.checkin_margin,
        "max_runtime": config.max_runtime,
        "timezone": config.zone().as_str(),
        "failure_issue_threshold": config.failure_issue_threshold,
        "recovery_threshold": config.recovery_threshold,
        "alert_rule_id": null,
    })
}
