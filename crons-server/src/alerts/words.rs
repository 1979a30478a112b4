//! Counts, instants and lengths of time in the words of messages.

use jiff::{SignedDuration, Timestamp};

use crate::domain::Failures;

/// Returns the failures by kind, such as `3 runs missed, 1 timed out, 2 failed`. A kind without failures is left out.
pub(super) fn failures(Failures { error, missed, timeout }: Failures) -> String {
    let kinds = [(missed, "missed"), (timeout, "timed out"), (error, "failed")];
    let kinds: Vec<_> = kinds.into_iter().filter(|(count, _)| *count > 0).collect();
    let Some(&(first, _)) = kinds.first() else { return "no run failed".to_owned() };
    let runs = if first == 1 { "run " } else { "runs " };
    let parts = kinds
        .iter()
        .enumerate()
        .map(|(place, (count, kind))| format!("{count} {}{kind}", if place == 0 { runs } else { "" }));
    parts.collect::<Vec<_>>().join(", ")
}

/// Returns a number with commas between thousands: `9,950`.
pub(super) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// Returns an instant to the minute: `2024-06-03 10:05 UTC`.
pub(super) fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Returns a length in its two largest units: `2 h 5 min`.
pub(super) fn duration(lasted: SignedDuration) -> String {
    let seconds = lasted.as_secs().max(0);
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let shown = units.iter().skip(first).take(2).filter(|(count, _)| *count > 0 || seconds == 0);
    shown.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// Returns the duration of a run: in milliseconds below a second, else as [`duration`].
pub(super) fn run_time(milliseconds: i64) -> String {
    if milliseconds < 1_000 {
        return format!("{milliseconds} ms");
    }
    duration(SignedDuration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_counts_are_short() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_661, "1 h 1 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h"),
            (86_460, "1 d"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), expected);
        }
        assert_eq!([run_time(999), run_time(61_500)], ["999 ms", "1 min 1 s"]);
        assert_eq!(failures(Failures { error: 1, missed: 0, timeout: 0 }), "1 run failed");
        assert_eq!(failures(Failures { error: 0, missed: 2, timeout: 1 }), "2 runs missed, 1 timed out");
        assert_eq!(failures(Failures::default()), "no run failed");
    }
}
