//! Decides which check-in is sent next, and when: order, rate limits, backoff.

use std::time::Instant;

use super::delivery::Delivery;
use super::rate_limiter::Admission;
use super::run_queue::Index;
use crate::record::discard::DiscardReason;

/// The decision about a check-in whose turn has come.
pub(super) enum SendDecision {
    Now,
    At(Instant),
    /// A report waits for the ends of older runs of its monitor.
    Behind,
    /// An end of a dead process may be sent when nothing of this process can be.
    Last,
    Never(DiscardReason),
}

impl Delivery {
    /// Returns the next check-in that may be sent now, to be followed by [`answered`](Self::answered) or [`withhold`](Self::withhold). `None`
    /// if there is none before [`wake_at`](Self::wake_at).
    pub(crate) fn next(&mut self, now: Instant) -> Option<Index> {
        while let Some(index) = self.delay_queue.due(now) {
            self.queues.requeue(index);
        }
        self.queue_keep_alives(now);
        if self.backoff.until(now).is_some() {
            return None;
        }
        while let Some((index, last)) = self.pop() {
            match self.turn(index, last, now) {
                SendDecision::Now => {
                    self.queues.mark_in_flight(index);
                    return Some(index);
                }
                SendDecision::At(when) => self.delay(index, when),
                SendDecision::Behind => self.hold(index),
                SendDecision::Last => {
                    self.queues.delay(index);
                    self.backlog.push_ready(index);
                }
                SendDecision::Never(loss) => self.discard(index, loss),
            }
        }
        None
    }

    /// Takes the next check-in whose turn has come, and returns whether it is one that comes last.
    fn pop(&mut self) -> Option<(Index, bool)> {
        let index = self.queues.pop().map(|index| (index, false));
        index.or_else(|| self.backlog.pop_ready().map(|index| (index, true)))
    }

    /// Has a check-in wait for a limit or for the end of its run. One of a dead process is dropped if a newer run of its monitor waits for it.
    pub(super) fn delay(&mut self, index: Index, until: Instant) {
        let Some(record) = self.queues.get(index) else { return };
        if self.backlog.has(record) && !self.backlog.delay(index, record, until) {
            if self.paced.remove(&index) {
                self.rate_limiter.waited(record);
            }
            return self.discard(index, DiscardReason::Superseded);
        }
        self.queues.delay(index);
        self.delay_queue.insert(until, index);
    }

    /// Has a report wait for the ends of older runs of its monitor. The first of these is decided anew if it waits for a limit.
    fn hold(&mut self, index: Index) {
        let Some(record) = self.queues.get(index) else { return };
        let first = self.backlog.hold(index, record);
        self.queues.delay(index);
        if let Some((until, first)) = first
            && self.delay_queue.remove(until, first)
        {
            self.queues.requeue(first);
        }
    }

    /// The instant at which [`next`](Self::next) may return a check-in though nothing else happens. `None` if there is none.
    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let retry = self.backoff.until(now).filter(|_| self.queues.has_ready() || self.backlog.has_ready());
        [self.delay_queue.first(), self.keep_alives.first(), retry].into_iter().flatten().min()
    }

    /// Decides whether this check-in may be sent now.
    fn turn(&mut self, index: Index, last: bool, now: Instant) -> SendDecision {
        let Some(record) = self.queues.get(index) else {
            return SendDecision::Never(DiscardReason::Internal);
        };
        if self.paced.remove(&index) {
            self.rate_limiter.waited(record);
        }
        if record.is_keep_alive() {
            return self.keep_alive_turn(index, now);
        }
        let expires = record.expires();
        if expires <= now {
            return SendDecision::Never(DiscardReason::Expired);
        }
        let is_start_by_hand = record.is_start() && self.adopted.contains(&record.id);
        if !is_start_by_hand && self.backlog.is_behind(record) {
            return SendDecision::Behind;
        }
        if !last && self.backlog.has(record) {
            return SendDecision::Last;
        }
        let grace = record.at() + self.options.coalesce;
        if record.is_start() && grace > now && record.epoch >= self.expedited {
            return SendDecision::At(grace);
        }
        if let Some(until) = self.server_limits.until(now) {
            // The server knows the start of this run.
            let owed = !record.is_start() && (record.must_deliver || record.attempted);
            return if owed && until < expires {
                SendDecision::At(until)
            } else if self.keeps_limited(record) {
                // The spool has it until then, for the next process.
                SendDecision::At(until.min(expires))
            } else {
                SendDecision::Never(DiscardReason::RateLimited)
            };
        }
        if self.adopted.contains(&record.id)
            && let Err(until) = self.rate_limiter.admit_adopted(record, now)
        {
            return SendDecision::At(until);
        }
        match self.rate_limiter.admit(record, now) {
            Admission::Now => {
                self.rate_limiter.sent(record, now);
                SendDecision::Now
            }
            Admission::At(when) => {
                self.paced.insert(index);
                SendDecision::At(when)
            }
            Admission::Skip { warn } => {
                if warn {
                    log_loss!(
                        warn,
                        record.monitor.slug,
                        [],
                        "runs are not reported: they come more often than ClientOptions::max_check_ins_per_minute lets through (Sentry takes six \
                         check-ins a minute of a monitor); watch a longer stretch of work, or set it if your server takes more"
                    );
                }
                SendDecision::Never(DiscardReason::Throttled)
            }
        }
    }
}
