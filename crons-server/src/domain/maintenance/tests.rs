//! Windows by the clock of a zone, over both changes of the clocks.

use super::*;

fn window(json: serde_json::Value) -> Maintenance {
    let mut json = json;
    json["matchers"] =
        serde_json::json!([{"key": "monitor.slug", "match": "matches pattern", "value": "db-*"}]);
    json["why"] = "updates".into();
    serde_json::from_value(json).unwrap()
}

fn nightly(schedule: &str, length: &str) -> Maintenance {
    window(serde_json::json!({"schedule": schedule, "timezone": "Europe/Vienna", "length": length}))
}

fn until(window: &Maintenance, at: &str) -> Option<String> {
    let instant = format!("{at}Z").parse().unwrap();
    window.active_until(instant).map(|end| end.to_string().trim_end_matches('Z').to_owned())
}

#[test]
fn a_window_begins_by_the_clock_of_its_zone_and_lasts_as_long_as_it_says() {
    let daily = nightly("0 2 * * *", "90m");
    for (at, expected) in [
        // Winter: 2:00 in Vienna is 1:00 UTC.
        ("2024-01-10T00:59:59", None),
        ("2024-01-10T01:00:00", Some("2024-01-10T02:30:00")),
        ("2024-01-10T02:29:59.999", Some("2024-01-10T02:30:00")),
        ("2024-01-10T02:30:00", None),
        // Summer: it is 0:00 UTC.
        ("2024-07-10T00:00:00", Some("2024-07-10T01:30:00")),
        ("2024-07-10T01:30:00", None),
    ] {
        assert_eq!(until(&daily, at).as_deref(), expected, "{at}");
    }
}

#[test]
fn in_the_night_of_the_hour_that_is_skipped_the_window_begins_when_the_clocks_have_changed() {
    // On 31 March 2024 clocks in Vienna go from 2:00 to 3:00, which is 1:00 UTC.
    let daily = nightly("30 2 * * *", "2h");
    for (at, expected) in [
        ("2024-03-31T00:59:59", None),
        ("2024-03-31T01:00:00", Some("2024-03-31T03:00:00")),
        ("2024-03-31T02:59:59", Some("2024-03-31T03:00:00")),
        ("2024-03-31T03:00:00", None),
        ("2024-04-01T00:29:59", None),
        ("2024-04-01T00:30:00", Some("2024-04-01T02:30:00")),
    ] {
        assert_eq!(until(&daily, at).as_deref(), expected, "{at}");
    }
}

#[test]
fn in_the_night_of_the_hour_that_comes_twice_there_is_one_window_and_it_is_not_longer() {
    // On 27 October 2024 clocks in Vienna go from 3:00 back to 2:00, which is 1:00 UTC.
    let daily = nightly("30 2 * * *", "30m");
    let day = |at: &str| format!("{at}Z").parse::<Timestamp>().unwrap();
    let windows = daily.between(day("2024-10-26T12:00:00"), day("2024-10-27T12:00:00"), 10);
    assert_eq!(windows.len(), 1, "{windows:?}");
    let (start, end) = windows[0];
    assert_eq!(end.duration_since(start), SignedDuration::from_mins(30));
    assert_eq!(until(&daily, &start.to_string()[..19]), Some(end.to_string()[..19].to_owned()));
    assert_eq!(until(&daily, &end.to_string()[..19]), None);
}

#[test]
fn windows_that_reach_into_each_other_end_with_the_last_one_that_has_begun() {
    let hourly = nightly("0 0-8 * * *", "90m");
    assert_eq!(until(&hourly, "2024-01-10T01:10:00").as_deref(), Some("2024-01-10T02:30:00"));
    assert_eq!(until(&hourly, "2024-01-10T02:10:00").as_deref(), Some("2024-01-10T03:30:00"));
}

#[test]
fn a_window_that_comes_once_has_its_start_and_not_its_end() {
    let once = window(serde_json::json!({
        "starts_at": "2024-06-03T12:00:00+02:00", "ends_at": "2024-06-03T14:00:00+02:00",
    }));
    for (at, expected) in [
        ("2024-06-03T09:59:59", None),
        ("2024-06-03T10:00:00", Some("2024-06-03T12:00:00")),
        ("2024-06-03T12:00:00", None),
    ] {
        assert_eq!(until(&once, at).as_deref(), expected, "{at}");
    }
}

#[test]
fn the_windows_of_a_time_are_those_that_are_open_in_it() {
    let daily = nightly("0 2 * * *", "2h");
    let at = |text: &str| format!("2024-01-{text}Z").parse::<Timestamp>().unwrap();
    let starts = |since: &str, until: &str, limit| -> Vec<String> {
        let found = daily.between(at(since), at(until), limit);
        found.into_iter().map(|(start, _)| start.strftime("%dT%H:%M").to_string()).collect()
    };
    assert_eq!(starts("10T02:00:00", "11T01:00:00", 10), ["10T01:00"]);
    assert_eq!(starts("10T03:00:00", "12T01:00:01", 10), ["11T01:00", "12T01:00"]);
    // The window that begins at the end is not among them, and of many the last ones are.
    assert_eq!(starts("10T03:00:00", "12T01:00:00", 10), ["11T01:00"]);
    assert_eq!(starts("10T03:00:00", "20T01:00:01", 3), ["18T01:00", "19T01:00", "20T01:00"]);
}

#[test]
fn windows_that_follow_each_other_without_a_gap_are_refused() {
    let read = |schedule: &str, length: &str| {
        serde_json::from_value::<Maintenance>(serde_json::json!({
            "schedule": schedule, "timezone": "Europe/Vienna", "length": length, "why": "updates",
            "matchers": [{"key": "monitor.slug", "match": "equals", "value": "job"}],
        }))
    };
    for (schedule, length) in [
        ("0 * * * *", "1h"),
        ("0 2 * * *", "24h"),
        ("0 2 * * *", "25h"),
        ("0 2 * * SUN", "7d"),
        ("*/5 * * * *", "5m"),
        ("* * * * *", "1m"),
        ("0 0 1,8,15,22,28 * *", "7d"),
    ] {
        let refused = read(schedule, length).unwrap_err().to_string();
        let names = [format!("length: with \"{length}\""), format!("the schedule \"{schedule}\"")];
        assert!(names.iter().all(|name| refused.contains(name)), "{refused}");
    }
    for (schedule, length) in [
        ("0 * * * *", "59m"),
        ("0 2 * * *", "1439m"),
        ("0 2 * * 1-6", "24h"),
        ("0 * * * 1-5", "90m"),
        ("* 9-17 * * *", "1m"),
        ("* * 1-30 * *", "1m"),
        ("0 0 * 2-12 *", "24h"),
        ("0 0 29 2 *", "7d"),
    ] {
        assert!(read(schedule, length).is_ok(), "{schedule} {length}");
    }
}
