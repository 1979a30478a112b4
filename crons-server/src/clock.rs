//! The clock of a server: that of the machine, or one that a test moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// The current time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(clock) => *clock.0.lock().unwrap_or_else(PoisonError::into_inner),
            Self::Corrected(clock) => {
                let lead = SignedDuration::from_micros(clock.0.load(Ordering::Relaxed));
                Timestamp::now().saturating_add(lead).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Corrects the clock of the machine by `lead`, which may change: the microseconds by which another one is ahead.
    pub(crate) fn corrected_by(self, lead: Arc<AtomicI64>) -> Self {
        match self {
            Self::System | Self::Corrected(_) => Self::Corrected(CorrectedClock(lead)),
            Self::Manual(_) => self,
        }
    }

    /// Returns whether the time passes by itself.
    pub(crate) fn runs(&self) -> bool {
        !matches!(self, Self::Manual(_))
    }
}

/// The clock of the machine, corrected by another one, which is compared with it from time to time.
#[derive(Debug, Clone)]
pub struct CorrectedClock(Arc<AtomicI64>);

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
