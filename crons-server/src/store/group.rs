//! The servers on one database: what a server knows of the others, for the parts of it that do something for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};

use jiff::Timestamp;

/// Work that one server at a time does for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Evaluates deadlines, and starts drills.
    Deadlines = 1,
    /// Sends alerts.
    Alerts = 2,
    /// Deletes what retention does not keep, and makes digests.
    Housekeeping = 4,
}

#[cfg(feature = "postgres")]
impl Duty {
    /// All duties, with their names in the database.
    pub(super) const NAMED: [(Self, &'static str); 3] =
        [(Self::Deadlines, "deadlines"), (Self::Alerts, "alerts"), (Self::Housekeeping, "housekeeping")];
}

/// The standing of a server among those on its database. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group(
    /// `None`: no other server can use the database.
    Option<Arc<Standing>>,
);

/// The standing of a server, as the database has it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The bits of the duties of this server.
    duties: AtomicU8,
    has_others: AtomicBool,
    /// All inputs that this server received before are stored, in microseconds since 1970.
    #[cfg(feature = "postgres")]
    pub(super) watermark: AtomicI64,
    /// The time by which the clock of the database is ahead of that of this machine, in microseconds.
    clock_lead: Arc<AtomicI64>,
}

/// How far the servers on a database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// All servers have stored what they received before this instant.
    pub low_watermark: Timestamp,
    /// The deadlines of all minutes up to this one are evaluated; `None` if no server has evaluated any.
    pub evaluated_through: Option<Timestamp>,
    /// Whether this server evaluates deadlines.
    pub decides: bool,
    /// Whether there are other servers. One that was killed counts for some seconds.
    pub has_others: bool,
}

impl Group {
    /// Returns whether the database may be used by other servers, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether this server has a duty.
    pub(crate) fn has(&self, duty: Duty) -> bool {
        self.0.as_ref().is_none_or(|standing| standing.duties.load(Ordering::Relaxed) & duty as u8 != 0)
    }

    /// Returns whether there are other servers.
    pub(crate) fn has_others(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.has_others.load(Ordering::Relaxed))
    }

    /// The time by which the clock of the database is ahead of that of this machine, in microseconds, as it is measured from time to time.
    /// `None` if it is the same clock.
    pub(crate) fn clock_lead(&self) -> Option<Arc<AtomicI64>> {
        self.0.as_ref().map(|standing| Arc::clone(&standing.clock_lead))
    }
}

#[cfg(feature = "postgres")]
impl Group {
    pub(super) fn of(standing: &Arc<Standing>) -> Self {
        Self(Some(Arc::clone(standing)))
    }
}

#[cfg(feature = "postgres")]
impl Standing {
    pub(super) fn set(&self, duties: &[Duty], has_others: bool) {
        self.duties.store(duties.iter().fold(0, |bits, duty| bits | *duty as u8), Ordering::Relaxed);
        self.has_others.store(has_others, Ordering::Relaxed);
    }

    pub(super) fn clock_lead(&self) -> i64 {
        self.clock_lead.load(Ordering::Relaxed)
    }

    pub(super) fn set_clock_lead(&self, microseconds: i64) {
        self.clock_lead.store(microseconds, Ordering::Relaxed);
    }
}
