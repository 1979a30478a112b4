//! Tests of the shortest time between two runs, on which the advice about margins rests.

use std::time::Duration;

use crons_types::{MonitorConfig, Schedule};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

#[test]
fn the_shortest_gap_is_found_across_midnight_and_months() {
    for (schedule, gap) in [
        ("* * * * *", 1),
        ("*/7 * * * *", 4),
        ("0 * * * *", HOUR),
        ("5,50 * * * *", 15),
        ("0 23,1 * * *", 2 * HOUR),
        ("0 3 * * *", DAY),
        ("0 3 * * MON-FRI", DAY),
        ("0 3 * * MON,WED", 2 * DAY),
        ("0 3 * * MON", 7 * DAY),
        ("59 23 1 * *", 28 * DAY),
        ("0 0 1,L * *", DAY),
        ("0 0 29 2 *", 1461 * DAY),
        ("0 0 1 1 *", 365 * DAY),
        ("every 90 minutes", 90),
        ("every 2 weeks", 14 * DAY),
        ("every 1 month", 28 * DAY),
    ] {
        assert_eq!(
            schedule.parse::<Schedule>().unwrap().min_gap(),
            Duration::from_secs(gap * 60),
            "{schedule}"
        );
    }
}

#[test]
fn a_margin_that_hides_misses_is_doubted_and_no_other() {
    let doubt = |schedule: &str, margin: i32| {
        MonitorConfig::crontab(schedule).unwrap().checkin_margin(margin).unwrap().warning()
    };
    assert_eq!(doubt("*/5 * * * *", 4), None);
    assert_eq!(doubt("* * * * *", 1), None);
    assert_eq!(MonitorConfig::crontab("* * * * *").unwrap().warning(), None);
    let said = doubt("*/5 * * * *", 5).unwrap();
    let expected = "checkin_margin: 5 minutes are not less than the 5 between two runs of `*/5 * * * *`";
    assert!(said.starts_with(expected), "{said}");
}
