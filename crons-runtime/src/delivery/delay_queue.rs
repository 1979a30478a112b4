//! What waits for a time, and which runs the server was never told of.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Instant;

use crons_types::CheckInId;

use crate::delivery::run_queue::Index;

/// Check-ins whose time comes, the earliest first.
#[derive(Debug, Default)]
pub(super) struct DelayQueue(BTreeSet<(Instant, Index)>);

impl DelayQueue {
    pub(super) fn insert(&mut self, when: Instant, index: Index) {
        self.0.insert((when, index));
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, when: Instant, index: Index) -> bool {
        self.0.remove(&(when, index))
    }

    /// Takes out `index`, which is here once at most, and probably at `when`.
    pub(super) fn forget(&mut self, when: Instant, index: Index) {
        if !self.remove(when, index) {
            self.0.retain(|(_, held)| *held != index);
        }
    }

    /// Takes out one whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Index> {
        let (when, index) = *self.0.first()?;
        (when <= now && self.remove(when, index)).then_some(index)
    }

    /// Takes out all that are such.
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

/// Runs whose begin was dropped, so that their end is known to be their whole story.
#[derive(Debug, Default)]
pub(super) struct DroppedStarts {
    ids: HashSet<CheckInId>,
    order: VecDeque<CheckInId>,
}

impl DroppedStarts {
    /// The oldest is forgotten beyond this: its end then counts as owed, and is paced instead of dropped.
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

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: CheckInId) -> bool {
        !self.ids.is_empty() && self.ids.remove(&id)
    }
}
