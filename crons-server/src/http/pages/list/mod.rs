//! The list of monitors.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};

use super::document::{Head, document};
use super::health::Health;
use super::words::{self, duration, time};

use crate::domain::{CheckIn, Monitor};
use crate::http::api::page_request;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{EnvironmentView, MonitorView, PageRequest};

/// `GET /`: monitors, each environment with its state; page by page, as in the API, by `per_page` and `cursor`.
pub async fn index(State(state): State<AppState>, query: QueryPairs) -> Result<Response, HttpError> {
    let page = page_request(&query)?;
    let found = state.read(move |queries| queries.monitors(page)).await?;
    let monitors = &found.items;
    let list = html! {
        @if !monitors.is_empty() || page.skip == 0 { (list(monitors, state.inbox.clock().now(), &state.dsn)) }
        @else { p { "There are no more monitors." } }
        (other_pages(page, found.more))
    };
    let content = html! { h1 { "Monitors" } (list) };
    Ok(document(&state, &Head { title: "Monitors", state: None }, &content))
}

/// Links to the pages before and after this one, where there are some.
fn other_pages(PageRequest { skip, limit }: PageRequest, more: bool) -> Markup {
    let link = |offset: u32| format!("/?per_page={limit}&cursor={limit}:{offset}:0");
    html! {
        @if skip > 0 || more {
            nav aria-label="Pages" {
                @if skip > 0 { a rel="prev" href=(link(skip.saturating_sub(limit))) { "Previous page" } " " }
                @if more { a rel="next" href=(link(skip.saturating_add(limit))) { "Next page" } }
            }
        }
    }
}

fn list(monitors: &[MonitorView], now: Timestamp, dsn: &str) -> Markup {
    if monitors.is_empty() {
        return html! {
            p { "Waiting for the first check-in. Send one from any Sentry SDK with this DSN:" }
            pre { (dsn) }
        };
    }
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "Monitor" }
                    th scope="col" { "Environment" }
                    th scope="col" { "State" }
                    th scope="col" { "Last run" }
                    th scope="col" { "Schedule" }
                    th scope="col" { "Next run" }
                }
            }
            tbody {
                @for view in monitors {
                    @if view.environments.is_empty() {
                        tr {
                            th scope="row" { (view.monitor.slug) }
                            td colspan="5" { "no check-in was accepted yet" }
                        }
                    }
                    @for environment in &view.environments {
                        (row(&view.monitor, environment, now))
                    }
                }
            }
        }
        p.note { "Times are UTC; now is " (time(now)) ". DSN: " code { (dsn) } }
    }
}

fn row(monitor: &Monitor, view: &EnvironmentView, now: Timestamp) -> Markup {
    let newest = view.newest.as_ref();
    let status = newest.map(|check_in| check_in.status);
    let health = Health::of_environment(view.environment.status, status, status);
    let zone = monitor.config.zone();
    html! {
        tr {
            th scope="row" { (monitor.slug) }
            td { (view.environment.name) @if view.environment.muted { " (muted)" } }
            td {
                (health.label())
                @if let Some(since) = view.incident_since { br; span.note { "incident since " (time(since)) } }
                @if !monitor.enabled { br; span.note { "disabled" } }
            }
            td { @if let Some(check_in) = newest { (run(check_in)) } }
            td { (words::schedule(&monitor.config)) br; span.note { code { (monitor.config.schedule) } " " (words::place(zone)) } }
            td {
                // A disabled monitor expects no run.
                @if let (true, Some(next), Some(latest)) =
                    (monitor.enabled, view.environment.next_check_in, view.environment.next_check_in_latest)
                {
                    "next at " (words::clock(next, zone, now)) " " (words::place(zone)) ", " (words::relative(next, now))
                    "; missed after " (words::clock(latest, zone, now))
                }
            }
        }
    }
}

fn run(check_in: &CheckIn) -> Markup {
    html! {
        (time(check_in.date_added))
        @if let Some(milliseconds) = check_in.duration_ms { br; span.note { (duration(milliseconds)) } }
    }
}
