//! The next runs that are expected, in the zone of the monitor and in UTC. The script adds the zone of the reader, and remembers which of
//! the three is shown.

use crons_types::Timezone;
use crons_types::calendar::{in_zone, next_after};
use jiff::Timestamp;
use maud::{Markup, html};

use crate::domain::Config;
use crate::http::pages::table::table_with_head;
use crate::http::pages::words;
use crate::store::MonitorView;

/// The number of runs that are shown.
const SHOWN: usize = 10;

pub(super) fn next_runs(view: &MonitorView, environment: Option<&str>, now: Timestamp) -> Markup {
    let zone = view.monitor.config.zone();
    let first = view
        .environments
        .iter()
        .find(|view| Some(view.environment.name.as_str()) == environment)
        .and_then(|view| view.environment.next_check_in);
    let runs = upcoming(&view.monitor.config, first);
    html! {
        section {
            h2 #next-runs { "Next runs" @if let Some(name) = environment { " in " (name) } }
            @if !view.monitor.enabled {
                p { "None is expected while the monitor is disabled." }
            } @else if runs.is_empty() {
                p { "None is expected before the first check-in." }
            } @else {
                (table_of(&runs, zone, now))
            }
        }
    }
}

fn table_of(runs: &[Timestamp], zone: Timezone, now: Timestamp) -> Markup {
    let has_utc = zone != Timezone::UTC;
    let head = html! {
        th scope="col" { "In" }
        th.zone-monitor scope="col" { (zone) }
        @if has_utc { th.zone-utc scope="col" { "UTC" } }
    };
    let rows = html! {
        @for run in runs {
            tr {
                td { (words::relative(*run, now)) }
                td.zone-monitor { time datetime=(run) { (in_words(*run, zone)) } }
                @if has_utc { td.zone-utc { time datetime=(run) { (in_words(*run, Timezone::UTC)) } } }
            }
        }
    };
    table_with_head("next-runs", Some("next-runs"), &head, &rows)
}

/// The first run and those that follow if each begins on time; fewer if the schedule ends.
fn upcoming(config: &Config, first: Option<Timestamp>) -> Vec<Timestamp> {
    let after = |run: &Timestamp| next_after(&config.schedule, &config.zone(), *run);
    std::iter::successors(first, after).take(SHOWN).collect()
}

/// The day and the clock of a zone: "Mon 3 Jun 12:00", with the offset.
fn in_words(instant: Timestamp, zone: Timezone) -> String {
    in_zone(instant, zone).strftime("%a %-d %b %H:%M %:z").to_string()
}

#[cfg(test)]
mod tests {
    use crons_types::Schedule;

    use super::*;

    #[test]
    fn ten_runs_follow_by_the_clock_of_the_zone() {
        let config = Config {
            schedule: Schedule::crontab("30 2 * * *").unwrap(),
            checkin_margin: None,
            max_runtime: None,
            timezone: Some("Europe/Vienna".parse().unwrap()),
            failure_issue_threshold: None,
            recovery_threshold: None,
        };
        let runs = upcoming(&config, Some("2024-10-25T00:30:00Z".parse().unwrap()));
        assert_eq!(runs.len(), SHOWN);
        let words: Vec<String> = runs.iter().take(3).map(|run| in_words(*run, config.zone())).collect();
        assert_eq!(words, ["Fri 25 Oct 02:30 +02:00", "Sat 26 Oct 02:30 +02:00", "Sun 27 Oct 02:30 +02:00"]);
        assert!(upcoming(&config, None).is_empty());
    }
}
