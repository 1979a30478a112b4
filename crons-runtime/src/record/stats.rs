//! Statistics of check-ins.

use std::time::SystemTime;

/// Counts of the check-ins that the client handled since [`init`](crate::init), with those that it took from the spool.
///
/// The sum of `sent`, `coalesced`, `withdrawn`, `refused`, `dropped.total()` and `queued` is `captured`: each captured check-in is in
/// exactly one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Check-ins that were handed to the client: starts and ends of runs.
    pub captured: u64,
    /// Check-ins that the server answered with success.
    pub sent: u64,
    /// Begins that were folded into the report of their run's end, because that was known before they were sent.
    pub coalesced: u64,
    /// Begins that were taken back, because nothing happened in the run.
    pub withdrawn: u64,
    /// Requests sent again after there was no answer.
    pub retried: u64,
    /// Check-ins that the server refused.
    pub refused: u64,
    /// Check-ins that were given up, by reason.
    pub dropped: Dropped,
    /// Check-ins that are not sent yet, or not answered yet.
    pub queued: u64,
    /// Keep-alives that the server has taken: reports that a run is still in progress. They are in none of the other counts.
    pub keep_alives: u64,
    /// Starts and ends of runs that the spool no longer holds, because it was full
    /// ([`ClientOptions::spool_limit`](crate::ClientOptions::spool_limit)). They are lost only if the process is killed before it has
    /// sent them, so each of them is in one of the other counts as well.
    pub spool_overflow: u64,
    /// The end of a rate limit that the server has set. `None` if there is none.
    pub limited_until: Option<SystemTime>,
}

impl Stats {
    /// Returns whether every captured check-in reached the server. `false` while some are queued.
    pub fn all_delivered(&self) -> bool {
        self.refused == 0 && self.dropped.total() == 0 && self.queued == 0
    }
}

/// Check-ins that were given up, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Too many check-ins were waiting.
    pub queue_overflow: u64,
    /// The limit of a monitor was reached, which is [`ClientOptions::max_check_ins_per_minute`](crate::ClientOptions::max_check_ins_per_minute).
    pub throttled: u64,
    /// The server had set a rate limit.
    pub rate_limited: u64,
    /// The server could not be reached before they were too old to be true.
    pub expired: u64,
    /// [`ClientOptions::before_send_check_in`](crate::ClientOptions::before_send_check_in) discarded them.
    pub before_send: u64,
    /// An internal error: the check-in could not be written, or a hook panicked.
    pub internal: u64,
    /// They were taken from the spool, the server did not take them at once, and there was a newer run of their monitor: the one that arrives
    /// last counts as the newest.
    pub superseded: u64,
    /// The client was closed.
    pub client_closed: u64,
}

impl Dropped {
    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        let Self { queue_overflow, throttled, rate_limited, expired, .. } = self;
        let Self { before_send, internal, superseded, client_closed, .. } = self;
        queue_overflow
            + throttled
            + rate_limited
            + expired
            + before_send
            + internal
            + superseded
            + client_closed
    }
}
