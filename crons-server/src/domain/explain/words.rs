//! Times and spans in the form that derivations have.

use crons_types::Timezone;
use crons_types::calendar::in_zone;
use jiff::{SignedDuration, Timestamp};

/// An instant in UTC, and in the zone of the monitor if that is another one: `2024-06-03 11:00:00 UTC (13:00:00 in Europe/Vienna)`.
pub(super) fn time_in(instant: Timestamp, zone: Timezone) -> String {
    let utc = in_zone(instant, Timezone::UTC);
    let text = utc.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    if zone.as_str() == "UTC" {
        return text;
    }
    let local = in_zone(instant, zone);
    let format = if local.date() == utc.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    format!("{text} ({} in {zone})", local.strftime(format))
}

/// An instant in a zone, with the offset: `2024-06-03T13:00:00+02:00`.
pub(super) fn local(instant: Timestamp, zone: Timezone) -> String {
    in_zone(instant, zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A span in its units, without those that are zero: `6 min 12 s`, `1 h`, `250 ms`.
pub(super) fn span(span: SignedDuration) -> String {
    let span = span.abs();
    let seconds = span.as_secs();
    if seconds == 0 {
        return format!("{} ms", span.as_millis());
    }
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ")
}

/// The whole minutes between two instants, for numbers that are set in minutes.
pub(super) fn minutes(from: Timestamp, until: Timestamp) -> i64 {
    until.duration_since(from).as_secs() / 60
}

/// `1 minute`, `2 minutes`.
pub(super) fn count(number: i64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
