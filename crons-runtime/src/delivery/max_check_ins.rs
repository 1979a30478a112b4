//! The limit of check-ins of one monitor in a minute.

use std::num::NonZeroU32;

/// The most check-ins of one monitor and environment that the client sends within any minute, for
/// [`ClientOptions::max_check_ins_per_minute`](crate::ClientOptions::max_check_ins_per_minute).
///
/// ```
/// # use crons_runtime as crons;
/// use crons::MaxCheckIns;
///
/// assert_eq!(MaxCheckIns::from(12), MaxCheckIns::PerMinute(12));
/// assert_eq!(MaxCheckIns::default(), MaxCheckIns::PerMinute(6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxCheckIns {
    /// At most this number. Zero is refused by `init`.
    PerMinute(u32),
    /// No limit, for a server that has none.
    Unlimited,
}

/// Six check-ins a minute: Sentry drops more of one monitor and environment in silence, by `CHECKIN_QUOTA_LIMIT` of its
/// [consumer](https://github.com/getsentry/sentry/blob/master/src/sentry/monitors/consumers/monitor_consumer.py).
impl Default for MaxCheckIns {
    fn default() -> Self {
        Self::PerMinute(6)
    }
}

impl From<u32> for MaxCheckIns {
    fn from(check_ins: u32) -> Self {
        Self::PerMinute(check_ins)
    }
}

impl MaxCheckIns {
    /// The limit, `None` inside if there is none; `None` if it would let nothing through.
    pub(crate) fn limit(self) -> Option<Option<NonZeroU32>> {
        match self {
            Self::PerMinute(check_ins) => NonZeroU32::new(check_ins).map(Some),
            Self::Unlimited => Some(None),
        }
    }
}
