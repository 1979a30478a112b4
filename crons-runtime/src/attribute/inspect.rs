//! Warnings at `init` about annotated monitors: configurations that are legal, and probably a mistake.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crons_types::Schedule;

use super::annotated::{AnnotatedMonitor, AnnotatedMonitors, monitors};
use crate::delivery::upsert::Upsert;
use crate::platform::local_zone;

/// Logs doubtful configurations of the annotated monitors of the program. Returns the number of monitors.
pub(crate) fn inspect(upsert: Upsert) -> usize {
    let monitors = monitors();
    let count = warn_of_shared_slugs(&monitors);
    let unscheduled = slugs(&monitors, |monitor| monitor.monitor_config().is_none());
    if !unscheduled.is_empty() && upsert != Upsert::Never {
        log!(
            info,
            "monitors without `schedule` or `interval`, which the server must know already: {unscheduled}"
        );
    }
    let by_utc = slugs(&monitors, is_by_utc);
    if !by_utc.is_empty()
        && let Some(zone) = local_zone::other_than_utc()
    {
        log!(
            warn,
            "crontabs without `timezone` are in UTC, and this machine is in {zone}; name the zone that is meant, \
             if only `timezone = \"UTC\"`: {by_utc}"
        );
    }
    count
}

/// Warns about functions that share a slug and differ in their configuration. Returns the number of slugs.
fn warn_of_shared_slugs(monitors: &AnnotatedMonitors) -> usize {
    let mut by_slug = HashMap::new();
    for monitor in monitors {
        match by_slug.entry(monitor.slug()) {
            Entry::Vacant(entry) => {
                entry.insert(monitor);
            }
            Entry::Occupied(first) if first.get().monitor_config() != monitor.monitor_config() => {
                let first: &AnnotatedMonitor = first.get();
                log!(
                    warn,
                    slug = %monitor.slug(),
                    at = format_args!("{}:{}", first.file(), first.line()),
                    and_at = format_args!("{}:{}", monitor.file(), monitor.line()),
                    "two functions have this slug and different configurations: each run overwrites that of the other"
                );
            }
            Entry::Occupied(_) => {}
        }
    }
    by_slug.len()
}

/// Returns whether the crontab names an hour or a day, and the monitor no time zone.
fn is_by_utc(monitor: &AnnotatedMonitor) -> bool {
    monitor.timezone().is_none()
        && monitor.monitor_config().is_some_and(|config| match config.get_schedule() {
            Schedule::Crontab(crontab) => crontab.as_str().split(' ').skip(1).any(|field| field != "*"),
            Schedule::Interval(_) => false,
        })
}

/// Returns the slugs of the monitors that are `such`, each once, as a line of the log.
fn slugs(monitors: &AnnotatedMonitors, such: impl Fn(&AnnotatedMonitor) -> bool) -> String {
    let mut slugs: Vec<&str> =
        monitors.iter().filter(|&monitor| such(monitor)).map(AnnotatedMonitor::slug).collect();
    slugs.dedup();
    slugs.join(", ")
}
