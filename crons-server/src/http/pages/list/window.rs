//! The windows of a timeline: how far it reaches back, and into how many buckets it is divided.

use jiff::{SignedDuration, Timestamp};

use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::store::Buckets;

/// The length of a timeline, which the reader chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Window {
    #[default]
    Day,
    Week,
    Month,
    Quarter,
}

impl Window {
    pub(crate) const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The window that a query asks for; a day if it does not say.
    ///
    /// # Errors
    /// If there is no such window; the message lists all.
    pub(crate) fn of_query(query: &QueryPairs) -> Result<Self, HttpError> {
        let Some(key) = query.value("window")? else { return Ok(Self::default()) };
        Self::ALL.into_iter().find(|window| window.key() == key).ok_or_else(|| {
            let key: String = key.chars().take(80).collect();
            let allowed = Self::ALL.map(|window| format!("`{}`", window.key())).join(", ");
            HttpError::bad_request(format!("window: {key:?} is no window of time; allowed are {allowed}"))
        })
    }

    /// The name in queries.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// The number of the window, from 0 on.
    pub(crate) fn number(self) -> usize {
        self as usize
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// The buckets up to the one that `now` is in. Their bounds are whole multiples of their length, so they stay where they are while time
    /// passes.
    pub(crate) fn buckets(self, now: Timestamp) -> Buckets {
        let (minutes, count) = match self {
            Self::Day => (10, 144),
            Self::Week => (60, 168),
            Self::Month => (4 * 60, 180),
            Self::Quarter => (12 * 60, 180),
        };
        let length = SignedDuration::from_mins(minutes);
        let seconds = length.as_secs();
        let last = now.as_second().div_euclid(seconds) + 1;
        let since = Timestamp::from_second((last - i64::from(count)) * seconds).unwrap_or(Timestamp::MIN);
        Buckets { since, length, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bucket_has_the_present() {
        for now in ["2024-06-03T10:00:00Z", "2024-06-03T09:59:59.999Z", "2024-03-31T01:00:00Z"] {
            let now: Timestamp = now.parse().unwrap();
            for (window, hours) in [
                (Window::Day, 24),
                (Window::Week, 7 * 24),
                (Window::Month, 30 * 24),
                (Window::Quarter, 90 * 24),
            ] {
                let buckets = window.buckets(now);
                assert_eq!(buckets.number(now), Some(buckets.count - 1), "{now} {window:?}");
                assert_eq!(buckets.until().duration_since(buckets.since).as_hours(), hours);
                assert_eq!(buckets.since.as_second() % buckets.length.as_secs(), 0);
            }
        }
    }

    #[test]
    fn an_instant_outside_of_all_buckets_is_in_none() {
        let buckets = Window::Day.buckets("2024-06-03T10:00:00Z".parse().unwrap());
        let second = SignedDuration::from_secs(1);
        assert_eq!(buckets.number(buckets.since), Some(0));
        assert_eq!(buckets.number(buckets.since - second), None);
        assert_eq!(buckets.number(buckets.until() - second), Some(143));
        assert_eq!(buckets.number(buckets.until()), None);
    }
}
