//! Rate limits of the server: `X-Sentry-Rate-Limits`, `Retry-After`, 429 (<https://develop.sentry.dev/sdk/expected-features/rate-limiting/>).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant, SystemTime};

use crate::platform::now::Now;
use crate::wire::transport::Response;

/// The limit that a 429 without further headers sets, as in Sentry's SDKs.
const BARE_429: Duration = Duration::from_secs(60);
/// The shortest wait before a refused check-in is sent again.
const LEAST: Duration = Duration::from_secs(1);
/// The longest limit that is honoured, a day: a mistake in a server's settings must not silence a program for good.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The instant until which the server takes no check-ins.
#[derive(Debug, Default)]
pub(crate) struct ServerRateLimits {
    until: Option<Instant>,
}

impl ServerRateLimits {
    /// Reads the limits of an answer. Returns the wait if it is longer than the one known before.
    pub(crate) fn update(&mut self, response: &Response, now: Now) -> Option<Duration> {
        let wait = rate_limit(response, now.wall)?;
        let until = now.instant + wait;
        if self.until.is_some_and(|known| known >= until) {
            return None;
        }
        self.until = Some(until);
        Some(wait)
    }

    /// The end of the limit. `None` if there is none.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

/// Returns for how long the client sends no check-ins after an answer that came at `now`. `None` if it goes on.
pub fn rate_limit(response: &Response, now: SystemTime) -> Option<Duration> {
    told(response, now).map(|wait| wait.min(LONGEST)).filter(|wait| !wait.is_zero())
}

/// Returns the wait before a check-in that a 429 has refused is sent again, which may be about that check-in alone.
pub(super) fn wait_after_refusal(response: &Response, now: SystemTime) -> Duration {
    let after = response.headers.iter().find(|(name, _)| name == "retry-after");
    let wait = after.and_then(|(_, value)| retry_after(value, now)).unwrap_or(BARE_429);
    wait.clamp(LEAST, LONGEST)
}

/// Returns the wait that an answer demands, by the first header that sets one. `None` if none does.
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

/// Parses one group, `seconds:categories:scope:reason:..`; what is behind the categories may be absent. Returns the wait, and whether it
/// applies to check-ins.
fn limit(group: &str) -> Option<(Duration, bool)> {
    let mut parts = group.split(':').map(str::trim);
    let wait = seconds(parts.next()?)?;
    let categories = parts.next()?;
    let ours = categories.is_empty() || categories.split(';').any(|name| name.trim() == "monitor");
    Some((wait, ours))
}

/// Parses a `Retry-After`: seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    seconds(value).or_else(|| {
        let date = httpdate::parse_http_date(value).ok()?;
        // A date that is past means no wait.
        Some(date.duration_since(now).unwrap_or_default())
    })
}

/// Parses seconds, whole or not. `None` if the text is no number.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok().filter(|seconds: &f64| !seconds.is_nan())?;
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST))
}
