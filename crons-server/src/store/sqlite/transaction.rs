//! A transaction of SQLite: each method by the module that does it.

use jiff::Timestamp;

use super::connection::SqliteTransaction;
use super::export::ALL;
use super::outages;
use crate::domain::{BatchKeys, Outage, Snapshot};
use crate::store::error::StoreError;
use crate::store::expired::Expired;
use crate::store::pass::Pass;
use crate::store::transaction::{Changes, DueKind, Transaction};

impl Transaction for SqliteTransaction<'_> {
    fn load(&mut self, keys: &BatchKeys) -> Result<Snapshot, StoreError> {
        self.load_batch(keys)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if let Some(deletion) = &changes.snapshot.deletion {
            self.delete(deletion)?;
        }
        if let Some(rename) = &changes.snapshot.rename {
            self.rename_usage(rename)?;
        }
        let monitor_ids = self.write_snapshot(&changes.snapshot)?;
        self.write_silences(&changes.snapshot)?;
        self.write_additions(changes, &monitor_ids)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }

    fn claim(
        &mut self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        _pass: Pass,
    ) -> Result<Vec<i64>, StoreError> {
        match kind {
            DueKind::Withheld => self.due_withheld(tick, limit),
            DueKind::FollowUp => self.due_follow_ups(tick, limit),
            DueKind::Missed => self.missed(tick, limit),
            DueKind::TimedOut => self.timed_out(tick, limit),
            DueKind::Deferred => self.expired_deferred(tick, limit),
        }
    }

    fn next_deadline(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.earliest_deadline()
    }

    fn last_seen(&mut self) -> Result<Option<Timestamp>, StoreError> {
        outages::last_heartbeat(&self.transaction)
    }

    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        Ok(outages::outages(&self.transaction, self.unreadable, since, ALL)?.items)
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        self.transaction
            .execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)", [name, value])?;
        let sql = "SELECT value FROM settings WHERE name = ?1";
        Ok(self.transaction.query_row(sql, [name], |row| row.get(0))?)
    }

    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.put_waits_right(now)
    }

    fn purge_deleted(&mut self) -> Result<bool, StoreError> {
        self.purge_some()
    }

    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError> {
        self.delete_planned(expired)
    }

    fn reclaim_space(&mut self) -> Result<bool, StoreError> {
        self.free_pages()
    }
}
