//! The list of monitors.

// In layer order: a module uses only those above it.
mod window;
mod filter;
mod overview;
mod slots;
mod timeline;
mod row;
mod refused;
mod first_run;
mod runs;

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use self::filter::Filter;
use self::first_run::Connection;
use self::overview::Overview;
use self::row::Rows;
pub(super) use self::row::percentile;
pub(crate) use self::row::{environment_health, health_of};
pub use self::runs::runs_of_bucket;
use self::slots::SlotsOf;
pub(super) use self::window::Window;
use super::actions::bulk;
use super::document::{Head, document};
use super::health::Health;
use super::silenced::PageSilences;
use crate::domain::{Maintenance, Outage};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{Activity, MonitorView, PageRequest, Queries, RefusedView, StoreError};

/// The time in which a payload was refused that a page shows.
const REFUSED_SINCE: SignedDuration = SignedDuration::from_hours(24);
/// The most outages that a page shows. There are more only if the server fails all the time.
const OUTAGES: u32 = 200;
/// The most names that a field of the form suggests.
const SUGGESTED: usize = 50;

/// The rows that a page shows, as they are stored.
struct Stored {
    overview: Overview,
    owners: Vec<String>,
    environments: Vec<String>,
    monitors: Vec<MonitorView>,
    activity: Vec<Activity>,
    outages: Vec<Outage>,
    silences: PageSilences,
    refused: Vec<RefusedView>,
}

/// `GET /`: monitors with their states, timelines and deadlines.
pub async fn index(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let filter = Filter::of_query(&query)?;
    // Read before the rows: a change in between is sent to the page, and not missed.
    let position = state.inbox.changes().position();
    let now = state.inbox.clock().now();
    let chosen = filter.clone();
    let windows = Arc::clone(&state.maintenance);
    let stored = state.read(move |queries| Stored::read(queries, &chosen, &windows, now)).await?;
    let connection = Connection::of_request(&state, &headers);
    let head = Head { title: "Monitors", state: stored.overview.worst() };
    let is_empty = stored.overview.total() == 0 && filter.is_open();
    let content = html! {
        h1 { "Monitors" }
        div #refused { (refused::line(&stored.refused, now)) }
        div #live data-after=(position) data-window=(filter.window.key()) data-counts-all[filter.counts_all()] {}
        @if is_empty {
            (first_run::page(&connection))
        } @else {
            (form(&filter, &stored))
            (states(&filter, &stored.overview))
            (list(&filter, &stored, now))
            @if !stored.monitors.is_empty() { (bulk::bar(&filter.address())) }
            (other_pages(&filter, stored.overview.slugs.len()))
            (first_run::folded(&connection))
        }
    };
    Ok(document(&state, &head, &content))
}

/// The rows of these monitors for open pages, as JSON for each window; a deleted monitor has `null`. Beside them the counts of all monitors,
/// and the refused payloads if there are new ones.
pub(super) fn rows_of(
    queries: &dyn Queries,
    slugs: &[String],
    is_refused: bool,
    windows: &[Window],
    maintenance: &Arc<[Maintenance]>,
    now: Timestamp,
) -> Result<Vec<Value>, StoreError> {
    let overview = Overview::of_all(&queries.summaries()?);
    let monitors = queries.monitors_named(slugs)?;
    let counts: Map<String, Value> =
        overview.counts.iter().map(|(state, count)| (state.key().to_owned(), (*count).into())).collect();
    let mut changes = json!({
        "now": now.as_millisecond(),
        "counts": counts,
        "total": overview.total(),
        "state": overview.worst().map(Health::key),
    });
    if is_refused {
        let refused = queries.refused(now.saturating_sub(REFUSED_SINCE).unwrap_or(now), refused::MAX_READ)?;
        changes["refused"] = refused::line(&refused, now).into_string().into();
    }
    let of_window = |window: &Window| {
        let mut changes = changes.clone();
        changes["rows"] = rows_in(queries, slugs, &monitors, *window, maintenance, now)?.into();
        Ok(changes)
    };
    windows.iter().map(of_window).collect()
}

/// The rows with timelines of one window, by slug; `null` for those that are not among `monitors`.
fn rows_in(
    queries: &dyn Queries,
    slugs: &[String],
    monitors: &[MonitorView],
    window: Window,
    maintenance: &Arc<[Maintenance]>,
    now: Timestamp,
) -> Result<Map<String, Value>, StoreError> {
    let buckets = window.buckets(now);
    let activity = queries.activity(slugs, buckets)?;
    let outages = queries.outages(buckets.since, PageRequest { skip: 0, limit: OUTAGES })?.items;
    let silences = PageSilences::read(queries, maintenance, buckets.since, now)?;
    let slots = SlotsOf::default();
    let mut rendered = Rows { window, buckets, outages: &outages, silences: &silences, now, slots };
    let mut rows: Map<String, Value> = slugs.iter().map(|slug| (slug.clone(), Value::Null)).collect();
    for view in monitors {
        let row = rendered.row(view, activity_of(&activity, view)).into_string();
        rows.insert(view.monitor.slug.to_string(), row.into());
    }
    Ok(rows)
}

impl Stored {
    fn read(
        queries: &dyn Queries,
        filter: &Filter,
        windows: &Arc<[Maintenance]>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let summaries = queries.summaries()?;
        let overview = Overview::new(&summaries, filter);
        let owners = names(summaries.iter().filter_map(|monitor| monitor.owner.as_deref()));
        let environments =
            names(summaries.iter().flat_map(|monitor| &monitor.environments).map(|row| row.name.as_str()));
        let PageRequest { skip, limit } = filter.page;
        let page: Vec<String> =
            overview.slugs.iter().skip(skip as usize).take(limit as usize).cloned().collect();
        let buckets = filter.window.buckets(now);
        let mut monitors = queries.monitors_named(&page)?;
        // The database returns them in the order of slugs; the page has that of the overview.
        monitors.sort_by_key(|view| page.iter().position(|slug| slug == view.monitor.slug.as_str()));
        let activity = queries.activity(&page, buckets)?;
        let newest = PageRequest { skip: 0, limit: OUTAGES };
        let outages = queries.outages(buckets.since, newest)?.items;
        let refused = queries.refused(now.saturating_sub(REFUSED_SINCE).unwrap_or(now), refused::MAX_READ)?;
        let silences = PageSilences::read(queries, windows, buckets.since, now)?;
        Ok(Self { overview, owners, environments, monitors, activity, outages, silences, refused })
    }
}

/// Names for a field to suggest, each once.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = names.collect();
    names.into_iter().take(SUGGESTED).map(str::to_owned).collect()
}

/// The form that searches. It keeps the other choices.
fn form(filter: &Filter, stored: &Stored) -> Markup {
    html! {
        form.search method="get" action="/" role="search" {
            @if let Some(state) = filter.state { input type="hidden" name="state" value=(state.key()); }
            @if filter.window != Window::default() { input type="hidden" name="window" value=(filter.window.key()); }
            label { "Search " input type="search" name="query" value=[filter.search.as_deref()] placeholder="name, owner, environment"; }
            label { "Owner " input name="owner" value=[filter.owner.as_deref()] list="owners"; }
            label { "Environment " input name="environment" value=[filter.environment.as_deref()] list="environments"; }
            datalist #owners { @for name in &stored.owners { option value=(name) {} } }
            datalist #environments { @for name in &stored.environments { option value=(name) {} } }
            button type="submit" { "Search" }
            @if !filter.is_open() { " " a href="/" { "Show all" } }
        }
    }
}

/// The number of monitors of each state, each a filter; and the windows of the timelines.
fn states(filter: &Filter, overview: &Overview) -> Markup {
    let current = |is_current: bool| is_current.then_some("true");
    html! {
        nav.filters #filters aria-label="States" {
            a data-count="total" href=(filter.with_state(None).address()) aria-current=[current(filter.state.is_none())] {
                "All " b.number { (overview.total()) }
            }
            @for (state, count) in overview.counts {
                a class=(state.key()) data-count=(state.key()) href=(filter.with_state(Some(state)).address())
                    aria-current=[current(filter.state == Some(state))] {
                    (state.icon()) " " (state.word()) " " b.number { (count) }
                }
            }
        }
        nav.windows aria-label="Timeline" {
            @for window in Window::ALL {
                a href=(filter.with_window(window).address()) aria-current=[current(filter.window == window)] {
                    (window.key())
                }
            }
        }
    }
}

fn list(filter: &Filter, stored: &Stored, now: Timestamp) -> Markup {
    let buckets = filter.window.buckets(now);
    let (outages, silences) = (&stored.outages, &stored.silences);
    let slots = SlotsOf::default();
    let mut rows = Rows { window: filter.window, buckets, outages, silences, now, slots };
    html! {
        @if stored.monitors.is_empty() {
            p.nothing { @if filter.page.skip > 0 { "There are no more monitors." } @else { "No monitor matches." } }
        }
        ol.monitors #monitors data-window=(filter.window.key()) data-bucket=(buckets.length.as_millis()) data-buckets=(buckets.count)
            data-whole[filter.is_open() && filter.page.skip == 0 && stored.monitors.len() == stored.overview.slugs.len()] {
            @for view in &stored.monitors { (rows.row(view, activity_of(&stored.activity, view))) }
        }
        (legend())
    }
}

/// The runs of a monitor's environments, which stand side by side.
fn activity_of<'a>(activity: &'a [Activity], view: &MonitorView) -> &'a [Activity] {
    let slug = view.monitor.slug.as_str();
    let start = activity.partition_point(|row| row.monitor_slug.as_str() < slug);
    let rest = activity.get(start..).unwrap_or_default();
    let length = rest.iter().take_while(|row| row.monitor_slug == slug).count();
    rest.get(..length).unwrap_or_default()
}

fn legend() -> Markup {
    let sample = |class: &str, fill: Option<&str>, path: &str| {
        html! { svg.sample viewBox="0 0 12 24" aria-hidden="true" { path class=(class) fill=[fill] d=(path) {} } }
    };
    let bar = "M2 2h8v19h-8z";
    html! {
        p.legend.note {
            (sample("run-ok", None, bar)) " okay "
            (sample("run-error", None, bar)) " failed "
            (sample("run-timeout", Some("url(#hatch)"), bar)) " timed out "
            (sample("run-missed", None, "M2 3h8v17h-8z")) " missed "
            (sample("run-in_progress", None, bar)) " in progress "
            (sample("run-unknown", None, bar)) " unknown "
            (sample("outage", Some("url(#hatch-outage)"), "M0 0h12v24h-12z")) " the server was not receiving "
            (sample("silence", None, "M0 0h12v3h-12z")) " silenced "
            (sample("slots", None, "M3.5 18v6M8.5 18v6")) " expected"
        }
    }
}

/// Links to the pages before and after this one, where there are some.
fn other_pages(filter: &Filter, total: usize) -> Markup {
    let PageRequest { skip, limit } = filter.page;
    let next = skip.saturating_add(limit);
    let more = total > next as usize;
    html! {
        @if skip > 0 || more {
            nav.pages aria-label="Pages" {
                @if skip > 0 { a rel="prev" href=(filter.with_skip(skip.saturating_sub(limit)).address()) { "Previous page" } " " }
                @if more { a rel="next" href=(filter.with_skip(next).address()) { "Next page" } }
            }
        }
    }
}
