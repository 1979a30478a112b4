//! Tests that the sentence about a schedule means exactly what the schedule does.

#![expect(clippy::unwrap_used, reason = "the helpers of a test, which clippy does not know for one")]

use crons_types::{Crontab, Interval, IntervalUnit, Schedule};
use proptest::prelude::*;

/// The crontab, and its description.
const SENTENCES: &[(&str, &str)] = &[
    ("* * * * *", "Every minute"),
    ("0-59 0-23 1-31 1-12 0-7", "Every minute"),
    ("*/5 * * * *", "Every 5 minutes"),
    ("0,15,30,45 * * * *", "Every 15 minutes"),
    ("5/15 * * * *", "Every 15 minutes from 00:05 to 23:50"),
    ("*/61 * * * *", "Every hour, on the hour"),
    ("*/30 * * * *", "Every 30 minutes"),
    ("15,45 * * * *", "Every hour, at minutes 15 and 45"),
    ("0 * * * *", "Every hour, on the hour"),
    ("@hourly", "Every hour, on the hour"),
    ("7 * * * *", "Every hour, at minute 7"),
    ("*/7 * * * *", "Every hour, at every 7th minute from 0 to 56"),
    ("*/13 * * * *", "Every hour, at every 13th minute from 0 to 52"),
    ("0-29 * * * *", "Every hour, at minutes 0 to 29"),
    ("1,2,10-20,40 * * * *", "Every hour, at minutes 1, 2, 10 to 20 and 40"),
    ("5-5/20 * * * *", "Every hour, at minutes 5, 25 and 45"),
    ("5/20 * * * *", "Every hour, at minutes 5, 25 and 45"),
    ("@daily", "At 00:00, every day"),
    ("0 9 * * MON-FRI", "At 09:00, Monday to Friday"),
    ("0 9 * * 1-5", "At 09:00, Monday to Friday"),
    ("0 9,17 * * *", "At 09:00 and 17:00, every day"),
    ("0,30 9,17 * * *", "At 09:00, 09:30, 17:00 and 17:30, every day"),
    ("0 9-17 * * *", "Every hour from 09:00 to 17:00, every day"),
    ("30 9-11 * * *", "At 09:30, 10:30 and 11:30, every day"),
    ("*/15 9-17 * * 1-5", "Every 15 minutes from 09:00 to 17:45, Monday to Friday"),
    ("5/15 9-17 * * *", "Every 15 minutes from 09:05 to 17:50, every day"),
    ("* 9 * * *", "Every minute from 09:00 to 09:59, every day"),
    ("* 9-10,14 * * *", "Every minute from 09:00 to 10:59 and from 14:00 to 14:59, every day"),
    ("*/10 8-11,14-17 * * *", "Every 10 minutes from 08:00 to 11:50 and from 14:00 to 17:50, every day"),
    ("0 8-12,14-18 * * *", "Every hour from 08:00 to 12:00 and from 14:00 to 18:00, every day"),
    ("0 9,12-18,20 * * *", "At minute 0 of hours 9, 12 to 18 and 20, every day"),
    ("30 8-18,20-21 * * *", "Every hour from 08:30 to 18:30 and from 20:30 to 21:30, every day"),
    ("*/7 9 * * *", "Every 7 minutes from 09:00 to 09:56, every day"),
    ("*/7 9-17 * * *", "At every 7th minute from 0 to 56 of each hour from 9 to 17, every day"),
    ("*/15 */2 * * *", "At every 15th minute from 0 to 45 of every 2nd hour from 0 to 22, every day"),
    ("* */2 * * *", "At every minute of every 2nd hour from 0 to 22, every day"),
    ("0 */6 * * *", "Every 6 hours from 00:00 to 18:00, every day"),
    ("15 */2 * * *", "Every 2 hours from 00:15 to 22:15, every day"),
    ("0 1/5 * * *", "Every 5 hours from 01:00 to 21:00, every day"),
    ("0 */7 * * *", "Every 7 hours from 00:00 to 21:00, every day"),
    ("0 1,2,5,9,11,13,20 * * *", "At minute 0 of hours 1, 2, 5, 9, 11, 13 and 20, every day"),
    ("1,7 1,2,5,9,11,13,20 * * *", "At minutes 1 and 7 of hours 1, 2, 5, 9, 11, 13 and 20, every day"),
    ("@weekly", "At 00:00 on Sunday"),
    ("0 0 * * 7", "At 00:00 on Sunday"),
    ("0 0 * * */7", "At 00:00 on Sunday"),
    ("0 0 * * */2", "At 00:00 on Tuesday, Thursday, Saturday and Sunday"),
    ("0 0 * * 0,6", "At 00:00 on Saturday and Sunday"),
    ("0 0 * * FRI,SAT,SUN,MON", "At 00:00 on Monday and Friday to Sunday"),
    ("0 0 * * 0-6", "At 00:00, every day"),
    ("0 0 * * MON,THU-SAT", "At 00:00 on Monday and Thursday to Saturday"),
    ("5/10 * * * SUN", "Every 10 minutes from 00:05 to 23:55 on Sunday"),
    ("@monthly", "At 00:00 on day 1 of the month"),
    ("0 0 1,15 * *", "At 00:00 on days 1 and 15 of the month"),
    ("0 0 1-7 * *", "At 00:00 on days 1 to 7 of the month"),
    ("0 0 */2 * *", "At 00:00 on every 2nd day from 1 to 31 of the month"),
    ("0 0 */10 * *", "At 00:00 on every 10th day from 1 to 31 of the month"),
    ("0 0 31 * *", "At 00:00 on day 31 of the month"),
    ("@yearly", "At 00:00 on day 1 of January"),
    ("0 0 29 2 *", "At 00:00 on day 29 of February"),
    ("0 0 1 JAN,JUL *", "At 00:00 on day 1 of January and July"),
    ("0 0 1 */3 *", "At 00:00 on day 1 of January, April, July and October"),
    ("0 0 1 1-3,6 *", "At 00:00 on day 1 of each month in January to March and June"),
    ("0 0 1 NOV-DEC *", "At 00:00 on day 1 of November and December"),
    ("0 0 * 6-8 *", "At 00:00, every day from June to August"),
    ("0 0 * 6 *", "At 00:00, every day in June"),
    ("*/5 * * 6 *", "Every 5 minutes, every day in June"),
    ("0 9 * 1-3 MON-FRI", "At 09:00, Monday to Friday, from January to March"),
    ("0 9 * DEC SUN", "At 09:00 on Sunday, in December"),
    ("0 0 L * *", "At 00:00 on the last day of the month"),
    ("0 0 lw * *", "At 00:00 on the last workday (Monday to Friday) of the month"),
    ("0 0 L/3 2 *", "At 00:00 on the last day of February"),
    (
        "0 0 1,15,L,LW * *",
        "At 00:00 on days 1 and 15, the last day and the last workday (Monday to Friday) of the month",
    ),
    ("0 0 1-31,L * *", "At 00:00, every day"),
    ("0 0 * * 5L", "At 00:00 on the last Friday of the month"),
    ("0 0 * * FRI#2", "At 00:00 on the second Friday of the month"),
    ("0 0 * * 7L", "At 00:00 on the last Sunday of the month"),
    ("0 0 * 6 5L", "At 00:00 on the last Friday of June"),
    (
        "0 0 * 6-8 5L,1#1",
        "At 00:00 on the first Monday and the last Friday of each month from June to August",
    ),
    ("0 0 * 6-8 1,5L", "At 00:00 on Monday and the last Friday of the month, from June to August"),
    ("0 0 * * 1#1,1#3,FRI,5L", "At 00:00 on Friday, the first Monday and the third Monday of the month"),
    ("0 0 13 * FRI", "At 00:00 on day 13 of the month or on Friday"),
    ("0 0 13,20 * MON-FRI", "At 00:00 on days 13 and 20 of the month or on Monday to Friday"),
    ("0 0 1-31 * FRI", "At 00:00, every day"),
    ("0 0 1,* * FRI", "At 00:00, every day"),
    ("0 0 *,1 * FRI", "At 00:00 on Friday"),
    ("0 0 13 1 FRI", "At 00:00 on day 13 of the month or on Friday, both only in January"),
    ("0 0 13 6-8 FRI,5#1", "At 00:00 on day 13 of the month or on Friday, both only from June to August"),
    ("0 0 1 * FRI#2,MON", "At 00:00 on day 1 of the month or on Monday and the second Friday of the month"),
    ("0 0 */40 * MON", "At 00:00 on day 1 of the month, if it is a Monday"),
    ("0 0 */2 * MON", "At 00:00 on every 2nd day from 1 to 31 of the month, if it is a Monday"),
    (
        "0 0 */2 * MON,THU-SAT,2L",
        "At 00:00 on every 2nd day from 1 to 31 of the month, if it is a Monday, a day from Thursday to Saturday or the last Tuesday of the month",
    ),
    (
        "0 0 1-7 * */2",
        "At 00:00 on days 1 to 7 of the month, if it is a Tuesday, a Thursday, a Saturday or a Sunday",
    ),
    ("0 0 1-7 JAN */8", "At 00:00 on days 1 to 7 of January, if it is a Sunday"),
    (
        "0 0 LW * */5",
        "At 00:00 on the last workday (Monday to Friday) of the month, if it is a Friday or a Sunday",
    ),
    (
        "* * L * */3",
        "Every minute on the last day of the month, if it is a Wednesday, a Saturday or a Sunday",
    ),
    (
        "15,45 1-23/2 1-7,L 3-5,DEC MON,5L",
        "At minutes 15 and 45 of every 2nd hour from 1 to 23 on days 1 to 7 and the last day of the month or on Monday and the last Friday of the month, both only in March to May and December",
    ),
];

#[test]
fn sentences() {
    for (crontab, sentence) in SENTENCES {
        assert_eq!(Crontab::parse(crontab).unwrap().describe(), *sentence, "{crontab}");
    }
}

#[test]
fn intervals() {
    let rows = [
        ("1 minute", "Every minute"),
        ("10 minutes", "Every 10 minutes"),
        ("90 minutes", "Every 90 minutes"),
        ("360 minutes", "Every 6 hours"),
        ("60 minutes", "Every hour"),
        ("120 seconds", "Every 2 minutes"),
        ("1h", "Every hour"),
        ("24 hours", "Every 24 hours"),
        ("1 day", "Every day"),
        ("2w", "Every 2 weeks"),
        ("1 month", "Every month"),
        ("10 years", "Every 10 years"),
    ];
    for (interval, sentence) in rows {
        assert_eq!(Interval::parse(interval).unwrap().describe(), sentence, "{interval}");
        assert_eq!(Schedule::interval(interval).unwrap().describe(), sentence, "{interval}");
    }
    let longest = Interval::new(IntervalUnit::Year.max_value(), IntervalUnit::Year).unwrap();
    assert_eq!(longest.describe(), "Every 1000 years");
}

/// Returns the crontabs of the table of cronsim 2.6 that it accepts.
fn accepted() -> Vec<Crontab> {
    include_str!("data/cron-accept.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|row| Crontab::parse(row["expr"].as_str()?).ok())
        .collect()
}

#[test]
fn one_line_for_everything_accepted() {
    let crontabs = accepted();
    assert!(crontabs.len() > 3000);
    for crontab in crontabs {
        assert_one_line(&crontab.describe());
    }
}

fn assert_one_line(sentence: &str) {
    assert!(sentence.starts_with("At ") || sentence.starts_with("Every "), "{sentence:?}");
    assert!(sentence.is_ascii() && !sentence.contains(|c: char| c.is_ascii_control()), "{sentence:?}");
    assert!(
        !sentence.contains("  ") && !sentence.contains(" ,") && sentence.trim() == sentence,
        "{sentence:?}"
    );
    assert!(sentence.len() < 600, "{sentence:?}");
}

/// Checks that schedules with the same sentence have the same occurrences.
#[cfg(feature = "calendar")]
#[test]
fn what_is_said_alike_happens_alike() {
    use std::collections::HashMap;

    let starts = ["2023-12-20T10:07Z", "2027-02-11T23:58Z"].map(|at| at.parse::<jiff::Timestamp>().unwrap());
    let mut said: HashMap<String, (Crontab, Vec<_>)> = HashMap::new();
    let mut alike = 0;
    for crontab in accepted() {
        let schedule = Schedule::Crontab(crontab.clone());
        let next = |after| crons_types::calendar::next_after(&schedule, &crons_types::Timezone::UTC, after);
        let mut happens: Vec<_> = Vec::new();
        for start in starts {
            happens.extend(std::iter::successors(next(start), |after| next(*after)).take(20));
            // The first occurrence from each of many days is compared, too.
            let days =
                (0..60).filter_map(|day| start.checked_add(jiff::SignedDuration::from_hours(24 * day)).ok());
            happens.extend(days.filter_map(next));
        }
        match said.entry(crontab.describe()) {
            std::collections::hash_map::Entry::Vacant(new) => _ = new.insert((crontab, happens)),
            std::collections::hash_map::Entry::Occupied(known) => {
                alike += 1;
                let (other, expected) = known.get();
                assert_eq!(&happens, expected, "{crontab} and {other}: {}", known.key());
            }
        }
    }
    assert!(alike > 100 && said.len() > 1000, "{alike} of {}", said.len());
}

fn items(
    values: std::ops::RangeInclusive<u32>,
    odd: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        2 => Just("*".to_owned()),
        2 => (1..70_u32).prop_map(|step| format!("*/{step}")),
        4 => values.clone().prop_map(|value| value.to_string()),
        3 => (values.clone(), values.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        2 => (values, 1..30_u32).prop_map(|(value, step)| format!("{value}/{step}")),
        2 => proptest::sample::select(odd).prop_map(str::to_owned),
    ];
    proptest::collection::vec(item, 1..5).prop_map(|items| items.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn one_line_for_any(
        minute in items(0..=59, &["*"]), hour in items(0..=23, &["*"]), day in items(1..=31, &["L", "LW", "L/2"]),
        month in items(1..=12, &["FEB", "JUN-AUG"]), weekday in items(0..=7, &["5L", "7L", "FRI#2", "0#5", "SUN"])
    ) {
        if let Ok(crontab) = Crontab::parse(&format!("{minute} {hour} {day} {month} {weekday}")) {
            assert_one_line(&crontab.describe());
        }
    }
}
