//! What waits to be sent, and in which order. No clock of its own, no I/O, no thread.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId, Minutes, MonitorConfig, Slug};

use crate::stats::Stats;

/// Begins of runs that may wait; beyond it a new one is dropped, since its end will tell the whole story.
const MAX_OPENERS: usize = 10_000;
/// All that may wait. Only a server that is down for long, under many runs, gets here.
const MAX_QUEUED: usize = 100_000;

/// Reports about the same run go one after the other; those of different runs may travel together.
type Run = (CheckInId, Slug);

/// A check-in on its way, with the time it was captured.
pub(crate) struct Queued {
    pub(crate) check_in: CheckIn,
    since: Instant,
}

impl Queued {
    fn run(&self) -> Run {
        // The client has filled in the id; without one, what follows still holds for the nil id.
        (self.check_in.check_in_id.unwrap_or(CheckInId::NIL), self.check_in.monitor_slug.clone())
    }

    /// Whether it is too late to tell the truth: a begin is worth its margin, an end as long as the run may take.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        let config = self.check_in.monitor_config.as_ref();
        let minutes = if self.check_in.status.is_terminal() {
            config
                .and_then(MonitorConfig::get_max_runtime)
                .map_or(MonitorConfig::DEFAULT_MAX_RUNTIME, Minutes::get)
        } else {
            config
                .and_then(MonitorConfig::get_checkin_margin)
                .map_or(MonitorConfig::DEFAULT_CHECKIN_MARGIN, Minutes::get)
        };
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
    waiting: usize,
    in_flight: usize,
    pub(crate) stats: Stats,
}

impl Queue {
    /// Takes a check-in; folds the begin of its run into it if that is still here and this is the end.
    /// `false` if there was no room.
    pub(crate) fn push(&mut self, check_in: CheckIn, now: Instant) -> bool {
        self.stats.captured += 1;
        let terminal = check_in.status.is_terminal();
        let queued = Queued { check_in, since: now };
        let run = queued.run();
        // The nil id means "whichever run began last": two reports with it need not be about the same one.
        if terminal
            && !run.0.is_nil()
            && let Some(opener) = self.lanes.get_mut(&run).and_then(|lane| lane.waiting.back_mut())
            && !opener.check_in.status.is_terminal()
        {
            fold(opener, queued);
            self.stats.coalesced += 1;
            return true;
        }
        if self.waiting >= if terminal { MAX_QUEUED } else { MAX_OPENERS } {
            self.stats.dropped += 1;
            return false;
        }
        let lane = self.lanes.entry(run.clone()).or_default();
        if lane.waiting.is_empty() && !lane.in_flight {
            self.ready.push_back(run);
        }
        lane.waiting.push_back(queued);
        self.waiting += 1;
        true
    }

    /// Takes back the begin of a run in which nothing happened. `false` if it is no longer here.
    pub(crate) fn withdraw(&mut self, id: CheckInId, slug: &Slug) -> bool {
        let run = (id, slug.clone());
        let Some(lane) = self.lanes.get_mut(&run) else { return false };
        if lane.waiting.pop_back().is_none() {
            return false;
        }
        self.waiting -= 1;
        self.stats.withdrawn += 1;
        if lane.waiting.is_empty() && !lane.in_flight {
            self.lanes.remove(&run);
            self.ready.retain(|ready| *ready != run);
        }
        true
    }

    /// The next check-in whose turn it is; to be followed by [`settle`](Self::settle) or [`retry`](Self::retry).
    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let run = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&run)?;
        let queued = lane.waiting.pop_front()?;
        lane.in_flight = true;
        self.waiting -= 1;
        self.in_flight += 1;
        Some(queued)
    }

    /// The server has answered, or there is no point in asking again: what follows in the run may go.
    pub(crate) fn settle(&mut self, queued: &Queued) {
        let run = queued.run();
        self.in_flight -= 1;
        let Some(lane) = self.lanes.get_mut(&run) else { return };
        lane.in_flight = false;
        if lane.waiting.is_empty() {
            self.lanes.remove(&run);
        } else {
            self.ready.push_back(run);
        }
    }

    /// There was no answer: it goes again, before what follows in its run, after what else is waiting.
    pub(crate) fn retry(&mut self, queued: Queued) {
        let run = queued.run();
        self.in_flight -= 1;
        self.stats.retried += 1;
        let lane = self.lanes.entry(run.clone()).or_default();
        lane.in_flight = false;
        match lane.waiting.pop_front() {
            // Meanwhile the run has ended: that report says all of it.
            Some(closer) if !queued.check_in.status.is_terminal() && !run.0.is_nil() => {
                let mut merged = queued;
                if closer.check_in.status.is_terminal() {
                    fold(&mut merged, closer);
                    self.stats.coalesced += 1;
                    self.waiting -= 1;
                } else {
                    lane.waiting.push_front(closer);
                }
                lane.waiting.push_front(merged);
            }
            following => {
                lane.waiting.extend(following);
                lane.waiting.push_front(queued);
            }
        }
        self.waiting += 1;
        self.ready.push_back(run);
    }

    /// Check-ins not settled yet.
    pub(crate) fn pending(&self) -> usize {
        self.waiting + self.in_flight
    }
}

/// Replaces the begin of a run by its end, which keeps the configuration if it brings none of its own.
fn fold(opener: &mut Queued, closer: Queued) {
    let config = opener.check_in.monitor_config.take();
    *opener = closer;
    if opener.check_in.monitor_config.is_none() {
        opener.check_in.monitor_config = config;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: u8) -> (CheckIn, CheckIn) {
        let slug = Slug::parse("job").unwrap();
        let id = CheckInId::from_bytes([id; 16]);
        (CheckIn::in_progress(slug.clone()).id(id), CheckIn::ok(slug).id(id))
    }

    fn statuses(queue: &mut Queue) -> Vec<&'static str> {
        let mut sent = Vec::new();
        while let Some(queued) = queue.pop() {
            sent.push(queued.check_in.status.as_str());
            queue.settle(&queued);
        }
        sent
    }

    #[test]
    fn a_begin_that_is_still_here_when_its_run_ends_is_folded_into_the_end() {
        let mut queue = Queue::default();
        let (opener, closer) = run(1);
        let config = MonitorConfig::crontab("@daily").unwrap();
        queue.push(opener.monitor_config(config.clone()), Instant::now());
        queue.push(closer, Instant::now());
        let queued = queue.pop().unwrap();
        assert_eq!(queued.check_in.status.as_str(), "ok");
        assert_eq!(queued.check_in.monitor_config, Some(config));
        queue.settle(&queued);
        assert_eq!((queue.pending(), queue.stats.coalesced), (0, 1));
    }

    #[test]
    fn an_end_waits_for_the_answer_to_its_begin_while_other_runs_go_on() {
        let mut queue = Queue::default();
        let (opener, closer) = run(1);
        let (other, _) = run(2);
        queue.push(opener, Instant::now());
        let in_flight = queue.pop().unwrap();
        queue.push(closer, Instant::now());
        assert!(queue.pop().is_none(), "the end overtook its begin");
        queue.push(other, Instant::now());
        let second = queue.pop().expect("another run does not wait");
        queue.settle(&in_flight);
        queue.settle(&second);
        assert_eq!(statuses(&mut queue), ["ok"]);
        assert_eq!(queue.pending(), 0);
    }

    #[test]
    fn a_begin_without_an_answer_goes_again_or_is_folded_into_the_end() {
        let mut queue = Queue::default();
        let (opener, closer) = run(1);
        queue.push(opener, Instant::now());
        let in_flight = queue.pop().unwrap();
        queue.retry(in_flight);
        let in_flight = queue.pop().unwrap();
        assert_eq!(in_flight.check_in.status.as_str(), "in_progress");
        queue.push(closer, Instant::now());
        queue.retry(in_flight);
        assert_eq!(statuses(&mut queue), ["ok"]);
        assert_eq!((queue.pending(), queue.stats.retried), (0, 2));
    }

    #[test]
    fn two_reports_with_the_nil_id_are_never_folded() {
        let mut queue = Queue::default();
        let slug = Slug::parse("job").unwrap();
        queue.push(CheckIn::in_progress(slug.clone()).id(CheckInId::NIL), Instant::now());
        queue.push(CheckIn::ok(slug).id(CheckInId::NIL), Instant::now());
        assert_eq!(statuses(&mut queue), ["in_progress", "ok"]);
    }

    #[test]
    fn when_the_queue_is_full_begins_are_dropped_and_counted_and_ends_are_kept() {
        let mut queue = Queue::default();
        let slug = Slug::parse("job").unwrap();
        let id = |n: usize| CheckInId::from_bytes((n as u128 + 1).to_be_bytes());
        for n in 0..=MAX_OPENERS {
            queue.push(CheckIn::in_progress(slug.clone()).id(id(n)), Instant::now());
        }
        assert_eq!((queue.pending(), queue.stats.dropped), (MAX_OPENERS, 1));
        assert!(queue.push(CheckIn::ok(slug.clone()).id(id(MAX_OPENERS)), Instant::now()));
        assert!(queue.push(CheckIn::ok(slug).id(id(0)), Instant::now()));
        assert_eq!((queue.pending(), queue.stats.coalesced), (MAX_OPENERS + 1, 1));
    }

    #[test]
    fn a_withdrawn_begin_leaves_nothing_behind() {
        let mut queue = Queue::default();
        let (opener, _) = run(1);
        let (id, slug) = (opener.check_in_id.unwrap(), opener.monitor_slug.clone());
        queue.push(opener.clone(), Instant::now());
        assert!(queue.withdraw(id, &slug));
        assert_eq!(queue.pending(), 0);
        queue.push(opener, Instant::now());
        let in_flight = queue.pop().unwrap();
        assert!(!queue.withdraw(id, &slug), "what is on the wire cannot be taken back");
        queue.settle(&in_flight);
    }

    #[test]
    fn a_begin_is_stale_after_its_margin_and_an_end_after_the_longest_run() {
        let (opener, closer) = run(1);
        let start = Instant::now();
        let after = |minutes: u64| start + Duration::from_secs(minutes * 60);
        let opener = Queued { check_in: opener, since: start };
        let closer = Queued { check_in: closer, since: start };
        assert!(!opener.is_stale(start) && opener.is_stale(after(1)));
        assert!(!closer.is_stale(after(29)) && closer.is_stale(after(30)));
        let config = MonitorConfig::crontab("@daily").unwrap().checkin_margin(10).unwrap();
        let patient = Queued { check_in: opener.check_in.monitor_config(config), since: start };
        assert!(!patient.is_stale(after(9)) && patient.is_stale(after(10)));
    }
}
