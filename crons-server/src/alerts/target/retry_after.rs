//! The pause that a receiver asks for by the header `Retry-After`.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

/// Reads the header `Retry-After`: seconds, which are rounded up, or a date, measured against that of the answer and without one against
/// `now`. `None` if it is left out, or neither.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let date = |text| httpdate::parse_http_date(text).ok();
    let asked = text("retry-after")?;
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.ceil()).ok();
    }
    let sent = text("date").and_then(date).unwrap_or(now);
    Some(date(asked)?.duration_since(sent).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_for_a_pause_in_seconds_or_until_a_date() {
        let now = httpdate::parse_http_date("Mon, 03 Jun 2024 09:00:00 GMT").unwrap();
        let asked = |headers: &[(&'static str, &str)]| {
            let headers =
                headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
            retry_after(&headers.collect(), now).map(|wait| wait.as_secs())
        };
        let (date, after) = (("date", "Mon, 03 Jun 2024 10:00:00 GMT"), "retry-after");
        assert_eq!(asked(&[date]), None);
        assert_eq!(asked(&[date, (after, "1.2")]), Some(2));
        assert_eq!(
            asked(&[date, (after, "Mon, 03 Jun 2024 10:05:00 GMT")]),
            Some(300),
            "by the receiver's clock"
        );
        assert_eq!(asked(&[date, (after, "Monday, 03-Jun-24 10:05:00 GMT")]), Some(300));
        assert_eq!(asked(&[(after, "Mon, 03 Jun 2024 10:05:00 GMT")]), Some(3_900), "by ours");
        assert_eq!(asked(&[date, (after, "Mon, 03 Jun 2024 08:00:00 GMT")]), Some(0));
        assert_eq!((asked(&[(after, "soon")]), asked(&[(after, "-1")])), (None, None));
    }
}
