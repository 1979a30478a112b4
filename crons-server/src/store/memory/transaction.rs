//! Transactions on a copy of the tables, which a commit puts in their place.

use jiff::Timestamp;

use super::tables::{MemoryDatabase, Tables};
use crate::alerts::{MAX_RETRY_AFTER, UNKNOWN_TARGET};
use crate::domain::{BatchKeys, Outage, Rename, Snapshot, Status};
use crate::store::error::StoreError;
use crate::store::expired::Expired;
use crate::store::pass::Pass;
use crate::store::transaction::{Changes, DueKind, Store, Transaction};

/// The only open transaction: [`Store::begin`] borrows the store.
struct MemoryTransaction<'store> {
    database: &'store MemoryDatabase,
    tables: Tables,
}

impl Store for MemoryDatabase {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let tables = self.tables().clone();
        Ok(Box::new(MemoryTransaction { database: self, tables }))
    }
}

impl Transaction for MemoryTransaction<'_> {
    fn load(&mut self, keys: &BatchKeys) -> Result<Snapshot, StoreError> {
        Ok(self.tables.load(keys))
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if let Some(deletion) = &changes.snapshot.deletion {
            self.tables.delete(deletion);
        }
        if let Some(Rename { from, to }) = &changes.snapshot.rename {
            self.tables.move_usage(from.as_str(), to.as_str());
        }
        let monitor_ids = self.tables.write_snapshot(&changes.snapshot);
        self.tables.write_silences(&changes.snapshot);
        self.tables.write_additions(changes, &monitor_ids);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        *self.database.tables() = self.tables;
        Ok(())
    }

    fn claim(
        &mut self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        _pass: Pass,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(self.tables.due(kind, tick, limit))
    }

    fn next_deadline(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let kinds = [DueKind::Withheld, DueKind::FollowUp, DueKind::Missed, DueKind::TimedOut].into_iter();
        let deadlines = kinds.flat_map(|kind| self.tables.deadlines(kind));
        Ok(deadlines.map(|(deadline, ..)| deadline).min())
    }

    fn last_seen(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables.last_seen)
    }

    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        Ok(self.tables.outages_after(since))
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        let setting = self.tables.settings.entry(name.to_owned());
        Ok(setting.or_insert_with(|| value.to_owned()).clone())
    }

    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let longest = now.saturating_add(MAX_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        for row in self.tables.alerts.values_mut() {
            let answer = row.last_answer.as_deref().unwrap_or_default();
            let latest = if answer.starts_with(UNKNOWN_TARGET) {
                now
            } else if row.attempts == 0 {
                row.alert.group_until.map_or(now, |until| until.min(longest).max(now))
            } else {
                longest
            };
            row.next_attempt = row.next_attempt.map(|next| next.min(latest));
        }
        Ok(())
    }

    fn purge_deleted(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError> {
        Ok(self.tables.delete_expired(expired))
    }

    fn reclaim_space(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

impl Tables {
    fn due(&self, kind: DueKind, tick: Timestamp, limit: usize) -> Vec<i64> {
        let mut due: Vec<_> = self.deadlines(kind).filter(|(deadline, ..)| *deadline <= tick).collect();
        due.sort_unstable();
        due.truncate(limit);
        // The page is that of the earliest deadlines; in it, runs are in the order of their begin and ends in that of their arrival.
        due.sort_unstable_by_key(|(deadline, id, begin)| match kind {
            DueKind::Withheld | DueKind::FollowUp | DueKind::Missed => (*deadline, *id),
            DueKind::TimedOut | DueKind::Deferred => (*begin, *id),
        });
        due.into_iter().map(|(_, id, _)| id).collect()
    }

    /// The deadline, row id and begin of each row that can become due.
    fn deadlines(&self, kind: DueKind) -> Box<dyn Iterator<Item = (Timestamp, i64, Timestamp)> + '_> {
        match kind {
            DueKind::Withheld => Box::new(self.incidents.iter().filter_map(|(id, row)| {
                let until = row.value.withheld_until()?;
                Some((until, *id, until))
            })),
            DueKind::FollowUp => Box::new(self.incidents.iter().filter_map(|(id, row)| {
                let due = row.value.follow_up_due()?;
                let is_told = row.value.acknowledged.is_none()
                    && !self.environments[&row.parent].value.muted
                    && self.monitor_of(row.parent).enabled;
                is_told.then_some((due, *id, due))
            })),
            DueKind::Missed => Box::new(self.environments.iter().filter_map(|(id, row)| {
                let deadline = row.value.next_check_in_latest?;
                self.monitor_of(*id).enabled.then_some((deadline, *id, deadline))
            })),
            DueKind::TimedOut => Box::new(self.runs.iter().filter_map(|(id, row)| {
                let deadline = row.value.timeout_at?;
                let is_open = row.value.status == Status::InProgress && self.monitor_of(row.parent).enabled;
                is_open.then_some((deadline, *id, row.value.date_added))
            })),
            // The order of row ids is that of arrival.
            DueKind::Deferred => {
                Box::new(self.deferred.iter().map(|(id, event)| (event.received, *id, Timestamp::MIN)))
            }
        }
    }
}
