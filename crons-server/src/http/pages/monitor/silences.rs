//! The silences of the monitor, and the form that makes one.

use jiff::Timestamp;
use maud::{Markup, html};

use super::scope::Scope;
use crate::domain::{Filter, Monitor, Silence};
use crate::http::pages::actions::silence_fields;
use crate::http::pages::return_to::RETURN_TO;
use crate::http::pages::silenced::PageSilences;
use crate::http::pages::table::table;
use crate::http::pages::words;
use crate::quote::quoted;
use crate::store::MonitorView;

pub(super) fn silences(found: &PageSilences, view: &MonitorView, scope: &Scope, now: Timestamp) -> Markup {
    let slug = view.monitor.slug.as_str();
    let page = scope.address(slug);
    let listed = found.of_monitor(view, now);
    let zone = view.monitor.config.zone();
    let rows = html! { @for silence in &listed { (row(silence, view, &page, now)) } };
    html! {
        section {
            h2 #silences { "Silences" }
            p.note { "While a monitor is silenced, failures still open incidents, and nobody is told of them. At the end, people are told of those that are still open." }
            @if !listed.is_empty() { (table("silences", None, &["State", "Matches", "By", "Why", "Change"], &rows)) }
            form.actions method="post" action="/silences" {
                input type="hidden" name="slug" value=(slug);
                input type="hidden" name=(RETURN_TO) value=(page);
                @if view.environments.len() > 1 {
                    label { "In "
                        select name="environment" {
                            option value="" { "all environments" }
                            @for row in &view.environments { option { (row.environment.name) } }
                        }
                    } " "
                }
                (silence_fields(zone, &words::place(zone)))
                button type="submit" { "Silence" }
            }
        }
    }
}

/// A filter of a silence of `monitor` in words. The name of the monitor stands for its id, and a number for those of others.
fn in_words(filter: &Filter, monitor: &Monitor) -> String {
    let id = monitor.guid.to_string();
    match filter.monitor_ids() {
        Some(ids) if ids.contains(&id.as_str()) => {
            let name = quoted(monitor.name());
            match ids.iter().filter(|other| **other != id).count() {
                0 => format!("monitor {name}"),
                1 => format!("monitor {name} and 1 other"),
                others => format!("monitor {name} and {others} others"),
            }
        }
        _ => filter.to_string(),
    }
}

fn row(silence: &Silence, view: &MonitorView, page: &str, now: Timestamp) -> Markup {
    let zone = view.monitor.config.zone();
    let clock = |instant: Timestamp| words::clock(instant, zone, now);
    let filters: Vec<String> =
        silence.matchers.iter().map(|filter| in_words(filter, &view.monitor)).collect();
    html! {
        tr {
            td {
                @if silence.is_active(now) { "until " (clock(silence.ends_at)) }
                @else { "from " (clock(silence.starts_at)) " to " (clock(silence.ends_at)) }
                " " (words::place(zone))
            }
            td.detail { (filters.join(", ")) }
            td.detail { (silence.by) }
            td.detail { (silence.why) }
            td {
                form.actions method="post" action={ "/silences/" (silence.id) "/end" } {
                    input type="hidden" name=(RETURN_TO) value=(page);
                    button type="submit" aria-label={ "End the silence by " (silence.by) ": " (silence.why) } { "End now" }
                }
            }
        }
    }
}
