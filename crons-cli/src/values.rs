//! Parsers of values that flags, files and lines of JSON have in common. Their errors say what to write; the caller names the flag, the
//! file or the key, and the value.

use std::ops::RangeInclusive;

use crons_types::MonitorConfig;
use jiff::Timestamp;

/// The number of occurrences that `crons next` may be asked for.
pub(crate) const COUNT: RangeInclusive<u32> = 1..=1_000_000;

/// Parses an instant in the form of RFC 3339, which has an offset from UTC.
///
/// # Errors
/// If the text is not an instant: the form to write.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        "write a date, a time and an offset from UTC, such as 2024-06-03T10:00:05Z or 2024-06-03T12:00:05+02:00"
            .to_owned()
    })
}

/// Decodes a file.
///
/// # Errors
/// If it is not UTF-8: the line and the first byte that is not, and what to do.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let (good, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = good.split(|byte| *byte == b'\n').count();
        let byte = rest.first().copied().unwrap_or_default();
        format!("line {line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")
    })
}

/// Parses a whole number within a range.
///
/// # Errors
/// If the text is not one: the range.
pub(crate) fn whole_number(text: &str, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    text.parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        format!("write a whole number from {least} to {most}")
    })
}

/// Parses the number of occurrences to print.
///
/// # Errors
/// If it is not in [`COUNT`].
pub(crate) fn count(text: &str) -> Result<u32, String> {
    whole_number(text, COUNT)
}

/// Parses a threshold of a monitor's configuration.
///
/// # Errors
/// If it is not in the range that the server accepts.
pub(crate) fn threshold(text: &str) -> Result<u32, String> {
    whole_number(text, 1..=MonitorConfig::MAX_THRESHOLD)
}
