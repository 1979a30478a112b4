//! The log of messages that were refused since the database failed.

use crate::log_throttle::LogThrottle;
use crate::store::StoreError;

/// The lines of a consumer about failures: at most one a minute, since a server on PostgreSQL tries four times a second.
#[derive(Default)]
pub(super) struct RefusedLog {
    throttle: LogThrottle,
    /// The number of messages that were refused since the last line.
    unlogged: usize,
}

impl RefusedLog {
    /// Logs that so many messages were refused, now or with those that follow.
    pub(super) fn refused(&mut self, error: &StoreError, messages: usize) {
        self.unlogged = self.unlogged.saturating_add(messages);
        if !self.throttle.is_due() {
            return;
        }
        let messages = std::mem::take(&mut self.unlogged);
        if matches!(error, StoreError::Expelled) {
            tracing::warn!(%error, messages, "what was received meanwhile is not stored, and clients are told so");
        } else {
            tracing::error!(%error, messages, "the database failed, and clients are told so");
        }
    }

    /// Logs the messages that were refused since the last line, once the database works again.
    pub(super) fn stored(&mut self) {
        let messages = std::mem::take(&mut self.unlogged);
        if messages > 0 {
            tracing::warn!(messages, "the database works again; more messages were refused before");
        }
    }
}
