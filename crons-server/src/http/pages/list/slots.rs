//! The times at which a schedule expected runs, as ticks of a timeline.

use std::collections::HashMap;
use std::rc::Rc;

use crons_types::calendar::next_after;
use crons_types::{Schedule, Timezone};
use jiff::{SignedDuration, Timestamp};

use crate::domain::Config;
use crate::store::Buckets;

/// The expected times of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slots {
    At(Vec<Timestamp>),
    /// Every bucket has an expected time.
    Everywhere,
}

/// The expected times of each schedule of a page, computed once: many monitors share theirs.
#[derive(Debug, Default)]
pub(super) struct SlotsOf(HashMap<(Schedule, Timezone), Rc<Slots>>);

impl SlotsOf {
    /// The expected times of a configuration. Those of an interval are counted from `next`, the next expected run.
    pub(super) fn config(&mut self, config: &Config, next: Option<Timestamp>, buckets: Buckets) -> Rc<Slots> {
        let key = (config.schedule.clone(), config.zone());
        if let Schedule::Interval(_) = config.schedule {
            return Rc::new(slots(&key.0, key.1, next, buckets));
        }
        let known = self.0.entry(key);
        Rc::clone(known.or_insert_with_key(|(schedule, zone)| Rc::new(slots(schedule, *zone, None, buckets))))
    }
}

fn slots(schedule: &Schedule, zone: Timezone, next: Option<Timestamp>, buckets: Buckets) -> Slots {
    match schedule {
        Schedule::Crontab(_) => of_crontab(schedule, zone, buckets),
        Schedule::Interval(_) => {
            let gap = SignedDuration::try_from(schedule.min_gap()).unwrap_or(SignedDuration::MAX);
            of_interval(gap, next, buckets)
        }
    }
}

/// The first expected time in each bucket: several would be drawn in one place.
fn of_crontab(schedule: &Schedule, zone: Timezone, buckets: Buckets) -> Slots {
    let first_from = |start: Timestamp| {
        let before = start.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(start);
        next_after(schedule, &zone, before)
    };
    let first_behind = |slot: &Timestamp| first_from(buckets.start(buckets.number(*slot)? + 1));
    let each = std::iter::successors(first_from(buckets.since), first_behind);
    let found: Vec<Timestamp> = each.take_while(|slot| *slot < buckets.until()).collect();
    if found.len() == buckets.count as usize { Slots::Everywhere } else { Slots::At(found) }
}

/// The expected times back from the next one.
fn of_interval(gap: SignedDuration, next: Option<Timestamp>, buckets: Buckets) -> Slots {
    if gap <= buckets.length {
        return Slots::Everywhere;
    }
    let each = std::iter::successors(next, |slot| slot.checked_sub(gap).ok());
    let found = each.skip_while(|slot| *slot >= buckets.until()).take_while(|slot| *slot >= buckets.since);
    let mut found: Vec<Timestamp> = found.collect();
    found.reverse();
    Slots::At(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::list::window::Window;

    fn at(schedule: &Schedule, next: Option<&str>) -> Slots {
        let zone = Timezone::parse("Europe/Vienna").unwrap();
        let buckets = Window::Day.buckets("2024-06-03T10:00:00Z".parse().unwrap());
        slots(schedule, zone, next.map(|next| next.parse().unwrap()), buckets)
    }

    fn times(slots: Slots) -> Vec<String> {
        let Slots::At(found) = slots else { panic!("{slots:?}") };
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_crontab_expects_runs_by_the_clock_of_its_zone() {
        let daily = Schedule::crontab("0 3,12 * * *").unwrap();
        assert_eq!(times(at(&daily, None)), ["2024-06-03T01:00:00Z", "2024-06-03T10:00:00Z"]);
        assert_eq!(times(at(&Schedule::crontab("0 0 29 2 *").unwrap(), None)), Vec::<String>::new());
        for every_bucket in ["*/5 * * * *", "*/10 * * * *", "3,13,23,33,43,53 * * * *"] {
            assert_eq!(at(&Schedule::crontab(every_bucket).unwrap(), None), Slots::Everywhere);
        }
    }

    #[test]
    fn a_crontab_with_a_small_gap_expects_runs_only_when_it_names_them() {
        let twice = Schedule::crontab("0,5 3 * * *").unwrap();
        assert_eq!(times(at(&twice, None)), ["2024-06-03T01:00:00Z"]);
        let worktime = Schedule::crontab("*/5 8-9 * * *").unwrap();
        let found = times(at(&worktime, None));
        assert_eq!((found.len(), found[0].as_str()), (12, "2024-06-03T06:00:00Z"));
    }

    #[test]
    fn an_interval_expects_runs_back_from_its_next_one() {
        let interval = Schedule::interval("9 hours").unwrap();
        let found = times(at(&interval, Some("2024-06-03T14:30:00Z")));
        assert_eq!(found, ["2024-06-02T11:30:00Z", "2024-06-02T20:30:00Z", "2024-06-03T05:30:00Z"]);
        assert_eq!(times(at(&interval, None)), Vec::<String>::new());
    }
}
