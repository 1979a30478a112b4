//! The silences and maintenance windows that a page shows: notes beside monitors, and bands of timelines.

use std::sync::Arc;

use crons_types::Timezone;
use jiff::Timestamp;
use maud::{Markup, html};

use super::words;
use crate::domain::{Maintenance, Monitor, Silence, Silenced, Silences, filter_tags};
use crate::store::{MonitorView, PageRequest, Queries, StoreError};

/// The most windows of one schedule that a timeline shows: the newest ones.
const MAX_WINDOWS: usize = 1_000;

/// The silences of a page, and the maintenance windows from its earliest instant on.
pub(crate) struct PageSilences {
    silences: Silences,
    /// The times of each maintenance window of the configuration.
    times: Vec<Vec<(Timestamp, Timestamp)>>,
}

/// A time in which messages were kept back, as a timeline shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Band {
    pub since: Timestamp,
    pub until: Timestamp,
    pub by: String,
    pub why: String,
}

impl PageSilences {
    /// Reads the silences that have not ended, and those that ended after `since`, of which the ones made last if there are very many.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) fn read(
        queries: &dyn Queries,
        windows: &Arc<[Maintenance]>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let limit = u32::try_from(Silence::MAX_PENDING).unwrap_or(u32::MAX);
        // The quota of silences is smaller than a page.
        let mut made = queries.silences(now, PageRequest { skip: 0, limit })?.items;
        if since < now {
            let ended = queries.silences(since, PageRequest { skip: 0, limit })?.items;
            made.extend(ended.into_iter().filter(|silence| silence.end() <= now));
        }
        let times = windows.iter().map(|window| window.between(since, now, MAX_WINDOWS)).collect();
        Ok(Self { silences: Silences { made: Arc::new(made), windows: Arc::clone(windows) }, times })
    }

    /// The silence of a monitor in an environment at an instant.
    fn of(&self, monitor: &Monitor, environment: &str, now: Timestamp) -> Option<Silenced> {
        self.silences.of_tags(&tags(monitor, environment), now)
    }

    /// The silences of people that a monitor is in, in one environment or more, and that have not ended at `now`.
    pub(super) fn of_monitor(&self, view: &MonitorView, now: Timestamp) -> Vec<&Silence> {
        let tags: Vec<_> = names(view).map(|name| tags(&view.monitor, name)).collect();
        let made = self.silences.made.iter().filter(|silence| silence.end() > now);
        made.filter(|silence| tags.iter().any(|tags| silence.matches(tags))).collect()
    }

    /// A line for each silence of the monitor at `now`, in words: "silenced until 14:05 by ana: migration". Environments are named if not
    /// all of them have the same.
    pub(super) fn notes(&self, view: &MonitorView, now: Timestamp) -> Markup {
        let (monitor, zone) = (&view.monitor, view.monitor.config.zone());
        let found: Vec<(&str, Option<Silenced>)> =
            names(view).map(|name| (name, self.of(monitor, name, now))).collect();
        let is_same = found.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let shown = found.iter().take(if is_same { 1 } else { found.len() });
        html! {
            @for (name, silenced) in shown {
                @if let Some(silenced) = silenced {
                    p.note.silenced { @if !is_same { (name) " is " } (note(silenced, zone, now)) }
                }
            }
        }
    }

    /// The times between `since` and `until` in which messages about a monitor in these environments were kept back, each once.
    pub(super) fn bands<'a>(
        &self,
        monitor: &Monitor,
        environments: impl Iterator<Item = &'a str>,
        since: Timestamp,
        until: Timestamp,
    ) -> Vec<Band> {
        let mut bands = Vec::new();
        for name in environments {
            let tags = tags(monitor, name);
            let made = self.silences.made.iter().filter(|silence| silence.matches(&tags));
            bands.extend(made.map(|silence| Band {
                since: silence.starts_at,
                until: silence.end(),
                by: silence.by.clone(),
                why: silence.why.clone(),
            }));
            let windows = self.silences.windows.iter().zip(&self.times);
            for (window, times) in windows.filter(|(window, _)| window.matches(&tags)) {
                bands.extend(times.iter().map(|(since, until)| Band {
                    since: *since,
                    until: *until,
                    by: Maintenance::AUTHOR.to_owned(),
                    why: window.why.clone(),
                }));
            }
        }
        bands.retain(|band| band.since < until && band.until > since && band.since < band.until);
        bands.sort();
        bands.dedup();
        bands
    }
}

/// The names of the environments of a monitor; the default one for a monitor without environments.
fn names(view: &MonitorView) -> impl Iterator<Item = &str> {
    let none = view.environments.is_empty().then_some(crons_types::Environment::DEFAULT);
    view.environments.iter().map(|row| row.environment.name.as_str()).chain(none)
}

fn tags(monitor: &Monitor, environment: &str) -> Vec<(&'static str, String)> {
    filter_tags(monitor.guid, monitor.slug.as_str(), monitor.owner.as_deref(), None, environment)
}

/// A silence in words: "silenced until 14:05 by ana: migration".
fn note(silenced: &Silenced, zone: Timezone, now: Timestamp) -> Markup {
    let Silenced { until, by, why } = silenced;
    html! { "silenced until " (words::clock(*until, zone, now)) " by " (by) ": " (why) }
}
