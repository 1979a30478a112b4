//! Tests of crontabs of other schedulers: every suggestion means the same minutes as the original, and none is a guess.
#![cfg(feature = "calendar")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test, which clippy does not know for one")]

use crons_types::{Crontab, Schedule, Timezone, calendar};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;

/// The text, and the crontabs that may be meant; a second one where schedulers disagree.
const KNOWN: &[(&str, &[&str])] = &[
    // EventBridge writes the minute first, the year last, and a `?` for the day of month or the weekday.
    ("0 10 * * ? *", &["0 10 * * *"]),
    ("15 12 * * ? *", &["15 12 * * *"]),
    ("0 18 ? * MON-FRI *", &["0 18 * * MON-FRI"]),
    ("0 8 1 * ? *", &["0 8 1 * *"]),
    ("0/10 * ? * MON-FRI *", &["0/10 * * * MON-FRI"]),
    ("0/5 8-17 ? * 2-6 *", &["0/5 8-17 * * 1-5"]),
    ("0 10 ? * 6L 2022-2023", &["0 10 * * 5L"]),
    ("0 9 ? * 2#1 *", &["0 9 * * 1#1"]),
    ("0 9 ? * 1 *", &["0 9 * * 0"]),
    ("0 9 ? * 7 *", &["0 9 * * 6"]),
    ("0 9 ? * L *", &["0 9 * * 6"]),
    ("0 9 ? * 2/2 *", &["0 9 * * 1,3,5"]),
    ("0 9 ? * 1-7 *", &["0 9 * * *"]),
    ("0 9 L * ? *", &["0 9 L * *"]),
    ("0 9 LW * ? 2030", &["0 9 LW * *"]),
    ("0 9 3W * ? *", &[]),
    ("0 22-4/2 * * ? *", &["0 0,2,4,22 * * *"]),
    ("0 9 ? * FRI-MON *", &["0 9 * * SUN,MON,FRI,SAT"]),
    ("cron(0 10 * * ? *)", &["0 10 * * *"]),
    ("cron(0 10 ? * 6L 2022-2023)", &["0 10 * * 5L"]),
    ("Cron( 0/15 * * * ? * )", &["0/15 * * * *"]),
    ("cron(0 10 * * *)", &["0 10 * * *"]),
    ("cron(0 10 3W * ? *)", &[]),
    ("rate(5 minutes)", &[]),
    ("at(2022-11-20T13:00:00)", &[]),
    // Quartz writes the seconds first.
    ("0 0 12 * * ?", &["0 12 * * *"]),
    ("0 15 10 ? * *", &["15 10 * * *"]),
    ("0 15 10 * * ? 2005", &["15 10 * * *"]),
    ("0 0/5 14,18 * * ?", &["0/5 14,18 * * *"]),
    ("0 10,44 14 ? 3 WED", &["10,44 14 * 3 WED"]),
    ("0 15 10 ? * MON-FRI", &["15 10 * * MON-FRI"]),
    ("0 15 10 L * ?", &["15 10 L * *"]),
    ("0 15 10 L-2 * ?", &[]),
    ("0 15 10 15W * ?", &[]),
    ("0 15 10 ? * 6L", &["15 10 * * 5L", "15 10 * * 6L"]),
    ("0 15 10 ? * FRIL", &["15 10 * * 5L"]),
    ("0 15 10 ? * 6#3", &["15 10 * * 5#3", "15 10 * * 6#3"]),
    ("0 0 12 1/5 * ?", &["0 12 1/5 * *"]),
    ("0 0 12 1/1 * ? *", &["0 12 * * *"]),
    ("0 0 9 ? * 2/2", &[]),
    // Spring, node-cron, the crates `cron` and croner write the seconds first, and need no `?`.
    ("* * * * * *", &["* * * * *"]),
    ("0 0 * * * *", &["0 * * * *"]),
    ("*/10 * * * * *", &["* * * * *"]),
    ("30 0 8-10 * * *", &["0 8-10 * * *"]),
    ("0 0/30 8-10 * * *", &["0/30 8-10 * * *"]),
    ("0 0 9-17 * * MON-FRI", &["0 9-17 * * MON-FRI"]),
    ("0 0 9-17 * * 1-5", &["0 9-17 * * 1-5", "0 9-17 * * 0-4"]),
    ("0 0 9 * * 0", &["0 9 * * 0"]),
    ("0 0 0 25 12 ?", &["0 0 25 12 *"]),
    ("0 0 0 L * *", &["0 0 L * *"]),
    ("0 0 0 1W * *", &[]),
    ("0 0 0 ? * 5#2", &["0 0 * * 4#2", "0 0 * * 5#2"]),
    // Go takes five fields and a `?`, and so does EventBridge if the year is left out.
    ("0 10 ? * MON-FRI", &["0 10 * * MON-FRI"]),
    ("0 10 ? * 2-6", &["0 10 * * 2-6", "0 10 * * 1-5"]),
    // Kubernetes and Go take a zone before the fields, and a length of time.
    ("CRON_TZ=Europe/Vienna 0 9 * * *", &["0 9 * * *"]),
    ("TZ=Europe/Vienna 0 0 9 * * MON", &["0 9 * * MON"]),
    ("TZ=UTC @daily", &["@daily"]),
    ("@every 5m", &[]),
    // Jenkins writes an `H` for a value that it chooses.
    ("H/15 * * * *", &[]),
    ("H H(0-7) * * 1-5", &[]),
    // Files have more words after the fields.
    ("17 * * * * root", &["17 * * * *"]),
    ("0 3 * * * /usr/bin/backup --all", &["0 3 * * *"]),
    ("0 3 * * * # nightly", &["0 3 * * *"]),
    ("\"0 3 * * *\"", &["0 3 * * *"]),
    ("'0 0 10 ? * MON'", &["0 10 * * MON"]),
];

#[test]
fn what_other_schedulers_take_is_rewritten() {
    for (written, meant) in KNOWN {
        let refused = Crontab::parse(written).unwrap_err();
        assert_eq!(refused.suggestions().collect::<Vec<_>>(), *meant, "{refused}");
        let only = if let [only] = meant { Some(*only) } else { None };
        assert_eq!(refused.suggestion(), only, "{refused}");
        // The message about a fault of one field corrects that field, not the whole crontab.
        for meant in refused.suggestions().filter(|_| refused.to_string().starts_with("crontab: ")) {
            assert!(refused.to_string().contains(&format!("`{meant}`")), "{refused}");
        }
    }
}

/// The text, and words that the message must contain.
const SAID: &[(&str, &[&str])] = &[
    ("0 10 ? * 6L 2022-2023", &["EventBridge", "\"2022-2023\"", "year", "Sunday is 0"]),
    ("0 10 ? * 2-6 *", &["Sunday is 0"]),
    ("0 9 3W * ? *", &["\"3W\"", "workday"]),
    ("0 15 10 L-2 * ?", &["\"L-2\"", "end of the month"]),
    ("*/10 * * * * *", &["\"*/10\"", "minute"]),
    ("30 0 8 * * *", &["\"30\" is left out"]),
    ("0 0 9 * * 1-5", &["where 0 is Sunday", "where 1 is Sunday"]),
    ("0 0 0 13 * FRI", &["both", "cannot be expressed", "`0 0 13 * FRI` where either day is enough"]),
    ("0 24 * * ? *", &["hour \"24\""]),
    ("rate(5 minutes)", &["`interval = \"5 minutes\"`"]),
    ("rate(1 hour)", &["`interval = \"1 hour\"`"]),
    ("rate(5)", &["interval", "no unit"]),
    ("@every 5m", &["`interval = \"5 minutes\"`"]),
    ("@every 1h30m", &["`interval = \"90 minutes\"`"]),
    ("@every 24h", &["`interval = \"24 hours\"`"]),
    ("@every 90s", &["whole minutes"]),
    ("@every fortnight", &["interval"]),
    ("at(2022-11-20T13:00:00)", &["once"]),
    ("CRON_TZ=Europe/Vienna 0 9 * * *", &["`timezone = \"Europe/Vienna\"`"]),
    ("0 9 * * * Europe/Vienna", &["`timezone = \"Europe/Vienna\"`"]),
    ("H/15 * * * *", &["`interval = \"15 minutes\"`"]),
    ("H H * * *", &["`interval = \"1 day\"`"]),
    ("H/7 * * * *", &["choose a value"]),
    ("\"0 3 * * *\"", &["quotes"]),
    ("cron(0 10 * * ? *)", &["cron(..)", "EventBridge"]),
];

#[test]
fn what_cannot_be_expressed_is_named() {
    for (written, words) in SAID {
        let message = Crontab::parse(written).unwrap_err().to_string();
        for word in *words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
    }
    // Day of month and weekday have two readings here, and the one where either of them is enough is the less
    // likely, so there is no suggestion.
    assert_eq!(Crontab::parse("0 0 0 13 * FRI").unwrap_err().suggestion(), None);
    assert!(!Crontab::parse("H/7 * * * *").unwrap_err().to_string().contains("interval"));
}

/// The minutes of other schedulers, asked field by field and value by value.
mod reference {
    use jiff::civil::Date;

    const MONTHS: &str = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    const WEEKDAYS: &str = "SUNMONTUEWEDTHUFRISAT";

    pub(super) struct Crontab<'a> {
        pub(super) five: [&'a str; 5],
        pub(super) year: &'a str,
        /// The number of Sunday.
        pub(super) sunday: i32,
    }

    impl Crontab<'_> {
        pub(super) fn minute(&self, minute: i32) -> bool {
            has(self.five[0], minute, 0, 59, |_| None)
        }

        pub(super) fn hour(&self, hour: i32) -> bool {
            has(self.five[1], hour, 0, 23, |_| None)
        }

        pub(super) fn day(&self, day: Date) -> bool {
            let [_, _, of_month, month, of_week] = self.five;
            let named = |names: &'static str, first: i32| {
                move |name: &str| names.find(name).map(|at| first + i32::try_from(at / 3).unwrap())
            };
            let weekday = i32::from(day.weekday().to_sunday_zero_offset());
            let number = weekday + self.sunday;
            let week = |item: &str, number: i32| {
                let (first, last) = (self.sunday, self.sunday + 6);
                let numbered = |name: &str| named(WEEKDAYS, self.sunday)(name);
                // Sunday is also 7 where it is 0.
                has(item, number, first, last, numbered)
                    || self.sunday == 0 && number == 0 && has(item, 7, 0, 7, numbered)
            };
            has(self.year, i32::from(day.year()), 1970, 2199, |_| None)
                && has(month, i32::from(day.month()), 1, 12, named(MONTHS, 1))
                && of_month.split(',').any(|item| match item {
                    "L" => day == day.last_of_month(),
                    "LW" => is_last_workday(day),
                    _ => has(item, i32::from(day.day()), 1, 31, |_| None),
                })
                && of_week.split(',').any(|item| match item.split_once('#') {
                    Some((item, nth)) => {
                        week(item, number) && (day.day() + 6) / 7 == nth.parse::<i8>().unwrap()
                    }
                    None if item == "L" => weekday == 6,
                    None => match item.strip_suffix('L') {
                        Some(item) => week(item, number) && day.day() + 7 > day.days_in_month(),
                        None => week(item, number),
                    },
                })
        }
    }

    fn is_last_workday(day: Date) -> bool {
        let is_workday = |day: Date| (1..=5).contains(&day.weekday().to_sunday_zero_offset());
        let later = (day.day() + 1..=day.days_in_month()).map(|later| day.with().day(later).build().unwrap());
        is_workday(day) && !later.into_iter().any(is_workday)
    }

    /// Returns whether a list of values, ranges that may go round, and steps holds a value.
    fn has(text: &str, value: i32, first: i32, last: i32, named: impl Fn(&str) -> Option<i32>) -> bool {
        let number = |text: &str| text.parse().ok().or_else(|| named(text)).unwrap();
        text.split(',').any(|item| {
            let (range, step) =
                item.split_once('/').map_or((item, 1), |(range, step)| (range, step.parse().unwrap()));
            let open = item.contains('/');
            let (from, to) = match (range, range.split_once('-')) {
                ("*" | "?" | "", _) => (first, last),
                (_, Some((from, to))) => (number(from), number(to)),
                (one, None) => (number(one), if open { last } else { number(one) }),
            };
            let ahead = |value: i32| (value - from).rem_euclid(last - first + 1);
            ahead(value) <= ahead(to) && ahead(value) % step == 0
        })
    }
}

const FIRST: Date = date(2024, 1, 1);
const DAYS: i32 = 5 * 366;

/// The first minutes from 2024 on.
fn expected(crontab: &reference::Crontab<'_>) -> Vec<Timestamp> {
    let minutes: Vec<i8> = (0..60).filter(|minute| crontab.minute((*minute).into())).collect();
    let hours: Vec<i8> = (0..24).filter(|hour| crontab.hour((*hour).into())).collect();
    let days = FIRST.series(jiff::Span::new().days(1)).take(usize::try_from(DAYS).unwrap());
    let instants = days.filter(|day| crontab.day(*day)).flat_map(|day| {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
        times.map(move |(hour, minute)| {
            day.at(hour, minute, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
        })
    });
    // The number is that of the most occurrences in a day, and some more.
    instants.step_by(7).take(300).collect()
}

/// Returns the first minutes from 2024 on, by this crate.
fn ours(crontab: &str) -> Vec<Timestamp> {
    let schedule = Schedule::crontab(crontab).unwrap();
    let day = |date: Date| date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let (start, end) = (day(FIRST), day(FIRST.checked_add(jiff::Span::new().days(DAYS)).unwrap()));
    let before = start - jiff::Span::new().seconds(1);
    std::iter::successors(Some(before), |from| calendar::next_after(&schedule, &Timezone::UTC, *from))
        .skip(1)
        .take_while(|instant| *instant < end)
        .step_by(7)
        .take(300)
        .collect()
}

fn list(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::vec(item, 1..3).prop_map(|items| items.join(","))
}

/// A list of what all fields take.
fn plain(first: u32, last: u32) -> impl Strategy<Value = String> + Clone {
    let value = first..=last;
    let step = 1..=last.min(20);
    prop_oneof![
        3 => value.clone().prop_map(|value| value.to_string()),
        2 => (value.clone(), value.clone()).prop_map(|(from, to)| format!("{from}-{to}")),
        1 => step.clone().prop_map(|step| format!("*/{step}")),
        1 => step.clone().prop_map(|step| format!("/{step}")),
        1 => (value.clone(), step.clone()).prop_map(|(from, step)| format!("{from}/{step}")),
        1 => (value.clone(), value, step).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
    ]
}

fn field(first: u32, last: u32) -> impl Strategy<Value = String> {
    prop_oneof![1 => Just("*".to_owned()), 3 => list(plain(first, last))]
}

fn month() -> impl Strategy<Value = String> {
    let named =
        prop::sample::select(vec!["JAN", "FEB-APR", "OCT-FEB", "MAY,AUG", "SEP-12"]).prop_map(str::to_owned);
    prop_oneof![2 => Just("*".to_owned()), 2 => field(1, 12), 1 => named]
}

/// The days as EventBridge and Quartz have them, with one `?`.
fn days(first_weekday: u32, last_weekday: u32) -> impl Strategy<Value = (String, String)> {
    let of_month = prop_oneof![4 => plain(1, 31), 1 => Just("L".to_owned()), 1 => Just("LW".to_owned())];
    let weekday = first_weekday..=last_weekday;
    let name = prop::sample::select(vec!["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);
    let of_week = prop_oneof![
        4 => plain(first_weekday, last_weekday),
        2 => name.clone().prop_map(str::to_owned),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (name.clone(), 1..6_u32).prop_map(|(name, nth)| format!("{name}#{nth}")),
        1 => name.prop_map(|name| format!("{name}L")),
        1 => weekday.clone().prop_map(|weekday| format!("{weekday}L")),
        1 => (weekday, 1..6_u32).prop_map(|(weekday, nth)| format!("{weekday}#{nth}")),
    ];
    prop_oneof![
        (list(of_month)).prop_map(|of_month| (of_month, "?".to_owned())),
        (list(of_week)).prop_map(|of_week| ("?".to_owned(), of_week)),
        Just(("*".to_owned(), "?".to_owned())),
        Just(("?".to_owned(), "*".to_owned())),
    ]
}

fn has_open_step(weekdays: &str) -> bool {
    weekdays.split(',').any(|item| item.split_once('/').is_some_and(|(base, _)| !base.contains('-')))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_crontab_of_eventbridge_means_the_same_minutes(
        minute in field(0, 59), hour in field(0, 23), month in month(), (of_month, of_week) in days(1, 7), in_cron: bool,
    ) {
        let five = [&*minute, &*hour, &*of_month, &*month, &*of_week];
        let line = five.join(" ") + " *";
        let line = if in_cron { format!("cron({line})") } else { line };
        let refused = Crontab::parse(&line).unwrap_err();
        let expected = expected(&reference::Crontab { five, year: "*", sunday: 1 });
        match refused.suggestion() {
            Some(meant) => prop_assert_eq!(ours(meant), expected, "{} became {}", line, meant),
            // The crontab never happens, as on 31 February.
            None => prop_assert!(expected.is_empty() && refused.to_string().contains("never"), "{}", refused),
        }
    }

    #[test]
    fn a_crontab_with_seconds_means_the_same_to_each_scheduler(
        minute in field(0, 59), hour in field(0, 23), month in month(), (of_month, of_week) in days(1, 6),
        year in prop::option::of(Just("*")), marked: bool,
    ) {
        let mark = |field: &str| if marked { field.to_owned() } else { field.replace('?', "*") };
        let (of_month, of_week) = (mark(&of_month), mark(&of_week));
        let five = [&*minute, &*hour, &*of_month, &*month, &*of_week];
        let line = format!("0 {} {}", five.join(" "), year.unwrap_or_default());
        let refused = Crontab::parse(&line).unwrap_err();
        let meanings = [0, 1].map(|sunday| expected(&reference::Crontab { five, year: "*", sunday }));
        let suggested: Vec<_> = refused.suggestions().map(ours).collect();
        if suggested.is_empty() {
            let said = refused.to_string();
            let never = meanings.iter().all(Vec::is_empty) && said.contains("never");
            prop_assert!(never || has_open_step(&of_week) && said.contains("list the weekdays"), "{}", said);
        } else {
            prop_assert!(meanings.iter().all(|meaning| suggested.contains(meaning)), "{}", refused);
            prop_assert!(suggested.iter().all(|suggested| meanings.contains(suggested)), "{}", refused);
        }
    }
}
