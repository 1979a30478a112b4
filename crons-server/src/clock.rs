//! Where the server has the time from: the machine, or whoever holds the clock in a test.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// A clock of the server.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// One that stands still until it is moved.
    Manual(ManualClock),
}

impl Clock {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(clock) => *clock.0.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// A clock that stands still until it is moved, so that a test of an hour takes no time.
///
/// A [`Server`](crate::Server) that runs on it is moved by [`Server::advance_to`](crate::Server::advance_to), which judges each
/// minute on the way.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that shows this time.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets it, forward or back, as the clock of a machine is set, or goes on after a sleep: the server notices when next
    /// something happens to it.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
