//! What an answer of the server means, or the lack of one.

use std::time::Instant;

use super::delivery::Delivery;
use crate::delivery::run_queue::Index;
use crate::record::discard::{Loss, Losses};
use crate::record::queued::Place;
use crate::wire::transport::{Response, TransportError};

pub(crate) type Answer = Result<Response, TransportError>;

impl Delivery {
    /// Takes in what became of a request, and the report on losses that it carried.
    pub(crate) fn answered(&mut self, index: Index, answer: &Answer, carried: Losses, now: Instant) {
        let Some(record) = self.lanes.get(index) else { return };
        let (slug, id, status) = (&record.subject.slug, record.id, record.report.as_str());
        if let Ok(response) = answer
            && let Some(wait) = self.limits.update(response, now)
        {
            let http = response.status;
            log_loss!(warn, slug, [http, ?wait,], "the server wants no check-ins for a while: until then runs are not reported");
        }
        let response = match answer {
            Ok(response) if !(self.pace.retry_server_errors && response.is_server_error()) => response,
            _ => {
                self.losses.put_back(carried);
                self.unanswered(index, answer, now);
                return;
            }
        };
        let http = response.status;
        self.backoff.reset();
        if response.is_success() && response.reason().is_none() {
            if let Some(remark) = response.remark()
                && self.remarked.is_new(slug, remark)
            {
                log!(warn, %slug, status, %id, "check-in accepted by the server, but not as it was sent: {remark}");
            }
            log!(debug, %slug, status, %id, http, "check-in delivered");
            self.stats.sent += 1;
        } else {
            // Whatever the server says, it would say again.
            let reason = response.reason().unwrap_or_else(|| response.advice());
            log_loss!(warn, slug, [status, %id, http,], "check-in refused by the server: {reason}");
            self.stats.refused += 1;
            // Of what it has limited itself, and of what it has read and refused, the server knows.
            if !response.is_success() && http != 429 {
                self.losses.add(Loss::Refused, 1);
            }
        }
        self.settle(index);
    }

    /// There was no answer: the check-in goes again, before what follows in its run, unless it is too old to be true.
    fn unanswered(&mut self, index: Index, answer: &Answer, now: Instant) {
        let Some(record) = self.lanes.get(index) else { return };
        let (slug, id, status) = (&record.subject.slug, record.id, record.report.as_str());
        let error = match answer {
            Ok(response) => format!("HTTP {}", response.status),
            Err(error) => error.to_string(),
        };
        let first = self.backoff.grow(now);
        if record.place == Place::Abandoned {
            self.quota.unsent(record, now);
            self.stats.withdrawn += 1;
            return self.settle(index);
        }
        if record.expires() <= now {
            log_loss!(warn, slug, [status, %id, error,], "no answer from the server; the check-in is too old to be sent again");
            return self.withhold(index, Loss::Expired, now);
        }
        // Once for each time that the server goes: all that follows would say the same.
        if first {
            log!(warn, %slug, status, %id, error, "no answer from the server; check-ins are sent again until there is one");
        } else {
            log!(debug, %slug, status, %id, error, "no answer from the server; the check-in is sent again");
        }
        self.stats.retried += 1;
        self.quota.unsent(record, now);
        self.fold_into_next(index);
        self.lanes.release(index);
    }
}
