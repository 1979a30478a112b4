//! A parsed crontab: one set of bits for each field.

/// The bit in [`Fields::days`] for the last day of the month (`L`).
pub(crate) const LAST_DAY: u64 = 1 << 32;
/// The bit in [`Fields::days`] for the last Monday to Friday of the month (`LW`).
pub(crate) const LAST_WORKDAY: u64 = 1 << 33;

/// The bits in [`Fields::weekdays`] for all seven days, in every week.
pub(crate) const EVERY_WEEKDAY: u64 = 0b111_1111;
/// The days 1, 8, 15, 22 and 29, as bits 0, 7, 14, 21 and 28.
const WEEKLY: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;

/// The sets of values at which a crontab fires. Bit `n` of a set stands for the value `n`; no set is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) minutes: u64,
    pub(crate) hours: u64,
    /// Bits 1 to 31, [`LAST_DAY`] and [`LAST_WORKDAY`].
    pub(crate) days: u64,
    /// Bits 1 to 12.
    pub(crate) months: u64,
    /// Bits 0 (Sunday) to 6, and those of [`nth_weekday`].
    pub(crate) weekdays: u64,
    /// Whether both day fields must match, because one of them begins with `*`; otherwise either will do.
    pub(crate) both_days: bool,
    /// Whether minute and hour are both given, so that it fires by the clock on the wall, once, whatever clock changes do.
    pub(crate) fixed_time: bool,
}

/// The bit in [`Fields::weekdays`] for the `nth` (1 to 5; 6 is the last) such weekday (0 to 6) of a month.
pub(crate) const fn nth_weekday(weekday: u32, nth: u32) -> u64 {
    1 << (8 + weekday * 6 + nth - 1)
}

impl Fields {
    /// The matching days, as bits 1 to 31, of a month of `length` days that begins on weekday `first` (0 is Sunday).
    /// Does not look at the month itself.
    pub(crate) const fn days_of_month(&self, length: u32, first: u32) -> u64 {
        let by_day = self.by_day(length, first);
        let by_weekday = self.by_weekday(length, first);
        if self.both_days { by_day & by_weekday } else { by_day | by_weekday }
    }

    const fn by_day(&self, length: u32, first: u32) -> u64 {
        let mut days = self.days & all_days(length);
        if self.days & LAST_DAY != 0 {
            days |= 1 << length;
        }
        if self.days & LAST_WORKDAY != 0 {
            days |= match (first + length - 1) % 7 {
                0 => 1 << (length - 2),
                6 => 1 << (length - 1),
                _ => 1 << length,
            };
        }
        days
    }

    const fn by_weekday(&self, length: u32, first: u32) -> u64 {
        let plain = self.weekdays & EVERY_WEEKDAY;
        // The shift makes bit 0 the weekday of the first of the month; then the week is repeated.
        let week = (plain >> first | plain << (7 - first)) & EVERY_WEEKDAY;
        let mut days = (week * WEEKLY) << 1;
        if self.weekdays >> 8 != 0 {
            let mut weekday = 0;
            while weekday < 7 {
                let such = (WEEKLY << (1 + (weekday + 7 - first) % 7)) & all_days(length);
                let mut nth = 1;
                let mut left = such;
                while left != 0 {
                    let earliest = left & left.wrapping_neg();
                    left ^= earliest;
                    let last = if left == 0 { nth_weekday(weekday, 6) } else { 0 };
                    if self.weekdays & (nth_weekday(weekday, nth) | last) != 0 {
                        days |= earliest;
                    }
                    nth += 1;
                }
                weekday += 1;
            }
        }
        days & all_days(length)
    }

    /// The smallest day, if no chosen month has it. `L` and `LW` are in every month.
    pub(crate) const fn impossible_day(&self) -> Option<u32> {
        let smallest = self.days.trailing_zeros();
        if smallest <= 29 || self.days & (LAST_DAY | LAST_WORKDAY) != 0 {
            return None;
        }
        let mut month = 1;
        while month <= 12 {
            if self.months & 1 << month != 0 && longest(month) >= smallest {
                return None;
            }
            month += 1;
        }
        Some(smallest)
    }

    /// Returns whether any day of the calendar matches. Every length of a month meets every weekday within 40
    /// years, and the server searches 50.
    pub(crate) const fn ever_fires(&self) -> bool {
        let mut month = 1;
        while month <= 12 {
            let mut first = 0;
            while first < 7 && self.months & 1 << month != 0 {
                let leap_day = month == 2 && self.days_of_month(29, first) != 0;
                let shortest = if month == 2 { 28 } else { longest(month) };
                if leap_day || self.days_of_month(shortest, first) != 0 {
                    return true;
                }
                first += 1;
            }
            month += 1;
        }
        false
    }
}

const fn all_days(length: u32) -> u64 {
    (1 << (length + 1)) - 2
}

/// The days of a month (1 to 12) in a leap year.
pub(crate) const fn longest(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
