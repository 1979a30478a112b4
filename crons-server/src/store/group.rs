//! The servers on one database: what a server knows of the others, for the parts of it that do something for all.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "postgres")]
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use super::node::{Duty, Node, NodeList, TargetSender};
use crate::clock::CorrectedClock;

/// The time after which a server that stores nothing is no longer said to be there. The others delete it 4 s later, and wait for 20 s at most. A lock is
/// waited for during 10 s.
#[cfg(feature = "postgres")]
const PROGRESS_LIMIT: Duration = Duration::from_secs(14);

/// The standing of a server among those on its database. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group(
    /// `None`: no other server can use the database.
    Option<Arc<Standing>>,
);

/// The standing of a server, as the database has it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    list: Mutex<NodeList>,
    /// The instant until which this server has stored what it received, in microseconds since 1970; the earliest one before it receives.
    watermark: AtomicI64,
    /// The watermark at which the server was cut off from the database, until the pipeline has taken note of it.
    cut: Mutex<Option<Timestamp>>,
    /// The last progress of this server's pipeline; `None` before the first.
    progress: Mutex<Option<Instant>>,
    clock: CorrectedClock,
}

impl Group {
    /// Returns whether the database may be used by other servers, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether this server has a duty.
    pub(crate) fn has(&self, duty: Duty) -> bool {
        let has =
            |standing: &Arc<Standing>| standing.list().this().is_some_and(|node| node.duties.contains(&duty));
        self.0.as_ref().is_none_or(has)
    }

    /// The server that sends the messages of a target. This one sends none if it has not heard of the others for so long that they may have gone on
    /// without it.
    pub(crate) fn sender_of(&self, target: &str) -> TargetSender {
        self.0.as_ref().map_or(TargetSender::ThisServer, |standing| standing.list().sender_of(target))
    }

    /// Returns whether the list of servers is that of some seconds ago at most, as the database has answered since.
    pub(crate) fn is_current(&self) -> bool {
        self.0.as_ref().is_none_or(|standing| standing.list().is_current())
    }

    /// The names of the targets whose messages this server sends; empty if no other server can use the database, as it sends all.
    pub(crate) fn own_targets(&self) -> Vec<String> {
        let targets = |standing: &Arc<Standing>| standing.list().this().map(|node| node.targets.clone());
        self.0.as_ref().and_then(targets).unwrap_or_default()
    }

    /// Returns whether there are other servers.
    pub(crate) fn has_others(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.list().nodes.iter().any(|node| !node.is_this))
    }

    /// Returns whether the others went on without this server.
    pub(crate) fn is_expelled(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.list().this().is_none())
    }

    /// The servers on the database, the one that has run longest first; empty if no other server can use it.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.0.as_ref().map(|standing| standing.list().nodes.clone()).unwrap_or_default()
    }

    /// The clock by which the servers on the database go; `None` if no other server can use it.
    pub(crate) fn clock(&self) -> Option<CorrectedClock> {
        self.0.as_ref().map(|standing| standing.clock.clone())
    }

    /// Notes that all that this server received until then is stored. The others are told in a moment.
    pub(crate) fn stored_until(&self, watermark: Timestamp) {
        if let Some(standing) = &self.0 {
            standing.watermark.fetch_max(watermark.as_microsecond(), Ordering::Relaxed);
        }
    }

    /// The watermark at which the server was cut off from the database, if it was, since the last [`clear_cut`](Self::clear_cut). Without other servers
    /// that bears on nothing: what it could not store it has refused.
    pub(crate) fn cut(&self) -> Option<Timestamp> {
        if !self.has_others() {
            self.clear_cut();
        }
        *self.0.as_ref()?.cut()
    }

    /// Clears the cut, so that the others are no longer told of it.
    pub(crate) fn clear_cut(&self) {
        if let Some(standing) = &self.0 {
            *standing.cut() = None;
        }
    }

    /// Notes that the pipeline can store what it receives, or waits for other servers. Where there are others it does so a few times a second, as
    /// there are ticks.
    pub(crate) fn note_progress(&self) {
        if let Some(standing) = &self.0 {
            standing.note_progress();
        }
    }
}

#[cfg(feature = "postgres")]
impl Group {
    pub(super) fn of(standing: &Arc<Standing>) -> Self {
        Self(Some(Arc::clone(standing)))
    }
}

impl Standing {
    fn list(&self) -> MutexGuard<'_, NodeList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_progress(&self) {
        *self.progress() = Some(Instant::now());
    }

    fn progress(&self) -> MutexGuard<'_, Option<Instant>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn cut(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "postgres")]
impl Standing {
    /// The standing of a server that does not receive yet.
    pub(super) fn new() -> Self {
        Self { watermark: AtomicI64::new(i64::MIN), ..Self::default() }
    }

    /// Takes the list that was asked for at this instant. Returns it as it was before.
    pub(super) fn set_nodes(&self, nodes: Vec<Node>, asked: Instant) -> Vec<Node> {
        std::mem::replace(&mut *self.list(), NodeList { nodes, asked: Some(asked) }).nodes
    }

    /// The watermark of this server; `None` before it receives.
    pub(super) fn watermark(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.watermark.load(Ordering::Relaxed)).ok()
    }

    pub(super) fn clock(&self) -> &CorrectedClock {
        &self.clock
    }

    /// Returns whether the others are to go on without this server: it receives, and stores nothing.
    pub(super) fn hangs(&self) -> bool {
        let progress = *self.progress();
        self.watermark().is_some() && progress.is_some_and(|at| at.elapsed() > PROGRESS_LIMIT)
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_receives_and_stores_nothing_for_a_while_hangs() {
        let standing = Arc::new(Standing::new());
        let group = Group::of(&standing);
        let ago = |time: Duration| *standing.progress() = Instant::now().checked_sub(time);
        ago(PROGRESS_LIMIT * 2);
        assert!(!standing.hangs(), "it does not receive yet");
        group.stored_until(Timestamp::UNIX_EPOCH);
        assert!(standing.hangs());
        ago(PROGRESS_LIMIT / 2);
        assert!(!standing.hangs());
        ago(PROGRESS_LIMIT * 2);
        group.note_progress();
        assert!(!standing.hangs());
    }
}
