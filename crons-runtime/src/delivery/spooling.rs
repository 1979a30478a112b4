//! The side of the delivery that a spool sees: changes to record, and check-ins of dead processes.

use super::delivery::Delivery;
use crate::record::discard::DiscardReason;
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

    /// Takes in check-ins of processes that are dead. The journal has recorded them.
    pub(crate) fn adopt(&mut self, adopted: Adopted) {
        self.stats.captured += adopted.records.len() as u64 + adopted.expired;
        self.stats.dropped.expired += adopted.expired;
        self.discarded.add(DiscardReason::Expired, adopted.expired);
        for record in adopted.records {
            self.adopted.insert(record.id);
            self.enqueue(record);
        }
    }

    /// Counts check-ins that the spool no longer holds.
    pub(crate) fn struck_out(&mut self, quantity: u64) {
        self.stats.spool_overflow += quantity;
        self.discarded.add(DiscardReason::SpoolOverflow, quantity);
    }
}
