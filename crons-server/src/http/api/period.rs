//! Stretches of time in a query string, in Sentry's forms.

use jiff::{SignedDuration, Timestamp};

use super::request::instant;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::quote::quoted;

/// The parameters that choose a stretch of time.
pub(super) const PERIOD: [&str; 3] = ["start", "end", "statsPeriod"];

/// Reads the first and the last instant of a list: `start` and `end`, or `statsPeriod` up to `now`. `None` leaves an end open.
///
/// # Errors
/// If a parameter has no allowed value, or they contradict each other.
pub(super) fn period(
    query: &QueryPairs,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), HttpError> {
    let [start, end, length] = PERIOD;
    let (since, until) = (instant(query, start)?, instant(query, end)?);
    if let (Some(since), Some(until)) = (since, until)
        && since > until
    {
        return Err(HttpError::bad_request(format!(
            "start: {since} is after `end`, {until}; write an earlier one"
        )));
    }
    let Some(written) = query.value(length)? else { return Ok((since, until)) };
    if since.is_some() || until.is_some() {
        return Err(HttpError::bad_request(
            "statsPeriod: it stands beside `start` or `end`; write either it or them",
        ));
    }
    let length = duration(length, written)?;
    Ok((Some(now.checked_sub(length).unwrap_or(Timestamp::MIN)), Some(now)))
}

/// Reads a number with a unit: `90s`, `30m`, `24h`, `14d`, `2w`.
pub(super) fn duration(name: &str, written: &str) -> Result<SignedDuration, HttpError> {
    let refused = || {
        HttpError::bad_request(format!(
            "{name}: {} is no length of time; write a whole number and a unit of s, m, h, d or w, such as 24h",
            quoted(written)
        ))
    };
    let unit = written.chars().last().ok_or_else(refused)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(refused()),
    };
    let number = written.strip_suffix(unit).unwrap_or_default();
    let is_plain = number.len() <= 9 && number.bytes().all(|digit| digit.is_ascii_digit());
    let number: i64 = number.parse().ok().filter(|number| *number > 0 && is_plain).ok_or_else(refused)?;
    Ok(SignedDuration::from_secs(number * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<(Option<String>, Option<String>)> {
        let query = QueryPairs::of(&format!("/?{query}").parse().unwrap());
        let (since, until) = period(&query, "2024-06-03T10:00:00Z".parse().unwrap()).ok()?;
        let text =
            |instant: Option<Timestamp>| instant.map(|instant| instant.strftime("%d %H:%M").to_string());
        Some((text(since), text(until)))
    }

    #[test]
    fn a_stretch_of_time_is_read_in_all_its_forms() {
        let some = |text: &str| Some(text.to_owned());
        for (query, expected) in [
            ("", Some((None, None))),
            ("start=2024-06-01T10:00:00Z", Some((some("01 10:00"), None))),
            ("end=2024-06-01T10:00:00", Some((None, some("01 10:00")))),
            ("start=2024-06-01&end=2024-06-02T12:00:00%2B02:00", Some((some("01 00:00"), some("02 10:00")))),
            ("statsPeriod=24h", Some((some("02 10:00"), some("03 10:00")))),
            ("statsPeriod=2d", Some((some("01 10:00"), some("03 10:00")))),
            ("statsPeriod=90m", Some((some("03 08:30"), some("03 10:00")))),
            ("start=2024-06-02&end=2024-06-01", None),
            ("start=yesterday", None),
            ("statsPeriod=24h&start=2024-06-01", None),
            ("statsPeriod=24", None),
            ("statsPeriod=h", None),
            ("statsPeriod=0h", None),
            ("statsPeriod=-1h", None),
            ("statsPeriod=1y", None),
            ("statsPeriod=9999999999d", None),
            ("statsPeriod=", None),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
        assert!(read("statsPeriod=999999999w").is_some(), "as long as the calendar");
    }
}
