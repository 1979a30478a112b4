//! What waits to be sent, and in which order. No clock of its own, no I/O, no thread.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId, Minutes, MonitorConfig, Slug};

use crate::stats::Stats;

/// With so much waiting, begins of runs are dropped: their ends will tell the whole story.
const MAX_BEFORE_OPENERS: usize = 10_000;
/// With so much waiting, everything new is dropped. Only a server that is down for long, under many runs, gets here.
const MAX_WAITING: usize = 100_000;

/// Reports about the same run go one after the other; those of different runs may travel together.
type Run = (CheckInId, Slug);

/// A check-in on its way.
pub(crate) struct Queued {
    pub(crate) check_in: CheckIn,
    /// When it was captured.
    since: Instant,
    /// Its place in the order of capture.
    number: u64,
    /// It has been on the wire: the server may know of it.
    tried: bool,
}

impl Queued {
    fn run(&self) -> Run {
        // The client has filled in the id; without one, what follows still holds for the nil id.
        (self.check_in.check_in_id.unwrap_or(CheckInId::NIL), self.check_in.monitor_slug.clone())
    }

    fn is_end(&self) -> bool {
        self.check_in.status.is_terminal()
    }

    /// Whether it is too late to tell the truth: a begin is worth its margin, an end as long as the run may take.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        let config = self.check_in.monitor_config.as_ref();
        let (given, default) = if self.is_end() {
            (config.and_then(MonitorConfig::get_max_runtime), MonitorConfig::DEFAULT_MAX_RUNTIME)
        } else {
            (config.and_then(MonitorConfig::get_checkin_margin), MonitorConfig::DEFAULT_CHECKIN_MARGIN)
        };
        let minutes = given.map_or(default, Minutes::get);
        now.duration_since(self.since) >= Duration::from_secs(u64::from(minutes) * 60)
    }
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Queued>,
    in_flight: bool,
}

#[derive(Default)]
pub(crate) struct Queue {
    lanes: HashMap<Run, Lane>,
    /// Runs with something to send and nothing in flight, first come first served.
    ready: VecDeque<Run>,
    /// The numbers of what is waiting or in flight: what a flush has to wait for.
    pending: BTreeSet<u64>,
    waiting: usize,
    next_number: u64,
    pub(crate) stats: Stats,
}

impl Queue {
    /// Takes a check-in; folds the begin of its run into it if that is still here and this is the end.
    /// `false` if there was no room.
    pub(crate) fn push(&mut self, check_in: CheckIn, now: Instant) -> bool {
        self.stats.captured += 1;
        let queued = Queued { check_in, since: now, number: self.next_number, tried: false };
        let run = queued.run();
        // The nil id means "whichever run began last": two reports with it need not be about the same one.
        if queued.is_end()
            && !run.0.is_nil()
            && let Some(opener) = self.lanes.get_mut(&run).and_then(|lane| lane.waiting.back_mut())
            && !opener.is_end()
        {
            fold(opener, queued);
            self.stats.coalesced += 1;
            return true;
        }
        if self.waiting >= if queued.is_end() { MAX_WAITING } else { MAX_BEFORE_OPENERS } {
            self.stats.dropped += 1;
            return false;
        }
        self.next_number += 1;
        self.pending.insert(queued.number);
        let lane = self.lanes.entry(run.clone()).or_default();
        if lane.waiting.is_empty() && !lane.in_flight {
            self.ready.push_back(run);
        }
        lane.waiting.push_back(queued);
        self.waiting += 1;
        true
    }

    /// Takes back the begin of a run in which nothing happened. `false` if the server may know of it.
    pub(crate) fn withdraw(&mut self, id: CheckInId, slug: &Slug) -> bool {
        let run = (id, slug.clone());
        let Some(lane) = self.lanes.get_mut(&run) else { return false };
        if !lane.waiting.back().is_some_and(|queued| !queued.tried && !queued.is_end()) {
            return false;
        }
        let Some(opener) = lane.waiting.pop_back() else { return false };
        self.pending.remove(&opener.number);
        self.waiting -= 1;
        self.stats.withdrawn += 1;
        if lane.waiting.is_empty() && !lane.in_flight {
            self.lanes.remove(&run);
            self.ready.retain(|ready| *ready != run);
        }
        true
    }

    /// The next check-in whose turn it is; to be followed by [`settle`](Self::settle), [`retry`](Self::retry) or
    /// [`give_up`](Self::give_up).
    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let run = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&run)?;
        let mut queued = lane.waiting.pop_front()?;
        queued.tried = true;
        lane.in_flight = true;
        self.waiting -= 1;
        Some(queued)
    }

    /// The server has answered, or there is no point in asking again: what follows in the run may go.
    pub(crate) fn settle(&mut self, queued: &Queued) {
        self.pending.remove(&queued.number);
        self.land(queued.run());
    }

    /// There was no answer: it goes again, before what follows in its run, after what else is waiting.
    pub(crate) fn retry(&mut self, queued: Queued) {
        self.stats.retried += 1;
        let run = queued.run();
        if let Some(queued) = self.fold_into_next(queued) {
            self.lanes.entry(run.clone()).or_default().waiting.push_front(queued);
            self.waiting += 1;
        }
        self.land(run);
    }

    /// There was no answer, and it is too old to go again. What its run has to say after it goes on.
    pub(crate) fn give_up(&mut self, queued: Queued) {
        let run = queued.run();
        if let Some(queued) = self.fold_into_next(queued) {
            self.pending.remove(&queued.number);
            self.stats.dropped += 1;
        }
        self.land(run);
    }

    /// Folds a begin into the end of its run if that is waiting; gives back what cannot be folded.
    fn fold_into_next(&mut self, mut queued: Queued) -> Option<Queued> {
        let run = queued.run();
        let lane = self.lanes.get_mut(&run)?;
        if queued.is_end() || run.0.is_nil() || !lane.waiting.front().is_some_and(Queued::is_end) {
            return Some(queued);
        }
        if let Some(closer) = lane.waiting.pop_front() {
            self.pending.remove(&closer.number);
            fold(&mut queued, closer);
            self.stats.coalesced += 1;
            lane.waiting.push_front(queued);
        }
        None
    }

    /// Nothing of this run is in flight any more.
    fn land(&mut self, run: Run) {
        let Some(lane) = self.lanes.get_mut(&run) else { return };
        lane.in_flight = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&run);
        } else {
            self.ready.push_back(run);
        }
    }

    /// Check-ins not settled yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// What has been captured so far has numbers below this one.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Whether everything with a number below `number` is settled.
    pub(crate) fn is_settled(&self, number: u64) -> bool {
        self.pending.first().is_none_or(|first| *first >= number)
    }
}

/// Replaces the begin of a run by its end, which keeps the place of the begin, and its configuration if it has none.
fn fold(opener: &mut Queued, closer: Queued) {
    let config = opener.check_in.monitor_config.take();
    opener.check_in = closer.check_in;
    opener.since = closer.since;
    if opener.check_in.monitor_config.is_none() {
        opener.check_in.monitor_config = config;
    }
}
