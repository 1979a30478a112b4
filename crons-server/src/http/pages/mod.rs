//! The pages for browsers: HTML and a style sheet, no script.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, Unit};
use maud::{DOCTYPE, Markup, html};

use crate::domain::{CheckIn, Monitor, Status};
use crate::http::api::page_request;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{EnvironmentView, MonitorView, PageRequest};

const STYLE: &str = include_str!("style.css");

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
    let html = document(&list).into_string();
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// `GET /style.css`
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

fn document(content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "crons" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    h1 { "crons" }
                    (content)
                }
            }
        }
    }
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
            pre tabindex="0" { (dsn) }
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
    let status = newest.map_or(Status::Unknown, |check_in| check_in.status);
    let zone = monitor.config.zone();
    html! {
        tr {
            th scope="row" { (monitor.slug) }
            td { (view.environment.name) @if view.environment.muted { " (muted)" } }
            td {
                span class={ "state " (status.as_str()) } { (word(status)) }
                @if let Some(since) = view.incident_since { br; span.note { "incident since " (time(since)) } }
                @if !monitor.enabled { br; span.note { "disabled" } }
            }
            td { @if let Some(check_in) = newest { (run(check_in)) } }
            td { code { (monitor.config.schedule) } @if zone.as_str() != "UTC" { br; span.note { (zone) } } }
            td {
                // A disabled monitor expects no run.
                @if let (true, Some(next), Some(latest)) =
                    (monitor.enabled, view.environment.next_check_in, view.environment.next_check_in_latest)
                {
                    (time(next)) @if next > now { " (in " (span(next, now)) ")" }
                    br;
                    span.note { "missed after " (time(latest)) }
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

/// Sentry's word for a status.
fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "Okay",
        Status::Error => "Failed",
        Status::InProgress => "In progress",
        Status::Missed => "Missed",
        Status::Timeout => "Timed out",
        Status::Unknown => "Unknown",
    }
}

fn time(instant: Timestamp) -> Markup {
    let seconds = instant.round(Unit::Second).unwrap_or(instant);
    let machine = seconds.to_string();
    // "2024-06-03T10:00:05Z" reads better without its letters.
    let human = machine.replace('T', " ");
    html! { time datetime=(machine) { (human.trim_end_matches('Z')) } }
}

/// The time between two instants, in its two largest units.
fn span(later: Timestamp, earlier: Timestamp) -> String {
    let minutes = later.duration_since(earlier).as_secs().saturating_add(59) / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn duration(milliseconds: i64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_spans_read_as_people_say_them() {
        for (milliseconds, expected) in
            [(0, "0 ms"), (12, "12 ms"), (1_250, "1.2 s"), (270_000, "4 min 30 s")]
        {
            assert_eq!(duration(milliseconds), expected);
        }
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in [(1, "1 min"), (60, "1 min"), (5_400, "1 h 30 min"), (90_000, "1 d 1 h")] {
            assert_eq!(span(Timestamp::from_second(seconds).unwrap(), now), expected);
        }
    }
}
