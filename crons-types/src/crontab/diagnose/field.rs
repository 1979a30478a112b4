//! Remedies for one item of one field: what other crons would have made of it, or what was misspelled.

use std::fmt::Write as _;
use std::iter::successors;

use super::foreign;
use super::remedy::{Diagnosis, Replacement, quote};
use crate::crontab::bytes::{MOST_DIGITS, next_word};
use crate::crontab::fault::{Fault, Kind};
use crate::crontab::field::{Field, MONTHS, WEEKDAYS};
use crate::{Interval, IntervalUnit};

pub(super) fn remedy(text: &str, field: &Field, fault: Fault) -> Diagnosis {
    // The whole item is what was meant to be one thing, even if only a part of it is at fault.
    let (word_start, word_end) = word_at(text, fault.start);
    let (start, end) = match fault.kind {
        Kind::Impossible(_) => (fault.start, fault.end),
        // A comma beside it is removed, too.
        Kind::EmptyItem if text[..fault.start].ends_with(',') => (fault.start - 1, fault.end),
        Kind::EmptyItem => (fault.start, fault.end + 1),
        _ => (
            text[word_start..fault.start].rfind(',').map_or(word_start, |at| word_start + at + 1),
            text[fault.end..word_end].find(',').map_or(word_end, |at| fault.end + at),
        ),
    };
    let fields: Vec<&str> = words(text).map(|(start, end)| &text[start..end]).collect();
    let item = text.get(start..end).unwrap_or_default();
    let part = text.get(fault.start..fault.end).unwrap_or_default();
    if part == "?" && matches!(field.index, 2 | 4) {
        // A `?` comes from another scheduler, which may count weekdays otherwise.
        let readings = foreign::five(&fields);
        if readings.len() > 1 {
            return Diagnosis { what: format!("{} is not known here", quote(item, 20)), fix: None, readings };
        }
    }
    let (what, with) = match fault.kind {
        Kind::EmptyItem => {
            ("an item of the list is empty; leave out the comma".to_owned(), Some(String::new()))
        }
        Kind::OutOfRange => out_of_range(field, item, part),
        Kind::Wrapping { from, to } => wrapping(field, item, from, to),
        Kind::NoStep => no_step(item),
        Kind::ZeroStep => {
            let every = item.split('/').next().map(str::to_owned);
            (format!("the step of {} is 0, the smallest is 1", quote(item, 20)), every)
        }
        Kind::Nth => {
            (format!("{} must end in #1 to #5, the place of the weekday in the month", quote(item, 20)), None)
        }
        Kind::Impossible(day) => impossible(text, day),
        _ => no_value(&fields, field, item, part),
    };
    Diagnosis { what, fix: with.map(|with| Replacement { start, end, with }), readings: Vec::new() }
}

fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let next = |from: usize| next_word(text.as_bytes(), from);
    successors(next(0), move |(_, end)| next(*end))
}

/// The field that a byte of it belongs to.
fn word_at(text: &str, at: usize) -> (usize, usize) {
    words(text).find(|(start, end)| (*start..=*end).contains(&at)).unwrap_or((0, text.len()))
}

fn out_of_range(field: &Field, item: &str, part: &str) -> (String, Option<String>) {
    let what = format!("{} is not in {}-{}", number(part), field.smallest, field.largest);
    let next_round = matches!((field.index, part), (0, "60") | (1, "24")) && item == part;
    (what, next_round.then(|| "0".to_owned()))
}

fn number(digits: &str) -> String {
    if digits.len() <= 20 { digits.to_owned() } else { format!("{}…", &digits[..20]) }
}

/// `22-4` became `22-23,0-4`; with names or a step, the values one by one.
fn wrapping(field: &Field, item: &str, from: u32, to: u32) -> (String, Option<String>) {
    const LONGEST: usize = 12;
    // Sunday is 0, not 7, in a range that wraps.
    let largest = if field.index == 4 { 6 } else { field.largest };
    let step = item.split_once('/').and_then(|(_, step)| step.parse::<u32>().ok()).unwrap_or(1);
    let named = item.starts_with(|c: char| c.is_ascii_alphabetic());
    let what = format!(
        "{} runs backwards, and a range cannot pass {}",
        quote(item, 20),
        name(field, largest, named)
    );
    if from > largest {
        return (what, None);
    }
    if step == 1 && !named {
        let span = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}-{to}") };
        return (what, Some(span(from, largest) + "," + &span(field.smallest, to)));
    }
    let count = largest - field.smallest + 1;
    let chosen = (0..=to + count - from).step_by(usize::try_from(step).unwrap_or(usize::MAX).max(1));
    let chosen: Vec<_> = chosen
        .map(|ahead| name(field, field.smallest + (from - field.smallest + ahead) % count, named))
        .collect();
    (what, (chosen.len() <= LONGEST).then(|| chosen.join(",")))
}

fn name(field: &Field, value: u32, named: bool) -> String {
    let name = usize::try_from(value - field.smallest).ok().and_then(|index| field.names.get(index));
    name.filter(|_| named).map_or_else(|| value.to_string(), |name| (*name).to_owned())
}

fn no_step(item: &str) -> (String, Option<String>) {
    let mut parts = item.split('/');
    let (from, step, more) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let what = format!("{} must have one whole number after the `/`", quote(item, 20));
    let with = match (step, more) {
        ("", _) => Some(from.to_owned()),
        _ => None,
    };
    (what, with.filter(|with| !with.is_empty()))
}

fn impossible(text: &str, day: u32) -> (String, Option<String>) {
    let months = words(text).nth(3).map_or("", |(start, end)| &text[start..end]);
    let months: Vec<&str> = months.split(',').collect();
    let what = match months[..] {
        [month] if month.len() <= 3 => format!("{day} never comes in month {month}, so it never happens"),
        _ => format!("{day} never comes in these months, so it never happens"),
    };
    (what, Some("L".to_owned()))
}

fn no_value(fields: &[&str], field: &Field, item: &str, part: &str) -> (String, Option<String>) {
    let capital = part.to_uppercase();
    let quoted = quote(item, 20);
    let said = |what: &str| (format!("{quoted} {what}"), None);
    let fixed = |what: &str, with: &str| (format!("{quoted} {what}"), Some(with.to_owned()));
    match (field.index, capital.as_str()) {
        (_, "?" | "**") => return fixed("is not known here", &item.replace(part, "*")),
        (_, "H" | "R") => return by_chance(fields, item),
        _ if capital.starts_with("H(") => return by_chance(fields, item),
        _ if item.contains('~') => {
            return (
                format!("{} is a random time, which nobody can expect; write a fixed one", quote(item, 20)),
                None,
            );
        }
        (_, "") if item.starts_with('/') => return fixed("begins with the step", &format!("*{item}")),
        (_, "") if item.starts_with('-') => return said("begins with `-`, and no value is negative"),
        (_, "") if item.contains('-') => return said("lacks an end of its range"),
        (_, "") => return said("lacks a value"),
        (2, _) if capital.ends_with('W') => {
            return said("asks for the nearest workday, only `LW`, the last, is known");
        }
        (2, _) if item.to_uppercase().starts_with("L-") => {
            return said("counts from the end, only `L`, the last day, is known");
        }
        (4, "L") => return said("lacks its weekday, `5L` is the last Friday"),
        (_, number) if number.contains('.') => return said("is no whole number"),
        _ => {}
    }
    if let (4, Some(last)) = (field.index, last_weekday(&capital)) {
        return fixed("is not how the last such weekday is written", &last);
    }
    if capital.len() > MOST_DIGITS && capital.bytes().all(|byte| byte.is_ascii_digit()) {
        return (format!("{} is not in {}-{}", number(&capital), field.smallest, field.largest), None);
    }
    if let Some(known) = known_name(field, &capital) {
        return fixed("is not known here", &item.replace(part, known));
    }
    let other =
        if field.index == 3 { known_name_in(&WEEKDAYS, &capital) } else { known_name_in(&MONTHS, &capital) };
    if other.is_some() && matches!(field.index, 3 | 4) {
        return said(if field.index == 3 {
            "is a weekday, the last field"
        } else {
            "is a month, the field before"
        });
    }
    let mut what = format!("{quoted} is neither `*` nor in {}-{}", field.smallest, field.largest);
    if let (Some(first), Some(last)) = (field.names.first(), field.names.last()) {
        _ = write!(what, " or {first}-{last}");
    }
    (what, None)
}

/// Jenkins chooses a value for each job, and keeps to it: the period is known, the place in it is not.
fn by_chance(fields: &[&str], item: &str) -> (String, Option<String>) {
    let by_chance = |field: &str| field.starts_with(['H', 'h']) && !field.contains('/');
    let one = |field: &str| by_chance(field) || !field.contains(['*', '/', ',', '-']);
    // A step gives the same time between any two runs only if it divides the whole.
    let step = |field: &str, whole: u32| {
        let step = field.strip_prefix(['H', 'h'])?.strip_prefix('/')?.parse::<u32>().ok()?;
        (step > 0 && whole.is_multiple_of(step)).then_some(step)
    };
    let period = match *fields {
        [minute, "*", "*", "*", "*"] if by_chance(minute) => Some((1, IntervalUnit::Hour)),
        [minute, "*", "*", "*", "*"] => step(minute, 60).map(|step| (step, IntervalUnit::Minute)),
        [minute, hour, "*", "*", "*"] if one(minute) && one(hour) => Some((1, IntervalUnit::Day)),
        [minute, hour, "*", "*", "*"] if one(minute) => step(hour, 24).map(|step| (step, IntervalUnit::Hour)),
        [minute, hour, "*", "*", weekday] if one(minute) && one(hour) && one(weekday) => {
            Some((1, IntervalUnit::Week))
        }
        _ => None,
    };
    let interval = period.and_then(|(value, unit)| Interval::new(value, unit).ok());
    let instead =
        interval.map(|interval| format!(", or give it as an interval, `interval = \"{interval}\"`"));
    let what = "asks for a value by chance, which the server cannot guess; choose a value";
    (format!("{} {what}{}", quote(item, 20), instead.unwrap_or_default()), None)
}

/// `5L` for what others write as `FRIL` or `L5`.
fn last_weekday(capital: &str) -> Option<String> {
    let weekday = capital.strip_suffix('L').or_else(|| capital.strip_prefix('L'))?;
    let named = WEEKDAYS.iter().position(|name| *name == weekday).map(|number| number.to_string());
    let number = Some(weekday).filter(|digit| matches!(digit.as_bytes(), [b'0'..=b'7'])).map(str::to_owned);
    named.or(number).map(|weekday| weekday + "L")
}

/// The name that a longer one begins with, as in `MONDAY`, `Sept` or `FRIL`.
fn known_name(field: &Field, capital: &str) -> Option<&'static str> {
    known_name_in(field.names, capital)
}

fn known_name_in(names: &[&'static str], capital: &str) -> Option<&'static str> {
    names
        .iter()
        .copied()
        .find(|name| capital.starts_with(name) && capital.bytes().all(|c| c.is_ascii_uppercase()))
}
