//! The knowledge of a processor that other servers on the database change, too: it is read with each batch.

use jiff::{SignedDuration, Timestamp};

use super::processor::Processor;
use crate::domain::{ReceivedCheckIn, ReceivedCounts, truncate_to_minute};
use crate::store::{StoreError, Transaction};

/// The age at which an outage bears on no deadline any more: the longest margin, and some time for the run before it.
pub(super) const OUTAGE_HORIZON: SignedDuration = SignedDuration::from_hours(24 * 60);

/// The time by which an outage may end after the minute whose deadlines ask for it.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// The instant before which an outage bears on no deadline any more.
fn outage_horizon(now: Timestamp) -> Timestamp {
    now.checked_sub(OUTAGE_HORIZON).unwrap_or(Timestamp::MIN)
}

impl Processor {
    /// Goes on from the counts of other servers, if there can be some; `check_ins` are of one minute.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn share_counts(
        &mut self,
        transaction: &mut dyn Transaction,
        check_ins: &[&ReceivedCheckIn],
    ) -> Result<(), StoreError> {
        let Some(first) = check_ins.first().filter(|_| self.rate.is_limited()) else { return Ok(()) };
        let minute = truncate_to_minute(first.received);
        let mut counts = ReceivedCounts::new();
        for received in check_ins {
            if let Some(slug) = &received.monitor_slug {
                *counts.entry((slug.clone(), received.environment.clone())).or_default() += 1;
            }
        }
        if let Some(before) = transaction.count_received(minute, &counts)? {
            self.rate.resume(minute, before);
        }
        Ok(())
    }

    /// Reads the outages that a deadline at `now` may ask for.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn read_outages(
        &mut self,
        transaction: &mut dyn Transaction,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.outages = transaction.outages(outage_horizon(now))?;
        // An outage that ends in the future was found while the clock was ahead. Until then it would excuse all that is due.
        self.outages.retain(|outage| outage.until.duration_since(now) < AHEAD);
        Ok(())
    }
}
