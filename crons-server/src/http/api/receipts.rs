//! What came in and what became of it: refused payloads, counts by the hour, and when nobody could be heard.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::request::{InPath, instant, no_monitor, organization};
use crate::http::error::Refusal;
use crate::http::query::QueryPairs;
use crate::http::state::App;

/// Alerts that are shown.
const ALERTS: u32 = 100;
/// How far back all monitors are shown at once: hours times monitors are many.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far back is shown if nobody says.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `GET /api/0/organizations/crons/processing-errors/`: of payloads that are for no monitor, and rows that cannot be read.
pub async fn refused(State(app): State<App>, InPath(name): InPath<String>) -> Result<Response, Refusal> {
    organization(&name)?;
    let found = app.read(|reader| reader.refused(None)).await?;
    Ok(Json(found).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/processing-errors/`
pub async fn refused_of(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    known(&app, &slug).await?;
    let found = app.read(move |reader| reader.refused(Some(&slug))).await?;
    Ok(Json(found).into_response())
}

/// From when on to show something, as the query says; `None` if it does not.
fn since(query: &QueryPairs) -> Result<Option<Timestamp>, Refusal> {
    query.only(&["since"])?;
    instant(query, "since")
}

/// The same for counts, of which a day is shown if the query does not say.
fn since_or_day_ago(query: &QueryPairs, app: &App) -> Result<Timestamp, Refusal> {
    let day_ago = || app.inbox.clock().now().checked_sub(DAY).unwrap_or(Timestamp::MIN);
    Ok(since(query)?.unwrap_or_else(day_ago))
}

/// `GET /api/0/organizations/crons/usage/`
pub async fn usage(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let since = since_or_day_ago(&query, &app)?;
    if app.inbox.clock().now().duration_since(since) > WEEK {
        return Err(Refusal::bad_request(format!(
            "since: {since} is more than 7 days ago; ask for one monitor, or for less"
        )));
    }
    let found = app.read(move |reader| reader.usage(None, since)).await?;
    Ok(Json(found).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/usage/`
pub async fn usage_of(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let since = since_or_day_ago(&query, &app)?;
    known(&app, &slug).await?;
    let found = app.read(move |reader| reader.usage(Some(&slug), since)).await?;
    Ok(Json(found).into_response())
}

/// `GET /api/0/organizations/crons/alerts/`: what was told, or is still to be, newest first.
pub async fn alerts(State(app): State<App>, InPath(name): InPath<String>) -> Result<Response, Refusal> {
    organization(&name)?;
    Ok(Json(app.read(|reader| reader.alerts(ALERTS)).await?).into_response())
}

/// `GET /api/0/organizations/crons/outages/`: when this server could hear nobody.
pub async fn outages(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let since = since(&query)?.unwrap_or(Timestamp::MIN);
    let found = app.read(move |reader| reader.outages(since)).await?;
    let found: Vec<_> =
        found.iter().map(|outage| json!({"since": outage.since, "until": outage.until})).collect();
    Ok(Json(found).into_response())
}

async fn known(app: &App, slug: &str) -> Result<(), Refusal> {
    let wanted = slug.to_owned();
    let found = app.read(move |reader| reader.is_monitor(crate::PROJECT, &wanted)).await?;
    if found { Ok(()) } else { Err(no_monitor(slug)) }
}
