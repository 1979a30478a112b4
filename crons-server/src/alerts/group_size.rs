//! The most events that a message to a target may stand for.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::target::{DeliveryError, TargetResponse};

/// The limit of one target: that of its kind, or half of a group whose content it has refused, perhaps for its size. It is kept in memory
/// until the target takes a message. Other failures say nothing about the size.
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
            self.limit.store(self.most, Ordering::Relaxed);
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

    #[test]
    fn only_a_refused_content_halves_a_group_and_a_success_ends_that() {
        let size = GroupSize::new(1_000);
        let after = |events, status| {
            let answer =
                WebhookResponse { status, body: String::new(), elapsed: Duration::ZERO, retry_after: None };
            size.learn(events, &Ok(answer.into()));
            size.limit()
        };
        for status in [307, 401, 403, 404, 405, 408, 410, 429, 500, 503] {
            assert_eq!(after(900, status), 1_000, "{status}");
        }
        for status in [400, 409, 413, 422] {
            assert_eq!(after(900, status), 450, "{status}");
            assert_eq!(after(450, 503), 450, "{status}");
            assert_eq!((after(450, status), after(225, status), after(3, status)), (225, 112, 1), "{status}");
            assert_eq!(after(1, status), 1, "a single message says nothing about groups");
            assert_eq!(after(1, 204), 1_000, "{status}");
        }
        assert_eq!(after(1, 400), 1_000);
        size.learn(900, &Err(DeliveryError::unknown("ops")));
        assert_eq!(size.limit(), 1_000);
    }
}
