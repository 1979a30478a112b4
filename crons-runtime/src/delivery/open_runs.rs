//! The table of open runs: begun in this process, and not ended so far.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Instant;

use crons_types::{CheckInId, Slug};

use crate::platform::compact_instant::CompactInstant;
use crate::record::event::RunEvent;
use crate::record::monitor::MonitorRef;
use crate::record::queued::QueuedCheckIn;

/// Open runs by id. A begin by hand is not among them: its end may come from another process.
#[derive(Debug, Default)]
pub(crate) struct OpenRuns {
    runs: HashMap<CheckInId, OpenRun>,
    /// Runs that were closed for their job. The job may still end, and must not be reported a second time.
    closed: HashSet<CheckInId>,
}

#[derive(Debug)]
struct OpenRun {
    monitor: MonitorRef,
    started: CompactInstant,
}

impl OpenRuns {
    /// Takes in a report on a run, before anything is folded or dropped. `false` if the run was closed before: the report must not
    /// be sent.
    pub(super) fn take_in(&mut self, record: &QueuedCheckIn) -> bool {
        if self.closed.contains(&record.id) {
            return false;
        }
        if record.event != RunEvent::InProgress {
            self.runs.remove(&record.id);
        } else if record.trace_id().is_some() {
            let run = OpenRun { monitor: record.monitor.clone(), started: record.began() };
            self.runs.insert(record.id, run);
        }
        true
    }

    /// Closes all runs but those that began before `last_fork`: a child may end them, as a daemon does. Returns the ends: errors, with
    /// the time from their begin to `now`.
    pub(super) fn close(&mut self, now: Instant, last_fork: Option<CompactInstant>) -> Vec<QueuedCheckIn> {
        let shared = |run: &OpenRun| last_fork.is_some_and(|fork| run.started <= fork);
        let runs: Vec<_> = self.runs.extract_if(|_, run| !shared(run)).collect();
        self.closed.extend(runs.iter().map(|(id, _)| id));
        let end = |(id, OpenRun { monitor, started })| {
            let mut end = QueuedCheckIn::new(id, monitor, RunEvent::Error, now).since(started);
            end.must_deliver = true;
            end
        };
        runs.into_iter().map(end).collect()
    }

    /// The monitor of an open run, and when the run started. `None` if it is not open.
    pub(super) fn get(&self, id: CheckInId) -> Option<(&MonitorRef, Instant)> {
        self.runs.get(&id).map(|run| (&run.monitor, run.started.instant()))
    }

    /// Returns the number of open runs.
    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }
}

/// The slugs of the open runs, as [`BySlug`] shows them.
impl fmt::Display for OpenRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        BySlug(self.runs.values().map(|run| &run.monitor.slug)).fmt(f)
    }
}

/// Shows the slugs of runs in alphabetical order, each with how many there are if it is more than one: `import, sync (3)`.
pub(crate) struct BySlug<I>(pub(crate) I);

impl<'a, I: Iterator<Item = &'a Slug> + Clone> fmt::Display for BySlug<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The most names that are logged in one line.
        const MOST: usize = 50;
        let mut by_slug = BTreeMap::new();
        for slug in self.0.clone() {
            *by_slug.entry(slug).or_insert(0_usize) += 1;
        }
        for (number, (slug, runs)) in by_slug.iter().take(MOST).enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{slug}")?;
            if *runs > 1 {
                write!(f, " ({runs})")?;
            }
        }
        match by_slug.len().checked_sub(MOST) {
            Some(more @ 1..) => write!(f, " and {more} more monitors"),
            _ => Ok(()),
        }
    }
}
