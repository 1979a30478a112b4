//! Queues keep-alives, and decides whether they are sent.

use std::time::Instant;

use super::delivery::Delivery;
use super::keep_alive::Due;
use super::run_queue::Index;
use super::send_decision::SendDecision;
use crate::record::discard::DiscardReason;
use crate::record::event::RunEvent;
use crate::record::queued::QueuedCheckIn;

impl Delivery {
    /// Queues the keep-alives that are due and may go now. The others are put off.
    pub(super) fn queue_keep_alives(&mut self, now: Instant) {
        while let Some((id, due)) = self.keep_alives.next(now) {
            let Some((monitor, _)) = self.open_runs.get(id) else { continue };
            if due == Due::Over {
                log!(debug, slug = %monitor.slug, %id, "the run is not kept alive any longer: the server has counted it as timed out");
                continue;
            }
            let record = QueuedCheckIn::new(id, monitor.clone(), RunEvent::KeepAlive, now);
            let held_up = self.backoff.until(now).or_else(|| self.server_limits.until(now));
            let held_up = held_up.or_else(|| self.rate_limiter.admit_keep_alive(&record, now).err());
            if let Some(until) = held_up {
                self.keep_alives.put_off(id, until);
            } else if self.queues.has_run_of(&record) {
                self.keep_alives.unanswered(id, now);
            } else {
                self.queued_keep_alives += 1;
                self.queues.push(record);
            }
        }
    }

    /// Decides whether a keep-alive may still be sent: its run may have been skipped, and other check-ins may have taken its place.
    pub(super) fn keep_alive_turn(&mut self, index: Index, now: Instant) -> SendDecision {
        let Some(record) = self.queues.get(index) else {
            return SendDecision::Never(DiscardReason::Internal);
        };
        let is_open = self.open_runs.get(record.id).is_some();
        let admitted = self.rate_limiter.admit_keep_alive(record, now);
        if is_open && admitted.is_ok() && self.server_limits.until(now).is_none() {
            self.rate_limiter.sent(record, now);
            return SendDecision::Now;
        }
        self.keep_alives.unanswered(record.id, now);
        SendDecision::Never(DiscardReason::Throttled)
    }
}
