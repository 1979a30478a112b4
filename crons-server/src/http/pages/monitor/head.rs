//! The head of the page: the state of the monitor, and its environments.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scope::Scope;
use crate::domain::Monitor;
use crate::http::pages::actions::Change;
use crate::http::pages::health::Health;
use crate::http::pages::list::{environment_health, health_of};
use crate::http::pages::return_to::RETURN_TO;
use crate::http::pages::silenced::PageSilences;
use crate::http::pages::table::table;
use crate::http::pages::words;
use crate::store::{EnvironmentView, MonitorView};

pub(super) fn head(view: &MonitorView, silences: &PageSilences, scope: &Scope, now: Timestamp) -> Markup {
    let monitor = &view.monitor;
    html! {
        h1 { (monitor.name()) " " (health_of(view).label()) }
        p.facts {
            @if monitor.name() != monitor.slug.as_str() { code { (monitor.slug) } }
            span { (words::schedule(&monitor.config)) " " (words::place(monitor.config.zone())) }
            @if let Some(owner) = &monitor.owner { span { "Owner " (owner) } }
        }
        (silences.notes(view, now))
        (actions(view, scope))
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

/// The buttons that change the whole monitor.
fn actions(view: &MonitorView, scope: &Scope) -> Markup {
    let slug = view.monitor.slug.as_str();
    let is_muted = |view: &EnvironmentView| view.environment.muted;
    html! {
        form.actions method="post" action={ "/monitors/" (slug) "/change" } {
            input type="hidden" name=(RETURN_TO) value=(scope.address(slug));
            @if !view.environments.iter().all(is_muted) { (button(Change::Mute)) }
            @if view.environments.iter().any(is_muted) { (button(Change::Unmute)) }
            (button(if view.monitor.enabled { Change::Disable } else { Change::Enable }))
            a.button href={ "/monitors/" (slug) "/edit" } { "Edit" } " "
            a.button href={ "/monitors/" (slug) "/delete" } { "Delete…" }
        }
    }
}

fn button(change: Change) -> Markup {
    html! { button type="submit" name="do" value=(change.key()) { (change.word()) } " " }
}

/// The buttons that change one environment.
fn environment_actions(slug: &str, name: &str, muted: bool, scope: &Scope) -> Markup {
    let change = if muted { Change::Unmute } else { Change::Mute };
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("environment", name).finish();
    html! {
        form.actions method="post" action={ "/monitors/" (slug) "/change" } {
            input type="hidden" name="environment" value=(name);
            input type="hidden" name=(RETURN_TO) value=(scope.address(slug));
            button type="submit" name="do" value=(change.key()) aria-label={ (change.word()) " " (name) } { (change.word()) } " "
            a.button href={ "/monitors/" (slug) "/delete?" (query) } aria-label={ "Delete " (name) } { "Delete…" }
        }
    }
}

fn environments(view: &MonitorView, scope: &Scope, now: Timestamp) -> Markup {
    let rows = html! { @for row in &view.environments { (environment(&view.monitor, row, scope, now)) } };
    html! {
        (table("environments", None, &["Environment", "State", "Last run", "Next run", "Change"], &rows))
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
                @if let Some(muted_at) = view.broken.and_then(|broken| broken.muted_at) {
                    br; span.note { "muted " (words::relative(muted_at, now)) ", after four weeks of failures" }
                }
            }
            td {
                @if let Some(run) = &view.newest {
                    (words::time(run.date_added))
                    @if let Some(milliseconds) = run.duration_ms { br; span.note { "took " (words::duration(milliseconds)) } }
                }
            }
            td { (deadline(monitor, view, now)) }
            td { (environment_actions(monitor.slug.as_str(), &row.name, row.muted, scope)) }
        }
    }
}

/// The next run as a sentence: "at 14:05 in Vienna, in 3 min; missed after 14:06".
fn deadline(monitor: &Monitor, view: &EnvironmentView, now: Timestamp) -> Markup {
    let row = &view.environment;
    html! {
        // A disabled monitor expects no run.
        @if !monitor.enabled { "none while it is disabled" }
        @else if let (Some(next), Some(latest)) = (row.next_check_in, row.next_check_in_latest) {
            (words::deadline(&monitor.config, next, latest, now))
        }
        @else { "none is expected" }
    }
}
