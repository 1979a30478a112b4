//! Runs that keep the hours of another time zone.

use crons_types::calendar::previous_before;
use crons_types::{Schedule, Timezone};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::proof::{Advice, Proof};
use crate::domain::Config;

/// Zones that are tried, in this order: of two with the same clock the first is named.
const ZONES: [&str; 52] = [
    "UTC",
    "Europe/Vienna",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Istanbul",
    "Asia/Dubai",
    "America/Sao_Paulo",
    "Europe/Moscow",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Cairo",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Kathmandu",
    "Asia/Yangon",
    "Asia/Tehran",
    "Asia/Kabul",
    "Asia/Colombo",
    "Asia/Jerusalem",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Bogota",
    "America/Argentina/Buenos_Aires",
    "America/Mexico_City",
    "Atlantic/Azores",
    "Asia/Tashkent",
    "Pacific/Noumea",
    "Pacific/Apia",
    "Atlantic/Cape_Verde",
    "Atlantic/South_Georgia",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "Pacific/Chatham",
    "Australia/Eucla",
    "Pacific/Marquesas",
    "Europe/Lisbon",
];

/// The number of starts on which a zone is tried first.
const SAMPLE: usize = 40;
/// The longest delay of a run in its own zone.
const LATE: SignedDuration = SignedDuration::from_mins(10);
/// A shift between zones: they differ by quarters of an hour, and by no less than one.
const LEAST_SHIFT: SignedDuration = SignedDuration::from_mins(15);

/// Advice to name the zone whose hours the job keeps.
pub(super) fn other_zone(proof: &Proof<'_>) -> Option<Advice> {
    let config = proof.config();
    // Intervals in minutes and hours know no zone, and those of days are counted from each run.
    let Schedule::Crontab(_) = config.schedule else { return None };
    let shift = usual_shift(proof)?;
    let step = proof.starts.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<Timestamp> = proof.starts.iter().step_by(step).map(|start| start.at).collect();
    let mut fitting: Vec<(usize, usize, Config)> = Vec::new();
    for (order, name) in ZONES.into_iter().enumerate() {
        let Ok(zone) = Timezone::parse(name) else { continue };
        let wanted = Config { timezone: Some(zone), ..config.clone() };
        let misfits = sample.iter().filter(|at| !is_due(&wanted, **at)).count();
        if zone != config.zone() && misfits * 3 <= sample.len() {
            fitting.push((misfits, order, wanted));
        }
    }
    fitting.sort_by_key(|(misfits, order, _)| (*misfits, *order));
    let proved = fitting.into_iter().take(3).filter_map(|(_, order, wanted)| {
        let after = proof.removes_misses(&wanted, &proof.reports)?;
        Some((after, order, wanted))
    });
    let (after, _, wanted) = proved.min_by_key(|(after, order, _)| (*after, *order))?;
    let (zone, today) = (wanted.zone(), config.zone());
    let text = format!(
        "The time zone is another one: the runs begin {} their time in {today}, and are on time in {zone} (or a zone with the same clock). With \
         it {after} of {} runs would have been missed, instead of {}.",
        in_words(shift),
        proof.slots,
        proof.today.missed.len(),
    );
    let mut advice = proof.advice("time_zone", text, after);
    advice.settings.insert("timezone".to_owned(), json!(zone.as_str()));
    advice.attribute = Some(proof.attribute(&wanted));
    Some(advice)
}

/// Returns whether a run that begins at `at` is in time for an expected one.
fn is_due(config: &Config, at: Timestamp) -> bool {
    let behind = at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(at);
    let before = previous_before(&config.schedule, &config.zone(), at, behind);
    before.is_some_and(|before| at.duration_since(before) <= LATE)
}

/// The distance of most runs from the nearest expected time, to the quarter of an hour: positive if they begin later. `None` if they are on
/// time, or differ.
fn usual_shift(proof: &Proof<'_>) -> Option<SignedDuration> {
    const QUARTER: i64 = 15 * 60;
    let shift = |start: &super::history::Start| {
        let late = start.before.map(|before| start.at.duration_since(before));
        let early = start.after.map(|after| after.duration_since(start.at));
        let seconds = match (late, early) {
            (Some(late), Some(early)) if early < late => -early.as_secs(),
            (Some(late), _) => late.as_secs(),
            (None, early) => -early?.as_secs(),
        };
        Some(seconds.div_euclid(QUARTER) * QUARTER)
    };
    let mut shifts: Vec<i64> = proof.starts.iter().filter_map(shift).collect();
    shifts.sort_unstable();
    let median = *shifts.get(shifts.len() / 2)?;
    // The shift differs by an hour in the months of summer time.
    let near = shifts.iter().filter(|shift| (**shift - median).abs() <= 3_600).count();
    let median = SignedDuration::from_secs(median);
    (near * 3 >= shifts.len() * 2 && median.abs() >= LEAST_SHIFT).then_some(median)
}

fn in_words(shift: SignedDuration) -> String {
    let minutes = shift.abs().as_mins();
    let length = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    format!("{length} {}", if shift.is_negative() { "before" } else { "after" })
}

#[cfg(test)]
mod tests {
    use crons_types::calendar::next_after;

    use super::*;

    #[test]
    fn every_zone_that_is_tried_exists() {
        for name in ZONES {
            assert!(Timezone::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_next_time_of_a_zone_is_due() {
        let config = Config {
            schedule: Schedule::crontab("0 3 * * *").unwrap(),
            checkin_margin: None,
            max_runtime: None,
            timezone: Timezone::parse("Europe/Vienna").ok(),
            failure_issue_threshold: None,
            recovery_threshold: None,
        };
        let slot = next_after(&config.schedule, &config.zone(), Timestamp::UNIX_EPOCH).unwrap();
        assert!(is_due(&config, slot) && is_due(&config, slot + LATE));
        assert!(!is_due(&config, slot - SignedDuration::from_secs(1)) && !is_due(&config, slot + LATE * 2));
    }
}
