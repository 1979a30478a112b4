//! Incidents, as they are stored.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::check_in::Status;
use crate::domain::decision::Opening;
use crate::domain::follow_up::FollowUp;
use crate::domain::silenced::Withheld;

/// The length of an incident from which its environment counts as broken, and the time from then until it is muted.
const BROKEN_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A time in which a monitor failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub guid: Uuid,
    /// The start of the first of the failures that opened it.
    pub started_at: Timestamp,
    pub starting_check_in: Uuid,
    /// The decision that opened it; `None` for incidents of earlier versions.
    pub opening: Option<Opening>,
    /// The arrival of the report that resolved it, never before `started_at`; the run of the report may have begun earlier.
    pub resolved_at: Option<Timestamp>,
    pub resolving_check_in: Option<Uuid>,
    /// The number of successes in a row that resolved it; `None` while it is open, and for incidents of earlier versions.
    pub recovery_threshold: Option<u32>,
    /// Failures since it began.
    pub failures: Failures,
    /// Whether people were notified that it opened; they are not while the environment is muted.
    pub notified: bool,
    /// The person who has it in hand, and since when: no further failures are notified.
    pub acknowledged: Option<Acknowledgement>,
    /// The message about it that a silence keeps back, or kept back last; `None` if none did.
    pub withheld: Option<Withheld>,
    /// `None` unless it has lasted so long that its environment counts as broken.
    pub broken: Option<Broken>,
    /// The reminders, escalations and decisions whether it is broken; `None` until people are notified that it opened.
    pub follow_up: Option<FollowUp>,
}

impl Incident {
    /// Records that people were notified at `at` that it opened. `first` is the shortest time after which a rule tells them again.
    pub(crate) fn mark_notified(&mut self, at: Timestamp, first: Option<SignedDuration>) {
        self.notified = true;
        self.follow_up = Some(FollowUp::new(at, first).no_later_than(self.broken_due()));
    }

    /// The instant from which its environment counts as broken, or is muted for it. `None` if it was muted.
    pub(crate) fn broken_due(&self) -> Option<Timestamp> {
        let since = match self.broken {
            None => self.started_at,
            Some(Broken { detected_at, muted_at: None }) => detected_at,
            Some(Broken { muted_at: Some(_), .. }) => return None,
        };
        since.checked_add(BROKEN_AFTER).ok()
    }

    /// The run that opened it: the last of the failures that the threshold takes, or the first for incidents of earlier versions.
    pub(crate) fn opening_check_in(&self) -> Uuid {
        self.opening.map_or(self.starting_check_in, |opening| opening.check_in)
    }

    /// The instant at which the next reminder, escalation or whether it is broken is decided; `None` if there is none, or if it is resolved.
    pub fn follow_up_due(&self) -> Option<Timestamp> {
        self.follow_up.filter(|_| self.resolved_at.is_none()).and_then(|follow_up| follow_up.due)
    }

    /// Records that no message about it is kept back any more.
    pub(crate) fn settle_withheld(&mut self) {
        if let Some(withheld) = &mut self.withheld {
            withheld.pending = false;
        }
    }

    /// The instant at which a silence ends that keeps a message about it back; `None` if none does.
    pub fn withheld_until(&self) -> Option<Timestamp> {
        self.withheld.as_ref().filter(|withheld| withheld.pending).map(|withheld| withheld.silence.until)
    }
}

/// An environment that has failed for weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The time at which people were told.
    pub detected_at: Timestamp,
    /// The time at which the environment was muted for it.
    pub muted_at: Option<Timestamp>,
}

/// The acknowledgement of an incident by a person who has it in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    /// The name of the person, as that person has given it.
    pub by: String,
}

/// Failures, counted by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failures {
    pub error: u32,
    pub missed: u32,
    pub timeout: u32,
}

impl Failures {
    pub(crate) fn count(&mut self, status: Status) {
        let kind = match status {
            Status::Error => &mut self.error,
            Status::Missed => &mut self.missed,
            Status::Timeout => &mut self.timeout,
            Status::Ok | Status::InProgress | Status::Unknown => return,
        };
        *kind = kind.saturating_add(1);
    }
}
