//! Time spans as systemd (systemd.time(7)) and Go write them.

use crons_types::{Interval, IntervalUnit};
use jiff::SignedDuration;

/// Reads a span as the interval of a monitor.
///
/// # Errors
/// If it is no whole number of minutes, which is what a monitor has.
pub(super) fn interval(text: &str) -> Result<Interval, String> {
    let minutes = parse(text).filter(|span| span.as_micros() % 60_000_000 == 0);
    let minutes = minutes.and_then(|span| u32::try_from(span.as_mins()).ok());
    let minutes = minutes.ok_or_else(|| {
        format!("its interval {text:?} is no whole number of minutes, which a monitor needs")
    })?;
    Interval::new(minutes, IntervalUnit::Minute).map_err(|error| format!("its interval: {error}"))
}

/// Reads a time span such as `1h 30min`, `1h30m0s` or `90` (seconds). `None` for `infinity` and for what is no span.
pub(super) fn parse(text: &str) -> Option<SignedDuration> {
    const UNITS: [(&str, i64); 6] = [
        ("us usec", 1),
        ("ms msec", 1_000),
        ("s sec second seconds", 1_000_000),
        ("m min minute minutes", 60_000_000),
        ("h hr hour hours", 3_600_000_000),
        ("d day days", 86_400_000_000),
    ];
    let mut rest = text.trim();
    let mut total = 0_i64;
    while !rest.is_empty() {
        let (number, after) =
            rest.split_at(rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len()));
        let after = after.trim_start();
        let (unit, after) =
            after.split_at(after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len()));
        let unit = if unit.is_empty() { "s" } else { unit };
        let (_, micros) = UNITS
            .iter()
            .find(|(names, _)| names.split(' ').any(|name| name == unit))
            .or((["w", "week", "weeks"].contains(&unit)).then_some(&("w", 604_800_000_000)))?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*micros)?)?;
        rest = after.trim_start();
    }
    (!text.trim().is_empty()).then(|| SignedDuration::from_micros(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_systemd_and_go_are_read() {
        for (text, expected) in [
            ("90", Some(90_000)),
            ("1h 30min", Some(5_400_000)),
            ("1h30m0s", Some(5_400_000)),
            ("2 weeks", Some(1_209_600_000)),
            ("500ms", Some(500)),
            ("1us", Some(0)),
            ("infinity", None),
            ("5 parsecs", None),
            ("min", None),
            ("99999999999999 weeks", None),
            ("", None),
        ] {
            assert_eq!(parse(text).map(|span| span.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn an_interval_is_a_whole_number_of_minutes() {
        assert_eq!(interval("1h 30min").unwrap().to_string(), "90 minutes");
        for text in ["90s", "1us", "0", "infinity"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
