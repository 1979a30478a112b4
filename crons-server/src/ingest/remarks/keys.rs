//! The keys of a check-in, and the known key that an unknown one probably stands for.

use std::fmt;

/// An object in the payload of a check-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Payload,
    Config,
    Schedule,
}

const PAYLOAD: &[&str] = &[
    "check_in_id",
    "monitor_slug",
    "status",
    "environment",
    "duration",
    "contexts",
    "monitor_config",
    "note",
];
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

/// Attributes of Sentry's events, which SDKs send along with check-ins, so there are no remarks about them: <https://develop.sentry.dev/sdk/data-model/event-payloads/>.
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
/// Keys of a configuration as Sentry's API returns it. They have no effect, and there are no remarks about them.
const API_CONFIG: &[&str] = &["alert_rule_id", "schedule_type"];

/// Keys as other tools and people write them, without signs and in lower case, and the keys that they stand for.
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

impl ObjectKind {
    pub(super) const ALL: [Self; 3] = [Self::Payload, Self::Config, Self::Schedule];

    /// The keys of the object.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Payload => PAYLOAD,
            Self::Config => CONFIG,
            Self::Schedule => SCHEDULE,
        }
    }

    /// Returns whether an unknown key is expected here, so that there is no remark about it.
    pub(super) fn is_expected(self, key: &str) -> bool {
        match self {
            Self::Payload => EVENT.contains(&key),
            Self::Config => API_CONFIG.contains(&key),
            Self::Schedule => false,
        }
    }

    /// The object in the value of a key. `None` if the key has no object, or one whose keys are not known.
    pub(super) fn child(self, key: &str) -> Option<Self> {
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

    /// The path of the key that an unknown one probably stands for: the same key of another object, or one that is spelled much like it.
    pub(super) fn suggestion(self, written: &str) -> Option<String> {
        let elsewhere =
            Self::ALL.into_iter().find(|object| *object != self && object.keys().contains(&written));
        if let Some(object) = elsewhere {
            return Some(object.path(written));
        }
        let plain = |key: &str| -> String {
            key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let plain_written = plain(written);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == plain_written).map(|(_, key)| *key);
        // The keys of this object first, as the writer most likely means one of them.
        let objects = [self].into_iter().chain(Self::ALL);
        let mut keys = objects.flat_map(|object| object.keys().iter().map(move |key| (object, *key)));
        let is_meant = |key: &str| Some(key) == alias || is_similar(&plain(key), &plain_written);
        keys.find(|(_, key)| is_meant(key)).map(|(object, key)| object.path(key))
    }
}

/// Returns whether the value of a key may be a secret, such as a DSN.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["auth", "credential", "dsn", "key", "password", "secret", "token"].iter().any(|word| key.contains(word))
}

/// Returns whether `written` differs from `key` by at most two letters that are missing, added or replaced; by fewer for short keys.
fn is_similar(key: &str, written: &str) -> bool {
    let allowed = match key.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    // The distance is at least the difference of the lengths, so most texts are not compared.
    written.len().abs_diff(key.len()) <= allowed && strsim::levenshtein(key, written) <= allowed
}
