//! Crontabs of other schedulers: AWS EventBridge, Quartz, Spring, the crate `cron` and their kin, rewritten in five fields.
//!
//! A rewriting means the same minutes as the original. Where schedulers disagree about the original, each reading is returned.

mod field;

use std::fmt::Write as _;

use self::field::{Obstacle, is_within, rewrite};
use super::remedy::{Diagnosis, Reading, quote};
use crate::crontab::field::{FIELDS, Field};
use crate::crontab::fields::Fields;
use crate::crontab::parse::parse;

const FIVE: &str = "a crontab has 5: minute hour day month weekday";

/// Quartz and EventBridge count weekdays from 1, Spring, Go and most others from 0.
const SUNDAY_IS_0: &str = "where 0 is Sunday (Spring, croner)";
const SUNDAY_IS_1: &str = "where 1 is Sunday (Quartz, the crate `cron`)";
const EITHER_DAY: &str = "where either day is enough";

/// The fields of a crontab of another scheduler: the five, and those around them.
#[derive(Clone, Copy)]
struct Layout<'a> {
    seconds: Option<&'a str>,
    five: [&'a str; 5],
    year: Option<&'a str>,
    /// A `?` takes the place of the day field that allows any day.
    marked: bool,
    /// Whether the layout is that of EventBridge alone: minute first, year last and `?`, or `cron(..)`.
    aws: bool,
}

/// The five fields without their `?`, once for each way to count weekdays that makes a difference.
pub(super) fn five(words: &[&str]) -> Vec<Reading> {
    let Ok(five) = <[&str; 5]>::try_from(words) else { return Vec::new() };
    readings(five, &[(0, SUNDAY_IS_0), (1, SUNDAY_IS_1)]).map(named).unwrap_or_default()
}

/// The remedy for six or seven words; `None` if they are no crontab of another scheduler either. `in_cron` says that they stood
/// in `cron(..)`.
pub(super) fn remedy(words: &[&str], in_cron: bool) -> Option<Diagnosis> {
    layouts(words, in_cron).into_iter().find_map(|layout| read(&layout))
}

/// Returns the layouts that the words may have, the likeliest first. The place of a `?` decides: it stands for a day, never for an hour
/// or a month.
fn layouts<'a>(words: &[&'a str], in_cron: bool) -> Vec<Layout<'a>> {
    let marks: Vec<usize> = (0..words.len()).filter(|place| words[*place] == "?").collect();
    let marked = !marks.is_empty();
    let days_at = |places: [usize; 2]| marks.iter().all(|mark| places.contains(mark));
    match *words {
        [minute, hour, day, month, weekday, last] => {
            let year_last = Layout {
                seconds: None,
                five: [minute, hour, day, month, weekday],
                year: Some(last),
                marked,
                aws: marked || in_cron,
            };
            let seconds_first = Layout {
                seconds: Some(minute),
                five: [hour, day, month, weekday, last],
                year: None,
                marked,
                aws: false,
            };
            let seconds_last = Layout { seconds: Some(last), year: None, aws: false, ..year_last };
            match (days_at([2, 4]), days_at([3, 5])) {
                (true, _) if marked || in_cron || is_year(last) && !last.contains('*') => vec![year_last],
                (true, true) => vec![seconds_first, year_last, seconds_last],
                (false, true) => vec![seconds_first],
                _ => Vec::new(),
            }
        }
        [second, minute, hour, day, month, weekday, year] if days_at([3, 5]) && !in_cron => vec![Layout {
            seconds: Some(second),
            five: [minute, hour, day, month, weekday],
            year: Some(year),
            marked,
            aws: false,
        }],
        _ => Vec::new(),
    }
}

fn read(layout: &Layout<'_>) -> Option<Diagnosis> {
    let around = around(layout)?;
    let numberings: &[_] = match layout {
        Layout { aws: true, .. } => &[(1, SUNDAY_IS_1)],
        Layout { marked: true, .. } => &[(1, SUNDAY_IS_1), (0, SUNDAY_IS_0)],
        _ => &[(0, SUNDAY_IS_0), (1, SUNDAY_IS_1)],
    };
    let readings = match readings(layout.five, numberings) {
        Ok(readings) => readings,
        Err(Obstacle::Inexpressible(words)) => return Some(Diagnosis::said(format!("{around}; {words}"))),
        // A crontab without a `?` may be something else than one of another scheduler.
        Err(Obstacle::Malformed(words)) if layout.marked || layout.aws => {
            return Some(Diagnosis::said(format!("{around}; {words}")));
        }
        Err(Obstacle::Malformed(_)) => return None,
    };
    let (fields, Reading { crontab, .. }) = readings.first()?;
    if !fields.both_days {
        // Both days are given, and in a crontab a match of either is enough. The schedulers that read it so count weekdays from 0.
        let what = format!("{around}; that day of month and weekday both match cannot be expressed");
        let either = Reading { crontab: crontab.clone(), when: EITHER_DAY };
        return Some(Diagnosis { what, fix: None, readings: vec![either] });
    }
    let weekday = layout.five[4];
    let renumbered = readings.len() == 1 && weekday.contains(|c: char| c.is_ascii_digit());
    let renumbered = renumbered && crontab.rsplit(' ').next() != Some(weekday);
    let what = around + if renumbered { ", and Sunday is 0" } else { "" };
    Some(Diagnosis { what, fix: None, readings: named(readings) })
}

/// Suggestions, each with the schedulers that it is for, unless there is only one.
fn named(readings: Vec<(Fields, Reading)>) -> Vec<Reading> {
    let one = readings.len() == 1;
    let readings = readings.into_iter().map(|(_, reading)| reading);
    readings.map(|reading| Reading { when: if one { "" } else { reading.when }, ..reading }).collect()
}

/// The different meanings of five fields, at least one.
fn readings(five: [&str; 5], numberings: &[(u32, &'static str)]) -> Result<Vec<(Fields, Reading)>, Obstacle> {
    let mut readings: Vec<(Fields, Reading)> = Vec::new();
    let mut malformed = None;
    for (sunday, when) in numberings {
        match rewrite_all(five, *sunday) {
            Ok((fields, _)) if readings.iter().any(|(other, _)| *other == fields) => {}
            Ok((fields, crontab)) => readings.push((fields, Reading { crontab, when })),
            Err(Obstacle::Malformed(words)) => malformed = Some(words),
            Err(obstacle) => return Err(obstacle),
        }
    }
    match malformed {
        Some(words) if readings.is_empty() => Err(Obstacle::Malformed(words)),
        _ => Ok(readings),
    }
}

/// Describes the fields that a crontab does not have; `None` if a field is neither seconds nor a year.
fn around(layout: &Layout<'_>) -> Option<String> {
    let Layout { seconds, year, aws, .. } = layout;
    let count = 5 + usize::from(seconds.is_some()) + usize::from(year.is_some());
    let whose = if *aws { ", as EventBridge has them" } else { "" };
    let mut what = format!("{count} fields{whose}; {FIVE}");
    if let Some(seconds) = seconds {
        // Seconds have the same range and syntax as minutes.
        let set = field::set(&FIELDS[0], seconds, 0).ok()?;
        what += ", no seconds";
        if set.count_ones() > 1 {
            _ = write!(what, " ({} is one run a minute to the server)", quote(seconds, 12));
        } else if set != 1 {
            _ = write!(what, " ({} is left out)", quote(seconds, 12));
        }
    }
    if let Some(year) = year {
        if !is_year(year) {
            return None;
        }
        what += if seconds.is_some() { " and no year" } else { ", no year" };
        if !matches!(*year, "*" | "?") {
            _ = write!(what, " ({} is left out: disable the monitor in other years)", quote(year, 12));
        }
    }
    Some(what)
}

/// Returns the five fields in this dialect, or the obstacle.
fn rewrite_all(five: [&str; 5], sunday: u32) -> Result<(Fields, String), Obstacle> {
    let mut rewritten = Vec::with_capacity(5);
    for (field, text) in FIELDS.iter().zip(five) {
        rewritten.push(rewrite(field, text, sunday)?);
    }
    let crontab = rewritten.join(" ");
    let never = |_| Obstacle::Malformed("it never happens".to_owned());
    parse(crontab.as_bytes()).map(|fields| (fields, crontab)).map_err(never)
}

/// `*`, or years of four digits.
fn is_year(text: &str) -> bool {
    const YEAR: Field = Field { index: usize::MAX, name: "year", smallest: 1970, largest: 2199, names: &[] };
    text == "?" || is_within(&YEAR, text)
}
