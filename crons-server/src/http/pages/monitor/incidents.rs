//! The table of incidents.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::domain::Failures;
use crate::http::pages::words;
use crate::store::{IncidentView, Page};

pub(super) fn incidents(page: &Page<IncidentView>, with_environment: bool, now: Timestamp) -> Markup {
    html! {
        section {
            h2 #incidents { "Incidents" }
            @if page.items.is_empty() {
                p { "There are none." }
            } @else {
                div.scroll tabindex="0" role="region" aria-labelledby="incidents" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Began" }
                                th scope="col" { "Lasted" }
                                th scope="col" { "Failures" }
                                @if with_environment { th scope="col" { "Environment" } }
                                th scope="col" { "In hand" }
                                th scope="col" { "Why" }
                            }
                        }
                        tbody { @for view in &page.items { (incident(view, with_environment, now)) } }
                    }
                }
                @if page.more { p.note { "Earlier incidents are in the API, at " code { "/incidents/" } "." } }
            }
        }
    }
}

fn incident(view: &IncidentView, with_environment: bool, now: Timestamp) -> Markup {
    let incident = &view.incident;
    let id = incident.guid.simple().to_string();
    let end = incident.resolved_at.unwrap_or(now);
    let lasted = words::span(end.duration_since(incident.started_at).as_secs().unsigned_abs());
    html! {
        tr {
            td { (words::time(incident.started_at)) }
            td {
                @if let Some(resolved) = incident.resolved_at { (lasted) br; span.note { "until " (words::time(resolved)) } }
                @else { b { "open" } " for " (lasted) }
            }
            td { (failures(incident.failures)) }
            @if with_environment { td { (view.environment) } }
            td {
                @if let Some(acknowledged) = &incident.acknowledged {
                    "by " (acknowledged.by) br; span.note { (words::time(acknowledged.at)) }
                }
            }
            td { a href={ "/why/" (id) } aria-label={ "Why there is incident " (id[..8]) } { "Why" } }
        }
    }
}

/// The failures by kind: "2 missed, 1 failed".
fn failures(Failures { error, missed, timeout }: Failures) -> String {
    let kinds = [(missed, "missed"), (error, "failed"), (timeout, "timed out")];
    let named: Vec<String> = kinds
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_named_by_their_kinds() {
        for ((error, missed, timeout), expected) in
            [((1, 0, 0), "1 failed"), ((1, 2, 3), "2 missed, 1 failed, 3 timed out"), ((0, 0, 0), "")]
        {
            assert_eq!(failures(Failures { error, missed, timeout }), expected);
        }
    }
}
