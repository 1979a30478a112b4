//! Faults of a crontab as plain data: the kind and the place. `diagnose` puts them into words, outside `const fn`.

use super::field::Field;

/// The first thing that is wrong: `start` and `end` are bytes of the text as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The index of the field, 0 to 4; `None` if the fault is of the whole line.
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
    /// The crontab stands within something else: quotes, `cron(..)`, a time zone.
    Framed,
    /// The number of words is not five.
    FieldCount(usize),
    /// The text between two commas is empty.
    EmptyItem,
    /// The text is no number, no `*` and no name of this field.
    NoValue,
    OutOfRange,
    Wrapping {
        from: u32,
        to: u32,
    },
    /// The text after `/` is no number.
    NoStep,
    ZeroStep,
    /// The text after `#` is not 1 to 5.
    Nth,
    /// The chosen months do not have this day, the smallest of the field.
    Impossible(u32),
    /// The fields are fine, yet no day matches them all.
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
