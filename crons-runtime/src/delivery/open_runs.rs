//! The table of open runs: begun in this process, and not ended so far.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crons_types::CheckInId;

use crate::record::queued::{MonitorRef, QueuedCheckIn, RunEvent};

/// Open runs by id. A begin by hand is not among them: its end may come from another process.
#[derive(Debug, Default)]
pub(crate) struct OpenRuns(HashMap<CheckInId, MonitorRef>);

impl OpenRuns {
    /// Takes in a report on a run, before anything is folded or dropped.
    pub(super) fn take_in(&mut self, record: &QueuedCheckIn) {
        if record.event != RunEvent::InProgress {
            self.0.remove(&record.id);
        } else if record.trace_id().is_some() {
            self.0.insert(record.id, record.monitor.clone());
        }
    }

    /// How many runs are open.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The slugs of the open runs in alphabetical order, each with how many there are if it is more than one: `import, sync (3)`.
impl fmt::Display for OpenRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More names than anybody reads in one line.
        const MOST: usize = 50;
        let mut by_slug = BTreeMap::new();
        for monitor in self.0.values() {
            *by_slug.entry(&monitor.slug).or_insert(0_usize) += 1;
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
