//! The head of the page: the state of the monitor, and its environments.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scope::Scope;
use crate::domain::{Monitor, Status};
use crate::http::pages::health::Health;
use crate::http::pages::words;
use crate::store::{EnvironmentView, MonitorView};

/// The worst state of the environments that are not muted.
pub(super) fn health(view: &MonitorView) -> Health {
    if !view.monitor.enabled {
        return Health::Disabled;
    }
    let heard = view.environments.iter().filter(|view| !view.environment.muted);
    let worst = heard.map(environment_health).min();
    worst.unwrap_or(if view.environments.is_empty() { Health::Unknown } else { Health::Muted })
}

fn environment_health(view: &EnvironmentView) -> Health {
    let newest = view.newest.as_ref().map(|run| run.status);
    let failing = newest.filter(|status| status.is_finished() && *status != Status::Ok);
    Health::of_environment(view.environment.status, newest, failing)
}

pub(super) fn head(view: &MonitorView, scope: &Scope, now: Timestamp) -> Markup {
    let monitor = &view.monitor;
    html! {
        h1 { (monitor.slug) " " (health(view).label()) }
        p.facts {
            span { (words::schedule(&monitor.config)) " " (words::place(monitor.config.zone())) }
            @if let Some(owner) = &monitor.owner { span { "Owner " (owner) } }
        }
        @if view.environments.is_empty() {
            p { "No check-in of it was accepted yet." }
        } @else {
            section {
                h2 #environments { "Environments" }
                (environments(view, scope, now))
            }
        }
    }
}

fn environments(view: &MonitorView, scope: &Scope, now: Timestamp) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="environments" {
            table {
                thead {
                    tr {
                        th scope="col" { "Environment" }
                        th scope="col" { "State" }
                        th scope="col" { "Last run" }
                        th scope="col" { "Next run" }
                    }
                }
                tbody {
                    @for row in &view.environments { (environment(&view.monitor, row, scope, now)) }
                }
            }
        }
        @if scope.environment.is_some() {
            p { a href=(Scope::default().address(view.monitor.slug.as_str())) { "Runs of all environments" } }
        }
    }
}

fn environment(monitor: &Monitor, view: &EnvironmentView, scope: &Scope, now: Timestamp) -> Markup {
    let row = &view.environment;
    let only = Scope { environment: Some(row.name.clone()), after: None };
    let is_current = scope.environment.as_ref() == Some(&row.name);
    html! {
        tr {
            th scope="row" {
                a href=(only.address(monitor.slug.as_str())) aria-current=[is_current.then_some("true")] { (row.name) }
                @if row.muted { " " (Health::Muted.label()) }
            }
            td {
                (environment_health(view).label())
                @if let Some(since) = view.incident_since {
                    br; span.note { "incident opened " (words::relative(since, now)) }
                }
            }
            td {
                @if let Some(run) = &view.newest {
                    (words::time(run.date_added))
                    @if let Some(milliseconds) = run.duration_ms { br; span.note { "took " (words::duration(milliseconds)) } }
                }
            }
            td { (deadline(monitor, view, now)) }
        }
    }
}

/// The next run as a sentence: "at 14:05 in Vienna, in 3 min; missed after 14:06".
fn deadline(monitor: &Monitor, view: &EnvironmentView, now: Timestamp) -> Markup {
    let zone = monitor.config.zone();
    let row = &view.environment;
    html! {
        // A disabled monitor expects no run.
        @if !monitor.enabled { "none while it is disabled" }
        @else if let (Some(next), Some(latest)) = (row.next_check_in, row.next_check_in_latest) {
            (words::clock(next, zone, now)) " " (words::place(zone)) ", " (words::relative(next, now))
            "; missed after " (words::clock(latest, zone, now))
        }
        @else { "none is expected" }
    }
}
