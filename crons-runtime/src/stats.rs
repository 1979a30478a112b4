//! What became of the check-ins.

/// Counts of what the client did since [`init`](crate::init).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Handed to the client: begins and ends of runs.
    pub captured: u64,
    /// Answered by the server with success.
    pub sent: u64,
    /// Begins that were folded into the report of their run's end, because that was known before they were sent.
    pub coalesced: u64,
    /// Begins that were taken back, because nothing happened in the run.
    pub withdrawn: u64,
    /// Requests sent again after there was no answer.
    pub retried: u64,
    /// Refused by the server.
    pub refused: u64,
    /// Given up: too old after many tries, or the queue was full.
    pub dropped: u64,
    /// Not sent yet.
    pub queued: u64,
}

impl Stats {
    /// Whether everything that was captured reached the server.
    pub fn all_delivered(&self) -> bool {
        self.refused == 0 && self.dropped == 0 && self.queued == 0
    }
}
