//! The rows that a batch adds beside its snapshot, as every database stores them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::error::StoreError;
use super::limits::{ALERTS_KEPT_FOR, ANSWER, HOUR, PAYLOAD};
use super::transaction::{Changes, ProcessingErrors};
use crate::alerts::{Attempt, DeliveryOutcome};
use crate::domain::UnreadableKey;

/// A row of the table `refused`.
pub(super) struct Refused<'a> {
    pub row: &'a ProcessingErrors,
    pub monitor: Option<i64>,
    /// A JSON array of names and messages.
    pub errors: String,
    pub payload: String,
}

/// The slugs of monitors of a batch that cannot be read.
pub(super) fn unreadable_slugs(changes: &Changes) -> Vec<&String> {
    let keys = changes.snapshot.unreadable.keys();
    let slugs = keys.filter_map(|key| match key {
        UnreadableKey::Monitor(slug) => Some(slug),
        _ => None,
    });
    slugs.collect()
}

/// The processing errors of a batch. `unreadable` are slugs and row ids of monitors that cannot be read.
pub(super) fn refused<'a>(
    changes: &'a Changes,
    monitor_ids: &[i64],
    unreadable: &[(String, i64)],
) -> Result<Vec<Refused<'a>>, StoreError> {
    let mut rows: Vec<Refused<'_>> = Vec::new();
    for row in &changes.processing_errors {
        let slug = row.slug.as_ref();
        let index = slug.and_then(|slug| changes.snapshot.monitor_index(slug));
        let monitor = index.map(|index| monitor_ids[index]).or_else(|| {
            let slug = slug?.as_str();
            unreadable.iter().find(|(other, _)| other == slug).map(|(_, id)| *id)
        });
        let errors: Vec<(&str, String)> =
            row.errors.iter().map(|error| (error.name(), error.to_string())).collect();
        let errors = serde_json::to_string(&errors).map_err(StoreError::unavailable)?;
        // The warnings of a job that repeats them are kept once: otherwise they would push all other errors out.
        if row.accepted {
            rows.retain(|other| !(other.row.accepted && other.monitor == monitor && other.errors == errors));
        }
        let payload = row.payload.chars().take(PAYLOAD).collect();
        rows.push(Refused { row, monitor, errors, payload });
    }
    Ok(rows)
}

/// The monitors that rows are of, each once.
pub(super) fn monitors_of(rows: &[Refused<'_>]) -> Vec<Option<i64>> {
    let mut monitors: Vec<Option<i64>> = rows.iter().map(|row| row.monitor).collect();
    monitors.sort_unstable();
    monitors.dedup();
    monitors
}

/// The key of a count of check-ins: slug, hour in seconds since 1970, outcome and reason.
pub(super) type UsageKey<'a> = (&'a str, i64, &'static str, &'static str);

/// The counts of a batch. Names that belong to no monitor are counted together, as there may be any number of them.
pub(super) fn usage(changes: &Changes) -> BTreeMap<UsageKey<'_>, i64> {
    let mut counts = BTreeMap::new();
    for ((hour, usage), count) in &changes.usage {
        let known = usage.slug.as_ref().filter(|slug| changes.snapshot.has_monitor(slug));
        let slug = known.map_or("", |slug| slug.as_str());
        let key = (slug, hour * HOUR, usage.outcome.as_str(), usage.reason.unwrap_or_default());
        *counts.entry(key).or_default() += i64::from(*count);
    }
    counts
}

/// The outcome of an attempt, as the rows of its messages have it.
pub(super) struct AttemptRow {
    /// `None`: the message is not to be sent any more.
    pub next: Option<Timestamp>,
    pub refused: bool,
    pub delivered: Option<Timestamp>,
    pub given_up: Option<Timestamp>,
    pub answer: String,
}

impl AttemptRow {
    pub(super) fn of(Attempt { at, outcome, answer, .. }: &Attempt) -> Self {
        let (next, refused, delivered, given_up) = match *outcome {
            DeliveryOutcome::Delivered => (None, false, Some(*at), None),
            DeliveryOutcome::Failed { next, refused } => (Some(next), refused, None, None),
            DeliveryOutcome::Expired => (None, false, None, Some(*at)),
        };
        Self { next, refused, delivered, given_up, answer: answer.chars().take(ANSWER).collect() }
    }
}

/// The instant before which alerts are deleted that are not to be sent any more.
pub(super) fn alerts_kept_from(now: Timestamp) -> Timestamp {
    now.saturating_sub(ALERTS_KEPT_FOR).unwrap_or(Timestamp::MIN)
}

/// The earliest of the alerts of a batch that wait for no group, by target.
pub(super) fn at_once(changes: &Changes) -> BTreeMap<&str, Timestamp> {
    let mut at_once: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for alert in changes.alerts.iter().filter(|alert| alert.group_until.is_none()) {
        at_once.entry(&alert.target).and_modify(|at| *at = alert.at.min(*at)).or_insert(alert.at);
    }
    at_once
}
