//! The search for what retention does not keep.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::tables::{Tables, children};
use crate::domain::{CheckIn, Status};
use crate::settings::Retention;
use crate::store::error::StoreError;
use crate::store::expired::Expired;
use crate::store::queries::Sweep;

const HOURS_A_DAY: i64 = 24;

/// A row to delete, by its id.
#[derive(Debug)]
enum Found {
    /// A run, with its start.
    CheckIn(i64, Timestamp),
    Occurrence(i64),
    Incident(i64),
    /// A count of usage, by slug and hour.
    Usage(String, i64),
    Outage(i64),
    Silence(i64),
}

/// The rows that were found at the beginning, returned as many at a time as one transaction deletes.
#[derive(Debug, Default)]
pub(super) struct MemorySweep(VecDeque<Found>);

impl Sweep for MemorySweep {
    fn advance(&mut self) -> Result<Option<Expired>, StoreError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut expired = Expired::default();
        while expired.room() > 0
            && let Some(found) = self.0.pop_front()
        {
            match found {
                Found::CheckIn(id, start) => {
                    expired.newest = expired.newest.max(start.as_microsecond());
                    expired.check_ins.push(id);
                }
                Found::Occurrence(id) => expired.occurrences.push(id),
                Found::Incident(id) => expired.incidents.push(id),
                Found::Outage(id) => expired.outages.push(id),
                Found::Silence(id) => expired.silences.push(id),
                Found::Usage(slug, hour) => {
                    expired.usage.push((slug, hour));
                    expired.usage_rows += 1;
                }
            }
        }
        Ok(Some(expired))
    }
}

impl MemorySweep {
    pub(super) fn new(tables: &Tables, now: Timestamp, kept: Retention) -> Self {
        let mut found = VecDeque::new();
        let failure_before = days_before(now, kept.failure_days);
        for environment in tables.environments.keys() {
            find_check_ins(tables, *environment, now, kept, &mut found);
            if let Some((incident, _)) = tables.open_incident(*environment) {
                let occurrences: Vec<i64> =
                    children(&tables.occurrences, incident).map(|(id, _)| id).collect();
                let too_many = occurrences.into_iter().rev().skip(kept.check_ins as usize);
                found.extend(too_many.map(Found::Occurrence));
            }
        }
        for (id, row) in &tables.incidents {
            let is_pending = row.value.withheld_until().is_some();
            if row.value.resolved_at.is_some_and(|end| end < failure_before) && !is_pending {
                found.extend(children(&tables.occurrences, *id).map(|(id, _)| Found::Occurrence(id)));
                found.push_back(Found::Incident(*id));
            }
        }
        let old = tables.usage.keys().filter(|(hour, ..)| *hour < failure_before.as_second());
        found.extend(old.map(|(hour, slug, ..)| Found::Usage(slug.clone(), *hour)));
        let old = tables.outages.iter().filter(|(_, outage)| outage.until < failure_before);
        found.extend(old.map(|(id, _)| Found::Outage(*id)));
        let old = tables.silences.iter().filter(|(_, silence)| silence.end() < failure_before);
        found.extend(old.map(|(id, _)| Found::Silence(*id)));
        Self(found)
    }
}

/// Finds the runs of an environment that are too old or too many, and that neither a threshold nor the open incident needs.
fn find_check_ins(
    tables: &Tables,
    environment: i64,
    now: Timestamp,
    kept: Retention,
    found: &mut VecDeque<Found>,
) {
    let config = &tables.monitor_of(environment).config;
    let thresholds = config.failures().max(config.recoveries());
    let incident = tables.open_incident(environment).map(|(_, incident)| incident);
    let started = incident.map_or(Timestamp::MAX, |incident| incident.started_at);
    let newest: Vec<_> = tables
        .newest_runs(environment)
        .into_iter()
        .filter(|(_, run)| run.status != Status::InProgress)
        .collect();
    // The start of the oldest run of a kind that is among the `most` newest; all are kept if there are fewer.
    let last_kept = |most: usize, of: &dyn Fn(&CheckIn) -> bool| {
        let start = newest.iter().filter(|(_, run)| of(run)).nth(most.max(1) - 1);
        start.map_or(Timestamp::MIN, |(_, run)| run.date_added)
    };
    let most = kept.check_ins as usize;
    let last_success = last_kept(most, &|run| run.status == Status::Ok);
    let last_other = last_kept(most, &|run| run.status != Status::Ok);
    let last_needed = last_kept(thresholds, &|run| run.status.is_finished());
    for (id, run) in &newest {
        let (last, days) = match run.status {
            Status::Ok => (last_success, kept.success_days),
            _ => (last_other, kept.failure_days),
        };
        let start = run.date_added;
        let too_old = start < days_before(now, days).min(started);
        let is_start = incident.is_some_and(|incident| incident.starting_check_in == run.guid);
        if (start < last || too_old) && start < last_needed && !is_start {
            found.push_back(Found::CheckIn(*id, start));
        }
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    let age = SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}
