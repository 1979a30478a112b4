//! The page of a monitor: its runs, its incidents, the runs that are expected next, and its configuration.

// In layer order: a module uses only those above it.
mod scope;
mod head;
mod advice;
mod durations;
mod runs;
mod incidents;
mod next_runs;
mod silences;
mod configuration;
mod refused;

pub(super) use incidents::failures;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::html;

use self::scope::Scope;
use super::document::{Head, document};
use super::list::health_of;
use super::silenced::PageSilences;
use crate::domain::{Maintenance, Status};
use crate::http::api::{EnvironmentAdvice, InPath, advice_of, no_monitor};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::pipeline::Position;
use crate::store::{
    IncidentFilter, IncidentView, MonitorView, Page, PageRequest, ProcessingErrorsView, Queries, RunView,
    StoreError,
};

/// The runs in the table, on one page.
const RUNS: u32 = 50;
/// The runs in the chart of durations: the newest of one environment.
const CHARTED: u32 = 200;
/// The incidents in their table: the newest.
const INCIDENTS: u32 = 20;
/// The number of missed and timed out runs in the chart from which on advice is looked for.
const ADVISED: usize = 3;

/// The rows that the page shows. Their number is bounded, however long the history is.
struct Shown {
    view: MonitorView,
    charted: Vec<RunView>,
    runs: Page<RunView>,
    incidents: Page<IncidentView>,
    refused: Vec<ProcessingErrorsView>,
    advice: Vec<EnvironmentAdvice>,
    silences: PageSilences,
}

/// `GET /monitors/{slug}`
pub async fn monitor(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let scope = Scope::of(&query)?;
    let (wanted, asked) = (slug.clone(), scope.clone());
    // Read before the rows: a change in between is told to the page, and not missed.
    let position = state.inbox.changes().position();
    let (windows, now) = (Arc::clone(&state.maintenance), state.inbox.clock().now());
    let shown = state.read(move |queries| read(queries, &wanted, &asked, &windows, now)).await?;
    let shown = shown.ok_or_else(|| no_monitor(&slug))?;
    scope.check(&shown.view)?;
    Ok(page(&state, &shown, &scope, position))
}

fn read(
    queries: &dyn Queries,
    slug: &str,
    scope: &Scope,
    windows: &Arc<[Maintenance]>,
    now: Timestamp,
) -> Result<Option<Shown>, StoreError> {
    let Some(view) = queries.monitor(slug)? else { return Ok(None) };
    let environment = scope.environment.as_deref();
    let charted = match scope.charted(&view) {
        Some(charted) => queries.runs(slug, Some(charted), None, CHARTED)?,
        None => None,
    };
    // The monitor may have been deleted meanwhile.
    let Some(runs) = queries.runs(slug, environment, scope.after, RUNS)? else { return Ok(None) };
    let filter = IncidentFilter { monitor_slug: Some(slug), environment, ..IncidentFilter::default() };
    let incidents = queries.incidents(filter, PageRequest { skip: 0, limit: INCIDENTS })?;
    let refused = queries.processing_errors(Some(slug))?;
    let charted = charted.map(|page| page.items).unwrap_or_default();
    // A proof takes a while, so it is tried only where there may be something to advise.
    let failed = |view: &&RunView| matches!(view.run.check_in.status, Status::Missed | Status::Timeout);
    let advice = if charted.iter().filter(failed).count() >= ADVISED {
        advice_of(queries, slug, scope.charted(&view))?.unwrap_or_default()
    } else {
        Vec::new()
    };
    let silences = PageSilences::read(queries, windows, now, now)?;
    Ok(Some(Shown { view, charted, runs, incidents, refused, advice, silences }))
}

fn page(state: &AppState, shown: &Shown, scope: &Scope, position: Position) -> Response {
    let now = state.inbox.clock().now();
    let (view, monitor) = (&shown.view, &shown.view.monitor);
    let zone = monitor.config.zone();
    let charted = scope.charted(view);
    let content = html! {
        div #live data-after=(position) data-monitor=(monitor.slug) {}
        div.monitor-page data-zone=(zone) {
            (head::head(view, &shown.silences, scope, now))
            (advice::advice(&shown.advice))
            @if let Some(charted) = charted { (durations::durations(&shown.charted, charted, &monitor.config)) }
            (runs::runs(&shown.runs, view, scope))
            (incidents::incidents(&shown.incidents, view, scope, now))
            (next_runs::next_runs(view, charted, now))
            (silences::silences(&shown.silences, view, scope, now))
            (configuration::configuration(monitor))
            (refused::refused(&shown.refused))
        }
    };
    let title = monitor.name();
    document(state, &Head { title, state: Some(health_of(view)) }, &content)
}
