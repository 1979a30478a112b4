//! A reading of the clock on the wall, as cronsim 2.6 computes with it where clocks change.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// A civil time, and which of two passes of it where clocks go back. It may be one that clocks skip: then it is the
/// instant that clocks would show if they had not been changed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wall {
    pub(super) civil: DateTime,
    second_pass: bool,
}

impl Wall {
    /// Reads the clock at `instant`.
    pub(super) fn at(zone: &TimeZone, instant: Timestamp) -> Self {
        let offset = zone.to_offset(instant);
        let civil = offset.to_datetime(instant);
        let second_pass =
            matches!(offsets(zone, civil), AmbiguousOffset::Fold { after, .. } if after == offset);
        Self { civil, second_pass }
    }

    pub(super) fn midnight(date: Date) -> Self {
        Self { civil: date.to_datetime(Time::midnight()), second_pass: false }
    }

    pub(super) fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        let offset = match offsets(zone, self.civil) {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                if self.second_pass { after } else { before }
            }
        };
        offset.to_timestamp(self.civil).ok()
    }

    /// Returns the clock after `minutes` minutes have really passed.
    pub(super) fn after_minutes(self, zone: &TimeZone, minutes: i64) -> Option<Self> {
        let instant = self.instant(zone)?.checked_add(SignedDuration::from_mins(minutes)).ok()?;
        Some(Self::at(zone, instant))
    }

    pub(super) fn on_the_hour(self) -> Option<Self> {
        let civil = self.civil.with().minute(0).second(0).subsec_nanosecond(0).build().ok()?;
        Some(Self { civil, ..self })
    }
}

/// The offset that holds on the whole of `date`, both midnights included; `None` if clocks change on it.
pub(super) fn constant_offset(zone: &TimeZone, date: Date) -> Option<Offset> {
    let midnight = |date: Date| match offsets(zone, date.to_datetime(Time::midnight())) {
        AmbiguousOffset::Unambiguous { offset } => Some(offset),
        _ => None,
    };
    let offset = midnight(date)?;
    (midnight(date.tomorrow().ok()?)? == offset).then_some(offset)
}

pub(super) fn offsets(zone: &TimeZone, civil: DateTime) -> AmbiguousOffset {
    zone.to_ambiguous_timestamp(civil).offset()
}

/// The start of the civil minute that an instant lies in.
pub(super) fn minute_of(civil: DateTime) -> Option<DateTime> {
    Some(civil.date().to_datetime(Time::new(civil.hour(), civil.minute(), 0, 0).ok()?))
}
