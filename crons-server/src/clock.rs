//! The clock of a server: that of the machine, or one that a test moves.

use std::sync::{Arc, Mutex, PoisonError};
#[cfg(feature = "postgres")]
use std::time::Duration;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// The clock of a server.
///
/// ```
/// use crons_server::{Clock, ManualClock, Settings};
///
/// let clock = ManualClock::new("2024-06-03T10:00:00Z".parse()?);
/// let settings = Settings { clock: Clock::Manual(clock.clone()), ..Settings::default() };
/// clock.set("2024-06-03T11:00:00Z".parse()?);
/// assert_eq!(settings.clock.now().to_string(), "2024-06-03T11:00:00Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The clock of the machine.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Manual(ManualClock),
    /// The clock of the machine, corrected by that of a database that other servers use, too.
    Corrected(CorrectedClock),
}

impl Clock {
    /// The current time in whole microseconds, as databases store it: a time of the same event that was read from one compares equal.
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Manual(clock) => *clock.0.lock().unwrap_or_else(PoisonError::into_inner),
            Self::Corrected(clock) => clock.now(),
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Returns the corrected clock instead of that of the machine; a manual clock stays.
    pub(crate) fn corrected_by(self, corrected: CorrectedClock) -> Self {
        match self {
            Self::System | Self::Corrected(_) => Self::Corrected(corrected),
            Self::Manual(_) => self,
        }
    }

    /// Returns whether the time passes by itself.
    pub(crate) fn runs(&self) -> bool {
        !matches!(self, Self::Manual(_))
    }
}

/// The clock of a database, by which several servers go. It is compared with the time that has passed on this machine, whose own clock may be wrong or
/// be set. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct CorrectedClock(
    /// The last comparison; before the first one the clock of the machine is shown.
    Arc<Mutex<Option<Comparison>>>,
);

#[derive(Debug, Clone, Copy)]
struct Comparison {
    at: Instant,
    shown: Timestamp,
    /// The longest time by which the comparison can be wrong.
    #[cfg(feature = "postgres")]
    uncertainty: Duration,
}

impl Comparison {
    fn shown_at(&self, at: Instant) -> Timestamp {
        let passed =
            SignedDuration::try_from(at.saturating_duration_since(self.at)).unwrap_or(SignedDuration::MAX);
        self.shown.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }
}

impl CorrectedClock {
    fn now(&self) -> Timestamp {
        let comparison = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        comparison.map_or_else(Timestamp::now, |comparison| comparison.shown_at(Instant::now()))
    }

    /// Notes that the clock of the database showed `shown` at some moment between `asked` and now. A comparison replaces the kept one if it is as certain, or
    /// if the two are further apart than both can be wrong.
    #[cfg(feature = "postgres")]
    pub(crate) fn compare(&self, asked: Instant, shown: Timestamp) {
        let answered = Instant::now();
        let uncertainty = answered.saturating_duration_since(asked) / 2;
        let new = Comparison { at: asked + uncertainty, shown, uncertainty };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_better = kept.is_none_or(|kept| {
            let drift = new.at.saturating_duration_since(kept.at) / DRIFT;
            let apart = kept.shown_at(new.at).duration_since(shown).unsigned_abs();
            uncertainty <= kept.uncertainty + drift || apart > uncertainty + kept.uncertainty + drift
        });
        if is_better {
            *kept = Some(new);
        }
    }
}

/// The reciprocal of the rate by which clocks may drift apart: 100 microseconds in a second.
#[cfg(feature = "postgres")]
const DRIFT: u32 = 10_000;

/// A clock that stands still until it is moved, so that a test of an hour takes no time. Clones are the same clock.
///
/// [`Server::advance_to`](crate::Server::advance_to) moves the clock of a [`Server`](crate::Server) that was started with it, and
/// evaluates the deadlines of each minute on the way.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Creates a clock that shows this time.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets the time, forward or back, as if the clock of the machine had been set, or the machine had slept. A server notices at its
    /// next check-in or minute.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_clock_follows_the_quickest_answer_until_the_other_clock_is_set() {
        let (clock, start) =
            (CorrectedClock::default(), "2024-06-03T10:00:00Z".parse::<Timestamp>().unwrap());
        let now = Instant::now();
        let ahead =
            |by: Duration| clock.now().duration_since(start).unsigned_abs().abs_diff(now.elapsed() + by);
        let near = Duration::from_millis(400);
        clock.compare(now.checked_sub(Duration::from_secs(2)).unwrap(), start);
        assert!(ahead(Duration::from_secs(1)) < near, "the middle of the time of the answer");
        clock.compare(Instant::now(), start + now.elapsed());
        assert!(ahead(Duration::ZERO) < near, "a quicker answer is better");
        clock.compare(now.checked_sub(Duration::from_secs(2)).unwrap(), start);
        assert!(ahead(Duration::ZERO) < near, "a slower one is not");
        clock.compare(Instant::now(), start + now.elapsed() + Duration::from_secs(3_600));
        assert!(ahead(Duration::from_secs(3_600)) < near, "unless the clock was set");
    }
}
