//! What may go to the server, and when: order, folding, rate limits, retries. Time is an argument; no I/O, no thread.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crons_types::CheckIn;

use crate::delivery::backoff::Backoff;
use crate::delivery::flush_tracker::Epochs;
use crate::delivery::rate_limiter::{Admission, Quota};
use crate::delivery::run_queue::{Filed, Index, Lanes};
use crate::delivery::server_limits::Limits;
use crate::platform::compact_instant::Moment;
use crate::record::discard::{Loss, Losses};
use crate::record::queued::{Record, Report};
use crate::record::stats::Stats;

use super::delay_queue::{Held, Unopened};
use super::open_runs::OpenRuns;
use super::remarked::Remarked;
/// What the user has said about delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Check-ins in any minute, for each monitor and environment.
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// How long a begin may wait for the end of its run.
    pub(crate) coalesce: Duration,
    /// Whether an answer of 5xx is as good as none.
    pub(crate) retry_server_errors: bool,
}

/// What may become of a check-in whose turn has come.
enum Turn {
    Now,
    At(Instant),
    Never(Loss),
}

#[derive(Debug)]
pub(crate) struct Delivery {
    pub(super) pace: Pace,
    pub(super) lanes: Lanes,
    held: Held,
    /// Of those held, the ones that wait for a place in their minute.
    paced: HashSet<Index>,
    pub(super) quota: Quota,
    pub(super) limits: Limits,
    pub(super) backoff: Backoff,
    epochs: Epochs,
    /// What was captured before this epoch is waited for.
    hurried: u32,
    unopened: Unopened,
    open_runs: OpenRuns,
    /// Check-ins on the wire or to be sent again, as the user's hook has left them.
    prepared: HashMap<Index, CheckIn>,
    pub(super) losses: Losses,
    pub(super) stats: Stats,
    pub(super) remarked: Remarked,
}

impl Delivery {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            lanes: Lanes::default(),
            held: Held::default(),
            paced: HashSet::new(),
            quota: Quota::new(pace.rate_limit),
            limits: Limits::default(),
            backoff: Backoff::default(),
            epochs: Epochs::default(),
            hurried: 0,
            unopened: Unopened::default(),
            open_runs: OpenRuns::default(),
            prepared: HashMap::new(),
            losses: Losses::default(),
            stats: Stats::default(),
            remarked: Remarked::default(),
        }
    }

    /// Takes in what was captured.
    pub(crate) fn file(&mut self, record: Record) {
        if !self.open_runs.take_in(&record) {
            self.stats.dropped.ended += u64::from(record.report.is_counted());
            return;
        }
        self.enqueue(record);
    }

    /// Queues a record, folded together with what waits of its run.
    fn enqueue(&mut self, mut record: Record) {
        if !record.is_opener() && self.unopened.remove(record.id) {
            if record.report == Report::Skipped {
                // There is nothing to take back, and nothing to tell.
                return;
            }
            record.closes = false;
        }
        let epoch = record.epoch;
        match self.lanes.file(record) {
            Filed::New => self.epochs.enter(epoch),
            Filed::Folded { index, at } => {
                self.stats.coalesced += 1;
                if self.held.remove(at + self.pace.coalesce, index) {
                    self.lanes.release(index);
                }
            }
            Filed::Withdrawn { index, begin } => {
                self.stats.withdrawn += 1;
                self.prepared.remove(&index);
                self.held.forget(begin.at() + self.pace.coalesce, index);
                if self.paced.remove(&index) {
                    self.quota.waited(&begin);
                }
                self.epochs.leave(begin.epoch);
            }
            Filed::Ignored => {}
        }
    }

    /// Someone waits for all that was captured up to this epoch: it goes at once, as far as that is for us to say.
    pub(crate) fn hurry(&mut self, epoch: u32) {
        self.hurried = epoch.saturating_add(1);
        self.backoff.hurry();
        let Self { held, lanes, hurried, .. } = self;
        for index in held.take(|index| {
            lanes.get(index).is_some_and(|record| record.is_opener() && record.epoch < *hurried)
        }) {
            lanes.release(index);
        }
    }

    /// The next check-in that may go now; to be followed by [`answered`](Self::answered) or
    /// [`withhold`](Self::withhold).
    pub(crate) fn next(&mut self, now: Instant) -> Option<Index> {
        while let Some(index) = self.held.due(now) {
            self.lanes.release(index);
        }
        if self.backoff.until(now).is_some() {
            return None;
        }
        while let Some(index) = self.lanes.pop() {
            match self.turn(index, now) {
                Turn::Now => {
                    self.lanes.fly(index);
                    return Some(index);
                }
                Turn::At(when) => {
                    self.lanes.hold(index);
                    self.held.insert(when, index);
                }
                Turn::Never(loss) => self.discard(index, loss),
            }
        }
        None
    }

    /// When [`next`](Self::next) has to be asked again though nothing else happens.
    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let retry = self.backoff.until(now).filter(|_| self.lanes.has_ready());
        [self.held.first(), retry].into_iter().flatten().min()
    }

    pub(crate) fn get(&self, index: Index) -> Option<&Record> {
        self.lanes.get(index)
    }

    /// Whether the turn of this check-in has come.
    fn turn(&mut self, index: Index, now: Instant) -> Turn {
        let Some(record) = self.lanes.get(index) else { return Turn::Never(Loss::Internal) };
        if self.paced.remove(&index) {
            self.quota.waited(record);
        }
        let expires = record.expires();
        if expires <= now {
            return Turn::Never(Loss::Expired);
        }
        let grace = record.at() + self.pace.coalesce;
        if record.is_opener() && grace > now && record.epoch >= self.hurried {
            return Turn::At(grace);
        }
        if let Some(until) = self.limits.until(now) {
            // The server knows that this run began.
            let owed = !record.is_opener() && (record.closes || record.tried);
            return if owed && until < expires { Turn::At(until) } else { Turn::Never(Loss::RateLimited) };
        }
        match self.quota.admit(record, now) {
            Admission::Now => {
                self.quota.sent(record, now);
                Turn::Now
            }
            Admission::At(when) => {
                self.paced.insert(index);
                Turn::At(when)
            }
            Admission::Skip { warn } => {
                if warn {
                    log_loss!(
                        warn,
                        record.subject.slug,
                        [],
                        "runs are not reported: they come more often than ClientOptions::rate_limit lets through (Sentry takes six \
                         check-ins a minute of a monitor); watch a longer stretch of work, or set it if your server takes more"
                    );
                }
                Turn::Never(Loss::Skipped)
            }
        }
    }

    /// Gives up a check-in that was about to go, or has gone without an answer.
    pub(crate) fn withhold(&mut self, index: Index, loss: Loss, now: Instant) {
        if let Some(record) = self.lanes.get(index) {
            self.quota.unsent(record, now);
        }
        self.discard(index, loss);
    }

    /// Gives up a check-in. If it is a begin and the end of its run is here, that goes on in its place.
    fn discard(&mut self, index: Index, loss: Loss) {
        if self.fold_into_next(index) {
            return self.lanes.release(index);
        }
        let Some(record) = self.lanes.get(index) else { return };
        log!(debug, slug = %record.subject.slug, status = record.report.as_str(), id = %record.id, ?loss, "check-in dropped");
        // A begin by hand may say again what the server knows already.
        if record.is_opener() && !record.tried && record.trace_id().is_some() {
            self.unopened.insert(record.id);
        }
        loss.count(&mut self.stats.dropped);
        self.losses.add(loss, 1);
        self.settle(index);
    }

    pub(super) fn fold_into_next(&mut self, index: Index) -> bool {
        let Some(epoch) = self.lanes.fold_into_next(index) else { return false };
        self.stats.coalesced += 1;
        self.prepared.remove(&index);
        self.epochs.leave(epoch);
        true
    }

    pub(super) fn settle(&mut self, index: Index) {
        if let Some(record) = self.lanes.get(index) {
            self.epochs.leave(record.epoch);
            self.lanes.settle(index);
            self.prepared.remove(&index);
        }
    }

    /// Keeps a check-in as the user's hook has left it, in case it has to be sent again.
    pub(crate) fn keep_prepared(&mut self, index: Index, check_in: CheckIn) {
        self.prepared.insert(index, check_in);
    }

    /// Takes what was kept for this attempt; `None` at the first, or if the end of the run was folded into it since.
    pub(crate) fn take_prepared(&mut self, index: Index) -> Option<CheckIn> {
        self.prepared.remove(&index)
    }

    /// The losses that the server has not been told of, for the next request to carry.
    pub(crate) fn take_losses(&mut self) -> Losses {
        std::mem::take(&mut self.losses)
    }

    /// They were not carried after all.
    pub(crate) fn put_back(&mut self, losses: Losses) {
        self.losses.put_back(losses);
    }

    /// Counts what was lost before it got here.
    pub(crate) fn lost(&mut self, loss: Loss, quantity: u64) {
        self.losses.add(loss, quantity);
    }

    /// Ends open runs as errors, but for those that began before `last_fork`; their own ends, should they still come, are dropped. The
    /// ends are waited for by flushes from `epoch` on.
    pub(crate) fn close_open_runs(&mut self, now: Instant, last_fork: Option<Moment>, epoch: u32) {
        for mut end in self.open_runs.close(now, last_fork) {
            end.epoch = epoch;
            self.stats.captured += 1;
            self.enqueue(end);
        }
    }

    /// The runs that have begun and not ended.
    pub(crate) fn open_runs(&self) -> &OpenRuns {
        &self.open_runs
    }

    /// The earliest epoch with something unsettled.
    pub(crate) fn earliest_epoch(&self) -> u32 {
        self.epochs.earliest()
    }

    /// Until when the server wants no check-ins.
    pub(crate) fn limited_until(&self, now: Instant) -> Option<Instant> {
        self.limits.until(now)
    }

    /// All but what the inbox counts.
    pub(crate) fn stats(&self) -> Stats {
        Stats { queued: self.lanes.len() as u64, ..self.stats }
    }
}
