//! The log of requests that were refused since the database failed.

use crate::log_throttle::LogThrottle;
use crate::store::StoreError;

/// The lines of a consumer about failures: at most one a minute, since a server on PostgreSQL tries four times a second.
#[derive(Default)]
pub(super) struct RefusedLog {
    throttle: LogThrottle,
    /// The number of requests that were refused since the last line, and the last error among them.
    unlogged: usize,
    last: Option<String>,
}

impl RefusedLog {
    /// Logs that so many requests were refused, now or with those that follow.
    pub(super) fn refused(&mut self, error: &StoreError, requests: usize) {
        self.unlogged = self.unlogged.saturating_add(requests);
        if !self.throttle.is_due() {
            self.last = Some(error.to_string());
            return;
        }
        self.last = None;
        let requests = std::mem::take(&mut self.unlogged);
        if matches!(error, StoreError::Expelled) {
            tracing::warn!(%error, requests, "nothing of what was received meanwhile is stored; its senders are told so");
        } else {
            tracing::error!(%error, requests, "the database failed; the senders of requests are told so");
        }
    }

    /// Logs what was refused since the last line, once the database works again.
    pub(super) fn stored(&mut self) {
        let requests = std::mem::take(&mut self.unlogged);
        if let Some(error) = self.last.take() {
            tracing::warn!(
                error,
                requests,
                "the database works again; it failed for a while since the last line"
            );
        }
    }
}
