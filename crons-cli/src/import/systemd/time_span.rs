//! Time spans of systemd (systemd.time(7)), such as `1h 30min` or `5min 20`.

use jiff::SignedDuration;

const SECOND: i64 = 1_000_000;

/// The units of a time span, in microseconds. A month is 30.44 days and a year 365.25, as in systemd.
const UNITS: [(&[&str], i64); 9] = [
    (&["usec", "us", "\u{b5}s", "\u{3bc}s"], 1),
    (&["msec", "ms"], 1_000),
    (&["seconds", "second", "sec", "s", ""], SECOND),
    (&["minutes", "minute", "min", "m"], 60 * SECOND),
    (&["hours", "hour", "hr", "h"], 3_600 * SECOND),
    (&["days", "day", "d"], 86_400 * SECOND),
    (&["weeks", "week", "w"], 604_800 * SECOND),
    (&["months", "month", "M"], 2_629_800 * SECOND),
    (&["years", "year", "y"], 31_557_600 * SECOND),
];

/// Reads the value of a setting as a time span: numbers with units, of which a missing one is a second. `None` for `infinity`.
///
/// # Errors
/// If the value is no time span: the setting and its value.
pub(super) fn time_span(key: &str, text: &str) -> Result<Option<SignedDuration>, String> {
    if text == "infinity" {
        return Ok(None);
    }
    let micros = micros(text);
    micros.map(|micros| Some(SignedDuration::from_micros(micros))).ok_or_else(|| {
        format!("{key}={text} is no time span; write numbers with units, such as 90s or 1h 30min")
    })
}

fn micros(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |character| character.is_ascii_digit() || character == '.');
        let (unit, after) = split_while(after.trim_start(), char::is_alphabetic);
        let (_, unit) = UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        total = total.checked_add(scaled(number, *unit)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// A decimal number of units, in microseconds.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut total = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.chars() {
        place /= 10;
        total = total.checked_add(i64::from(digit.to_digit(10)?) * place)?;
    }
    Some(total)
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !belongs(character)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_has_units_or_counts_seconds() {
        for (text, millis) in [
            ("20", 20_000),
            ("5min 20", 320_000),
            ("1h 30", 3_630_000),
            ("1h30min", 5_400_000),
            ("1 h 30 min", 5_400_000),
            ("2h", 7_200_000),
            ("1.5h", 5_400_000),
            ("500ms", 500),
            ("1M", 2_629_800_000),
            ("0", 0),
        ] {
            let length = time_span("AccuracySec", text).unwrap();
            assert_eq!(length, Some(SignedDuration::from_millis(millis)), "{text}");
        }
        assert_eq!(time_span("AccuracySec", "infinity"), Ok(None));
        for text in ["", "long", "h", "5 parsecs", "-5s", "1.2.3", "99999999999999999999", "9999999999y"] {
            let refused = time_span("AccuracySec", text).unwrap_err();
            assert!(refused.starts_with(&format!("AccuracySec={text} is no time span")), "{refused}");
        }
    }
}
