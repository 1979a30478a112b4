//! The servers on one database: what a server knows of the others, for the parts of it that do something for all.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// Work that one server at a time does for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Evaluates deadlines, and starts drills.
    Deadlines,
    /// Sends alerts.
    Alerts,
    /// Deletes what retention does not keep, and makes digests.
    Housekeeping,
}

impl Duty {
    pub(super) const ALL: [Self; 3] = [Self::Deadlines, Self::Alerts, Self::Housekeeping];

    /// The name in the database and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deadlines => "deadlines",
            Self::Alerts => "alerts",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// A server on a database, as it has last told the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The process and its machine.
    pub(crate) name: String,
    pub(crate) started: Timestamp,
    /// All that the server received before is stored; `None` before it receives.
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) duties: Vec<Duty>,
    pub(crate) is_this: bool,
    /// Whether the server has said nothing for so long that the others go on without it.
    pub(crate) is_gone: bool,
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
    /// The servers in the list, the one that has run longest first.
    nodes: Mutex<Vec<Node>>,
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
        let has = |standing: &Arc<Standing>| {
            standing.nodes().iter().any(|node| node.is_this && node.duties.contains(&duty))
        };
        self.0.as_ref().is_none_or(has)
    }

    /// Returns whether there are other servers.
    pub(crate) fn has_others(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.nodes().iter().any(|node| !node.is_this))
    }

    /// Returns whether the others went on without this server.
    pub(crate) fn is_expelled(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| !standing.nodes().iter().any(|node| node.is_this))
    }

    /// The servers on the database, the one that has run longest first; empty if no other server can use it.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.0.as_ref().map(|standing| standing.nodes().clone()).unwrap_or_default()
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

impl Standing {
    fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "postgres")]
impl Standing {
    pub(super) fn set(&self, nodes: Vec<Node>) {
        *self.nodes() = nodes;
    }

    pub(super) fn clock_lead(&self) -> i64 {
        self.clock_lead.load(Ordering::Relaxed)
    }

    pub(super) fn set_clock_lead(&self, microseconds: i64) {
        self.clock_lead.store(microseconds, Ordering::Relaxed);
    }
}
