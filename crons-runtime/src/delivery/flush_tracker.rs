//! Counts of unsettled check-ins by epoch: a flush waits for all that were captured before it.

use std::collections::VecDeque;

/// The number of unsettled check-ins in each epoch. A flush starts a new epoch.
#[derive(Debug, Default)]
pub(crate) struct FlushTracker {
    first: u32,
    unsettled: VecDeque<usize>,
}

impl FlushTracker {
    /// Counts one more check-in of `epoch`. Epochs come in order.
    pub(crate) fn enter(&mut self, epoch: u32) {
        let at = epoch.saturating_sub(self.first) as usize;
        if at >= self.unsettled.len() {
            self.unsettled.resize(at + 1, 0);
        }
        self.unsettled[at] += 1;
        self.forget();
    }

    /// Counts one check-in of `epoch` as settled.
    pub(crate) fn leave(&mut self, epoch: u32) {
        let at = epoch.saturating_sub(self.first) as usize;
        if let Some(unsettled) = self.unsettled.get_mut(at) {
            *unsettled = unsettled.saturating_sub(1);
        }
        self.forget();
    }

    /// Returns the earliest epoch with an unsettled check-in; `u32::MAX` if there is none.
    pub(crate) fn earliest(&self) -> u32 {
        let settled = self.unsettled.iter().take_while(|unsettled| **unsettled == 0).count();
        if settled == self.unsettled.len() { u32::MAX } else { self.first.saturating_add(index(settled)) }
    }

    /// Drops settled epochs, except for the last one: more check-ins of it may come.
    fn forget(&mut self) {
        while self.unsettled.len() > 1 && self.unsettled.front() == Some(&0) {
            self.unsettled.pop_front();
            self.first += 1;
        }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_open_epoch_is_known_in_any_order_of_settling() {
        let mut flush_tracker = FlushTracker::default();
        assert_eq!(flush_tracker.earliest(), u32::MAX);
        for epoch in [0, 0, 1, 3] {
            flush_tracker.enter(epoch);
        }
        for (left, earliest) in [(1, 0), (0, 0), (0, 3), (3, u32::MAX)] {
            flush_tracker.leave(left);
            assert_eq!(flush_tracker.earliest(), earliest, "after one of {left}");
        }
        flush_tracker.enter(3);
        assert_eq!(flush_tracker.earliest(), 3);
    }
}
