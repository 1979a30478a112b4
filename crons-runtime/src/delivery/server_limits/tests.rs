//! The cases D1 to D10 of the acceptance cases, as headers.

use super::*;

/// A second in 2023.
fn now() -> Now {
    Now { instant: Instant::now(), wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) }
}

/// Returns for how many seconds a response with this status and these headers stops check-ins.
fn silenced(status: u16, headers: &[(&str, &str)]) -> Option<f64> {
    let response =
        headers.iter().fold(Response::new(status), |response, (name, value)| response.header(name, *value));
    ServerRateLimits::default().update(&response, now()).map(|wait| wait.as_secs_f64())
}

#[test]
fn the_header_of_sentry_is_read_as_it_comes() {
    for (header, expected) in [
        ("60:monitor:organization", Some(60.0)),
        ("60::organization", Some(60.0)),
        ("60:monitor", Some(60.0)),
        ("60:", Some(60.0)),
        (" 1.5:error;monitor:key:reason , 2700::organization", Some(2700.0)),
        ("60:error:org", None),
        ("soon:monitor:org, 7:monitor:org", Some(7.0)),
        ("7:monitor:org, 60", Some(7.0)),
        ("60: error ; monitor : org", Some(60.0)),
        ("1.5:monitor:key:reason", Some(1.5)),
        ("60:monitor:organization:quota:namespace:more", Some(60.0)),
        ("60:monitors:org", None),
        ("0:monitor:org", None),
        ("-3:monitor:org", None),
        ("NaN:monitor:org", None),
        ("1e300:monitor:org", Some(86_400.0)),
        ("inf:monitor:org", Some(86_400.0)),
        ("", None),
        (",,,:::", None),
    ] {
        assert_eq!(silenced(200, &[("X-Sentry-Rate-Limits", header)]), expected, "{header:?}");
    }
}

#[test]
fn the_longest_wait_wins_also_over_several_answers() {
    let now = now();
    let mut limits = ServerRateLimits::default();
    let answer = |header: &str| Response::new(200).header("X-Sentry-Rate-Limits", header);
    assert_eq!(limits.update(&answer("60:monitor:org"), now), Some(Duration::from_secs(60)));
    assert_eq!(limits.update(&answer("30:monitor:org"), now), None);
    let (instant, minute) = (now.instant, Duration::from_secs(60));
    assert_eq!(limits.until(instant), Some(instant + minute));
    assert_eq!(limits.update(&answer("10::org, 90:monitor:org"), now), Some(Duration::from_secs(90)));
    assert_eq!(limits.until(instant + Duration::from_secs(90)), None, "it is over");
    assert_eq!(
        silenced(200, &[("x-sentry-rate-limits", "5::org"), ("x-sentry-rate-limits", "8::org")]),
        Some(8.0)
    );
}

#[test]
fn retry_after_counts_with_a_429_only_in_seconds_or_as_a_date() {
    assert_eq!(silenced(429, &[("Retry-After", "5")]), Some(5.0));
    assert_eq!(silenced(429, &[("Retry-After", " 2.5 ")]), Some(2.5));
    assert_eq!(silenced(200, &[("Retry-After", "5")]), None);
    assert_eq!(silenced(503, &[("Retry-After", "5")]), None);
    let date = httpdate::fmt_http_date(now().wall + Duration::from_secs(100));
    assert_eq!(silenced(429, &[("Retry-After", &date)]), Some(100.0));
    assert_eq!(silenced(429, &[("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")]), None, "it is past");
}

#[test]
fn a_429_that_says_nothing_else_means_a_minute() {
    assert_eq!(silenced(429, &[]), Some(60.0));
    assert_eq!(silenced(429, &[("Retry-After", "later")]), Some(60.0));
    assert_eq!(
        silenced(429, &[("X-Sentry-Rate-Limits", "60:error:org")]),
        None,
        "it was about something else"
    );
    assert_eq!(
        silenced(429, &[("X-Sentry-Rate-Limits", ""), ("Retry-After", "5")]),
        Some(5.0),
        "it says nothing"
    );
}

#[test]
fn a_limit_of_one_monitor_environment_silences_no_other() {
    let limits = ("X-Sentry-Rate-Limits", "40:monitor_environment:project:monitor_env_rate_limit");
    assert_eq!(silenced(429, &[limits, ("Retry-After", "40")]), None);
}
