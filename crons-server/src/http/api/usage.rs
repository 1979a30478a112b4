//! Counts of check-ins by the hour.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};

use super::request::{InPath, known, organization, since};
use crate::http::error::Refusal;
use crate::http::query::QueryPairs;
use crate::http::state::App;

/// How far back all monitors are shown at once: hours times monitors are many.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How far back is shown if nobody says.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// From when on to show counts: a day ago if the query does not say.
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
