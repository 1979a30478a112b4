//! Intervals of schedulers as those of monitors.

use crons_types::{Interval, IntervalUnit};

use crate::span::span;

/// Reads a length of time, such as `1h 30min` of systemd or `1h30m0s` of Go, as the interval of a monitor.
///
/// # Errors
/// If it is no whole number of minutes, which is what a monitor has.
pub(super) fn interval(text: &str) -> Result<Interval, String> {
    let minutes = span(text).ok().filter(|span| span.subsec_nanos() == 0 && span.as_secs() % 60 == 0);
    let minutes = minutes.and_then(|span| u32::try_from(span.as_secs() / 60).ok());
    let minutes = minutes.ok_or_else(|| {
        format!("its interval {text:?} is no whole number of minutes, which a monitor needs")
    })?;
    Interval::new(minutes, IntervalUnit::Minute).map_err(|error| format!("its interval: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_whole_number_of_minutes() {
        for (text, expected) in [
            ("1h 30min", "90 minutes"),
            ("1h30m0s", "90 minutes"),
            ("2 weeks", "20160 minutes"),
            ("120", "2 minutes"),
        ] {
            assert_eq!(interval(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["90s", "1us", "0", "infinity", "5 parsecs", ""] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
