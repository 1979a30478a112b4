//! Instants, durations and schedules in words.

use crons_types::Timezone;
use crons_types::calendar::in_zone;
use jiff::{Timestamp, Unit};
use maud::{Markup, html};

use crate::domain::Config;

/// An instant in UTC, to the second.
pub(crate) fn time(instant: Timestamp) -> Markup {
    let machine = machine(instant);
    // "2024-06-03T10:00:05Z" reads better without its letters.
    let human = machine.replace('T', " ");
    html! { time datetime=(machine) { (human.trim_end_matches('Z')) } }
}

/// The instant as machines read it, to the second.
fn machine(instant: Timestamp) -> String {
    instant.round(Unit::Second).unwrap_or(instant).to_string()
}

/// The distance of an instant from `now`, such as "in 3 min" or "20 s ago". The script of the page keeps it up to date.
pub(crate) fn relative(instant: Timestamp, now: Timestamp) -> Markup {
    html! { time.relative datetime=(machine(instant)) { (relative_text(instant, now)) } }
}

/// The distance of an instant from the time of the page, which the script does not change.
pub(crate) fn distance(instant: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(machine(instant)) { (relative_text(instant, now)) } }
}

fn relative_text(instant: Timestamp, now: Timestamp) -> String {
    let seconds = instant.duration_since(now).as_secs();
    let length = span(seconds.unsigned_abs());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// The clock of a zone at an instant, such as "14:05"; with the day if that is another one than at `now`: "tomorrow at 14:05",
/// "Wed 5 Jun at 14:05".
pub(crate) fn clock(instant: Timestamp, zone: Timezone, now: Timestamp) -> String {
    let (local, today) = (in_zone(instant, zone), in_zone(now, zone).date());
    let clock = local.strftime(if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" });
    let day = local.date();
    if day == today {
        clock.to_string()
    } else if today.tomorrow().is_ok_and(|tomorrow| day == tomorrow) {
        format!("tomorrow at {clock}")
    } else if today.yesterday().is_ok_and(|yesterday| day == yesterday) {
        format!("yesterday at {clock}")
    } else if day.year() == today.year() {
        format!("{} at {clock}", local.strftime("%a %-d %b"))
    } else {
        format!("{} at {clock}", local.strftime("%a %-d %b %Y"))
    }
}

/// The place of a zone, such as "in Vienna"; "UTC" for that zone.
pub(crate) fn place(zone: Timezone) -> String {
    let name = zone.as_str();
    match name.rsplit_once('/') {
        Some((region, city)) if !region.eq_ignore_ascii_case("Etc") => {
            format!("in {}", city.replace('_', " "))
        }
        _ if name.eq_ignore_ascii_case("UTC") || name.ends_with("/UTC") => "UTC".to_owned(),
        _ => format!("in {name}"),
    }
}

/// The next expected run and its deadline: "next at 14:05 in Vienna, in 3 min; missed after 14:06".
pub(crate) fn deadline(config: &Config, next: Timestamp, latest: Timestamp, now: Timestamp) -> Markup {
    let zone = config.zone();
    let is_same_day = in_zone(next, zone).date() == in_zone(latest, zone).date();
    let latest = clock(latest, zone, if is_same_day { latest } else { now });
    html! {
        @if next > now { "next " } @else { "expected " }
        (at_clock(next, zone, now)) " " (place(zone)) ", " (relative(next, now)) "; missed after " (latest)
    }
}

/// The clock behind a preposition: "at 14:05", but "tomorrow at 14:05".
fn at_clock(instant: Timestamp, zone: Timezone, now: Timestamp) -> String {
    let clock = clock(instant, zone, now);
    if clock.contains(" at ") { clock } else { format!("at {clock}") }
}

/// The schedule in words, without its zone: "Every hour, on the hour".
pub(crate) fn schedule(config: &Config) -> String {
    config.schedule.describe()
}

/// A duration of a run, in milliseconds.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1_000 % 60),
        _ => format!("{} h {} min", milliseconds / 3_600_000, milliseconds / 60_000 % 60),
    }
}

/// A number of seconds in its two largest units; `spanText` in the script does the same.
pub(crate) fn span(seconds: u64) -> String {
    let minutes = seconds / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("2024-06-{text}Z").parse().unwrap()
    }

    #[test]
    fn durations_and_spans_read_as_people_say_them() {
        for (milliseconds, expected) in
            [(0, "0 ms"), (12, "12 ms"), (1_250, "1.2 s"), (270_000, "4 min 30 s"), (7_260_000, "2 h 1 min")]
        {
            assert_eq!(duration(milliseconds), expected);
        }
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, expected, distance) in [
            (0, "0 s", "now"),
            (59, "59 s", "in 59 s"),
            (119, "1 min", "in 1 min"),
            (3_600, "1 h", "in 1 h"),
            (5_400, "1 h 30 min", "in 1 h 30 min"),
            (86_400, "1 d", "in 1 d"),
            (90_000, "1 d 1 h", "in 1 d 1 h"),
        ] {
            let later = Timestamp::from_second(seconds).unwrap();
            assert_eq!(span(seconds.unsigned_abs()), expected);
            assert_eq!(relative_text(later, now), distance);
        }
        assert_eq!(relative_text(now, Timestamp::from_second(200).unwrap()), "3 min ago");
    }

    #[test]
    fn a_clock_is_that_of_the_place_and_names_another_day() {
        let vienna = Timezone::parse("Europe/Vienna").unwrap();
        let now = instant("03T21:00:00");
        for (at, expected) in [
            ("03T21:05:00", "23:05"),
            ("03T21:05:09", "23:05:09"),
            ("03T22:05:00", "tomorrow at 00:05"),
            ("02T21:59:00", "yesterday at 23:59"),
            ("05T10:00:00", "Wed 5 Jun at 12:00"),
        ] {
            assert_eq!(clock(instant(at), vienna, now), expected);
        }
        let next_year = "2025-01-01T10:00:00Z".parse().unwrap();
        assert_eq!(clock(next_year, vienna, now), "Wed 1 Jan 2025 at 11:00");
    }

    #[test]
    fn a_deadline_says_when_where_and_in_how_long() {
        let mut config: Config =
            serde_json::from_str(r#"{"schedule":{"type":"crontab","value":"5 * * * *"}}"#).unwrap();
        config.timezone = Some(Timezone::parse("Europe/Vienna").unwrap());
        let said = |next: &str, latest: &str| {
            let html =
                deadline(&config, instant(next), instant(latest), instant("03T12:02:00")).into_string();
            let text: String =
                html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
            text
        };
        assert_eq!(
            said("03T12:05:00", "03T12:06:00"),
            "next at 14:05 in Vienna, in 3 min; missed after 14:06"
        );
        assert_eq!(
            said("03T12:00:00", "03T12:10:00"),
            "expected at 14:00 in Vienna, 2 min ago; missed after 14:10"
        );
        assert_eq!(
            said("03T22:05:00", "03T22:06:00"),
            "next tomorrow at 00:05 in Vienna, in 10 h 3 min; missed after 00:06"
        );
        assert_eq!(
            said("03T21:55:00", "03T22:05:00"),
            "next at 23:55 in Vienna, in 9 h 53 min; missed after tomorrow at 00:05"
        );
    }

    #[test]
    fn a_zone_is_named_by_its_place() {
        for (zone, expected) in [
            ("Europe/Vienna", "in Vienna"),
            ("America/Argentina/Buenos_Aires", "in Buenos Aires"),
            ("UTC", "UTC"),
            ("Etc/UTC", "UTC"),
        ] {
            assert_eq!(place(Timezone::parse(zone).unwrap()), expected);
        }
    }
}
