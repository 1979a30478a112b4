//! The keys, and those that are probably meant by others. They also belong to the first stage.

const KEYS: [&str; 15] = [
    "slug",
    "schedule",
    "interval",
    "monitor_config",
    "timezone",
    "checkin_margin",
    "max_runtime",
    "failure_issue_threshold",
    "recovery_threshold",
    "owner",
    "on_cancel",
    "on_none",
    "heartbeat",
    "keep_alive",
    "crate",
];

/// The names that other tools use for a key.
const ALIASES: [(&str, &str); 43] = [
    ("monitor_slug", "slug"),
    ("monitor", "slug"),
    ("name", "slug"),
    ("id", "slug"),
    ("cron", "schedule"),
    ("crontab", "schedule"),
    ("cron_expression", "schedule"),
    ("expression", "schedule"),
    ("every", "interval"),
    ("period", "interval"),
    ("config", "monitor_config"),
    ("configuration", "monitor_config"),
    ("settings", "monitor_config"),
    ("tz", "timezone"),
    ("zone", "timezone"),
    ("margin", "checkin_margin"),
    ("grace", "checkin_margin"),
    ("grace_period", "checkin_margin"),
    ("tolerance", "checkin_margin"),
    ("timeout", "max_runtime"),
    ("runtime", "max_runtime"),
    ("max_duration", "max_runtime"),
    ("failure_threshold", "failure_issue_threshold"),
    ("failure_tolerance", "failure_issue_threshold"),
    ("failures", "failure_issue_threshold"),
    ("recovery_issue_threshold", "recovery_threshold"),
    ("recovery", "recovery_threshold"),
    ("team", "owner"),
    ("cancel", "on_cancel"),
    ("on_drop", "on_cancel"),
    ("on_cancellation", "on_cancel"),
    ("none", "on_none"),
    ("error_on", "on_none"),
    ("error_on_none", "on_none"),
    ("none_is_error", "on_none"),
    ("option", "on_none"),
    ("single", "heartbeat"),
    ("once", "heartbeat"),
    ("ping", "heartbeat"),
    ("keepalive", "keep_alive"),
    ("extend", "keep_alive"),
    ("renew", "keep_alive"),
    ("krate", "crate"),
];

/// Returns the keys, for a message.
pub(crate) fn listed() -> String {
    KEYS.map(|key| format!("`{key}`")).join(", ")
}

/// The key that was probably meant.
pub(crate) fn suggestion(unknown: &str) -> Option<&'static str> {
    let unknown = unknown.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == unknown).map(|(_, key)| *key);
    let nearest = || {
        let near = KEYS.iter().map(|key| (strsim::osa_distance(&unknown, key), *key)).min()?;
        (near.0 <= 2 && near.0 * 2 < unknown.len()).then_some(near.1)
    };
    // A key may be typed half.
    let begun = || {
        let mut begun = KEYS.iter().filter(|key| unknown.len() > 1 && key.starts_with(&unknown));
        begun.next().filter(|_| begun.next().is_none()).copied()
    };
    alias.or_else(nearest).or_else(begun)
}
