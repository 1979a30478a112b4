//! A monitor in the list: state, schedule, durations, deadline, timeline, and a line for each environment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::overview::worst;
use super::slots::{Slots, SlotsOf};
use super::timeline::Timeline;
use super::window::Window;
use crate::domain::{Config, Monitor, Outage, Status};
use crate::http::pages::actions::bulk;
use crate::http::pages::health::Health;
use crate::http::pages::silenced::PageSilences;
use crate::http::pages::words;
use crate::store::{Activity, Buckets, EnvironmentView, MonitorView, RunMark};

/// The rows of a page, with the data that they share.
pub(super) struct Rows<'a> {
    pub window: Window,
    pub buckets: Buckets,
    pub outages: &'a [Outage],
    pub silences: &'a PageSilences,
    pub now: Timestamp,
    pub slots: SlotsOf,
}

impl Rows<'_> {
    /// The row of a monitor with the runs of its environments.
    pub(super) fn row(&mut self, view: &MonitorView, activity: &[Activity]) -> Markup {
        let MonitorView { monitor, environments } = view;
        let slug = monitor.slug.as_str();
        let state = health_of(view);
        let heard: Vec<&EnvironmentView> = environments.iter().filter(|row| !row.environment.muted).collect();
        let all: Vec<&EnvironmentView> = environments.iter().collect();
        let shown = if heard.is_empty() { &all } else { &heard };
        let is_shown = |row: &&Activity| shown.iter().any(|view| view.environment.name == row.environment);
        let runs = merged(activity.iter().filter(is_shown));
        let next = shown.iter().filter_map(|row| row.environment.next_check_in).min();
        let slots = self.slots.config(&monitor.config, next, self.buckets);
        html! {
            li class={ "monitor " (state.key()) } id={ "monitor-" (slug) } data-slug=(slug) data-state=(state.key()) {
                div.who {
                    input.choose type="checkbox" name="slug" value=(slug) form=(bulk::FORM) aria-label={ "Choose " (monitor.name()) };
                    h2 { a href={ "/monitors/" (slug) } { (monitor.name()) } }
                    @if monitor.name() != slug { p.note { code { (slug) } } }
                    (state.label())
                    p.note {
                        @match &monitor.owner { Some(owner) => (owner), None => "no owner" }
                        @match environments.as_slice() {
                            [] => ", no check-in was accepted yet",
                            [only] => { ", " (only.environment.name) @if only.environment.muted { " (muted)" } }
                            _ => {}
                        }
                    }
                }
                div.when {
                    p {
                        (words::schedule(&monitor.config)) " "
                        span.note { (words::place(monitor.config.zone())) ", " code { (monitor.config.schedule) } }
                    }
                    (self.outlook(&monitor.config, monitor.enabled, shown))
                    (self.silences.notes(view, self.now))
                }
                (durations(activity.iter().filter(is_shown)))
                (self.timeline(monitor, runs, &slots, shown, None))
                (self.environments(view, activity, &slots))
            }
        }
    }

    /// The summary of several environments, which opens to a line for each; empty for one or none.
    fn environments(&self, view: &MonitorView, activity: &[Activity], slots: &Slots) -> Markup {
        let MonitorView { monitor, environments } = view;
        match environments.as_slice() {
            [] | [_] => html! {},
            several => html! {
                details.environments {
                    summary { (summary(several)) }
                    ul {
                        @for row in several {
                            @let name = row.environment.name.as_str();
                            @let of_row = activity.iter().filter(|of| of.environment == name).collect::<Vec<_>>();
                            li.environment {
                                div.who { b { (name) } " " (environment_label(row)) }
                                div.when { (self.outlook(&monitor.config, monitor.enabled, &[row])) }
                                (durations(of_row.iter().copied()))
                                (self.timeline(monitor, merged(of_row.iter().copied()), slots, &[row], Some(name)))
                            }
                        }
                    }
                }
            },
        }
    }

    /// The next deadline, and the reason for a state that needs one.
    fn outlook(&self, config: &Config, enabled: bool, environments: &[&EnvironmentView]) -> Markup {
        if !enabled {
            return html! { p.note { "disabled: no run is expected, and check-ins are refused" } };
        }
        let due = environments
            .iter()
            .filter_map(|row| Some((row.environment.next_check_in?, row.environment.next_check_in_latest?)));
        let of_environment = |row: &EnvironmentView| {
            let name = row.environment.name.as_str();
            html! { @if environments.len() > 1 { " in " (name) } }
        };
        let failing_since = environments.iter().filter_map(|row| row.incident_since).min();
        html! {
            @if let Some((next, latest)) = due.min() { p.deadline { (words::deadline(config, next, latest, self.now)) } }
            @for row in environments {
                @if let Some(run) = row.newest.as_ref().filter(|run| run.status == Status::InProgress) {
                    p.note {
                        "running" (of_environment(row)) " since " (words::clock(run.date_added, config.zone(), self.now))
                        @if let Some(timeout) = run.timeout_at { ", times out " (words::relative(timeout, self.now)) }
                    }
                }
                @if let (None, Some(run)) = (row.incident_since, &row.newest) {
                    @if run.status.is_finished() && run.status != Status::Ok {
                        p.note {
                            "last run" (of_environment(row)) ": " (Health::of_run(run.status).label()) " " (words::relative(run.date_added, self.now))
                            @if config.failures() > 1 { "; an incident opens after " (config.failures()) " failures in a row" }
                        }
                    }
                }
            }
            @if let Some(since) = failing_since { p.note {
                    "failing since " (words::clock(since, config.zone(), self.now)) ", " (words::relative(since, self.now))
                } }
        }
    }

    /// The timeline of some environments as a drawing, and in words for screen readers. The script shows the runs of a bucket.
    fn timeline(
        &self,
        monitor: &Monitor,
        runs: Vec<RunMark>,
        slots: &Slots,
        shown: &[&EnvironmentView],
        environment: Option<&str>,
    ) -> Markup {
        let names = shown.iter().map(|row| row.environment.name.as_str());
        let timeline = Timeline {
            buckets: self.buckets,
            runs,
            slots,
            outages: self.outages,
            silences: self.silences.bands(monitor, names, self.buckets.since, self.now),
            now: self.now,
            zone: monitor.config.zone(),
            length: self.window.words(),
        };
        html! {
            div.timeline data-environment=[environment] data-since=(self.buckets.since.as_millisecond()) {
                (timeline.drawing())
                p.visually-hidden { (timeline.words()) }
            }
        }
    }
}

/// The state of a monitor: that of its worst environment that is not muted.
pub(crate) fn health_of(view: &MonitorView) -> Health {
    let environments = view.environments.iter().map(|row| (row.environment.muted, environment_health(row)));
    worst(view.monitor.enabled, environments)
}

/// The state of an environment, muted or not.
pub(crate) fn environment_health(row: &EnvironmentView) -> Health {
    Health::of_environment(row.environment.status, row.newest.as_ref().map(|run| run.status), row.failing)
}

fn environment_label(row: &EnvironmentView) -> Markup {
    html! {
        (environment_health(row).label())
        @if row.environment.muted { " " (Health::Muted.label()) }
    }
}

/// "3 environments: 1 failed, 2 okay".
fn summary(environments: &[EnvironmentView]) -> String {
    let mut counts: BTreeMap<Health, usize> = BTreeMap::new();
    for row in environments {
        let state = if row.environment.muted { Health::Muted } else { environment_health(row) };
        *counts.entry(state).or_default() += 1;
    }
    let parts: Vec<String> =
        counts.iter().map(|(state, count)| format!("{count} {}", state.word().to_lowercase())).collect();
    format!("{} environments: {}", environments.len(), parts.join(", "))
}

/// The runs of several environments in the order of their starts.
fn merged<'a>(activity: impl Iterator<Item = &'a Activity>) -> Vec<RunMark> {
    let mut runs: Vec<RunMark> = activity.flat_map(|row| row.runs.iter().copied()).collect();
    runs.sort_by_key(|run| run.started);
    runs
}

/// The duration of the last run, and how long half of the newest runs took at most, and 19 of 20.
fn durations<'a>(activity: impl Iterator<Item = &'a Activity>) -> Markup {
    let activity: Vec<&Activity> = activity.collect();
    let last = match activity.as_slice() {
        [only] => only.durations_ms.first().copied(),
        _ => None,
    };
    let mut all: Vec<i64> = activity.iter().flat_map(|row| row.durations_ms.iter().copied()).collect();
    all.sort_unstable();
    let cells = [("last", last), ("p50", percentile(&all, 50)), ("p95", percentile(&all, 95))];
    html! {
        dl.durations {
            @for (name, value) in cells {
                @if let Some(value) = value { div { dt { (name) } dd { (words::duration(value)) } } }
            }
            @if all.is_empty() { div { dt { "duration" } dd.note { "none reported" } } }
        }
    }
}

/// The smallest of the values, sorted, that `percent` of them do not exceed.
pub(crate) fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_duration_that_was_reported() {
        let hundred: Vec<i64> = (1..=100).collect();
        for (sorted, percent, expected) in [
            (&hundred[..0], 50, None),
            (&hundred[..1], 95, Some(1)),
            (&hundred[..2], 50, Some(1)),
            (&hundred[..20], 95, Some(19)),
            (&hundred[..], 50, Some(50)),
            (&hundred[..], 95, Some(95)),
        ] {
            assert_eq!(percentile(sorted, percent), expected, "{percent} of {}", sorted.len());
        }
    }
}
