//! Times of a crontab that a change of the clocks skips or repeats.
//!
//! The server expects a skipped time at the first minute after the gap, and a repeated time at its first pass. Schedulers differ: some
//! skip such a run, others start it twice, so the monitor would report a miss that is none.

use crons_types::{Schedule, Timezone, calendar};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, civil::DateTime};

/// The time ahead in which changes are looked for: most zones with daylight saving time change their clocks twice in it.
const HORIZON: SignedDuration = SignedDuration::from_hours(366 * 24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Describes the occurrences of `schedule` that changes of the clocks in the year after `now` skip or repeat. `None` if there are none.
pub(crate) fn warning(schedule: &Schedule, timezone: Timezone, now: Timestamp) -> Option<String> {
    let zone = calendar::in_zone(now, timezone).time_zone().clone();
    let is_near = |change: &Timestamp| change.duration_since(now) <= HORIZON;
    let changes = zone.following(now).map(|change| change.timestamp()).take_while(is_near);
    let affected = changes.filter_map(|at| {
        let before = zone.to_offset(at.checked_sub(SECOND).ok()?);
        let change = Change { schedule, timezone, at, before, after: zone.to_offset(at) };
        if change.after > change.before { change.skipped() } else { change.repeated() }
    });
    let affected: Vec<_> = affected.collect();
    (!affected.is_empty()).then(|| {
        format!(
            "timezone: the clocks of {timezone} {}; if your scheduler does not do the same, write another time or another timezone, such \
             as UTC",
            affected.join(", and ")
        )
    })
}

/// A change of the clocks at the instant `at`.
struct Change<'a> {
    schedule: &'a Schedule,
    timezone: Timezone,
    at: Timestamp,
    before: Offset,
    after: Offset,
}

impl Change<'_> {
    /// Describes a time that does not exist on this day, if the server expects its run at another time of day.
    fn skipped(&self) -> Option<String> {
        let (start, end) = (self.before.to_datetime(self.at), self.after.to_datetime(self.at));
        let skipped = self.occurrence_on_clock(start).filter(|time| *time < end)?;
        let expected =
            calendar::next_after(self.schedule, &self.timezone, self.at.checked_sub(SECOND).ok()?)?;
        let moved_to = self.after.to_datetime(expected);
        if self.occurrence_on_clock(moved_to)? == moved_to {
            // The next regular occurrence: a crontab such as `*/15 * * * *` only has fewer runs on this day.
            return None;
        }
        Some(format!(
            "skip {} on {} (the server expects that run at {})",
            skipped.strftime("%H:%M"),
            skipped.date(),
            moved_to.strftime("%H:%M")
        ))
    }

    /// Describes a time that occurs twice on this day, if the server expects one run.
    fn repeated(&self) -> Option<String> {
        let (start, end) = (self.after.to_datetime(self.at), self.before.to_datetime(self.at));
        let repeated = self.occurrence_on_clock(start).filter(|time| *time < end)?;
        let is_due = |offset: Offset| {
            let instant = offset.to_timestamp(repeated).ok()?;
            let next = calendar::next_after(self.schedule, &self.timezone, instant.checked_sub(SECOND).ok()?);
            Some(next == Some(instant))
        };
        if !is_due(self.before)? || is_due(self.after)? {
            return None;
        }
        Some(format!(
            "repeat {} on {} (the server expects one run, the first time)",
            repeated.strftime("%H:%M"),
            repeated.date()
        ))
    }

    /// The first occurrence at or after `from`, on a clock that never changes.
    fn occurrence_on_clock(&self, from: DateTime) -> Option<DateTime> {
        let after = Offset::UTC.to_timestamp(from).ok()?.checked_sub(SECOND).ok()?;
        calendar::next_after(self.schedule, &Timezone::UTC, after).map(|next| Offset::UTC.to_datetime(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_clocks_skip_or_repeat_is_named_with_its_day() {
        for (crontab, zone, expected) in [
            (
                "30 2 * * *",
                "Europe/Vienna",
                "the clocks of Europe/Vienna skip 02:30 on 2024-03-31 (the server expects that run at 03:00), and repeat 02:30 on \
                 2024-10-27 (the server expects one run, the first time); if your scheduler",
            ),
            ("0 2 * * 0", "Europe/Vienna", "skip 02:00 on 2024-03-31"),
            ("0 2 27 10 *", "Europe/Vienna", "Europe/Vienna repeat 02:00 on 2024-10-27"),
            (
                "0 1,2 * * *",
                "America/New_York",
                "skip 02:00 on 2024-03-10 (the server expects that run at 03:00)",
            ),
            // Clocks change by 30 minutes.
            (
                "15 2 * * *",
                "Australia/Lord_Howe",
                "skip 02:15 on 2024-10-06 (the server expects that run at 02:30)",
            ),
            ("30 2 * * 1", "Europe/Vienna", ""),
            ("0 9 * * *", "Europe/Vienna", ""),
            ("*/15 * * * *", "Europe/Vienna", ""),
            ("15 * * * *", "Europe/Vienna", ""),
            ("30 2 * * *", "UTC", ""),
            ("30 2 * * *", "Asia/Kolkata", ""),
        ] {
            let (schedule, zone) = (Schedule::crontab(crontab).unwrap(), Timezone::parse(zone).unwrap());
            let found = warning(&schedule, zone, "2024-01-01T00:00:00Z".parse().unwrap()).unwrap_or_default();
            assert!(
                found.contains(expected) && found.is_empty() == expected.is_empty(),
                "{crontab} in {zone}: {found}"
            );
        }
    }
}
