//! Reacts to an answer of the server, or to the lack of one.

use std::time::Instant;

use super::delivery::Delivery;
use crate::delivery::run_queue::Index;
use crate::delivery::server_limits::wait_after_refusal;
use crate::platform::now::Now;
use crate::record::discard::{DiscardCounts, DiscardReason};
use crate::record::queued::QueueState;
use crate::wire::transport::{Response, TransportError};

pub(crate) type Answer = Result<Response, TransportError>;

impl Delivery {
    /// Takes in what became of a request, and the report on losses that it carried.
    pub(crate) fn answered(&mut self, index: Index, answer: &Answer, carried: DiscardCounts, now: Now) {
        let Some(record) = self.queues.get(index) else { return };
        let (slug, id, status) = (&record.monitor.slug, record.id, record.event.as_str());
        if let Ok(response) = answer
            && let Some(wait) = self.server_limits.update(response, now)
        {
            let http = response.status;
            log_loss!(warn, slug, [http, ?wait,], "the server wants no check-ins for a while: until then runs are not reported");
        }
        let (now, wall) = (now.instant, now.wall);
        let response = match answer {
            Ok(response) if !(self.options.retry_server_errors && response.is_server_error()) => response,
            _ => {
                self.discarded.put_back(carried);
                self.unanswered(index, answer, now);
                return;
            }
        };
        let http = response.status;
        self.backoff.reset();
        let taken = response.is_success() && response.reason().is_none();
        if record.is_keep_alive() {
            let reason = response.reason();
            log!(debug, %slug, %id, http, taken, reason, "keep-alive answered");
            self.stats.keep_alives += u64::from(taken);
        }
        if taken
            && (record.is_start() || record.is_keep_alive())
            && let Some((monitor, started)) = self.open_runs.get(id)
        {
            self.keep_alives.taken(id, monitor, started, now);
        } else if let Some(until) = self.server_limits.until(now) {
            self.keep_alives.put_off(id, until);
        }
        if record.is_keep_alive() {
            return self.settle(index);
        }
        if http == 429 && self.keeps_limited(record) {
            log!(debug, %slug, status, %id, "check-in refused by a limit of the server; it stays in the spool");
            return self.delay(index, now + wait_after_refusal(response, wall));
        }
        if taken {
            if let Some(remark) = response.remark()
                && self.remarked.is_new(slug, remark)
            {
                log!(warn, %slug, status, %id, "check-in accepted by the server, but not as it was sent: {remark}");
            }
            log!(debug, %slug, status, %id, http, "check-in delivered");
            self.stats.sent += 1;
        } else {
            // A second request would get the same answer.
            let reason = response.reason().unwrap_or_else(|| response.advice());
            if self.refused.replace(id) == Some(id) {
                // The line about the start of the run has said so.
                log!(debug, %slug, status, %id, http, "check-in refused by the server: {reason}");
            } else {
                log_loss!(warn, slug, [status, %id, http,], "check-in refused by the server: {reason}");
            }
            self.stats.refused += 1;
            // The client report leaves out what the server knows of: check-ins that it has limited itself, or has read and refused.
            if !response.is_success() && http != 429 {
                self.discarded.add(DiscardReason::Refused, 1);
            }
        }
        self.settle(index);
    }

    /// Reacts to the lack of an answer: the check-in is sent again, before the later check-ins of its run, unless it is too old to be true.
    fn unanswered(&mut self, index: Index, answer: &Answer, now: Instant) {
        let Some(record) = self.queues.get(index) else { return };
        let (slug, id, status) = (&record.monitor.slug, record.id, record.event.as_str());
        let error = match answer {
            Ok(response) => format!("HTTP {}", response.status),
            Err(error) => error.to_string(),
        };
        let first = self.backoff.grow(now);
        if record.queue_state == QueueState::Abandoned {
            self.rate_limiter.unsent(record, now);
            self.stats.withdrawn += 1;
            return self.settle(index);
        }
        if record.is_keep_alive() {
            log!(debug, %slug, %id, error, "no answer from the server to a keep-alive; another one follows");
            self.rate_limiter.unsent(record, now);
            self.keep_alives.unanswered(id, now);
            return self.settle(index);
        }
        if record.expires() <= now {
            log_loss!(warn, slug, [status, %id, error,], "no answer from the server; the check-in is too old to be sent again");
            return self.withhold(index, DiscardReason::Expired, now);
        }
        // A warning is logged once for each outage of the server: the others would have the same content.
        if first {
            log!(warn, %slug, status, %id, error, "no answer from the server; check-ins are sent again until there is one");
        } else {
            log!(debug, %slug, status, %id, error, "no answer from the server; the check-in is sent again");
        }
        self.stats.retried += 1;
        self.rate_limiter.unsent(record, now);
        self.fold_into_next(index);
        self.queues.requeue(index);
    }
}
