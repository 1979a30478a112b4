//! Intervals of schedulers as those of monitors.

use crons_types::{Interval, IntervalUnit};
use jiff::SignedDuration;

/// Converts a length of time to the interval of a monitor. `text` is the length as the scheduler has it; `None` stands for a text that is
/// no length of time.
///
/// # Errors
/// If it is no whole number of minutes, which is what a monitor has.
pub(super) fn interval(text: &str, length: Option<SignedDuration>) -> Result<Interval, String> {
    let minutes = length.filter(|length| length.subsec_nanos() == 0 && length.as_secs() % 60 == 0);
    let minutes = minutes.and_then(|length| u32::try_from(length.as_secs() / 60).ok());
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
        for (seconds, expected) in [(5_400, "90 minutes"), (1_209_600, "20160 minutes"), (120, "2 minutes")] {
            let length = Some(SignedDuration::from_secs(seconds));
            assert_eq!(interval("x", length).unwrap().to_string(), expected);
        }
        for length in [
            None,
            Some(SignedDuration::ZERO),
            Some(SignedDuration::from_secs(90)),
            Some(SignedDuration::from_micros(1)),
        ] {
            assert!(interval("x", length).is_err(), "{length:?}");
        }
    }
}
