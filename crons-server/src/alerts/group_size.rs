//! The most events that a message to a target may stand for.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::target::{DeliveryError, TargetResponse};

/// The limit of one target: that of its kind, or half of a group whose content it has refused, perhaps for its size. Each message that the
/// target takes allows the next to be twice as large: a small one shows nothing about larger ones. Other failures say nothing about the size.
#[derive(Debug)]
pub(super) struct GroupSize {
    most: usize,
    limit: AtomicUsize,
}

impl GroupSize {
    pub(super) fn new(most: usize) -> Self {
        Self { most, limit: AtomicUsize::new(most) }
    }

    /// Returns the limit of the next message.
    pub(super) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Adapts the limit to the response to a message that stands for so many events.
    pub(super) fn learn(&self, events: usize, response: &Result<TargetResponse, DeliveryError>) {
        let Ok(answer) = response else { return };
        if answer.is_success() {
            self.limit.fetch_max(self.most.min(events.saturating_mul(2)), Ordering::Relaxed);
        } else if answer.refuses_content() && events > 1 {
            self.limit.store(events / 2, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::alerts::WebhookResponse;

    fn after(size: &GroupSize, events: usize, status: u16) -> usize {
        let answer =
            WebhookResponse { status, body: String::new(), elapsed: Duration::ZERO, retry_after: None };
        size.learn(events, &Ok(answer.into()));
        size.limit()
    }

    #[test]
    fn only_a_refused_content_halves_a_group() {
        for status in [307, 401, 403, 404, 405, 408, 410, 429, 500, 503] {
            assert_eq!(after(&GroupSize::new(1_000), 900, status), 1_000, "{status}");
        }
        for status in [400, 409, 413, 422] {
            let size = GroupSize::new(1_000);
            assert_eq!(after(&size, 900, status), 450, "{status}");
            assert_eq!(after(&size, 450, 503), 450, "{status}");
            assert_eq!([450, 225, 3].map(|events| after(&size, events, status)), [225, 112, 1], "{status}");
            assert_eq!(after(&size, 1, status), 1, "a single message says nothing about groups");
        }
        let size = GroupSize::new(1_000);
        size.learn(900, &Err(DeliveryError::unknown("ops")));
        assert_eq!(size.limit(), 1_000);
    }

    #[test]
    fn a_message_that_is_taken_allows_twice_its_size() {
        let size = GroupSize::new(1_000);
        assert_eq!(after(&size, 100, 413), 50);
        assert_eq!(after(&size, 1, 204), 50, "the refused group is not sent whole again");
        assert_eq!([50, 100, 400, 800].map(|events| after(&size, events, 204)), [100, 200, 800, 1_000]);
        assert_eq!(after(&size, 1, 204), 1_000);
    }
}
