//! The shortest time between two runs, by the clock on the wall.

use super::fields::{Fields, longest};

const MINUTES_A_DAY: u32 = 24 * 60;
/// The number of years within which every length of a year meets every weekday of its first day.
const YEARS: u32 = 28;

impl Fields {
    /// Returns the least time between two runs, in minutes.
    pub(crate) fn min_gap(&self) -> u32 {
        let minutes_of_day: Vec<u32> = (0..MINUTES_A_DAY)
            .filter(|minute| self.hours >> (minute / 60) & 1 == 1 && self.minutes >> (minute % 60) & 1 == 1)
            .collect();
        // The sets are not empty, so there is a first and a last.
        let (first, last) = (minutes_of_day.first().unwrap_or(&0), minutes_of_day.last().unwrap_or(&0));
        let overnight = (self.min_gap_in_days() - 1) * MINUTES_A_DAY + (MINUTES_A_DAY - last + first);
        minutes_of_day.windows(2).map(|pair| pair[1] - pair[0]).fold(overnight, u32::min)
    }

    fn min_gap_in_days(&self) -> u32 {
        let mut smallest = u32::MAX / MINUTES_A_DAY;
        let mut previous = None;
        // The count begins on 1 January of a leap year that begins on a Saturday, as 2000 did.
        let (mut day, mut weekday) = (0, 6);
        for year in 0..YEARS {
            for month in 1..=12 {
                let length = if month == 2 && year % 4 != 0 { 28 } else { longest(month) };
                let chosen = self.months >> month & 1 == 1;
                let days = if chosen { self.days_of_month(length, weekday) } else { 0 };
                for of_month in (1..=length).filter(|of_month| days >> of_month & 1 == 1) {
                    let this = day + of_month;
                    smallest = previous.map_or(smallest, |previous| smallest.min(this - previous));
                    previous = Some(this);
                }
                day += length;
                weekday = (weekday + length) % 7;
            }
        }
        smallest
    }
}
