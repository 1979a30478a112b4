//! Runs that keep another schedule than the declared one: another dialect of crontabs, or only each second, third, … time.

use crons_types::{Crontab, Interval, IntervalUnit, Schedule};
use serde_json::json;

use super::history::Start;
use super::proof::{Advice, Proof};
use crate::domain::Config;

/// The most expected times between two runs for which a schedule is proposed.
const MOST_TIMES: usize = 12;

/// Advice for a crontab whose weekdays count from Sunday = 1, as those of Quartz, Spring and EventBridge.
pub(super) fn other_dialect(proof: &Proof<'_>) -> Option<Advice> {
    let Schedule::Crontab(crontab) = &proof.config().schedule else { return None };
    let (rest, weekdays) = crontab.as_str().rsplit_once(' ')?;
    let shifted = shifted_weekdays(weekdays)?;
    let wanted = with_schedule(proof, Crontab::parse(&format!("{rest} {shifted}")).ok()?.into());
    let after = proof.removes_misses(&wanted, &proof.reports)?;
    let text = format!(
        "The scheduler reads the weekdays of `{crontab}` in another dialect, in which Sunday is 1 (Quartz, Spring, EventBridge); here \
         Sunday is 0 or 7. What it does is `{}` here. With that {after} of {} runs would have been missed, instead of {}.",
        wanted.schedule,
        proof.slots,
        proof.today.missed.len(),
    );
    Some(with_setting(proof, proof.advice("dialect", text, after), &wanted))
}

/// The weekdays with each number one less, so that Sunday is 0; `None` if there is no number, or one that is no such weekday.
fn shifted_weekdays(weekdays: &str) -> Option<String> {
    if !weekdays.bytes().any(|c| c.is_ascii_digit()) || weekdays.contains(['/', '#', 'L', 'l']) {
        return None;
    }
    weekdays
        .chars()
        .map(|c| match c {
            '1'..='7' => char::from_digit(c.to_digit(10)? - 1, 10),
            '0' | '8' | '9' => None,
            other => Some(other),
        })
        .collect()
}

/// Advice for a job that runs at each second, third, … expected time only. That has two readings: the schedule means less here than where
/// it was written, or the scheduler leaves runs out.
pub(super) fn fewer_runs(proof: &Proof<'_>) -> Option<Advice> {
    let times = times_between(proof)?;
    let candidates = sparser_crontab(proof.config(), times).into_iter().chain(interval(proof));
    let proved = candidates.filter_map(|schedule| {
        let wanted = with_schedule(proof, schedule);
        let after = proof.removes_misses(&wanted, &proof.reports)?;
        Some((after, wanted))
    });
    // A crontab says more than an interval, so of equals the first is taken.
    let (after, wanted) = proved.min_by_key(|(after, _)| *after)?;
    let each = match times {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        other => format!("{other}th"),
    };
    let written = &proof.config().schedule;
    let share = if times == 2 { "half".to_owned() } else { format!("one {each}") };
    let text = format!(
        "The job runs at each {each} expected time only: {} runs for {} expected ones, {share} as many. With `{}` {after} runs would have been \
         missed, instead of {}.",
        proof.starts.len(),
        proof.slots,
        wanted.schedule,
        proof.today.missed.len(),
    );
    let mut advice = with_setting(proof, proof.advice("schedule", text, after), &wanted);
    advice.readings = vec![
        format!(
            "The scheduler reads `{written}` in another dialect, or has another schedule: then declare what it does, `{}`.",
            wanted.schedule
        ),
        format!(
            "`{written}` is meant, and the scheduler leaves out {}: because the run before is still going on, another machine takes turns, or \
             its own period is longer. Then mend the scheduler, and leave the schedule as it is.",
            if times == 2 { "each second run".to_owned() } else { format!("{} of {times} runs", times - 1) }
        ),
    ];
    Some(advice)
}

fn with_schedule(proof: &Proof<'_>, schedule: Schedule) -> Config {
    Config { schedule, ..proof.config().clone() }
}

fn with_setting(proof: &Proof<'_>, mut advice: Advice, wanted: &Config) -> Advice {
    let key = match &wanted.schedule {
        Schedule::Crontab(_) => "schedule",
        Schedule::Interval(_) => "interval",
    };
    advice.settings.insert(key.to_owned(), json!(wanted.schedule.to_string()));
    advice.attribute = Some(proof.attribute(wanted));
    advice
}

/// The number of expected times from one run to the next, if that is the same above one for most runs.
fn times_between(proof: &Proof<'_>) -> Option<usize> {
    let config = proof.config();
    let next =
        |at: &jiff::Timestamp| crons_types::calendar::next_after(&config.schedule, &config.zone(), *at);
    let times = |pair: &[Start]| match pair {
        [one, other] => std::iter::successors(one.after, next)
            .take_while(|slot| *slot <= other.at)
            .take(MOST_TIMES + 1)
            .count(),
        _ => 0,
    };
    let mut times: Vec<usize> = proof.starts.windows(2).map(times).collect();
    times.sort_unstable();
    let median = *times.get(times.len() / 2)?;
    let alike = times.iter().filter(|number| **number == median).count();
    ((2..=MOST_TIMES).contains(&median) && alike * 3 >= times.len() * 2).then_some(median)
}

/// The crontab at each `times`th time, if it steps through minutes or hours: `*/5` becomes `*/10`.
fn sparser_crontab(config: &Config, times: usize) -> Option<Schedule> {
    let Schedule::Crontab(crontab) = &config.schedule else { return None };
    let mut fields: Vec<String> = crontab.as_str().split(' ').map(str::to_owned).collect();
    let (field, size) = if fields.first()?.starts_with('*') { (0, 60) } else { (1, 24) };
    let step: usize = match fields.get(field)?.strip_prefix('*')? {
        "" => 1,
        step => step.strip_prefix('/')?.parse().ok()?,
    };
    let wanted = step.checked_mul(times).filter(|step| size % step == 0)?;
    fields[field] = if wanted == size { "0".to_owned() } else { format!("*/{wanted}") };
    Some(Crontab::parse(&fields.join(" ")).ok()?.into())
}

/// The interval between most runs, in whole minutes.
fn interval(proof: &Proof<'_>) -> Option<Schedule> {
    let gap = |pair: &[Start]| match pair {
        [one, other] => (other.at.duration_since(one.at).as_secs() + 30) / 60,
        _ => 0,
    };
    let mut gaps: Vec<i64> = proof.starts.windows(2).map(gap).collect();
    gaps.sort_unstable();
    let minutes = u32::try_from(*gaps.get(gaps.len() / 2)?).ok()?;
    let (value, unit) = match minutes {
        minutes if minutes > 0 && minutes % (24 * 60) == 0 => (minutes / (24 * 60), IntervalUnit::Day),
        minutes if minutes > 0 && minutes % 60 == 0 => (minutes / 60, IntervalUnit::Hour),
        minutes => (minutes, IntervalUnit::Minute),
    };
    Some(Interval::new(value, unit).ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_shifted_where_that_means_something() {
        for (weekdays, shifted) in [
            ("2-6", Some("1-5")),
            ("1,7", Some("0,6")),
            ("MON-FRI", None),
            ("*", None),
            ("0", None),
            ("*/2", None),
            ("5L", None),
        ] {
            assert_eq!(shifted_weekdays(weekdays).as_deref(), shifted, "{weekdays}");
        }
    }
}
