//! The inbox, in which the threads of jobs leave check-ins for the worker: the only state that they share.

#[cfg(all(test, crons_model))]
mod model;

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crons_types::Slug;

use crate::platform::sync::{Condvar, Mutex, MutexGuard};
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;

/// The number of waiting check-ins from which on starts are dropped: the ends of their runs suffice. A record takes 64 bytes, and some ten
/// more in the table of runs.
const MAX_BEFORE_OPENERS: usize = 1 << 21;
/// The number of waiting check-ins from which on all are dropped. It takes many runs and a server that is down for hours.
const MAX_WAITING: usize = MAX_BEFORE_OPENERS + MAX_BEFORE_OPENERS / 4;
/// The number of check-ins for which memory is kept between two exchanges.
const KEPT: usize = 4096;

#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// Notified when check-ins are settled, and when the worker ends.
    settled: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<QueuedCheckIn>,
    /// The number of records that withdraw a run, and are no check-ins.
    skipped: usize,
    /// The number of check-ins that the worker has.
    fetched: usize,
    captured: u64,
    overflown: u64,
    /// The part of `overflown` that has not been reported to the worker.
    overflow_unreported: u64,
    ended: u64,
    /// The number of flushes so far.
    epoch: u32,
    flushing: usize,
    expedite: Option<u32>,
    /// The epoch in which open runs are to be closed. `None` if they are not.
    closing: Option<u32>,
    phase: Phase,
    /// Whether the worker sleeps until it is woken.
    parked: bool,
    /// Whether a warning about dropped check-ins was logged since the queue was last empty.
    overflow_warned: bool,
    worker: Progress,
}

/// The phase of the worker's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Running,
    /// The worker was told to end, and the inbox takes nothing any more.
    Stopped,
    /// The thread has ended, and has logged what was left.
    Finished,
}

/// The worker's report at each exchange.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    /// The earliest epoch with an unsettled check-in.
    pub(crate) earliest_epoch: u32,
    pub(crate) limited_until: Option<Instant>,
    /// The number of open runs.
    pub(crate) open_runs: usize,
    pub(crate) stats: Stats,
}

impl Default for Progress {
    fn default() -> Self {
        Self { earliest_epoch: u32::MAX, limited_until: None, open_runs: 0, stats: Stats::default() }
    }
}

/// The commands of callers to the worker.
pub(crate) struct Commands {
    pub(crate) expedite: Option<u32>,
    /// Close all runs that were open at the end of this epoch.
    pub(crate) closing: Option<u32>,
    /// Whether a caller waits in a flush.
    pub(crate) flushing: bool,
    pub(crate) stopped: bool,
    pub(crate) overflown: u64,
}

/// The duty of the caller of [`Inbox::push`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The caller has no duty.
    Done,
    /// Wake the worker.
    Wake,
    /// Log that check-ins are dropped, that of this monitor first, and why.
    WarnOnce(Slug, &'static str),
}

impl Inbox {
    /// Locks the state. The lock is never held across I/O, and a panic under it leaves counters that still add up.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has flushes wait for what the worker adopts before it first fetches check-ins.
    pub(crate) fn expect_more(&self) {
        self.state().worker.earliest_epoch = 0;
    }

    /// Queues a check-in.
    pub(crate) fn push(&self, mut record: QueuedCheckIn) -> Pushed {
        let mut state = self.state();
        state.captured += u64::from(record.event.is_counted());
        let waiting = state.records.len().saturating_add(state.fetched);
        let most = if record.is_start() { MAX_BEFORE_OPENERS } else { MAX_WAITING };
        if state.is_stopped() || waiting >= most {
            return state.refuse(&record);
        }
        record.epoch = state.epoch;
        state.skipped += usize::from(!record.event.is_counted());
        state.records.push(record);
        if std::mem::take(&mut state.parked) { Pushed::Wake } else { Pushed::Done }
    }

    /// Takes all check-ins in exchange for an empty buffer, and reports progress. Returns what callers want.
    pub(crate) fn exchange(&self, records: &mut Vec<QueuedCheckIn>, progress: Progress) -> Commands {
        records.clear();
        records.shrink_to(KEPT);
        let mut state = self.state();
        std::mem::swap(records, &mut state.records);
        state.parked = false;
        state.worker = progress;
        state.worker.stats.queued += (records.len() - std::mem::take(&mut state.skipped)) as u64;
        state.fetched =
            usize::try_from(progress.stats.queued).unwrap_or(usize::MAX).saturating_add(records.len());
        if let Some(first) = records.first() {
            // The worker's own report counts them only when it has queued them.
            state.worker.earliest_epoch = progress.earliest_epoch.min(first.epoch);
        }
        let closing = state.closing.take();
        if let Some(epoch) = closing {
            // The worker has yet to make the ends of those runs.
            state.worker.earliest_epoch = state.worker.earliest_epoch.min(epoch);
        }
        state.overflow_warned &= state.worker.stats.queued > 0;
        if state.flushing > 0 {
            self.settled.notify_all();
        }
        Commands {
            expedite: state.expedite.take(),
            closing,
            flushing: state.flushing > 0,
            stopped: state.is_stopped(),
            overflown: std::mem::take(&mut state.overflow_unreported),
        }
    }

    /// Marks the worker as asleep until it is woken. Returns `false` if it must not sleep.
    pub(crate) fn park(&self) -> bool {
        let mut state = self.state();
        state.parked = state.records.is_empty() && state.expedite.is_none() && !state.is_stopped();
        state.parked
    }

    /// Waits for at most `timeout` until everything queued so far is settled. Returns whether it is. Calls `wake` to wake the worker.
    pub(crate) fn flush(&self, timeout: Duration, wake: impl FnOnce()) -> bool {
        self.settle(timeout, false, wake)
    }

    /// Has the open runs closed as errors, and then waits as [`flush`](Self::flush) does.
    pub(crate) fn close_open_runs(&self, timeout: Duration, wake: impl FnOnce()) -> bool {
        self.settle(timeout, true, wake)
    }

    fn settle(&self, timeout: Duration, close: bool, wake: impl FnOnce()) -> bool {
        let until = Instant::now().checked_add(timeout);
        let mut state = self.state();
        let epoch = state.epoch;
        // An unsettled check-in may be the start of a run that the worker has not reported as open.
        let close = close && (state.worker.open_runs > 0 || !state.is_settled(epoch));
        if state.is_stopped() || !close && state.is_settled(epoch) {
            return state.is_settled(epoch);
        }
        if close {
            state.closing = Some(epoch);
            state.worker.earliest_epoch = state.worker.earliest_epoch.min(epoch);
        }
        // Check-ins of later epochs are not waited for.
        state.epoch = epoch.saturating_add(1);
        state.expedite = Some(epoch);
        state.flushing += 1;
        drop(state);
        wake();
        let mut state = self.state();
        while !state.is_settled(epoch) && !state.is_stopped() {
            let left = until.map_or(timeout, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            state = self.settled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.flushing -= 1;
        state.is_settled(epoch)
    }

    /// Tells the worker to end, whatever is left, and ends all flushes. The caller has to wake the worker.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        if state.phase == Phase::Running {
            state.phase = Phase::Stopped;
        }
        drop(state);
        self.settled.notify_all();
    }

    /// Returns whether the inbox takes nothing any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state().is_stopped()
    }

    /// Records that the worker has ended.
    pub(crate) fn finish(&self) {
        let mut state = self.state();
        state.phase = Phase::Finished;
        self.settled.notify_all();
    }

    /// Waits until the worker has ended, for at most `timeout`.
    pub(crate) fn wait_until_finished(&self, timeout: Duration) {
        let state = self.state();
        let waited = self.settled.wait_timeout_while(state, timeout, |state| state.phase != Phase::Finished);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns whether a check-in is undelivered or a run open, by the worker's last report.
    pub(crate) fn has_loose_ends(&self) -> bool {
        let state = self.state();
        state.worker.open_runs > 0 || state.worker.stats.queued > 0 || !state.records.is_empty()
    }

    pub(crate) fn stats(&self) -> (Stats, Option<Instant>) {
        let inbox = self.state();
        let mut stats = inbox.worker.stats;
        stats.captured += inbox.captured;
        stats.queued += (inbox.records.len() - inbox.skipped) as u64;
        stats.dropped.queue_overflow += inbox.overflown;
        stats.dropped.client_closed += inbox.ended;
        (stats, inbox.worker.limited_until)
    }
}

impl State {
    fn is_stopped(&self) -> bool {
        self.phase != Phase::Running
    }

    fn is_settled(&self, epoch: u32) -> bool {
        self.worker.earliest_epoch > epoch && self.records.first().is_none_or(|first| first.epoch > epoch)
    }

    fn refuse(&mut self, record: &QueuedCheckIn) -> Pushed {
        let why = if self.is_stopped() { "the client has ended" } else { "too many are waiting" };
        if record.event.is_counted() {
            let count = if self.is_stopped() { &mut self.ended } else { &mut self.overflown };
            *count += 1;
            self.overflow_unreported += u64::from(!self.is_stopped());
        }
        if std::mem::replace(&mut self.overflow_warned, true) {
            return Pushed::Done;
        }
        Pushed::WarnOnce(record.monitor.slug.clone(), why)
    }
}
