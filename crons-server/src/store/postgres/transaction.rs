//! A transaction of PostgreSQL: each method by the module that does it.

use jiff::Timestamp;

use super::connection::PostgresTransaction;
use super::export::ALL;
use super::outages;
use super::parameter::text;
use super::rates;
use super::rows;
use super::target_leases;
use crate::domain::{BatchKeys, Outage, ReceivedCounts, Snapshot};
use crate::store::error::StoreError;
use crate::store::expired::Expired;
use crate::store::pass::Pass;
use crate::store::transaction::{Changes, DueKind, Transaction};

impl Transaction for PostgresTransaction<'_> {
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
        self.commit_all()
    }

    fn claim(
        &mut self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        pass: Pass,
    ) -> Result<Vec<i64>, StoreError> {
        self.due_rows(kind, tick, limit, pass)
    }

    fn next_deadline(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.earliest_deadline()
    }

    fn count_received(
        &mut self,
        minute: Timestamp,
        counts: &ReceivedCounts,
    ) -> Result<Option<ReceivedCounts>, StoreError> {
        rates::count(self.session()?, minute, counts).map(Some)
    }

    fn last_seen(&mut self) -> Result<Option<Timestamp>, StoreError> {
        outages::last_heartbeat(self.session()?, self.membership.id())
    }

    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        Ok(outages::outages(self.session()?, self.unreadable, since, ALL)?.items)
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        let session = self.session()?;
        session.execute(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&text(name), &text(value)],
        )?;
        let rows = session.query("SELECT value FROM settings WHERE name = $1", &[&text(name)])?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::unavailable("a setting that was just stored is missing"))?;
        Ok(rows::get(row, 0)?)
    }

    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.put_waits_right(now)
    }

    fn lease_target(&mut self, target: &str) -> Result<(), StoreError> {
        target_leases::lease(self.session()?, self.membership.id(), target)
    }

    fn hand_over_target(&mut self, target: &str) -> Result<(), StoreError> {
        target_leases::hand_over(self.session()?, self.membership.id(), target)
    }

    fn purge_deleted(&mut self) -> Result<bool, StoreError> {
        self.purge_some()
    }

    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError> {
        self.delete_planned(expired)
    }

    fn reclaim_space(&mut self) -> Result<bool, StoreError> {
        rates::delete_old(self.session()?)?;
        // Autovacuum makes the space of deleted rows usable again.
        Ok(false)
    }
}
