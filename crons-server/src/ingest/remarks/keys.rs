//! The known keys of a check-in, and the known key that an unknown one may mean.

use std::fmt;

/// An object of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Payload,
    Config,
    Schedule,
}

const PAYLOAD: &[&str] =
    &["check_in_id", "monitor_slug", "status", "environment", "duration", "contexts", "monitor_config"];
pub(super) const CONFIG: &[&str] = &[
    "schedule",
    "checkin_margin",
    "max_runtime",
    "timezone",
    "failure_issue_threshold",
    "recovery_threshold",
    "owner",
];
const SCHEDULE: &[&str] = &["type", "value", "unit"];

/// Attributes of any event of Sentry, which SDKs send along with check-ins: <https://develop.sentry.dev/sdk/data-model/event-payloads/>.
pub(super) const EVENT: &[&str] = &[
    "_meta",
    "breadcrumbs",
    "culprit",
    "debug_meta",
    "dist",
    "errors",
    "event_id",
    "exception",
    "extra",
    "fingerprint",
    "level",
    "logentry",
    "logger",
    "measurements",
    "message",
    "modules",
    "platform",
    "project",
    "received",
    "release",
    "request",
    "sdk",
    "server_name",
    "site",
    "spans",
    "stacktrace",
    "start_timestamp",
    "tags",
    "template",
    "threads",
    "time_spent",
    "timestamp",
    "transaction",
    "transaction_info",
    "type",
    "user",
    "version",
];
/// Keys that Sentry's API adds to a configuration, and that have no effect in a check-in.
const SHOWN_CONFIG: &[&str] = &["alert_rule_id", "schedule_type"];

/// Names that other tools and people use for keys.
const ALIASES: &[(&str, &str)] = &[
    ("env", "environment"),
    ("failurethreshold", "failure_issue_threshold"),
    ("grace", "checkin_margin"),
    ("graceperiod", "checkin_margin"),
    ("id", "check_in_id"),
    ("margin", "checkin_margin"),
    ("config", "monitor_config"),
    ("monitor", "monitor_slug"),
    ("recovery", "recovery_threshold"),
    ("slug", "monitor_slug"),
    ("timeout", "max_runtime"),
    ("tz", "timezone"),
];

impl Place {
    pub(super) const ALL: [Self; 3] = [Self::Payload, Self::Config, Self::Schedule];

    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Payload => PAYLOAD,
            Self::Config => CONFIG,
            Self::Schedule => SCHEDULE,
        }
    }

    pub(super) fn is_harmless(self, key: &str) -> bool {
        match self {
            Self::Payload => EVENT.contains(&key),
            Self::Config => SHOWN_CONFIG.contains(&key),
            Self::Schedule => false,
        }
    }

    /// The object under a known key, if its keys are known, too.
    pub(super) fn within(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Payload, "monitor_config") => Some(Self::Config),
            (Self::Config, "schedule") => Some(Self::Schedule),
            _ => None,
        }
    }

    /// The path of a key, from the payload on.
    pub(super) fn path(self, key: impl fmt::Display) -> String {
        match self {
            Self::Payload => key.to_string(),
            Self::Config => format!("monitor_config.{key}"),
            Self::Schedule => format!("monitor_config.schedule.{key}"),
        }
    }

    /// The path of the known key that an unknown one probably means: the same key of another place, an alias, or a near spelling.
    pub(super) fn meant(self, written: &str) -> Option<String> {
        let elsewhere = Self::ALL.into_iter().find(|place| *place != self && place.keys().contains(&written));
        if let Some(place) = elsewhere {
            return Some(place.path(written));
        }
        let plain = |key: &str| -> String {
            key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let plain_written = plain(written);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == plain_written).map(|(_, key)| *key);
        // Keys of the same place come first, as the most probable ones.
        let places = [self].into_iter().chain(Self::ALL);
        let mut keys = places.flat_map(|place| place.keys().iter().map(move |key| (place, *key)));
        let near = |key: &str| Some(key) == alias || is_near(&plain(key), &plain_written);
        keys.find(|(_, key)| near(key)).map(|(place, key)| place.path(key))
    }
}

/// Whether the value of a key may be a secret, such as a DSN.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["auth", "credential", "dsn", "key", "password", "secret", "token"].iter().any(|word| key.contains(word))
}

/// Whether the edit distance of two texts is at most 2, or 1 for one of four to seven bytes; shorter ones have to be equal.
fn is_near(one: &str, other: &str) -> bool {
    let allowed = match one.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    let other: Vec<char> = other.chars().collect();
    if other.len().abs_diff(one.len()) > allowed {
        return false;
    }
    // Levenshtein's distances of the part of `one` that was read to each prefix of `other`.
    let mut distances: Vec<usize> = (0..=other.len()).collect();
    for c in one.chars() {
        let mut diagonal = distances[0];
        distances[0] += 1;
        for (place, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = distances[place + 1];
            distances[place + 1] = replaced.min(distances[place] + 1).min(diagonal + 1);
        }
    }
    distances.last().is_some_and(|distance| *distance <= allowed)
}
