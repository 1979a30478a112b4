//! The runs and incidents of one bucket of a timeline, which the script shows beside it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use crons_types::Timezone;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::domain::Status;
use crate::http::api::{InPath, no_monitor};
use crate::http::error::HttpError;
use crate::http::pages::document::HTML;
use crate::http::pages::health::Health;
use crate::http::pages::words;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{CheckInView, IncidentFilter, IncidentView, PageRequest};

/// The most runs that are named. If there are more, the part says so.
const RUNS: u32 = 8;
/// The most incidents that are read, the newest first.
const INCIDENTS: u32 = 20;

const PARAMETERS: [&str; 3] = ["environment", "since", "until"];

/// `GET /timeline/{slug}?since=..&until=..`: a part of a page, not a document.
pub async fn runs_of_bucket(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let [since, until] = [instant(&query, "since")?, instant(&query, "until")?];
    let environment = query.value("environment")?.map(str::to_owned);
    let wanted = slug.clone();
    let found = state
        .read(move |queries| {
            let Some(monitor) = queries.monitor(&wanted)? else { return Ok(None) };
            let environment = environment.as_deref();
            let runs = queries.runs_between(&wanted, environment, since, until, RUNS + 1)?;
            let filter = IncidentFilter {
                monitor_slug: Some(&wanted),
                environment,
                before: Some(until),
                ..IncidentFilter::default()
            };
            let incidents = queries.incidents(filter, PageRequest { skip: 0, limit: INCIDENTS })?.items;
            Ok(Some((monitor, runs, incidents)))
        })
        .await?;
    let (monitor, runs, mut incidents) = found.ok_or_else(|| no_monitor(&slug))?;
    incidents.retain(|view| view.incident.resolved_at.is_none_or(|resolved| resolved > since));
    let (zone, now) = (monitor.monitor.config.zone(), state.inbox.clock().now());
    let part = part(&runs, &incidents, zone, now, since, until);
    let head = [(header::CONTENT_TYPE, HTML), (header::CACHE_CONTROL, "no-store")];
    Ok((head, part.into_string()).into_response())
}

fn instant(query: &QueryPairs, name: &str) -> Result<Timestamp, HttpError> {
    let written = query.value(name)?.unwrap_or_default();
    written.parse().map_err(|_| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "{name}: {written:?} is no instant; write one such as 2024-06-03T10:00:00Z"
        ))
    })
}

fn part(
    runs: &[CheckInView],
    incidents: &[IncidentView],
    zone: Timezone,
    now: Timestamp,
    since: Timestamp,
    until: Timestamp,
) -> Markup {
    let clock = |instant: Timestamp| words::clock(instant, zone, now);
    html! {
        p { b { (clock(since)) " to " (clock(until)) } " " (words::place(zone)) }
        @if runs.is_empty() { p { "No run." } }
        ul {
            @for CheckInView { environment, check_in } in runs.iter().take(RUNS as usize) {
                li {
                    (Health::of_run(check_in.status).label())
                    @if check_in.status == Status::Missed { " expected at " } @else { " at " }
                    (clock(check_in.date_added))
                    @if let Some(milliseconds) = check_in.duration_ms { ", took " (words::duration(milliseconds)) }
                    span.note { " " (environment) }
                }
            }
            @if runs.len() > RUNS as usize { li { "and more" } }
        }
        @for IncidentView { environment, incident, .. } in incidents {
            p {
                "Incident in " (environment) " since " (clock(incident.started_at))
                @match incident.resolved_at { Some(resolved) => { ", resolved " (clock(resolved)) }, None => ", open" }
            }
        }
    }
}
