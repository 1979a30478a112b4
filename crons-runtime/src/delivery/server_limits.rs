//! What the server says about coming too often: `X-Sentry-Rate-Limits`, `Retry-After`, 429.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant, SystemTime};

use crate::platform::now::Now;
use crate::wire::transport::Response;

/// What a 429 means that says nothing else, as Sentry has it.
const BARE_429: Duration = Duration::from_secs(60);
/// Nothing is believed beyond a day: a typing error of a server must not silence a program for good.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Until when the server wants no check-ins.
#[derive(Debug, Default)]
pub(crate) struct ServerRateLimits {
    until: Option<Instant>,
}

impl ServerRateLimits {
    /// Takes in an answer. Returns for how long it silences us, if it does and for longer than known.
    pub(crate) fn update(&mut self, response: &Response, now: Now) -> Option<Duration> {
        let wait = told(response, now.wall)?.min(LONGEST);
        let until = now.instant + wait;
        if wait.is_zero() || self.until.is_some_and(|known| known >= until) {
            return None;
        }
        self.until = Some(until);
        Some(wait)
    }

    /// Until when we are silenced, if we are.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

/// How long to wait, by whatever header says it.
fn told(response: &Response, now: SystemTime) -> Option<Duration> {
    let headers = |wanted: &'static str| {
        response.headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    let groups = headers("x-sentry-rate-limits").flat_map(|value| value.split(','));
    let limits: Vec<(Duration, bool)> = groups.filter_map(limit).collect();
    if !limits.is_empty() {
        return limits.into_iter().filter(|(_, ours)| *ours).map(|(wait, _)| wait).max();
    }
    if response.status != 429 {
        return None;
    }
    let after = headers("retry-after").find_map(|value| retry_after(value, now));
    Some(after.unwrap_or(BARE_429))
}

/// One group, `seconds:categories:scope:reason:..`, and whether it is about check-ins. All behind the categories may be absent.
fn limit(group: &str) -> Option<(Duration, bool)> {
    let mut parts = group.split(':').map(str::trim);
    let wait = seconds(parts.next()?)?;
    let categories = parts.next()?;
    let ours = categories.is_empty() || categories.split(';').any(|name| name.trim() == "monitor");
    Some((wait, ours))
}

/// Seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    seconds(value).or_else(|| {
        let date = httpdate::parse_http_date(value).ok()?;
        // One that is past means: at once.
        Some(date.duration_since(now).unwrap_or_default())
    })
}

/// Whole or not; what is no time at all is none.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok().filter(|seconds: &f64| !seconds.is_nan())?;
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST))
}
