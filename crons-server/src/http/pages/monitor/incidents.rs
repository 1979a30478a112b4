//! The table of incidents.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scope::Scope;
use crate::domain::Failures;
use crate::http::pages::return_to::RETURN_TO;
use crate::http::pages::table::table;
use crate::http::pages::words;
use crate::store::{IncidentView, MonitorView, Page};

/// The newest incidents. The forms lead back to the page in this scope.
pub(super) fn incidents(
    found: &Page<IncidentView>,
    view: &MonitorView,
    scope: &Scope,
    now: Timestamp,
) -> Markup {
    let slug = view.monitor.slug.as_str();
    let with_environment = view.environments.len() > 1;
    let page = scope.address(slug);
    let mut columns = vec!["Began", "Lasted", "Failures"];
    columns.extend(with_environment.then_some("Environment"));
    columns.extend(["Acknowledged", "Why"]);
    let rows = html! { @for view in &found.items { (incident(view, with_environment, &page, now)) } };
    html! {
        section {
            h2 #incidents { "Incidents" }
            @if found.items.is_empty() {
                p { "There are none." }
            } @else {
                (table("incidents", None, &columns, &rows))
                @if found.more { p.note { "Earlier incidents are in the API, at " code { "/api/0/organizations/crons/monitors/" (slug) "/incidents/" } "." } }
            }
        }
    }
}

fn incident(view: &IncidentView, with_environment: bool, page: &str, now: Timestamp) -> Markup {
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
                @if incident.resolved_at.is_none() { (acknowledgement(&id, incident.acknowledged.is_some(), page)) }
            }
            td { a href={ "/why/" (id) } aria-label={ "Why there is incident " (id[..8]) } { "Why" } }
        }
    }
}

/// The form that acknowledges an open incident, or withdraws the acknowledgement.
fn acknowledgement(id: &str, is_acknowledged: bool, page: &str) -> Markup {
    html! {
        form.actions method="post" action={ "/incidents/" (id) "/acknowledgement" } {
            input type="hidden" name=(RETURN_TO) value=(page);
            @if is_acknowledged {
                button type="submit" name="do" value="withdraw" { "Withdraw" }
            } @else {
                input name="by" required maxlength="200" size="12" autocomplete="name" placeholder="Your name" aria-label="Your name"; " "
                button type="submit" name="do" value="acknowledge" { "Acknowledge" }
            }
        }
    }
}

/// The failures by kind: "2 missed, 1 failed".
pub(crate) fn failures(Failures { error, missed, timeout }: Failures) -> String {
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
