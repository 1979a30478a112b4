//! Schedules keep-alives: reports that a run is still in progress, by which the server moves its timeout. Sentry's consumer sets it to
//! `max_runtime` from the report, and to 7 days from the start at most
//! (<https://github.com/getsentry/sentry/blob/master/src/sentry/monitors/consumers/monitor_consumer.py>).

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crons_types::CheckInId;

use crate::record::monitor::MonitorInfo;

/// The age from which a run cannot be updated any more: Sentry's server moves the timeout to 7 days after the start at most.
const WALL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The least time between a keep-alive that could not be sent and the next attempt.
const RETRY: Duration = Duration::from_secs(5);

/// Returns the time between two keep-alives of a run: a third of `max_runtime`, at least a minute. For short ones it is half of what is
/// certain: the server counts in whole minutes, so of `max_runtime` up to a minute is over when a run starts. `None` below 2 minutes,
/// where nothing is certain.
fn interval(max_runtime: u32) -> Option<Duration> {
    let minutes = |minutes: u32| Duration::from_secs(60) * minutes;
    let certain = minutes(max_runtime.checked_sub(1).filter(|certain| *certain > 0)?);
    Some((minutes(max_runtime) / 3).max(minutes(1)).min(certain / 2))
}

/// Returns a warning if runs of this monitor are to be kept alive and cannot be.
pub(crate) fn warning(monitor: &MonitorInfo) -> Option<&'static str> {
    (monitor.keep_alive && interval(monitor.max_runtime()).is_none()).then_some(
        "runs are not kept alive: a max_runtime of 1 minute cannot be extended, as the server counts in whole minutes; set 2 or more",
    )
}

/// The runs that are kept alive: open, and taken by the server.
#[derive(Debug, Default)]
pub(super) struct KeepAlives {
    runs: HashMap<CheckInId, Schedule>,
    /// The earliest first. Entries of runs that are not there any more, or have another time, are passed over.
    due: BTreeSet<(Instant, CheckInId)>,
}

#[derive(Clone, Copy, Debug)]
struct Schedule {
    due: Instant,
    /// The instant by which the server has surely counted the run as timed out, unless a keep-alive arrives before.
    lost: Instant,
    /// The instant from which the server moves no timeout.
    wall: Instant,
}

/// The action for a run whose next keep-alive is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a keep-alive.
    Send,
    /// Send nothing any more: the run is older than the age up to which the server moves its timeout.
    Over,
}

impl KeepAlives {
    /// The server has taken a report that the run, which started at `started`, is in progress. Schedules the next one.
    pub(super) fn taken(&mut self, id: CheckInId, monitor: &MonitorInfo, started: Instant, now: Instant) {
        let Some(interval) = interval(monitor.max_runtime()).filter(|_| monitor.keep_alive) else { return };
        let lost = now + Duration::from_secs(60) * monitor.max_runtime();
        self.put(id, Schedule { due: now + interval, lost, wall: started + WALL });
    }

    /// Puts off the next keep-alive of a run, which could not be sent now.
    pub(super) fn put_off(&mut self, id: CheckInId, until: Instant) {
        if let Some(schedule) = self.runs.get(&id).copied() {
            self.put(id, Schedule { due: until, ..schedule });
        }
    }

    /// The keep-alive of a run had no answer. Another one follows soon, instead of the same one again.
    pub(super) fn unanswered(&mut self, id: CheckInId, now: Instant) {
        self.put_off(id, now + RETRY);
    }

    fn put(&mut self, id: CheckInId, schedule: Schedule) {
        self.remove(id);
        self.due.insert((schedule.due, id));
        self.runs.insert(id, schedule);
    }

    /// Ends the keep-alives of a run.
    pub(super) fn remove(&mut self, id: CheckInId) {
        if let Some(schedule) = self.runs.remove(&id) {
            self.due.remove(&(schedule.due, id));
        }
    }

    /// Takes a run whose time has come. It gets no further keep-alive until [`taken`](Self::taken) or [`put_off`](Self::put_off), so a
    /// process that was frozen sends one, however many were due.
    pub(super) fn next(&mut self, now: Instant) -> Option<(CheckInId, Due)> {
        let (due, id) = *self.due.first()?;
        if due > now {
            return None;
        }
        self.due.remove(&(due, id));
        let schedule = self.runs.get(&id)?;
        if now < schedule.lost && now < schedule.wall {
            return Some((id, Due::Send));
        }
        self.runs.remove(&id);
        Some((id, Due::Over))
    }

    /// Returns the instant at which [`next`](Self::next) has something. `None` if no keep-alive is planned.
    pub(super) fn first(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_a_third_of_max_runtime_or_what_is_certain() {
        for (max_runtime, seconds) in [
            (1, None),
            (2, Some(30)),
            (3, Some(60)),
            (4, Some(80)),
            (10, Some(200)),
            (30, Some(600)),
            (10_080, Some(201_600)),
        ] {
            assert_eq!(interval(max_runtime).map(|interval| interval.as_secs()), seconds, "{max_runtime}");
        }
    }
}
