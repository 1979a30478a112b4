//! Fields of other schedulers: read as sets of values, written as fields of a crontab.

use crate::crontab::diagnose::remedy::quote;
use crate::crontab::field::Field;
use crate::crontab::fields::{EVERY_WEEKDAY, LAST_DAY, LAST_WORKDAY, nth_weekday};
use crate::crontab::parse::list;

const DAY: usize = 2;
const WEEKDAY: usize = 4;
/// The `nth` of [`nth_weekday`] that stands for the last one of the month.
const LAST: u32 = 6;

const MONTHS_IN_FULL: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];
const WEEKDAYS_IN_FULL: [&str; 7] =
    ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];

/// The reason for which a field has no equal in a crontab.
pub(super) enum Obstacle {
    /// The value is not allowed by the other scheduler either. The sentence names the field.
    Malformed(String),
    /// The value is allowed by the other scheduler. The sentence says what a crontab cannot express.
    Inexpressible(String),
}

/// Returns the field of a crontab with the same values: unchanged, if it means the same here.
pub(super) fn rewrite(field: &Field, text: &str, sunday: u32) -> Result<String, Obstacle> {
    let set = set(field, text, sunday)?;
    let every = if field.index == WEEKDAY { EVERY_WEEKDAY } else { values(field.smallest, field.largest) };
    if set == every {
        return Ok("*".to_owned());
    }
    let means_it = |text: &&str| {
        list(field, text.as_bytes(), (0, text.len())).is_ok_and(|here| {
            // The weekday 7 is Sunday here, too.
            let sunday = if field.index == WEEKDAY { here & 1 << 7 } else { 0 };
            here & !sunday | sunday >> 7 == set
        })
    };
    // `/5` is short for `*/5`.
    let spelled = if text.starts_with('/') { format!("*{text}") } else { text.to_owned() };
    Ok(Some(&*spelled).filter(means_it).map_or_else(|| written(field, set, has_names(text)), str::to_owned))
}

/// The values of a field, in the bits of [`Fields`](crate::crontab::fields::Fields).
pub(super) fn set(field: &Field, text: &str, sunday: u32) -> Result<u64, Obstacle> {
    let capital = match text {
        "?" if matches!(field.index, DAY | WEEKDAY) => "*".to_owned(),
        _ => text.to_ascii_uppercase(),
    };
    let mut set = 0;
    for item in capital.split(',') {
        let malformed =
            || Obstacle::Malformed(format!("the {} {} is malformed", field.name, quote(item, 12)));
        set |= match special(field, item, sunday) {
            Some(Ok(set)) => set,
            Some(Err(what)) => return Err(Obstacle::Inexpressible(format!("{} {what}", quote(item, 12)))),
            None => plain(field, item, sunday).ok_or_else(malformed)?,
        };
    }
    Ok(set)
}

/// Returns whether the field is a list of plain values, ranges and steps.
pub(super) fn is_within(field: &Field, text: &str) -> bool {
    text.split(',').all(|item| {
        let base = item.split_once('/').map_or(item, |(base, _)| base);
        let (from, to) = base.split_once('-').unwrap_or((base, base));
        base == "*" || value(field, from, 0).is_some() && value(field, to, 0).is_some()
    })
}

/// The last day, the last workday, such a weekday of the month; or what cannot be expressed of its kind.
fn special(field: &Field, item: &str, sunday: u32) -> Option<Result<u64, &'static str>> {
    if field.index == DAY {
        return match item {
            "L" => Some(Ok(LAST_DAY)),
            "LW" => Some(Ok(LAST_WORKDAY)),
            _ if item.strip_prefix("L-").is_some_and(|days| number(days.trim_end_matches('W')).is_some()) => {
                Some(Err(
                    "counts from the end of the month, of which only `L`, the last day, can be expressed",
                ))
            }
            _ => item
                .strip_suffix('W')
                .and_then(|day| value(field, day, 0))
                .map(|_| Err("asks for the nearest workday, of which only `LW`, the last, can be expressed")),
        };
    }
    if field.index != WEEKDAY {
        return None;
    }
    if item == "L" && sunday == 1 {
        return Some(Ok(1 << 6));
    }
    let open_step = |(base, step): (&str, &str)| !base.contains('-') && number(step) != Some(1);
    if sunday == 0 && item.split_once('/').is_some_and(open_step) {
        return plain(field, item, sunday)
            .map(|_| Err("is counted differently by other schedulers, so list the weekdays"));
    }
    let (weekday, nth) = match item.split_once('#') {
        Some((weekday, nth)) => (weekday, number(nth).filter(|nth| (1..LAST).contains(nth))?),
        None => (item.strip_suffix('L')?, LAST),
    };
    value(field, weekday, sunday).map(|weekday| Ok(nth_weekday(weekday % 7, nth)))
}

/// Values, ranges and steps.
fn plain(field: &Field, item: &str, sunday: u32) -> Option<u64> {
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => (base, Some(number(step).filter(|step| *step > 0)?)),
        None => (item, None),
    };
    let (smallest, largest) = bounds(field, sunday);
    let (from, to) = match base.split_once('-') {
        Some((from, to)) => (value(field, from, sunday)?, value(field, to, sunday)?),
        None if base == "*" || base.is_empty() && step.is_some() => (smallest, largest),
        None if step.is_some() => (value(field, base, sunday)?, largest),
        None => (value(field, base, sunday)?, value(field, base, sunday)?),
    };
    Some(steps(field, (from, to), (smallest, largest), step.unwrap_or(1)))
}

/// The range of a field. Weekdays are as they are numbered here; where 0 is Sunday, 7 is, too.
fn bounds(field: &Field, sunday: u32) -> (u32, u32) {
    let largest = if field.index == WEEKDAY { field.largest - sunday } else { field.largest };
    (field.smallest, largest)
}

/// Returns every `step`-th value from the first to the last, past the largest if the last is smaller than the first.
fn steps(field: &Field, (from, to): (u32, u32), (smallest, largest): (u32, u32), step: u32) -> u64 {
    // A week that goes past its end has seven days, whichever of them is Sunday.
    let largest = if field.index == WEEKDAY && to < from { largest.min(6) } else { largest };
    let round = largest - smallest + 1;
    let to = if to < from { to + round } else { to };
    let mut set = 0;
    let mut at = from;
    while at <= to {
        let value = if at > largest { at - round } else { at };
        set |= 1 << if field.index == WEEKDAY { value % 7 } else { value };
        at = at.saturating_add(step);
    }
    set
}

/// A number within the range, or a name; weekdays as they are numbered here.
fn value(field: &Field, text: &str, sunday: u32) -> Option<u32> {
    let number =
        number(text).and_then(|number| number.checked_sub(if field.index == WEEKDAY { sunday } else { 0 }));
    let largest = if field.index == WEEKDAY { field.largest - sunday } else { field.largest };
    let full: &[&str] = if field.index == WEEKDAY { &WEEKDAYS_IN_FULL } else { &MONTHS_IN_FULL };
    let named = || {
        let begun = |full: &&str| text.len() >= 3 && full.starts_with(text);
        full.iter().position(begun).filter(|_| !field.names.is_empty())
    };
    match number {
        Some(number) => Some(number).filter(|number| (field.smallest..=largest).contains(number)),
        None => named().and_then(|place| u32::try_from(place).ok()).map(|place| place + field.smallest),
    }
}

/// A number has digits only: `parse` takes a `+`, too.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

const fn values(from: u32, to: u32) -> u64 {
    (u64::MAX >> (63 - to)) & (u64::MAX << from)
}

/// Returns whether months or weekdays are written by name.
fn has_names(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() > 2)
}

/// A set as a list of values and ranges, by name if `named`.
fn written(field: &Field, set: u64, named: bool) -> String {
    let largest = if field.index == WEEKDAY { 6 } else { field.largest };
    let holds = |value: u32| set >> value & 1 == 1;
    let name = |value: u32| {
        let place = usize::try_from(value - field.smallest).unwrap_or(usize::MAX);
        let name = field.names.get(place).filter(|_| named);
        name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
    };
    let mut items = Vec::new();
    let mut at = field.smallest;
    while at <= largest {
        let mut end = at;
        while holds(at) && end < largest && holds(end + 1) {
            end += 1;
        }
        match end - at {
            _ if !holds(at) => {}
            0 => items.push(name(at)),
            1 => items.extend([name(at), name(end)]),
            _ => items.push(format!("{}-{}", name(at), name(end))),
        }
        at = end + 1;
    }
    if field.index == DAY {
        items.extend((set & LAST_DAY != 0).then(|| "L".to_owned()));
        items.extend((set & LAST_WORKDAY != 0).then(|| "LW".to_owned()));
    }
    if field.index == WEEKDAY {
        for weekday in 0..7 {
            let nths = (1..=LAST).filter(|nth| set & nth_weekday(weekday, *nth) != 0);
            // The last one is never by name.
            items.extend(nths.map(|nth| match nth {
                LAST => format!("{weekday}L"),
                nth => format!("{}#{nth}", name(weekday)),
            }));
        }
    }
    items.join(",")
}
