//! Parses lengths of time in flags, such as `90s`, `1h30m` and `250ms`.

use std::time::Duration;

/// Parses a length of time: numbers with units from `ms` to `d`, or whole seconds without a unit.
///
/// # Errors
/// If the text is no length of time: the form to write.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let seconds = || text.parse().ok().map(Duration::from_secs);
    seconds().or_else(|| humantime::parse_duration(text).ok()).ok_or_else(|| {
        format!(
            "{text:?} is no length of time; write a number and a unit, such as 500ms, 30s, 10m, 2h or 1h30m"
        )
    })
}

/// Parses a length of time as [`span`] does, but refuses 0.
///
/// # Errors
/// If the text is no length of time, or 0: the form to write.
pub(crate) fn positive_span(text: &str) -> Result<Duration, String> {
    match span(text)? {
        Duration::ZERO => Err(format!("{text:?} leaves no time; write more than 0, or leave the flag out")),
        span => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units_or_count_seconds() {
        for (text, millis) in [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("1h30m", 5_400_000)] {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(span("7"), Ok(Duration::from_secs(7)));
        for text in ["", "soon", "-5s", "10 parsecs", "99999999999999999999"] {
            let refused = span(text).unwrap_err();
            assert!(refused.contains("write a number and a unit"), "{text}: {refused}");
        }
        assert!(positive_span("0s").unwrap_err().contains("more than 0"));
    }
}
