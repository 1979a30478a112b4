//! The section with the configuration of the monitor, its author, and the equivalent attribute.

use maud::{Markup, html};

use crate::domain::{Author, Monitor, attribute};
use crate::http::pages::words;

pub(super) fn configuration(monitor: &Monitor) -> Markup {
    let config = &monitor.config;
    let default = |given: bool| if given { "" } else { " (the default)" };
    html! {
        section {
            h2 #configuration { "Configuration" }
            p {
                @if monitor.upserting {
                    "The code of the job sets it: its next check-in replaces what people change here. "
                } @else {
                    "People set it: the newest check-in had no configuration. A check-in that has one replaces it. "
                }
                "Last set by "
                @match monitor.configured.by { Author::Code => "the code", Author::Person => "a person" }
                ", at " (words::time(monitor.configured.at)) "."
            }
            dl.configuration {
                dt { "Schedule" }
                dd { code { (config.schedule) } " – " (words::schedule(config)) }
                dt { "Time zone" }
                dd { (config.zone()) (default(config.timezone.is_some())) }
                dt { "May begin late by" }
                dd { (minutes(config.margin())) (default(config.checkin_margin.is_some())) }
                dt { "May take" }
                dd { (minutes(config.runtime())) (default(config.max_runtime.is_some())) }
                dt { "Failures in a row that open an incident" }
                dd { (config.failures()) (default(config.failure_issue_threshold.is_some())) }
                dt { "Successes in a row that resolve it" }
                dd { (config.recoveries()) (default(config.recovery_threshold.is_some())) }
                dt { "Owner" }
                dd { (monitor.owner.as_deref().unwrap_or("nobody")) }
                dt { "Created" }
                dd { (words::time(monitor.date_created)) }
            }
            p { "As an attribute:" }
            div.copied {
                pre #attribute tabindex="0" { (attribute(monitor.slug.as_str(), config, monitor.owner.as_deref())) }
                button type="button" data-copy="#attribute" { "Copy" }
            }
        }
    }
}

fn minutes(minutes: u32) -> String {
    words::span(u64::from(minutes) * 60)
}
