//! Reasons for which check-ins are discarded, and their counts, for the statistics and for the client report to the server.

use crate::record::stats::Dropped;

/// The reason for which a check-in was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscardReason {
    QueueOverflow,
    Throttled,
    RateLimited,
    Expired,
    BeforeSend,
    Internal,
    /// The server has refused the check-in. The client does not drop it, yet the server expects it in the client report.
    Refused,
    /// A newer run of the monitor exists, and the server does not take this one at once.
    Superseded,
    /// The spool was full, and no longer holds it. It is lost only if the process is killed before it is sent.
    SpoolOverflow,
}

impl DiscardReason {
    const ALL: [Self; 9] = [
        Self::QueueOverflow,
        Self::Throttled,
        Self::RateLimited,
        Self::Expired,
        Self::BeforeSend,
        Self::Internal,
        Self::Refused,
        Self::Superseded,
        Self::SpoolOverflow,
    ];

    /// The name of the reason in Sentry's client reports
    /// (<https://develop.sentry.dev/sdk/telemetry/client-reports/>).
    fn reason(self) -> &'static str {
        match self {
            Self::QueueOverflow => "queue_overflow",
            Self::Throttled | Self::RateLimited | Self::Superseded => "ratelimit_backoff",
            Self::Expired => "network_error",
            Self::BeforeSend => "before_send",
            Self::Internal => "internal_sdk_error",
            Self::Refused => "send_error",
            Self::SpoolOverflow => "cache_overflow",
        }
    }

    pub(crate) fn count(self, dropped: &mut Dropped) {
        *match self {
            Self::QueueOverflow => &mut dropped.queue_overflow,
            Self::Throttled => &mut dropped.throttled,
            Self::RateLimited => &mut dropped.rate_limited,
            Self::Expired => &mut dropped.expired,
            Self::BeforeSend => &mut dropped.before_send,
            Self::Internal => &mut dropped.internal,
            Self::Superseded => &mut dropped.superseded,
            Self::Refused | Self::SpoolOverflow => return,
        } += 1;
    }
}

/// Counts of discarded check-ins, by reason, that have not been reported to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiscardCounts([u64; DiscardReason::ALL.len()]);

impl DiscardCounts {
    pub(crate) fn add(&mut self, loss: DiscardReason, quantity: u64) {
        self.0[loss as usize] += quantity;
    }

    /// Adds the counts of a request that had no answer back to these, for the next request to carry.
    pub(crate) fn put_back(&mut self, losses: Self) {
        for (count, lost) in self.0.iter_mut().zip(losses.0) {
            *count += lost;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// Returns each of Sentry's reasons with a count above 0, once.
    pub(crate) fn by_reason(&self) -> Vec<(&'static str, u64)> {
        let mut by_reason: Vec<(&'static str, u64)> = Vec::new();
        for loss in DiscardReason::ALL {
            let (reason, quantity) = (loss.reason(), self.0[loss as usize]);
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, sum)) => *sum += quantity,
                None => by_reason.push((reason, quantity)),
            }
        }
        by_reason.retain(|(_, quantity)| *quantity > 0);
        by_reason
    }
}
