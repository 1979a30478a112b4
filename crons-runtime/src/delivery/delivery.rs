//! The state of delivery: takes check-ins in, folds them, and gives them up. `send_decision` decides which may be sent, and when. Time is an
//! argument; there is no I/O and no thread.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId, Slug};

use crate::delivery::backoff::Backoff;
use crate::delivery::flush_tracker::FlushTracker;
use crate::delivery::rate_limiter::RateLimiter;
use crate::delivery::run_queue::{Index, PushOutcome, RunQueues};
use crate::delivery::server_limits::ServerRateLimits;
use crate::platform::compact_instant::CompactInstant;
use crate::record::discard::{DiscardCounts, DiscardReason};
use crate::record::event::RunEvent;
use crate::record::queued::QueuedCheckIn;
use crate::record::spooled::Journaled;
use crate::record::stats::Stats;

use super::backlog::Backlog;
use super::delay_queue::{DelayQueue, DroppedStarts};
use super::keep_alive::KeepAlives;
use super::open_runs::OpenRuns;
use super::remarked::Remarked;

/// Options of the user for delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliveryOptions {
    /// The most check-ins in any minute, for each monitor and environment. `None`: no limit.
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// The time for which a start waits for the end of its run before it is sent.
    pub(crate) coalesce: Duration,
    /// Whether an answer of 5xx counts as no answer, and an end that the server's limits refuse is kept while there is a spool.
    pub(crate) retry_server_errors: bool,
}

#[derive(Debug)]
pub(crate) struct Delivery {
    pub(super) options: DeliveryOptions,
    pub(super) queues: RunQueues,
    pub(super) delay_queue: DelayQueue,
    /// Check-ins in the delay queue that wait for a place in their minute.
    pub(super) paced: HashSet<Index>,
    pub(super) rate_limiter: RateLimiter,
    pub(super) server_limits: ServerRateLimits,
    pub(super) backoff: Backoff,
    flush_tracker: FlushTracker,
    /// The epoch before which check-ins are not delayed, because a flush waits for them.
    pub(super) expedited: u32,
    dropped_starts: DroppedStarts,
    pub(super) open_runs: OpenRuns,
    pub(super) keep_alives: KeepAlives,
    /// The number of keep-alives in the queues.
    pub(super) queued_keep_alives: usize,
    /// Check-ins that are being sent, or are sent again later, as the user's hook has left them.
    prepared: HashMap<Index, CheckIn>,
    pub(super) discarded: DiscardCounts,
    pub(super) stats: Stats,
    pub(super) remarked: Remarked,
    /// The run of the check-in that was refused last.
    pub(super) refused: Option<CheckInId>,
    /// Runs of dead processes whose check-ins are queued. They leave room for the runs of this process.
    pub(super) adopted: HashSet<CheckInId>,
    /// The ends among them.
    pub(super) backlog: Backlog,
    /// Changes that the journal has not recorded. `None` without a spool.
    pub(super) journal: Option<Vec<Journaled>>,
}

impl Delivery {
    pub(crate) fn new(options: DeliveryOptions) -> Self {
        Self {
            options,
            queues: RunQueues::default(),
            delay_queue: DelayQueue::default(),
            paced: HashSet::new(),
            rate_limiter: RateLimiter::new(options.rate_limit),
            server_limits: ServerRateLimits::default(),
            backoff: Backoff::default(),
            flush_tracker: FlushTracker::default(),
            expedited: 0,
            dropped_starts: DroppedStarts::default(),
            open_runs: OpenRuns::default(),
            keep_alives: KeepAlives::default(),
            queued_keep_alives: 0,
            prepared: HashMap::new(),
            discarded: DiscardCounts::default(),
            stats: Stats::default(),
            remarked: Remarked::default(),
            refused: None,
            adopted: HashSet::new(),
            backlog: Backlog::default(),
            journal: None,
        }
    }

    /// Takes in a check-in from the inbox. One of a run that was closed before is dropped, and counted.
    pub(crate) fn push(&mut self, record: QueuedCheckIn) {
        if !self.open_runs.take_in(&record) {
            self.stats.dropped.client_closed += u64::from(record.event.is_counted());
            return;
        }
        if !record.is_start() {
            self.keep_alives.remove(record.id);
        }
        self.capture(record);
    }

    /// Has the journal record a report, and queues it.
    fn capture(&mut self, record: QueuedCheckIn) {
        if let Some(journal) = &mut self.journal {
            journal.extend(Journaled::captured(&record));
        }
        self.enqueue(record);
    }

    /// Queues a record, folded together with what waits of its run.
    pub(super) fn enqueue(&mut self, mut record: QueuedCheckIn) {
        if !record.is_start() && self.dropped_starts.remove(record.id) {
            if record.event == RunEvent::Skipped {
                // The server knows nothing of the run, and there is no start to withdraw.
                return;
            }
            record.must_deliver = false;
        }
        if !record.is_start() {
            self.rate_limiter.ended(&record);
        }
        let epoch = record.epoch;
        match self.queues.push(record) {
            PushOutcome::New => self.flush_tracker.enter(epoch),
            PushOutcome::Replaced => {
                self.queued_keep_alives -= 1;
                self.flush_tracker.enter(epoch);
            }
            PushOutcome::Folded { index, at } => {
                self.stats.coalesced += 1;
                if self.delay_queue.remove(at + self.options.coalesce, index) {
                    self.queues.requeue(index);
                }
            }
            PushOutcome::Withdrawn { index, begin } => {
                self.stats.withdrawn += 1;
                self.prepared.remove(&index);
                self.delay_queue.forget(begin.at() + self.options.coalesce, index);
                self.backlog.forget(index, &begin);
                if self.paced.remove(&index) {
                    self.rate_limiter.waited(&begin);
                }
                self.flush_tracker.leave(begin.epoch);
            }
            PushOutcome::Ignored => {}
        }
    }

    /// Sends starts up to this epoch without waiting for their ends, and ends the backoff, because a flush waits for them.
    pub(crate) fn expedite(&mut self, epoch: u32) {
        self.expedited = epoch.saturating_add(1);
        self.backoff.expedite();
        let Self { delay_queue, queues, expedited, .. } = self;
        for index in delay_queue.take(|index| {
            queues.get(index).is_some_and(|record| record.is_start() && record.epoch < *expedited)
        }) {
            queues.requeue(index);
        }
    }

    pub(crate) fn get(&self, index: Index) -> Option<&QueuedCheckIn> {
        self.queues.get(index)
    }

    /// Gives up a check-in that was about to be sent, or was sent without an answer.
    pub(crate) fn withhold(&mut self, index: Index, loss: DiscardReason, now: Instant) {
        if let Some(record) = self.queues.get(index) {
            self.rate_limiter.unsent(record, now);
        }
        self.discard(index, loss);
    }

    /// Gives up a check-in. If it is a start and the end of its run is queued, the end takes its place.
    pub(super) fn discard(&mut self, index: Index, loss: DiscardReason) {
        if self.fold_into_next(index) {
            return self.queues.requeue(index);
        }
        let Some(record) = self.queues.get(index) else { return };
        if record.is_keep_alive() {
            return self.settle(index);
        }
        if record.is_start() {
            self.rate_limiter.ended(record);
        }
        log!(debug, slug = %record.monitor.slug, status = record.event.as_str(), id = %record.id, ?loss, "check-in dropped");
        // A start by hand may repeat one that the server has taken.
        if record.is_start() && !record.attempted && record.trace_id().is_some() {
            self.dropped_starts.insert(record.id);
        }
        loss.count(&mut self.stats.dropped);
        self.discarded.add(loss, 1);
        self.settle(index);
    }

    pub(super) fn fold_into_next(&mut self, index: Index) -> bool {
        let Some(epoch) = self.queues.fold_into_next(index) else { return false };
        self.stats.coalesced += 1;
        self.prepared.remove(&index);
        self.flush_tracker.leave(epoch);
        true
    }

    pub(super) fn settle(&mut self, index: Index) {
        if let Some(record) = self.queues.get(index) {
            if record.is_keep_alive() {
                self.queued_keep_alives -= 1;
            } else {
                self.flush_tracker.leave(record.epoch);
                self.adopted.remove(&record.id);
            }
            if let Some(journal) = &mut self.journal {
                journal.extend(Journaled::settled(record));
            }
            let (freed, superseded) = self.backlog.settle(record);
            self.queues.settle(index);
            self.prepared.remove(&index);
            for index in freed {
                self.queues.requeue(index);
            }
            if let Some((slug, runs)) = superseded {
                Self::log_superseded(&slug, runs);
            }
        }
    }

    /// Logs that ends of dead processes were dropped.
    pub(super) fn log_superseded(slug: &Slug, runs: u64) {
        log_loss!(
            warn,
            slug,
            [runs,],
            "the oldest runs in the spool ({runs}) are not reported: the server does not take all at once, and there are newer runs of the monitor"
        );
    }

    /// Keeps a check-in as the user's hook has left it, in case it has to be sent again.
    pub(crate) fn keep_prepared(&mut self, index: Index, check_in: CheckIn) {
        self.prepared.insert(index, check_in);
    }

    /// Takes the check-in that was kept for this attempt. `None` at the first attempt, or if the end of the run was folded into it since.
    pub(crate) fn take_prepared(&mut self, index: Index) -> Option<CheckIn> {
        self.prepared.remove(&index)
    }

    /// Takes the counts of discarded check-ins that no request has carried to the server.
    pub(crate) fn take_discarded(&mut self) -> DiscardCounts {
        std::mem::take(&mut self.discarded)
    }

    /// Puts back counts whose request had no answer.
    pub(crate) fn put_back(&mut self, discarded: DiscardCounts) {
        self.discarded.put_back(discarded);
    }

    /// Counts check-ins that were lost before they got here.
    pub(crate) fn lost(&mut self, loss: DiscardReason, quantity: u64) {
        self.discarded.add(loss, quantity);
    }

    /// Ends open runs as errors, but for those that began before `last_fork`; their own ends, should they still come, are dropped. The
    /// ends are waited for by flushes from `epoch` on.
    pub(crate) fn close_open_runs(&mut self, now: Instant, last_fork: Option<CompactInstant>, epoch: u32) {
        for mut end in self.open_runs.close(now, last_fork) {
            self.keep_alives.remove(end.id);
            end.epoch = epoch;
            self.stats.captured += 1;
            self.capture(end);
        }
    }

    /// The table of open runs.
    pub(crate) fn open_runs(&self) -> &OpenRuns {
        &self.open_runs
    }

    /// The earliest epoch with an unsettled check-in; `u32::MAX` if there is none.
    pub(crate) fn earliest_epoch(&self) -> u32 {
        self.flush_tracker.earliest()
    }

    /// The end of the server's rate limit. `None` if there is none.
    pub(crate) fn limited_until(&self, now: Instant) -> Option<Instant> {
        self.server_limits.until(now)
    }

    /// The statistics, without the counts of the inbox.
    pub(crate) fn stats(&self) -> Stats {
        Stats { queued: (self.queues.len() - self.queued_keep_alives) as u64, ..self.stats }
    }
}
