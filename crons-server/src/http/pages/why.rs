//! The page of a derivation: why a run or an incident came to its status.

use axum::extract::State;
use axum::response::Response;
use crons_types::Timezone;
use jiff::Timestamp;
use maud::{Markup, html};

use super::document::{Head, document};
use super::table::table;
use super::words;
use crate::domain::{Explanation, Prevention, Step};
use crate::http::api::{InPath, derive};
use crate::http::error::HttpError;
use crate::http::state::AppState;

/// `GET /why/{id}`: the derivation of a check-in or of an incident.
pub async fn why(State(state): State<AppState>, InPath(id): InPath<String>) -> Result<Response, HttpError> {
    let explanation = derive(&state, &id).await?;
    Ok(document(&state, &Head { title: "Why", ..Head::default() }, &page(&explanation)))
}

fn page(explanation: &Explanation) -> Markup {
    let Explanation { id, kind, monitor_slug, environment, timezone, title, rule, .. } = explanation;
    let mut columns = vec!["UTC"];
    columns.extend((*timezone != Timezone::UTC).then_some(timezone.as_str()));
    columns.push("Fact");
    let rows = html! { @for step in &explanation.steps { (row(step, *timezone)) } };
    html! {
        article.why {
            h1 { "Why: " (title) }
            p.facts {
                span { "Monitor " a href={ "/monitors/" (monitor_slug) } { (monitor_slug) } }
                span { "Environment " (environment) }
                span { @if *kind == "incident" { "Incident " } @else { "Check-in " } code { (id) } }
            }
            section {
                h2 #received { "What happened when" }
                (table("received", None, &columns, &rows))
            }
            section {
                h2 { "The rule that applied" }
                p { code { (rule.name) } ": " (marked(&rule.text)) }
            }
            @if let Some(follow_up) = &explanation.consequence {
                section {
                    h2 { "What followed" }
                    p {
                        (marked(&follow_up.text)) "."
                        @if let Some(incident) = follow_up.incident {
                            " " a href={ "/why/" (incident.simple()) } { "Why there is this incident" }
                        }
                    }
                }
            }
            @if !explanation.prevention.is_empty() {
                section {
                    h2 { "What would have prevented it" }
                    ul { @for Prevention { text, .. } in &explanation.prevention { li { (marked(text)) } } }
                }
            }
            p.note { "In a terminal: " code { "crons explain " (id) } }
        }
    }
}

fn row(step: &Step, zone: Timezone) -> Markup {
    html! {
        tr {
            td { (words::time(step.at)) }
            @if zone != Timezone::UTC { td { (local(step.at, zone)) } }
            td {
                (marked(&step.text))
                @if let Some(run) = step.check_in {
                    " " a href={ "/why/" (run.simple()) } aria-label={ "Why the run " (short(&run.simple().to_string())) " came to its status" } {
                        "why"
                    }
                }
            }
        }
    }
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn local(instant: Timestamp, zone: Timezone) -> String {
    crons_types::calendar::in_zone(instant, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A text whose parts in backticks are code.
fn marked(text: &str) -> Markup {
    let parts = text.split('`').enumerate();
    html! {
        @for (number, part) in parts { @if number % 2 == 1 { code { (part) } } @else { (part) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_backticks_are_code_and_all_else_is_text() {
        assert_eq!(marked("a `b` c").into_string(), "a <code>b</code> c");
        assert_eq!(marked("<b> & `<i>`").into_string(), "&lt;b&gt; &amp; <code>&lt;i&gt;</code>");
    }
}
