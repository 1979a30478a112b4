//! Silences: times in which the messages about some monitors are kept back. Everything else goes on.

use std::sync::Arc;

use crons_types::Minutes;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::effects::filter_tags;
use super::filter::Filter;
use super::maintenance::Maintenance;
use super::model::Monitor;
use super::silenced::Silenced;
use crate::quote::{not_one_line, quoted};

/// A silence that a person has made. It always ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    pub id: Uuid,
    /// Filters on the tags of an event, all of which must match; at least one.
    pub matchers: Vec<Filter>,
    pub starts_at: Timestamp,
    /// The end as it was planned.
    pub ends_at: Timestamp,
    /// The person who made it, as they call themselves.
    pub by: String,
    pub why: String,
    pub created_at: Timestamp,
    /// The time at which a person ended it early; `None` if nobody has.
    pub ended_at: Option<Timestamp>,
}

impl Silence {
    /// The longest time from now to the end: a year.
    pub const MAX_LENGTH: SignedDuration = Maintenance::MAX_ONCE;
    /// The longest name of a person, in characters.
    pub const MAX_BY: usize = 200;
    /// The longest reason, in characters.
    pub const MAX_WHY: usize = Maintenance::MAX_WHY;
    /// The most filters of a silence.
    pub const MAX_MATCHERS: usize = 20;
    /// The most bytes of the values of its filters together: 300 slugs of the longest kind. Batches read the filters of all silences.
    pub const MAX_VALUES: usize = 16_384;
    /// The time by which the start that a person writes may be past, as clocks differ; the silence then begins at once.
    const START_GRACE: SignedDuration = SignedDuration::from_mins(1);
    /// The most silences that have not ended: each failure is compared with all of them.
    pub const MAX_PENDING: usize = 500;

    /// The instant at which it ends or has ended.
    pub fn end(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.ends_at)
    }

    /// Whether messages of this instant are kept back. The end itself is no part of a silence.
    pub fn is_active(&self, at: Timestamp) -> bool {
        (self.starts_at..self.end()).contains(&at)
    }

    /// Whether all filters match the tags.
    pub fn matches(&self, tags: &[(&'static str, String)]) -> bool {
        self.matchers.iter().all(|filter| filter.matches(tags))
    }
}

/// A silence that a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSilence {
    pub matchers: Vec<Filter>,
    /// `None`: now.
    pub starts_at: Option<Timestamp>,
    pub end: SilenceEnd,
    pub by: String,
    pub why: String,
}

/// The end of a silence that a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceEnd {
    At(Timestamp),
    /// So long after its start.
    After(Minutes),
}

impl NewSilence {
    /// The silence that is stored.
    ///
    /// # Errors
    /// If it has no filter or too many, starts or ends in the past, ends before it starts or more than a year ahead, or a name or reason is
    /// empty, too long or not on one line. The message names the key.
    pub fn accept(self, id: Uuid, now: Timestamp) -> Result<Silence, String> {
        let Self { matchers, starts_at, end, by, why } = self;
        if matchers.is_empty() || matchers.len() > Silence::MAX_MATCHERS {
            return Err(format!(
                "matchers: there are {}, and must be 1 to {}; for all monitors write {{\"key\": \"monitor.slug\", \"match\": \"matches \
                 pattern\", \"value\": \"*\"}}",
                matchers.len(),
                Silence::MAX_MATCHERS
            ));
        }
        let bytes: usize = matchers.iter().map(Filter::value_len).sum();
        if bytes > Silence::MAX_VALUES {
            return Err(format!(
                "matchers: the values have {bytes} bytes together and may have {}; write patterns, or make several silences",
                Silence::MAX_VALUES
            ));
        }
        for (key, text, most) in [("by", &by, Silence::MAX_BY), ("why", &why, Silence::MAX_WHY)] {
            if text.trim().is_empty() || text.chars().count() > most {
                let what = if key == "by" { "a name" } else { "the reason" };
                return Err(format!("{key}: {} is not 1 to {most} characters; write {what}", quoted(text)));
            }
            if let Some(fault) = not_one_line(key, text.trim()) {
                return Err(fault);
            }
        }
        if let Some(start) = starts_at.filter(|start| now.duration_since(*start) > Silence::START_GRACE) {
            return Err(format!(
                "starts_at: the start, {start}, is past, as it is {now}; leave it out for a silence from now on"
            ));
        }
        let starts_at = starts_at.map_or(now, |start| start.max(now));
        let (key, ends_at) = match end {
            SilenceEnd::At(at) => ("ends_at", at),
            SilenceEnd::After(length) => {
                let length = SignedDuration::from_mins(i64::from(length.get()));
                ("for", starts_at.saturating_add(length).unwrap_or(Timestamp::MAX))
            }
        };
        if ends_at <= now {
            return Err(format!("{key}: the end, {ends_at}, has passed; write one after {now}"));
        }
        if ends_at <= starts_at {
            return Err(format!(
                "{key}: the end, {ends_at}, is not after the start, {starts_at}; write a later end"
            ));
        }
        if ends_at.duration_since(now) > Silence::MAX_LENGTH {
            return Err(format!(
                "{key}: the end, {ends_at}, is more than a year ahead; write an earlier one, or disable the monitor"
            ));
        }
        let (by, why) = (by.trim().to_owned(), why.trim().to_owned());
        Ok(Silence { id, matchers, starts_at, ends_at, by, why, created_at: now, ended_at: None })
    }
}

/// The silences that bear on a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Silences {
    /// The silences that people made, in the order of their creation.
    pub made: Arc<Vec<Silence>>,
    /// The maintenance windows of the configuration.
    pub windows: Arc<[Maintenance]>,
}

impl Silences {
    /// The silence that keeps back messages about an incident at an instant; of several the one that ends last. `None` if messages are
    /// sent.
    pub fn at(
        &self,
        monitor: &Monitor,
        incident: Uuid,
        environment: &str,
        at: Timestamp,
    ) -> Option<Silenced> {
        if self.made.is_empty() && self.windows.is_empty() {
            return None;
        }
        let (slug, owner) = (monitor.slug.as_str(), monitor.owner.as_deref());
        self.of_tags(&filter_tags(monitor.guid, slug, owner, Some(incident), environment), at)
    }

    /// The silence that keeps back messages with these tags at an instant; of several the one that ends last. `None` if there is none.
    pub fn of_tags(&self, tags: &[(&'static str, String)], at: Timestamp) -> Option<Silenced> {
        let made = self.made.iter().filter(|silence| silence.is_active(at) && silence.matches(tags));
        let made = made.map(|silence| Silenced {
            until: silence.end(),
            by: silence.by.clone(),
            why: silence.why.clone(),
        });
        let windows = self.windows.iter().filter(|window| window.matches(tags)).filter_map(|window| {
            let until = window.active_until(at)?;
            Some(Silenced { until, by: Maintenance::AUTHOR.to_owned(), why: window.why.clone() })
        });
        made.chain(windows).max_by_key(|silenced| silenced.until)
    }
}
