//! The side of the delivery that a spool sees: changes to record, and check-ins of dead processes.

use std::collections::HashMap;

use super::delivery::Delivery;
use super::rate_limiter::{Key, key};
use crate::record::discard::DiscardReason;
use crate::record::queued::QueuedCheckIn;
use crate::record::spooled::{Adopted, Journaled};

impl Delivery {
    /// Collects from now on the changes that a journal records.
    pub(crate) fn keep_journal(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// Takes the changes since the last call. They are to be recorded before the next check-in is sent.
    pub(crate) fn take_journaled(&mut self) -> Vec<Journaled> {
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes in check-ins of processes that are dead, the oldest runs first. The journal has recorded them. Of each monitor and environment,
    /// the server takes so many at once; of more complete runs the newest are kept, as older ones would arrive when newer runs of other
    /// processes have ended.
    pub(crate) fn adopt(&mut self, adopted: Adopted) {
        self.stats.captured += adopted.records.len() as u64 + adopted.expired;
        self.stats.dropped.expired += adopted.expired;
        self.discarded.add(DiscardReason::Expired, adopted.expired);
        let mut excess = self.excess(&adopted.records);
        for record in adopted.records {
            if is_complete(&record)
                && let Some(left) = excess.get_mut(&key(&record)).filter(|left| **left > 0)
            {
                *left -= 1;
                self.supersede(&record);
                continue;
            }
            self.adopted.insert(record.id);
            if !record.is_start() {
                self.backlog.add(&record);
            }
            self.enqueue(record);
        }
    }

    /// Counts, by monitor and environment, the complete runs that are more than the server takes at once. Logs them.
    fn excess(&self, records: &[QueuedCheckIn]) -> HashMap<Key, usize> {
        let mut excess: HashMap<Key, usize> = HashMap::new();
        let Some(most) = self.rate_limiter.most_adopted() else { return excess };
        for record in records.iter().filter(|record| is_complete(record)) {
            *excess.entry(key(record)).or_default() += 1;
        }
        for ((slug, _), count) in &mut excess {
            *count = count.saturating_sub(most);
            if *count > 0 {
                Self::log_superseded(slug, *count as u64);
            }
        }
        excess
    }

    /// Drops the end of a run of a dead process.
    fn supersede(&mut self, record: &QueuedCheckIn) {
        DiscardReason::Superseded.count(&mut self.stats.dropped);
        self.discarded.add(DiscardReason::Superseded, 1);
        if let Some(journal) = &mut self.journal {
            journal.extend(Journaled::settled(record));
        }
    }

    /// Returns whether a check-in that the server's limits refuse is kept for the next process: the end of a run, while there is a spool.
    pub(super) fn keeps_limited(&self, record: &QueuedCheckIn) -> bool {
        let is_end = !record.is_start() && !record.is_keep_alive();
        is_end && self.options.retry_server_errors && self.journal.is_some()
    }

    /// Counts check-ins that the spool no longer holds.
    pub(crate) fn struck_out(&mut self, quantity: u64) {
        self.stats.spool_overflow += quantity;
        self.discarded.add(DiscardReason::SpoolOverflow, quantity);
    }
}

/// Returns whether a check-in is all of a run that ended in its process. Runs that died are not: the server waits for their ends.
fn is_complete(record: &QueuedCheckIn) -> bool {
    !record.is_start() && record.duration().is_some()
}
