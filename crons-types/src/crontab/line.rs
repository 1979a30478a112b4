//! Remedies for a crontab as a whole: its number of fields, its nickname.

use super::fault::{Fault, Fix, Kind, Remedy, quote, suggestion};
use super::fold_blanks;
use crate::Interval;

const NICKNAMES: [&str; 6] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"];
const FIVE: &str = "a crontab has 5: minute hour day month weekday";

pub(super) fn remedy(text: &str, fault: Fault) -> Remedy {
    let line = fold_blanks(text);
    let (what, with) = match fault.kind {
        Kind::Nickname => nickname(&line),
        Kind::FieldCount(count) if count > 5 => too_many(&line, count),
        Kind::FieldCount(count) => (too_few(&line, count), None),
        Kind::Never => ("it never happens: no day is both the day of month and the weekday".to_owned(), None),
        // The other kinds belong to a field.
        _ => ("it is empty; write five fields such as `0 3 * * *`, or `@daily`".to_owned(), None),
    };
    Remedy { what, fix: with.map(|with| Fix { start: fault.start, end: fault.end, with }) }
}

fn nickname(line: &str) -> (String, Option<String>) {
    let lower = line.to_lowercase();
    let what = format!("{} is not a nickname that the server knows", quote(line, 24));
    if lower == "@midnight" {
        return (what, Some("@daily".to_owned()));
    }
    if let Some(known) = NICKNAMES.into_iter().find(|known| *known == lower) {
        return (what + ", they are in lower case", Some(known.to_owned()));
    }
    // As in `@month` and `@annualy`; four letters, as `@mon` may be Monday.
    if let Some(known) = NICKNAMES.into_iter().find(|known| lower.get(..5) == known.get(..5)) {
        return (what, Some(known.to_owned()));
    }
    let why = if lower == "@reboot" {
        "; a start of the machine is no schedule, so leave it out"
    } else if lower.starts_with("@every") {
        "; an interval is no crontab, give it as an interval such as `10 minutes`"
    } else {
        "; it knows @hourly, @daily, @weekly, @monthly, @yearly and @annually"
    };
    (what + why, None)
}

fn too_few(line: &str, count: usize) -> String {
    let span = line.strip_prefix("every ").unwrap_or(line);
    if let Ok(interval) = Interval::parse(span) {
        return format!("{} is not a crontab; give it as an interval, `{interval}`", quote(line, 24));
    }
    format!("{count} field{}; {FIVE}", if count == 1 { "" } else { "s" })
}

/// Other crons put seconds before the five fields and a year, a user, a time zone or a command after them.
fn too_many(line: &str, count: usize) -> (String, Option<String>) {
    let Some((first, without_first)) = line.split_once(' ') else { return (FIVE.to_owned(), None) };
    let Some((without_last, last)) = line.rsplit_once(' ') else { return (FIVE.to_owned(), None) };
    if is_zone(first) && count == 6 {
        return (
            "the time zone does not belong here, give it by itself".to_owned(),
            suggestion(without_first),
        );
    }
    if is_zone(last) && count == 6 {
        return (
            "the time zone does not belong here, give it by itself".to_owned(),
            suggestion(without_last),
        );
    }
    if count > 7 {
        return (format!("{count} fields; {FIVE}"), None);
    }
    let seconds =
        if count == 7 { without_first.rsplit_once(' ').map_or("", |(five, _)| five) } else { without_first };
    if let Some(five) = suggestion(&quartz_weekdays(seconds)) {
        let year = if count == 7 { " and no year" } else { "" };
        return (format!("{count} fields; {FIVE}, no seconds{year}"), Some(five));
    }
    let five = if count == 6 { suggestion(without_last) } else { None };
    (format!("{count} fields; {FIVE}"), five)
}

fn is_zone(word: &str) -> bool {
    let named = word.split_once('/').is_some_and(|(area, city)| {
        area.starts_with(|c: char| c.is_ascii_uppercase())
            && city.starts_with(|c: char| c.is_ascii_uppercase())
    });
    named || word == "UTC" || word.starts_with("TZ=") || word.starts_with("CRON_TZ=")
}

/// Quartz, which has seconds and `?`, counts Sunday as 1. Numbers after `#` and `/` are no weekdays.
fn quartz_weekdays(line: &str) -> String {
    let Some((before, weekdays)) = line.rsplit_once(' ').filter(|_| line.contains('?')) else {
        return line.to_owned();
    };
    let mut previous = ' ';
    let shifted = weekdays.chars().map(|c| {
        let weekday = matches!(c, '1'..='7') && !matches!(previous, '#' | '/' | '0'..='9');
        previous = c;
        if weekday { char::from(c as u8 - 1) } else { c }
    });
    format!("{before} {}", shifted.collect::<String>())
}
