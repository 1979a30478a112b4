//! Check-ins that wait for an instant, and the ids of runs whose start was dropped.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Instant;

use crons_types::CheckInId;

use crate::delivery::run_queue::Index;

/// Check-ins ordered by the instant at which each may be sent.
#[derive(Debug, Default)]
pub(super) struct DelayQueue(BTreeSet<(Instant, Index)>);

impl DelayQueue {
    pub(super) fn insert(&mut self, when: Instant, index: Index) {
        self.0.insert((when, index));
    }

    /// Removes a check-in. Returns `false` if it was not there.
    pub(super) fn remove(&mut self, when: Instant, index: Index) -> bool {
        self.0.remove(&(when, index))
    }

    /// Removes `index`, which waits once at most: probably for `when`, else for another instant, which takes a search.
    pub(super) fn forget(&mut self, when: Instant, index: Index) {
        if !self.remove(when, index) {
            self.0.retain(|(_, held)| *held != index);
        }
    }

    /// Removes a check-in whose instant has come. `None` if there is none.
    pub(super) fn due(&mut self, now: Instant) -> Option<Index> {
        let (when, index) = *self.0.first()?;
        (when <= now && self.remove(when, index)).then_some(index)
    }

    /// Removes the check-ins for which `such` holds.
    pub(super) fn take(&mut self, such: impl Fn(Index) -> bool) -> Vec<Index> {
        let mut taken = Vec::new();
        self.0.retain(|(_, index)| {
            let stays = !such(*index);
            if !stays {
                taken.push(*index);
            }
            stays
        });
        taken
    }

    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|(when, _)| *when)
    }
}

/// Ids of runs whose start was dropped before it was sent: for the server, the end of such a run is its only check-in.
#[derive(Debug, Default)]
pub(super) struct DroppedStarts {
    ids: HashSet<CheckInId>,
    order: VecDeque<CheckInId>,
}

impl DroppedStarts {
    /// The most ids that are remembered; the oldest is forgotten beyond it, and its end is then paced instead of dropped.
    const MOST: usize = 10_000;

    pub(super) fn insert(&mut self, id: CheckInId) {
        if id.is_nil() || !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        while self.order.len() > Self::MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
    }

    /// Removes an id. Returns `false` if it was not there.
    pub(super) fn remove(&mut self, id: CheckInId) -> bool {
        !self.ids.is_empty() && self.ids.remove(&id)
    }
}
