//! The five fields of a crontab: their names, ranges and the names of their values.

/// A field of a crontab, and the values that it allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The place of the field in a crontab, 0 to 4.
    pub(crate) index: usize,
    pub(crate) name: &'static str,
    pub(crate) smallest: u32,
    pub(crate) largest: u32,
    /// The three-letter names in the order of their values, the first of which is `smallest`.
    pub(crate) names: &'static [&'static str],
}

pub(crate) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
pub(crate) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

pub(super) const DAY: usize = 2;
pub(super) const WEEKDAY: usize = 4;

pub(crate) const FIELDS: [Field; 5] = [
    Field { index: 0, name: "minute", smallest: 0, largest: 59, names: &[] },
    Field { index: 1, name: "hour", smallest: 0, largest: 23, names: &[] },
    Field { index: DAY, name: "day of month", smallest: 1, largest: 31, names: &[] },
    Field { index: 3, name: "month", smallest: 1, largest: 12, names: &MONTHS },
    // Sunday is both 0 and 7.
    Field { index: WEEKDAY, name: "day of week", smallest: 0, largest: 7, names: &WEEKDAYS },
];
