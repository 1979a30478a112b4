//! Ends of runs of dead processes: sent when nothing of this process can be sent, of each monitor one at a time, the oldest run first. Reports of
//! this process wait for those of their monitor, as the server takes the run that it heard of last for the newest.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crons_types::{CheckInId, Slug};

use super::rate_limiter::{Key, key};
use super::run_queue::Index;
use crate::record::queued::QueuedCheckIn;

#[derive(Debug, Default)]
pub(super) struct Backlog {
    lines: HashMap<Key, Line>,
    /// Ends that may be sent when nothing of this process can be.
    ready: VecDeque<Index>,
}

/// The ends of one monitor.
#[derive(Debug, Default)]
struct Line {
    /// The runs of dead processes, the oldest first.
    runs: VecDeque<CheckInId>,
    /// Reports that wait for the first of these runs.
    held: Vec<Index>,
    /// The end of the first run, if it waits for a limit, and until when.
    delayed: Option<(Instant, Index)>,
    /// Whether a report of this process waits.
    has_newer: bool,
    /// The number of ends that were dropped, because a report of this process waits.
    superseded: u64,
}

impl Backlog {
    /// Adds the end of a run of a dead process. It is the newest so far.
    pub(super) fn add(&mut self, record: &QueuedCheckIn) {
        self.lines.entry(key(record)).or_default().runs.push_back(record.id);
    }

    /// Returns whether it is the end of a run of a dead process.
    pub(super) fn has(&self, record: &QueuedCheckIn) -> bool {
        is_end(record) && self.line(record).is_some_and(|line| line.runs.contains(&record.id))
    }

    /// Returns whether a report must wait: for an older run of its monitor.
    pub(super) fn is_behind(&self, record: &QueuedCheckIn) -> bool {
        self.line(record).is_some_and(|line| line.runs.front() != Some(&record.id))
    }

    /// Has a report wait until [`settle`](Self::settle) returns it. If it is one of this process, returns the end that it waits for if that
    /// waits for a limit, and until when: that one is superseded.
    pub(super) fn hold(&mut self, index: Index, record: &QueuedCheckIn) -> Option<(Instant, Index)> {
        let line = self.lines.get_mut(&key(record))?;
        line.held.push(index);
        if line.runs.contains(&record.id) {
            return None;
        }
        line.has_newer = true;
        line.delayed.take()
    }

    /// Notes that an end of a dead process waits for a limit. Returns `false` if it must be dropped instead, because this process has a
    /// newer run of its monitor.
    pub(super) fn delay(&mut self, index: Index, record: &QueuedCheckIn, until: Instant) -> bool {
        let Some(line) = self.lines.get_mut(&key(record)) else { return true };
        line.superseded += u64::from(line.has_newer);
        line.delayed = (!line.has_newer).then_some((until, index));
        !line.has_newer
    }

    /// Removes an end that is settled. Returns the reports whose turn may have come, and the number of superseded ends with their monitor if it
    /// was the last one.
    pub(super) fn settle(&mut self, record: &QueuedCheckIn) -> (Vec<Index>, Option<(Slug, u64)>) {
        if self.lines.is_empty() || !is_end(record) {
            return Default::default();
        }
        let key = key(record);
        let Some(line) = self.lines.get_mut(&key) else { return Default::default() };
        let Some(at) = line.runs.iter().position(|id| *id == record.id) else { return Default::default() };
        line.runs.remove(at);
        line.delayed = None;
        let (held, superseded) = (std::mem::take(&mut line.held), line.superseded);
        if !line.runs.is_empty() {
            return (held, None);
        }
        self.lines.remove(&key);
        (held, (superseded > 0).then_some((key.0, superseded)))
    }

    /// Forgets a report that waits and is withdrawn.
    pub(super) fn forget(&mut self, index: Index, record: &QueuedCheckIn) {
        if let Some(line) = self.lines.get_mut(&key(record)) {
            line.held.retain(|held| *held != index);
        }
    }

    /// Adds an end to those that may be sent when nothing of this process can be.
    pub(super) fn push_ready(&mut self, index: Index) {
        self.ready.push_back(index);
    }

    pub(super) fn pop_ready(&mut self) -> Option<Index> {
        self.ready.pop_front()
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn line(&self, record: &QueuedCheckIn) -> Option<&Line> {
        if self.lines.is_empty() { None } else { self.lines.get(&key(record)) }
    }
}

fn is_end(record: &QueuedCheckIn) -> bool {
    !record.is_start() && !record.is_keep_alive()
}
