//! What is wrong with a crontab and where; the words for it are found later, outside `const fn`.

use std::fmt::Write as _;

use super::parse::{FIELDS, Field};
use super::{item, line, parse};

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
            (Kind::FieldCount(_), _) => "crontab: it must have five fields: minute hour day month weekday",
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
}

/// `with` takes the place of the bytes from `start` to `end`.
pub(crate) struct Fix {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) with: String,
}

/// One line: the field, what was written, what is allowed, and what was probably meant.
pub(crate) fn message(text: &str, fault: Fault) -> String {
    let remedy = remedy(text, fault);
    let name = fault.field.map_or("crontab", |index| FIELDS[index].name);
    let mut message = format!("{name}: {}", remedy.what);
    if let Some(fix) = remedy.fix
        && (1..=40).contains(&fix.with.len())
        && fix.with.chars().all(|c| c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation())
    {
        _ = write!(message, "; write `{}`", fix.with);
    }
    match fault.field {
        Some(index) => _ = write!(message, " (field {} of {})", index + 1, quote(text, 40)),
        None if text.len() <= 40 && message.contains(text.trim()) => {}
        None => _ = write!(message, " (in {})", quote(text, 40)),
    }
    message
}

/// The whole crontab that was probably meant: every fault in turn replaced by its remedy, until the rest is accepted.
pub(crate) fn suggestion(text: &str) -> Option<String> {
    const LONGEST: usize = 120;
    const MOST_FIXES: usize = 8;
    if text.len() > LONGEST {
        return None;
    }
    let mut text = text.to_owned();
    for _ in 0..MOST_FIXES {
        match parse::parse(text.as_bytes()) {
            Ok(_) => return Some(super::fold_blanks(&text)),
            Err(fault) => {
                let fix = remedy(&text, fault).fix?;
                text.replace_range(fix.start..fix.end, &fix.with);
            }
        }
    }
    None
}

fn remedy(text: &str, fault: Fault) -> Remedy {
    match fault.field {
        Some(index) => item::remedy(text, &FIELDS[index], fault),
        None => line::remedy(text, fault),
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
