//! Properties of all timelines, in whatever order and however often check-ins arrive: one run is one row, time
//! goes forward, and nothing panics.

use crate::any::*;
use crate::dsl::*;
use crons_server::{RateLimit, Simulation, parse_timeline};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A moment from ten o'clock on.
fn clock(second: u32) -> String {
    format!("{:02}:{:02}:{:02}", 10 + second / 3600, second / 60 % 60, second % 60)
}

/// Generates events of `job`, in the order of time, within three hours.
fn story(length: usize) -> impl Strategy<Value = Vec<(String, Event)>> {
    proptest::collection::vec((second(), happening()), 1..length).prop_map(|mut events| {
        events.sort_by_key(|(second, _)| *second);
        events.into_iter().map(|(second, event)| (clock(second), event)).collect()
    })
}

/// Generates a second, half of them around a full hour, where a run is due.
fn second() -> impl Strategy<Value = u32> {
    prop_oneof![0..3 * 3600_u32, (1..3_u32, 0..120_u32).prop_map(|(hour, second)| hour * 3600 - 60 + second)]
}

/// Returns the rows of a story, without the outcome of each check-in.
fn rows(story: &[(String, Event)], ticks: crons_server::Ticks) -> Vec<String> {
    let mut lines: Vec<String> =
        text(&told(story, ticks)).lines().filter(|line| !line.starts_with('?')).map(unnumbered).collect();
    // The number of a row that the server creates does not matter.
    lines.sort();
    lines
}

fn told(story: &[(String, Event)], ticks: crons_server::Ticks) -> Value {
    let timeline: Vec<(&str, Event)> =
        story.iter().map(|(time, event)| (time.as_str(), event.clone())).collect();
    report(&timeline, ticks, RateLimit::OFF)
}

fn unnumbered(line: &str) -> String {
    line.split(' ').map(|word| if word.starts_with('#') { "#" } else { word }).collect::<Vec<_>>().join(" ")
}

fn until_two(mut story: Vec<(String, Event)>) -> Vec<(String, Event)> {
    story.push(("14:00:00".to_owned(), tick()));
    story
}

proptest! {
    #![proptest_config(config(32))]

    /// Repeats events, like a network that delivers twice, or a client that sends again. (A report with the nil id does not name its run.)
    #[test]
    fn a_report_that_arrives_twice_changes_nothing(story in story(10), again in any::<u16>()) {
        let twice: Vec<_> = story
            .iter()
            .enumerate()
            .flat_map(|(place, event)| {
                let named = event.1.0["check_in"]["check_in_id"] != hex(NIL);
                vec![event.clone(); if named && again >> (place % 16) & 1 == 1 { 2 } else { 1 }]
            })
            .collect();
        prop_assert_eq!(rows(&until_two(story), EVERY), rows(&until_two(twice), EVERY));
    }

    /// Reports of one run, each up to three times, in any order, within a minute: the first end that arrives is how it ended.
    #[test]
    fn one_run_is_one_row_that_says_how_it_ended(
        reports in Just(vec![0, 0, 1, 1, 1]).prop_shuffle(),
        ends in proptest::collection::vec(any::<bool>(), 3),
        described in any::<bool>(),
    ) {
        prop_assume!(reports.contains(&0));
        let mut ends = ends.into_iter();
        let (mut first_end, mut story) = (None, Vec::new());
        for (place, kind) in reports.into_iter().enumerate() {
            let event = if kind == 0 {
                in_progress("a")
            } else {
                let well = ends.next().unwrap();
                first_end.get_or_insert(well);
                let end = if well { ok("a") } else { error("a") };
                if described { end } else { end.bare() }
            };
            story.push((clock(11 * u32::try_from(place).unwrap()), event));
        }
        let report = told(&until_two(story), EVERY);
        let well = first_end.unwrap();
        let [run] = only(&report, &['a']).try_into().unwrap();
        let status = if well { "a ok " } else { "a error " };
        prop_assert!(run.starts_with(status), "{}", run);
        prop_assert!(run.contains("begun") && run.contains("ms"), "{}", run);
        // The only failure reported of this run is its own; what is missed later is another run.
        let of_it = only(&report, &['>']).into_iter().filter(|line| line.contains(" a ")).count();
        prop_assert_eq!(of_it, usize::from(!well));
    }

    #[test]
    fn an_incident_never_ends_before_it_began_nor_later_than_now(story in story(12)) {
        let now = instant(&story.last().unwrap().0);
        let report = told(&story, EVERY);
        for incident in report["incidents"].as_array().unwrap() {
            // Instants of one day in UTC, to the second, are in the order of their texts.
            let began = incident["started_at"].as_str().unwrap();
            if let Some(ended) = incident["resolved_at"].as_str() {
                prop_assert!(began <= ended && ended <= now.as_str(), "{} to {} at {}", began, ended, now);
            }
        }
    }

    /// Checks that reports while it is disabled, and deadlines that pass in that time, have no effect after it is enabled, either.
    #[test]
    fn to_enable_a_monitor_tells_nobody_of_what_was_before(
        before in story(8), filtered in proptest::collection::vec(happening(), 0..4)
    ) {
        let runs = |(_, event): &(String, Event)| event.0.get("check_in").is_some();
        let mut story = vec![("10:00:00".to_owned(), ok("z"))];
        story.extend(before.into_iter().filter(runs));
        story.push(("13:00:00".to_owned(), disable(true)));
        let told_before = only(&told(&story, EVERY), &['>']).len();
        story.extend(filtered.into_iter().map(|event| ("13:01:00".to_owned(), event)).filter(runs));
        story.push(("14:59:30".to_owned(), disable(false)));
        story.push(("15:00:59".to_owned(), tick()));
        prop_assert_eq!(only(&told(&story, EVERY), &['>']).len(), told_before);
    }

    #[test]
    fn to_judge_a_minute_again_changes_nothing(story in story(8), seconds in proptest::collection::vec(0..3 * 3600_u32, 0..8)) {
        let mut ticking = story.clone();
        ticking.extend(seconds.iter().map(|second| (clock(*second), tick())));
        ticking.sort_by(|(one, _), (other, _)| one.cmp(other));
        let all = rows(&until_two(story), EVERY);
        prop_assert_eq!(&all, &rows(&until_two(ticking.clone()), EVERY));
        // The rows are the same if each minute is listed, before the events in it.
        let mut each: Vec<_> = (0..=240).map(|minute| (clock(minute * 60), tick())).collect();
        each.extend(ticking.clone());
        each.sort_by(|(one, _), (other, _)| one.cmp(other));
        prop_assert_eq!(&all, &rows(&each, LISTED));
        // A tick is evaluated once, however often it is listed.
        let repeated: Vec<_> = ticking
            .iter()
            .flat_map(|event| vec![event.clone(); if event.1.0.get("tick").is_some() { 3 } else { 1 }])
            .collect();
        prop_assert_eq!(rows(&ticking, LISTED), rows(&repeated, LISTED));
    }

    /// The next expected run never moves back while the configuration stays: neither by a check-in, nor by a tick, nor
    /// by disabling and enabling. For an interval of months it may, as months without the day are left out (31 January
    /// is followed by 31 March, 1 February by 1 March), and for one of days in a zone in the hour that is repeated.
    #[test]
    fn what_is_expected_never_moves_back(story in story(10), ticks in any::<bool>()) {
        let ticks = if ticks { EVERY } else { LISTED };
        let mut last = None;
        for length in 1..=story.len() {
            let report = told(&story[..length], ticks);
            let next = report["environments"][0]["next_check_in"].as_str().map(str::to_owned);
            prop_assert!(next >= last, "{:?} after {:?} by {:?}", next, last, story[length - 1]);
            last = next;
        }
    }

    #[test]
    fn environments_of_a_monitor_do_not_know_of_each_other(one in story(7), other in story(7)) {
        let runs_of = |story: Vec<(String, Event)>, prefix: &str, environment: &str| -> Vec<(String, Event)> {
            let runs = story.into_iter().filter(|(_, event)| event.0.get("check_in").is_some());
            runs.map(|(time, Event(mut event))| {
                let payload = event["check_in"].take();
                let id = payload["check_in_id"].as_str().unwrap().to_owned();
                // The runs of an environment have ids of their own, and each check-in has the configuration.
                let id = if id == hex(NIL) { id } else { hex(&format!("{prefix}{}", &id[..2])) };
                let status = payload["status"].as_str().unwrap().to_owned();
                (time, check_in("x", &status).with("check_in_id", id).at(environment))
            })
            .collect()
        };
        let (one, other) = (runs_of(one, "p", "production"), runs_of(other, "d", "dev"));
        let mut both = [one.clone(), other].concat();
        both.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut together = rows(&until_two(both), EVERY);
        together.retain(|line| !line.ends_with(" @dev"));
        prop_assert_eq!(rows(&until_two(one), EVERY), together);
    }
}

proptest! {
    #![proptest_config(config(128))]

    /// The timelines also lie at the ends of time, where a minute before or a week after does not exist.
    #[test]
    fn nothing_panics_and_each_check_in_has_one_outcome(
        events in proptest::collection::vec(prop_oneof![
            3 => nearly(), 3 => configured(), 1 => anything().prop_map(payload), 2 => Just(tick())
        ], 1..12),
        from in prop_oneof![Just(-377_705_023_201_i64), Just(253_402_200_000), 0..4_000_000_000_i64],
        steps in proptest::collection::vec(prop_oneof![0..120_i64, 0..4_000_000_i64], 12),
    ) {
        let mut second = from;
        let mut simulation = Simulation::new(LISTED, RateLimit::SENTRY).unwrap();
        let mut sent = 0;
        for (Event(mut event), step) in events.into_iter().zip(steps) {
            second = (second + step).min(253_402_207_200);
            event["at"] = json!(jiff::Timestamp::from_second(second).unwrap().to_string());
            sent += usize::from(event.get("check_in").is_some());
            for event in parse_timeline(&event.to_string()).unwrap() {
                simulation.apply(event).unwrap();
            }
        }
        prop_assert_eq!(simulation.finish().unwrap().outcomes.len(), sent);
    }

    #[test]
    fn no_text_panics_as_a_timeline(text in any::<String>(), value in anything()) {
        for text in [text, value.to_string(), json!({"at": "2024-06-03T10:00:00Z", "tick": value}).to_string()] {
            if let Err(refused) = parse_timeline(&text) {
                prop_assert!(refused.starts_with("line "), "{}", refused);
            }
        }
    }
}
