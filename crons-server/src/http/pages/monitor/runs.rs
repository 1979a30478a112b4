//! The table of runs.

use maud::{Markup, html};

use super::scope::Scope;
use crate::domain::{CheckIn, Status};
use crate::http::pages::health::Health;
use crate::http::pages::table::table;
use crate::http::pages::words;
use crate::store::{MonitorView, Page, RunView};

pub(super) fn runs(page: &Page<RunView>, view: &MonitorView, scope: &Scope) -> Markup {
    let slug = view.monitor.slug.as_str();
    let with_environment = scope.environment.is_none() && view.environments.len() > 1;
    let next = page
        .items
        .last()
        .filter(|_| page.more)
        .map(|last| Scope { after: Some(last.place), ..scope.clone() });
    let mut columns = vec!["Began", "Expected", "Late", "State", "Duration"];
    columns.extend(with_environment.then_some("Environment"));
    columns.extend(["Run", "Trace", "Why"]);
    let rows = html! { @for row in &page.items { (run(row, with_environment)) } };
    html! {
        section {
            h2 #runs { "Runs" @if let Some(name) = &scope.environment { " in " (name) } }
            @if page.items.is_empty() {
                p { @if scope.after.is_some() { "There are no earlier runs." } @else { "There are none yet." } }
            } @else {
                (table("runs", Some("runs"), &columns, &rows))
            }
            @if scope.after.is_some() || next.is_some() {
                nav.pages aria-label="Pages of runs" {
                    @if scope.after.is_some() {
                        a href={ (Scope { after: None, ..scope.clone() }.address(slug)) "#runs" } { "Newest runs" }
                    }
                    @if let Some(next) = next { a rel="next" href={ (next.address(slug)) "#runs" } { "Earlier runs" } }
                }
            }
        }
    }
}

fn run(view: &RunView, with_environment: bool) -> Markup {
    let run = &view.run.check_in;
    let id = run.guid.simple().to_string();
    let state = Health::of_run(run.status);
    html! {
        tr {
            td { @if has_begun(run) { (words::time(run.date_added)) } @else { span.note { "never" } } }
            td { @if let Some(expected) = run.expected_time { (words::time(expected)) } @else { span.note { "any time" } } }
            td { @if has_begun(run) { (lateness(run)) } }
            td {
                (state.label())
                @if run.status == Status::Timeout && let Some(reported) = run.reported.filter(|status| status.is_reported_end()) {
                    br; span.note { "ended later: " (Health::of_run(reported).word()) }
                }
            }
            td.number { @if let Some(milliseconds) = run.duration_ms { (words::duration(milliseconds)) } }
            @if with_environment { td { (view.run.environment) } }
            td { code.id title=(id) { (id) } }
            td { @if let Some(trace) = run.trace { @let trace = trace.simple(); code.id title=(trace) { (trace) } } }
            td { a href={ "/why/" (id) } aria-label={ "Why run " (id[..8]) " is: " (state.word()) } { "Why" } }
        }
    }
}

/// Whether the job reported anything: a run that was missed did not.
fn has_begun(run: &CheckIn) -> bool {
    run.reported.is_some() || !matches!(run.status, Status::Missed | Status::Unknown)
}

/// How much later than expected a run began, or how much earlier.
fn lateness(run: &CheckIn) -> String {
    let Some(expected) = run.expected_time else { return String::new() };
    let seconds = run.date_added.duration_since(expected).as_secs();
    let length = words::span(seconds.unsigned_abs());
    match seconds {
        0 => "on time".to_owned(),
        1.. => format!("{length} late"),
        _ => format!("{length} early"),
    }
}
