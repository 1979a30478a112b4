//! Lengths of time as Go writes them after `@every`: `90m`, `1h30m`; and as intervals are written.

use super::remedy::quote;
use crate::{Interval, IntervalUnit};

/// The interval of the same length. `None` if the text is no length of time, an error if it is not in whole minutes.
pub(super) fn parse(text: &str) -> Option<Result<Interval, String>> {
    if let Ok(interval) = Interval::parse(text) {
        return Some(Ok(interval));
    }
    if text.is_empty() {
        return None;
    }
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[..letters] {
            "h" => 60 * 60,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        seconds = number.checked_mul(unit).and_then(|more| seconds.checked_add(more))?;
        rest = &rest[letters..];
    }
    let minutes = u32::try_from(seconds / 60).ok()?;
    if seconds == 0 || !seconds.is_multiple_of(60) {
        return Some(Err(format!(
            "{} is not in whole minutes, and Sentry counts whole minutes only",
            quote(text, 16)
        )));
    }
    let interval = if minutes.is_multiple_of(60) {
        Interval::new(minutes / 60, IntervalUnit::Hour)
    } else {
        Interval::new(minutes, IntervalUnit::Minute)
    };
    interval.ok().map(Ok)
}
