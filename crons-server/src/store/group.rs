//! The servers on one database: what a server knows of the others, for the parts of it that do something for all.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "postgres")]
use std::time::Duration;
use std::time::Instant;

use jiff::Timestamp;

use super::node::{Duty, Node, NodeList, TargetSender};
use crate::clock::CorrectedClock;

/// The time after which a statement without an answer counts as one that hangs. A lock is waited for during 10 s.
#[cfg(feature = "postgres")]
const HANGS_AFTER: Duration = Duration::from_secs(12);
/// The time in which a server that receives must have stored a batch. At a new minute it may wait for another server for 20 s.
#[cfg(feature = "postgres")]
const STORES_NOTHING_AFTER: Duration = Duration::from_secs(30);

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
    progress: Mutex<Progressed>,
    clock: CorrectedClock,
}

/// The times of the last progress of this server's pipeline.
#[derive(Debug)]
struct Progressed {
    /// The last answer to a statement.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only a database that several servers use has a standing")
    )]
    step: Instant,
    /// The end of the last batch that was stored.
    batch: Instant,
}

impl Default for Progressed {
    fn default() -> Self {
        let now = Instant::now();
        Self { step: now, batch: now }
    }
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
            let before = standing.watermark.fetch_max(watermark.as_microsecond(), Ordering::Relaxed);
            if Timestamp::from_microsecond(before).is_err() {
                // The server receives from now on.
                standing.note_batch();
            }
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

    /// Notes that the pipeline has stored a batch, or waits for other servers. Where there are others it does so a few times a second, as there are ticks.
    pub(crate) fn note_batch(&self) {
        if let Some(standing) = &self.0 {
            standing.note_batch();
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

    pub(super) fn note_batch(&self) {
        self.progress().batch = Instant::now();
    }

    fn progress(&self) -> MutexGuard<'_, Progressed> {
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

    /// Takes the list as it is now. Returns it as it was before.
    pub(super) fn set_nodes(&self, nodes: Vec<Node>) -> Vec<Node> {
        std::mem::replace(&mut *self.list(), NodeList::now(nodes)).nodes
    }

    /// The watermark of this server; `None` before it receives.
    pub(super) fn watermark(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.watermark.load(Ordering::Relaxed)).ok()
    }

    pub(super) fn clock(&self) -> &CorrectedClock {
        &self.clock
    }

    /// Notes that a statement of the pipeline was answered.
    pub(super) fn note_step(&self) {
        self.progress().step = Instant::now();
    }

    /// Notes that the server has joined the list again: it has some time to store a batch.
    pub(super) fn note_return(&self) {
        let now = Instant::now();
        let batch = now.checked_sub(STORES_NOTHING_AFTER.saturating_sub(HANGS_AFTER)).unwrap_or(now);
        *self.progress() = Progressed { step: now, batch };
    }

    /// Returns whether the others go on without this server: it receives, but a statement has no answer for a while, or no batch can be stored.
    pub(super) fn hangs(&self) -> bool {
        let progress = self.progress();
        self.watermark().is_some()
            && (progress.step.elapsed() > HANGS_AFTER && progress.batch.elapsed() > HANGS_AFTER
                || progress.batch.elapsed() > STORES_NOTHING_AFTER)
    }
}
