//! The log of refused requests: one line a minute for each status, with the number of refusals since the line before.
//!
//! The log lines of refused requests are limited, as anyone without a key can send any number of requests, and
//! must not be able to fill a disk with lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::Response;

use crate::http::error::Logged;

/// The pause between two lines about the same status.
const PAUSE: Duration = Duration::from_secs(60);

/// Logs the first refusal of each status in a minute, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog(Mutex<HashMap<StatusCode, Refused>>);

/// The refusals of one status.
#[derive(Debug)]
struct Refused {
    logged_at: Instant,
    /// The number of refusals since then.
    unlogged: u64,
}

impl RefusalLog {
    /// Logs a response if it is a refusal and no other of its status was logged in the last minute.
    pub(crate) fn log(&self, response: &Response) {
        let Some(Logged(detail)) = response.extensions().get() else { return };
        if let Some(unlogged) = self.count(response.status(), Instant::now()) {
            // The text is quoted, so that a client cannot forge a line of the log.
            tracing::warn!(status = response.status().as_u16(), ?detail, unlogged, "request refused");
        }
    }

    /// Logs every minute the numbers of refusals without a line of their own, until the server stops.
    pub(crate) async fn log_counts(&self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            for (status, unlogged) in self.take_counts(Instant::now()) {
                tracing::warn!(status = status.as_u16(), unlogged, "requests refused, not logged one by one");
            }
        }
    }

    /// Counts a refusal. Returns the number of those not logged since the line before if this one is to be logged; else `None`.
    fn count(&self, status: StatusCode, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.get_mut(&status) else {
            all.insert(status, Refused { logged_at: now, unlogged: 0 });
            return Some(0);
        };
        if now.duration_since(known.logged_at) < PAUSE {
            known.unlogged += 1;
            return None;
        }
        known.logged_at = now;
        Some(std::mem::take(&mut known.unlogged))
    }

    /// Takes the counts whose minute is over.
    fn take_counts(&self, now: Instant) -> Vec<(StatusCode, u64)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over =
            |refused: &&mut Refused| refused.unlogged > 0 && now.duration_since(refused.logged_at) >= PAUSE;
        let due =
            all.iter_mut().map(|(status, refused)| (*status, refused)).filter(|(_, refused)| over(refused));
        due.map(|(status, refused)| {
            refused.logged_at = now;
            (status, std::mem::take(&mut refused.unlogged))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_one_line_a_minute_and_all_are_counted() {
        let (log, start) = (RefusalLog::default(), Instant::now());
        let (forbidden, missing) = (StatusCode::FORBIDDEN, StatusCode::NOT_FOUND);
        for (second, status, expected) in [
            (0, forbidden, Some(0)),
            (1, forbidden, None),
            (2, missing, Some(0)),
            (59, forbidden, None),
            (60, forbidden, Some(2)),
            (61, forbidden, None),
            (61, missing, None),
        ] {
            assert_eq!(log.count(status, start + Duration::from_secs(second)), expected, "{second} {status}");
        }
        assert_eq!(log.take_counts(start + Duration::from_secs(119)), [(missing, 1)]);
        assert_eq!(log.take_counts(start + Duration::from_secs(120)), [(forbidden, 1)]);
        assert_eq!(log.take_counts(start + Duration::from_secs(999)), []);
    }
}
