//! The number of deadlines of a page, by the time that pages take: check-ins wait for the page that is being evaluated.

use std::time::Duration;

/// The time that a page should take at most.
const LONGEST: Duration = Duration::from_millis(200);
/// The time below which the next page is larger.
const SHORT: Duration = Duration::from_millis(50);
/// The fewest deadlines of a page: on PostgreSQL smaller pages took hardly less time, as a page has a dozen statements of any size.
const FEWEST: usize = 250;

/// The number of deadlines of the next page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize {
    now: usize,
    most: usize,
}

impl PageSize {
    pub(super) fn at_most(most: usize) -> Self {
        Self { now: most, most }
    }

    /// The size of the next page, `most` at most.
    pub(super) fn limit(self, most: usize) -> usize {
        self.now.min(most)
    }

    /// Adapts the size to the time that a page took.
    pub(super) fn took(&mut self, time: Duration) {
        if time > LONGEST {
            self.now = (self.now / 2).max(FEWEST);
        } else if time < SHORT {
            self.now = (self.now * 2).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_shrink_while_they_take_long_and_grow_again_while_they_are_short() {
        let mut size = PageSize::at_most(2_000);
        assert_eq!((size.limit(2_000), size.limit(500)), (2_000, 500));
        let mut after = |millis: u64, times: u32| {
            (0..times).for_each(|_| size.took(Duration::from_millis(millis)));
            size.limit(2_000)
        };
        assert_eq!(after(201, 1), 1_000);
        assert_eq!(after(60, 9), 1_000, "neither long nor short");
        assert_eq!(after(201, 1), 500);
        assert_eq!(after(5_000, 9), 250);
        assert_eq!(after(49, 2), 1_000);
        assert_eq!(after(0, 9), 2_000);
    }
}
