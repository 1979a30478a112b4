//! The servers on one database: what a server knows of the others, for the parts of it that do something for all.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::clock::CorrectedClock;

/// The age up to which a server goes by the list of servers: that of the others after which one that says nothing is deleted from it.
const LIST_IS_VALID: Duration = Duration::from_secs(4);

/// The time after which a statement without an answer counts as one that hangs. A lock is waited for during 10 s.
#[cfg(feature = "postgres")]
const HANGS_AFTER: Duration = Duration::from_secs(12);
/// The time in which a server that receives must have stored a batch. At a new minute it may wait for another server for 20 s.
#[cfg(feature = "postgres")]
const STORES_NOTHING_AFTER: Duration = Duration::from_secs(30);

/// Work that one server at a time does for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Evaluates the deadlines that others leave, and starts drills.
    Deadlines,
    /// Deletes what retention does not keep, and makes digests.
    Housekeeping,
}

impl Duty {
    #[cfg(feature = "postgres")]
    pub(super) const ALL: [Self; 2] = [Self::Deadlines, Self::Housekeeping];

    /// The name in the database and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deadlines => "deadlines",
            Self::Housekeeping => "housekeeping",
        }
    }
}

/// A server on a database, as it has last told the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The name of the process and of its machine.
    pub(crate) name: String,
    pub(crate) started: Timestamp,
    /// The instant until which the server has stored what it received; `None` before it receives.
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) duties: Vec<Duty>,
    /// The names of the targets whose messages the server sends.
    pub(crate) targets: Vec<String>,
    pub(crate) is_this: bool,
    /// Whether the server has said in the last two seconds that it is there, and was not cut off from the database before.
    pub(crate) is_receiving: bool,
    /// Whether the server has said nothing for so long that the others go on without it.
    pub(crate) is_gone: bool,
}

/// The server that sends the messages of a target, as far as this server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetSender {
    ThisServer,
    AnotherServer,
    /// No server, or one that is gone.
    Nobody,
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

/// The list of servers, as it was read last.
#[derive(Debug, Default)]
struct NodeList {
    /// The one that has run longest comes first.
    nodes: Vec<Node>,
    /// `None` before the first time.
    read_at: Option<Instant>,
}

impl NodeList {
    fn is_current(&self) -> bool {
        self.read_at.is_some_and(|read_at| read_at.elapsed() <= LIST_IS_VALID)
    }
}

impl Default for Progressed {
    fn default() -> Self {
        let now = Instant::now();
        Self { step: now, batch: now }
    }
}

/// A part of the monitors: those whose row ids leave a remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The number of slices, 1 at least.
    pub of: u32,
    /// The remainder.
    pub place: u32,
}

impl Slice {
    /// The slice that has all monitors.
    pub const WHOLE: Self = Self { of: 1, place: 0 };
}

/// The part of the due rows that a server takes, where several evaluate deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    pub slice: Slice,
    /// Whether monitors are passed over that a transaction of another server has locked; else they are waited for.
    pub skips_locked: bool,
}

impl Pass {
    /// The pass that takes all rows.
    pub const ALL: Self = Self { slice: Slice::WHOLE, skips_locked: false };
}

/// How far the servers on a database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The instant until which all servers that receive have stored what they received.
    pub low_watermark: Timestamp,
    /// The deadlines of all minutes up to this one are evaluated; `None` if no server has evaluated any.
    pub evaluated_through: Option<Timestamp>,
    /// Whether this server evaluates the deadlines that others leave.
    pub decides: bool,
    /// The monitors whose deadlines this server evaluates first.
    pub slice: Slice,
    /// Whether there are other servers. One that was killed counts for some seconds.
    pub has_others: bool,
    /// Whether one of them has just said that it is receiving.
    pub others_receive: bool,
}

impl Group {
    /// Returns whether the database may be used by other servers, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Returns whether this server has a duty.
    pub(crate) fn has(&self, duty: Duty) -> bool {
        let has = |standing: &Arc<Standing>| {
            standing.list().nodes.iter().any(|node| node.is_this && node.duties.contains(&duty))
        };
        self.0.as_ref().is_none_or(has)
    }

    /// The server that sends the messages of a target. This one sends none if it has not heard of the others for so long that they may have gone on
    /// without it.
    pub(crate) fn sender_of(&self, target: &str) -> TargetSender {
        let Some(standing) = &self.0 else { return TargetSender::ThisServer };
        let list = standing.list();
        if !list.is_current() {
            return TargetSender::AnotherServer;
        }
        match list.nodes.iter().find(|node| node.targets.iter().any(|name| name == target)) {
            Some(node) if node.is_this => TargetSender::ThisServer,
            Some(_) => TargetSender::AnotherServer,
            None => TargetSender::Nobody,
        }
    }

    /// Returns whether the list of servers is that of some seconds ago at most, as the database has answered since.
    pub(crate) fn is_current(&self) -> bool {
        self.0.as_ref().is_none_or(|standing| standing.list().is_current())
    }

    /// The names of the targets whose messages this server sends; empty if no other server can use the database, as it sends all.
    pub(crate) fn own_targets(&self) -> Vec<String> {
        let Some(standing) = &self.0 else { return Vec::new() };
        let list = standing.list();
        let this = list.nodes.iter().find(|node| node.is_this);
        this.map(|node| node.targets.clone()).unwrap_or_default()
    }

    /// Returns whether there are other servers.
    pub(crate) fn has_others(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| standing.list().nodes.iter().any(|node| !node.is_this))
    }

    /// Returns whether the others went on without this server.
    pub(crate) fn is_expelled(&self) -> bool {
        self.0.as_ref().is_some_and(|standing| !standing.list().nodes.iter().any(|node| node.is_this))
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
        let list = NodeList { nodes, read_at: Some(Instant::now()) };
        std::mem::replace(&mut *self.list(), list).nodes
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

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_has_not_heard_of_the_others_for_a_while_sends_no_messages() {
        let standing = Arc::new(Standing::new());
        let (group, sender) = (Group::of(&standing), |group: &Group| group.sender_of("ops"));
        assert_eq!(
            sender(&Group::default()),
            TargetSender::ThisServer,
            "no other server can use the database"
        );
        assert_eq!(sender(&group), TargetSender::AnotherServer, "before the first list");
        let node = |is_this: bool, targets: &[&str]| Node {
            name: "a server".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            watermark: None,
            duties: Vec::new(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            is_this,
            is_receiving: true,
            is_gone: false,
        };
        for (nodes, expected) in [
            ([node(true, &["mail"]), node(false, &[])], TargetSender::Nobody),
            ([node(true, &[]), node(false, &["mail", "ops"])], TargetSender::AnotherServer),
            ([node(true, &["mail", "ops"]), node(false, &[])], TargetSender::ThisServer),
        ] {
            standing.set_nodes(nodes.to_vec());
            assert_eq!(sender(&group), expected);
        }
        assert_eq!(group.own_targets(), ["mail", "ops"]);
        standing.list().read_at = Instant::now().checked_sub(LIST_IS_VALID);
        assert_eq!(sender(&group), TargetSender::AnotherServer, "the others may have gone on without it");
    }
}
