//! Tests that lengths of time are read exactly: nothing is rounded, nothing is guessed.

use std::time::Duration;

use crons_types::{Interval, IntervalUnit, Minutes};

#[test]
fn intervals() {
    let rows = [
        ("10 minutes", "10 minutes"),
        ("1 minute", "1 minute"),
        ("5 min", "5 minutes"),
        ("5mins", "5 minutes"),
        ("1 hour", "1 hour"),
        ("2h", "2 hours"),
        ("3 hrs", "3 hours"),
        ("1d", "1 day"),
        ("1 w", "1 week"),
        ("2 weeks", "2 weeks"),
        ("1 month", "1 month"),
        ("1 year", "1 year"),
        ("1y", "1 year"),
        ("  10   Minutes ", "10 minutes"),
        ("007 days", "7 days"),
        // The unit stays as it is written: 90 minutes are not 1.5 hours, 60 are not 1.
        ("60 minutes", "60 minutes"),
        ("90 minutes", "90 minutes"),
        ("60s", "1 minute"),
        ("120 seconds", "2 minutes"),
        ("5400 s", "90 minutes"),
        ("525960000 minutes", "525960000 minutes"),
        ("1000 years", "1000 years"),
        // The parts add up if their sum has a fixed length.
        ("1h30m", "90 minutes"),
        ("1h 30min", "90 minutes"),
        ("1 hour 30 minutes", "90 minutes"),
        ("2H 0M", "2 hours"),
        ("1h 30m 60s", "91 minutes"),
        ("1 week 2 days", "9 days"),
        ("1w2d", "9 days"),
        ("1y6m", "18 months"),
        ("1 year 1 month", "13 months"),
    ];
    for (written, shown) in rows {
        let interval = Interval::parse(written).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!(interval.to_string(), shown);
        assert_eq!(shown.parse(), Ok(interval));
    }
}

#[test]
fn refused_intervals() {
    let rows = [
        ("", "it is empty; write a number and a unit, such as `10 minutes`"),
        ("soon", r#""soon" is not a number and a unit, such as `10 minutes`"#),
        ("every 5 minutes", r#""every 5 minutes" is not a number and a unit, such as `10 minutes`"#),
        ("hour", r#""hour" has no number; write `1 hour`"#),
        ("10", r#""10" has no unit; write `10 minutes`"#),
        ("10m", r#""10m": month or minute? write `10 minutes` or `10 months`"#),
        (
            "1 fortnight",
            r#""1 fortnight" has an unknown unit; write minutes, hours, days, weeks, months or years"#,
        ),
        ("5 ms", r#""5 ms" has an unknown unit; write minutes, hours, days, weeks, months or years"#),
        ("5m 30s", r#""5m 30s": month or minute? write `5 minutes` or `5 months`"#),
        ("1h30", r#""1h30" has a number without a unit; write a unit behind each, such as `1h30m`"#),
        (
            "10 20 minutes",
            r#""10 20 minutes" has a number without a unit; write a unit behind each, such as `1h30m`"#,
        ),
        ("30min 1h", r#""30min 1h": write each unit once and the longest first, such as `1h30m`"#),
        ("1h 2h", r#""1h 2h": write each unit once and the longest first, such as `1h30m`"#),
        (
            "1d12h",
            r#""1d12h" adds days or months to units of another kind, which vary in length; write hours and minutes, weeks and days, or years and months"#,
        ),
        (
            "1 month 2 days",
            r#""1 month 2 days" adds days or months to units of another kind, which vary in length; write hours and minutes, weeks and days, or years and months"#,
        ),
        ("1h 90s", r#""1h 90s" is not in whole minutes, and Sentry counts whole minutes only"#),
        ("1h -30m", r#""1h -30m" has an unknown unit; write minutes, hours, days, weeks, months or years"#),
        ("1h 1.5m", r#""1h 1.5m" is a fraction; write whole numbers, such as `90 minutes`"#),
        ("0 minutes", r#""0 minutes" is no length of time; the shortest is 1 minute"#),
        ("0s", r#""0s" is no length of time; the shortest is 1 minute"#),
        ("-2 hours", r#""-2 hours" is negative; the shortest is 1 minute"#),
        ("1.5 hours", r#""1.5 hours" is a fraction; write whole numbers, such as `90 minutes`"#),
        (".5h", r#"".5h" is a fraction; write whole numbers, such as `90 minutes`"#),
        ("1/2 hour", r#""1/2 hour" is a fraction; write whole numbers, such as `90 minutes`"#),
        ("90 s", r#""90 s" is not in whole minutes, and Sentry counts whole minutes only"#),
        ("90 seconds", r#""90 seconds" is not in whole minutes, and Sentry counts whole minutes only"#),
        ("1 second", r#""1 second" is not in whole minutes, and Sentry counts whole minutes only"#),
        (
            "525960001 minutes",
            r#""525960001 minutes" is too long; write 525960000 minutes, about 1000 years, or less"#,
        ),
        ("4294967296 days", r#""4294967296 days" is too long; write 365250 days, about 1000 years, or less"#),
        ("9000 years", r#""9000 years" is too long; write 1000 years or less"#),
        (
            "99999999999999999999999 hours",
            r#""99999999999999999999999 hours" is too long; write 8766000 hours, about 1000 years, or less"#,
        ),
    ];
    for (written, message) in rows {
        assert_eq!(Interval::parse(written).unwrap_err().to_string(), message);
    }
    assert!(Interval::new(0, IntervalUnit::Day).is_err());
    assert!(Interval::parse(&"9".repeat(10_000)).unwrap_err().to_string().len() < 200);
}

#[test]
fn minutes() {
    let rows = [
        ("30", 30),
        ("90 minutes", 90),
        ("2h", 120),
        ("1d", 1440),
        ("1 week", 10_080),
        ("60 seconds", 1),
        ("4294967295", u32::MAX),
        ("5m", 5),
        ("90m", 90),
        ("1h30m", 90),
        ("1d12h", 2160),
        ("1w 1d 1h 1m 60s", 11_582),
    ];
    for (written, minutes) in rows {
        let parsed = Minutes::parse(written).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!(parsed.get(), minutes);
        assert_eq!(parsed.to_string().parse(), Ok(parsed));
    }
    assert_eq!(Minutes::parse("1").unwrap().to_string(), "1 minute");
    let refused = [
        ("1 month", r#""1 month" varies in length; write minutes, hours, days or weeks"#),
        ("1 year", r#""1 year" varies in length; write minutes, hours, days or weeks"#),
        (
            "1y6m",
            r#""1y6m" adds days or months to units of another kind, which vary in length; write hours and minutes, weeks and days, or years and months"#,
        ),
        ("1h30", r#""1h30" has a number without a unit; write a unit behind each, such as `1h30m`"#),
        ("1 fortnight", r#""1 fortnight" has an unknown unit; write minutes, hours, days or weeks"#),
        ("0", r#""0" is no length of time; the shortest is 1 minute"#),
        ("90s", r#""90s" is not in whole minutes; write minutes, hours, days or weeks"#),
        ("4294967295 weeks", r#""4294967295 weeks" is longer than can be counted"#),
    ];
    for (written, message) in refused {
        assert_eq!(Minutes::parse(written).unwrap_err().to_string(), message);
    }
}

#[test]
fn minutes_from_other_types() {
    assert_eq!(Minutes::try_from(10_i32).unwrap().get(), 10);
    assert_eq!(Minutes::try_from(10_u32).unwrap().get(), 10);
    assert_eq!(Minutes::try_from("2h").unwrap().get(), 120);
    assert_eq!(Minutes::try_from(&String::from("2h")).unwrap().get(), 120);
    assert_eq!(Minutes::try_from(Duration::from_secs(5400)).unwrap().get(), 90);
    assert!(Minutes::try_from(0_i32).is_err());
    let negative = Minutes::try_from(-5_i32).unwrap_err().to_string();
    assert_eq!(negative, r#""-5" is negative; the shortest is 1 minute"#);
    let uneven = Minutes::try_from(Duration::from_secs(90)).unwrap_err().to_string();
    assert_eq!(uneven, r#""90s" is not in whole minutes; write minutes, hours, days or weeks"#);
    for duration in [Duration::ZERO, Duration::from_millis(60_001), Duration::MAX] {
        assert!(Minutes::try_from(duration).is_err(), "{duration:?}");
    }
}

#[test]
fn units_by_name() {
    for unit in IntervalUnit::ALL {
        assert_eq!(IntervalUnit::from_name(unit.as_str()), Some(unit));
    }
    assert_eq!(IntervalUnit::from_name("second"), None);
    assert_eq!(IntervalUnit::from_name("Minute"), None);
}
