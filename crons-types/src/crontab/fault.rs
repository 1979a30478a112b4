//! What is wrong with a crontab and where; the words for it are found later, outside `const fn`.

use std::fmt::Write as _;

use super::parse::{FIELDS, Field};
use super::{frame, item, line, parse};

/// The first thing that is wrong: `start` and `end` are bytes of the text as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// 0 to 4, or `None` if it is about the whole line.
    pub(crate) field: Option<usize>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// The classes of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Empty,
    /// Begins with `@`, but is not one of the six.
    Nickname,
    /// Something stands around the crontab: quotes, `cron(..)`, a time zone.
    Framed,
    /// So many words, not five.
    FieldCount(usize),
    /// Nothing between two commas.
    EmptyItem,
    /// No number, no `*`, no name of this field.
    NoValue,
    OutOfRange,
    Wrapping {
        from: u32,
        to: u32,
    },
    /// What follows `/` is no number.
    NoStep,
    ZeroStep,
    /// What follows `#` is not 1 to 5.
    Nth,
    /// No chosen month has this day, the smallest of the field.
    Impossible(u32),
    /// Each field is fine, yet no day matches them all.
    Never,
}

impl Fault {
    pub(crate) const fn whole(length: usize, kind: Kind) -> Self {
        Self { field: None, start: 0, end: length, kind }
    }

    pub(crate) const fn at(field: &Field, start: usize, end: usize, kind: Kind) -> Self {
        Self { field: Some(field.index), start, end, kind }
    }

    /// The fault in words that are known to the compiler.
    pub(crate) const fn summary(&self) -> &'static str {
        match (self.kind, self.field) {
            (Kind::Empty, _) => "crontab: it is empty",
            (Kind::Nickname, _) => {
                "crontab: the nicknames are @yearly, @annually, @monthly, @weekly, @daily and @hourly"
            }
            (Kind::FieldCount(_) | Kind::Framed, _) => {
                "crontab: it must have five fields: minute hour day month weekday"
            }
            (Kind::Impossible(_) | Kind::Never, _) => "crontab: it never happens",
            (_, Some(0)) => "crontab: the minute must be `*` or in 0-59, as a list, a range or with a step",
            (_, Some(1)) => "crontab: the hour must be `*` or in 0-23, as a list, a range or with a step",
            (_, Some(2)) => "crontab: the day of month must be `*`, `L`, `LW` or in 1-31",
            (_, Some(3)) => "crontab: the month must be `*` or in 1-12 or JAN-DEC",
            (_, _) => "crontab: the day of week must be `*` or in 0-7 or SUN-SAT, or such as `5L` or `FRI#2`",
        }
    }
}

/// What to say about a fault, and what to write instead.
pub(crate) struct Remedy {
    pub(crate) what: String,
    pub(crate) fix: Option<Fix>,
    /// In place of a fix: whole crontabs that are accepted, more than one where the text can be read in more than one way.
    pub(crate) readings: Vec<Reading>,
}

/// `with` takes the place of the bytes from `start` to `end`.
pub(crate) struct Fix {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) with: String,
}

/// A crontab that means what was written, if it was written for the scheduler that `when` names; an empty `when` is any.
pub(crate) struct Reading {
    pub(crate) crontab: String,
    pub(crate) when: &'static str,
}

impl Remedy {
    /// Nothing can be written instead.
    pub(crate) fn said(what: String) -> Self {
        Self { what, fix: None, readings: Vec::new() }
    }

    /// Appends "write .." to `message`. Parts that are long, or that a terminal would not show as they are, are left out.
    fn write_advice(&self, message: &mut String) {
        let is_plain = |text: &str| {
            (1..=60).contains(&text.len())
                && text.chars().all(|c| c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation())
        };
        if let Some(Fix { with, .. }) = self.fix.as_ref().filter(|fix| is_plain(&fix.with)) {
            _ = write!(message, "; write `{with}`");
        }
        if self.readings.iter().all(|reading| is_plain(&reading.crontab)) {
            for (place, Reading { crontab, when }) in self.readings.iter().enumerate() {
                let before = if place == 0 { "; write" } else { ", or" };
                let blank = if when.is_empty() { "" } else { " " };
                _ = write!(message, "{before} `{crontab}`{blank}{when}");
            }
        }
    }
}

/// The first thing that is wrong with a text.
pub(crate) fn find(text: &str) -> Option<Fault> {
    let fault = parse::parse(text.as_bytes()).err()?;
    // A frame is around the fields: no field is at fault then.
    let framed = Fault::whole(text.len(), Kind::Framed);
    Some(if frame::is_framed(text) { framed } else { fault })
}

/// One line: the field, what was written, what is allowed, and what was probably meant.
pub(crate) fn message(text: &str, fault: Fault) -> String {
    let remedy = remedy(text, fault);
    let name = fault.field.map_or("crontab", |index| FIELDS[index].name);
    let mut message = format!("{name}: {}", remedy.what);
    remedy.write_advice(&mut message);
    match fault.field {
        Some(index) => _ = write!(message, " (field {} of {})", index + 1, quote(text, 40)),
        None if text.len() <= 40 && message.contains(text.trim()) => {}
        None => _ = write!(message, " (in {})", quote(text, 40)),
    }
    message
}

/// The whole crontabs that may have been meant: every fault in turn replaced by its remedy, until the rest is accepted.
pub(crate) fn suggestions(text: &str) -> Vec<Reading> {
    const LONGEST: usize = 120;
    const MOST_FIXES: usize = 8;
    let mut text = text.to_owned();
    for _ in 0..MOST_FIXES {
        if text.len() > LONGEST {
            break;
        }
        let Some(fault) = find(&text) else {
            return vec![Reading { crontab: super::fold_blanks(&text), when: "" }];
        };
        let remedy = remedy(&text, fault);
        match remedy.fix {
            Some(fix) => text.replace_range(fix.start..fix.end, &fix.with),
            None => return remedy.readings,
        }
    }
    Vec::new()
}

pub(super) fn remedy(text: &str, fault: Fault) -> Remedy {
    match (fault.field, fault.kind) {
        (_, Kind::Framed) => frame::remedy(text),
        (Some(index), _) => item::remedy(text, &FIELDS[index], fault),
        (None, _) => line::remedy(text, fault),
    }
}

/// At most `most` characters of `text` between quotes, on one line.
pub(crate) fn quote(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).flat_map(char::escape_debug).collect();
    if text.chars().nth(most).is_some() || shown.chars().count() > most {
        shown = shown.chars().take(most - 1).collect::<String>() + "…";
    }
    format!("\"{shown}\"")
}
