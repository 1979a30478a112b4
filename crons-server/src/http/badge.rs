//! Badges: the state of a monitor as a small picture and as JSON, for other pages.
//!
//! A README shows a badge to people who have no token, so the address of a badge holds a key that cannot be guessed. The key opens the badge
//! of one monitor and nothing else. The API answers the address to requests that may read the monitor. The admin token opens all badges.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{PreEscaped, html};
use serde::{Deserialize, Serialize};

use crate::http::access::constant_time_eq;
use crate::http::api::InPath;
use crate::http::authority;
use crate::http::error::HttpError;
use crate::http::pages::{Health, environment_health, health_of};
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::signed_key::signed_key;

/// The height of the picture, and the width of a character and of the space around a text, in pixels.
const HEIGHT: usize = 20;
const CHARACTER: usize = 7;
const PADDING: usize = 10;

#[derive(Deserialize)]
pub struct BadgePath {
    slug: String,
}

/// A badge in the form that shields.io reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    color: &'static str,
    label: String,
    message: &'static str,
    schema_version: u8,
    state: &'static str,
}

/// Paths of the badges of a monitor, with their key.
#[derive(Serialize)]
pub struct BadgeAddresses {
    json: String,
    svg: String,
}

/// Admits requests with the key of the badge, and those that `require_token` admits.
pub async fn admit(
    State(state): State<AppState>,
    InPath(BadgePath { slug }): InPath<BadgePath>,
    request: Request,
    next: Next,
) -> Response {
    let query = QueryPairs::of(request.uri());
    let presented = query.value("key").ok().flatten().unwrap_or_default();
    if !presented.is_empty() && constant_time_eq(presented.as_bytes(), key(&state, &slug).as_bytes()) {
        return next.run(request).await;
    }
    authority::require_token(State(state), request, next).await
}

/// `GET /monitors/{slug}/badge.svg`, with `?environment=` the badge of this environment.
pub async fn svg(
    State(state): State<AppState>,
    InPath(BadgePath { slug }): InPath<BadgePath>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let badge = badge(&state, &slug, &query).await?;
    let picture = picture(&badge);
    let headers =
        [(header::CONTENT_TYPE, "image/svg+xml; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, picture).into_response())
}

/// `GET /monitors/{slug}/badge.json`
pub async fn json(
    State(state): State<AppState>,
    InPath(BadgePath { slug }): InPath<BadgePath>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let badge = badge(&state, &slug, &query).await?;
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(badge)).into_response())
}

/// The paths of the badges of a monitor. Without an admin token, badges need no key.
pub(crate) fn addresses(state: &AppState, slug: &str) -> BadgeAddresses {
    let key = if state.access.is_guarded() { format!("?key={}", key(state, slug)) } else { String::new() };
    let address = |kind: &str| format!("/monitors/{slug}/badge.{kind}{key}");
    BadgeAddresses { json: address("json"), svg: address("svg") }
}

/// The key of a monitor's badges.
fn key(state: &AppState, slug: &str) -> String {
    signed_key(&state.badge_secret, slug.as_bytes())
}

async fn badge(state: &AppState, slug: &str, query: &QueryPairs) -> Result<Badge, HttpError> {
    query.only(&["key", "environment"])?;
    let wanted = slug.to_owned();
    let found = state.read(move |queries| queries.monitor(&wanted)).await?;
    let found = found.ok_or_else(|| {
        HttpError::not_found(format!(
            "there is no monitor {}; the list of monitors is at /",
            paths::named(slug)
        ))
    })?;
    let (label, health) = match query.value("environment")? {
        None => (found.monitor.name().to_owned(), health_of(&found)),
        Some(name) => {
            let view = found.environments.iter().find(|view| view.environment.name == name);
            let view = view.ok_or_else(|| {
                HttpError::not_found(format!(
                    "environment: monitor {} has no environment {}; the page of the monitor lists its environments",
                    paths::named(slug),
                    paths::named(name)
                ))
            })?;
            let health = if found.monitor.enabled { environment_health(view) } else { Health::Disabled };
            (format!("{} ({name})", found.monitor.name()), health)
        }
    };
    let color = match health {
        Health::Ok => "#2e7d32",
        Health::InProgress => "#1565c0",
        Health::Failed | Health::TimedOut | Health::Missed => "#c62828",
        Health::Unknown | Health::Muted | Health::Disabled => "#616161",
    };
    Ok(Badge { color, label, message: health.word(), schema_version: 1, state: health.key() })
}

/// The picture: the label on grey, the state on its colour, with a text for screen readers.
fn picture(Badge { color, label, message, .. }: &Badge) -> String {
    let width = |text: &str| text.chars().count() * CHARACTER + 2 * PADDING;
    let (left, right) = (width(label), width(message));
    let baseline = HEIGHT - 6;
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(left + right) height=(HEIGHT) role="img"
            aria-label={ (label) ": " (message) } {
            title { (label) ": " (message) }
            rect width=(left + right) height=(HEIGHT) rx="3" fill="#424242" {}
            rect x=(left) width=(right) height=(HEIGHT) rx="3" fill=(color) {}
            rect x=(left) width="4" height=(HEIGHT) fill=(color) {}
            g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(left / 2) y=(baseline) textLength=(left - 2 * PADDING) { (label) }
                text x=(left + right / 2) y=(baseline) textLength=(right - 2 * PADDING) { (message) }
            }
        }
    };
    let PreEscaped(text) = svg;
    text
}
