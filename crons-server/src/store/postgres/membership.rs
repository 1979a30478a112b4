//! The membership of a server among those that run on one schema.
//!
//! A server says a few times a second that it is there, and until when it has stored what it received. The others delete a server that says
//! nothing for some seconds, and go on without it: it was killed, it stores nothing, or it is cut off from the database. A transaction
//! that deletes one runs alone, and each transaction begins with a look for the server's own row: so a server that was deleted stores nothing, until it
//! has joined again.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_postgres::SimpleQueryMessage;

use super::executor::Executor;
use super::node_changes;
use super::nodes::{self, Lock, Nodes, OtherProgram, PUBLISH_INTERVAL, Published};
use crate::store::error::StoreError;
use crate::store::group::{Group, Standing};
use crate::store::node::{Duty, Node};
use crate::store::pass::{Progress, Slice};

/// The time between two looks of a server that waits for the end of a transfer, and the number of looks between two lines of its log.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
const LINE_EVERY: u32 = 600;
/// The time that a publication in the background has: one that takes longer is made anew.
const PUBLISH_LIMIT: Duration = Duration::from_secs(3);
/// The time that a publication of the pipeline has, which may wait for transactions of other servers.
const SYNCHRONIZE_LIMIT: Duration = Duration::from_secs(8);

/// The membership of a server. Its drop takes the server off the list.
pub(super) struct Membership {
    member: Arc<Member>,
    executor: Arc<Executor>,
    /// The task that publishes; `None` if there is no runtime any more.
    publishes: Option<AbortHandle>,
}

struct Member {
    nodes: Nodes,
    name: String,
    is_transfer: bool,
    /// The row id; 0 while the server is not in the list.
    id: AtomicI64,
    standing: Arc<Standing>,
    /// The watermark that the others were told last.
    published: Mutex<Option<Timestamp>>,
    /// Whether the log has said that the server stores nothing.
    hung: AtomicBool,
}

impl Membership {
    /// Joins the servers of a schema, once no transfer is under way.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn join(executor: &Arc<Executor>, pool: Pool, schema: &str) -> Result<Self, StoreError> {
        let member = Member::new(pool, schema, false);
        let mut looks = 0_u32;
        while let Err(other) = executor.wait(member.join())? {
            if looks.is_multiple_of(LINE_EVERY) {
                tracing::info!(
                    other = other.name,
                    "rows of this database are being moved; this server starts after that"
                );
            }
            looks = looks.saturating_add(1);
            std::thread::sleep(LOOK_INTERVAL);
        }
        Self::start(executor, member)
    }

    /// Joins as a transfer, beside which no server runs.
    ///
    /// # Errors
    /// If a server runs, or the database fails.
    pub(super) fn join_alone(executor: &Arc<Executor>, pool: Pool, schema: &str) -> Result<Self, StoreError> {
        let member = Member::new(pool, schema, true);
        while let Err(other) = executor.wait(member.join())? {
            if !other.is_silent {
                let name = other.name;
                return Err(StoreError::refused(format!(
                    "it is in use by {name}; end that program first, or try again in 5 seconds if it was killed"
                )));
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        Self::start(executor, member)
    }

    fn start(executor: &Arc<Executor>, member: Member) -> Result<Self, StoreError> {
        let member = Arc::new(member);
        executor.wait(member.publish())?;
        let publishing = Arc::clone(&member).publish_regularly();
        let publishes = executor.handle().map(|runtime| runtime.spawn(publishing).abort_handle());
        Ok(Self { member, executor: Arc::clone(executor), publishes })
    }

    /// The statements that a transaction with a lock begins with. The answers go to [`check`](Self::check).
    pub(super) fn look(&self, lock: Lock) -> String {
        let Member { nodes, id, .. } = &*self.member;
        format!(
            "{}; SELECT id FROM nodes WHERE id = {}",
            lock.statement(&nodes.schema),
            id.load(Ordering::Relaxed)
        )
    }

    /// Joins again if the server is known not to be in the list.
    ///
    /// # Errors
    /// [`StoreError::Expelled`] if it was not, and is again; the failures of the database.
    pub(super) fn join_again_if_expelled(&self) -> Result<(), StoreError> {
        if self.is_listed() {
            return Ok(());
        }
        if let Err(other) = self.executor.wait(self.member.join())? {
            return Err(StoreError::unavailable(format!("its rows are being moved by {}", other.name)));
        }
        self.member.standing.note_progress();
        // Until the pipeline has taken note of it, the others are told that this server was not receiving.
        *self.member.standing.cut() = *self.member.published();
        self.executor.wait(self.member.publish())?;
        Err(StoreError::Expelled)
    }

    /// Checks the answers to [`look`](Self::look).
    ///
    /// # Errors
    /// [`StoreError::Expelled`] if the server was deleted from the list.
    pub(super) fn check(&self, answers: &[SimpleQueryMessage]) -> Result<(), StoreError> {
        if nodes::is_listed(answers) {
            return Ok(());
        }
        self.member.id.store(0, Ordering::Relaxed);
        Err(StoreError::Expelled)
    }

    /// Tells the others that all inputs before `watermark` are stored, and returns how far they are.
    ///
    /// # Errors
    /// If the database fails, or the others have deleted this server.
    pub(super) fn synchronize(&self, watermark: Timestamp) -> Result<Progress, StoreError> {
        self.join_again_if_expelled()?;
        Group::of(&self.member.standing).stored_until(watermark);
        let published = self.executor.wait_for(SYNCHRONIZE_LIMIT, self.member.publish())?;
        let nodes = &published.nodes;
        let this = nodes.iter().find(|node| node.is_this).ok_or(StoreError::Expelled)?;
        let others = nodes.iter().filter(|node| !node.is_this);
        let lowest = others.clone().filter_map(|node| node.watermark).min();
        Ok(Progress {
            low_watermark: lowest.map_or(watermark, |lowest| lowest.min(watermark)),
            evaluated_through: published.evaluated_through,
            decides: this.duties.contains(&Duty::Deadlines),
            slice: slice(nodes),
            has_others: others.clone().count() > 0,
            others_receive: others.clone().any(|node| node.is_receiving),
        })
    }

    /// Tells the others that the deadlines of all minutes up to this one are evaluated.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn evaluated(&self, minute: Timestamp) -> Result<(), StoreError> {
        let Member { nodes, id, .. } = &*self.member;
        self.executor.wait_for(SYNCHRONIZE_LIMIT, nodes.store_evaluated(id.load(Ordering::Relaxed), minute))
    }

    /// Returns whether the server is in the list, as far as it knows.
    pub(super) fn is_listed(&self) -> bool {
        self.member.id.load(Ordering::Relaxed) != 0
    }

    /// Notes that the pipeline has stored something.
    pub(super) fn note_progress(&self) {
        self.member.standing.note_progress();
    }

    pub(super) fn group(&self) -> Group {
        Group::of(&self.member.standing)
    }

    /// The row id of this server.
    pub(super) fn id(&self) -> i64 {
        self.member.id.load(Ordering::Relaxed)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(publishes) = &self.publishes {
            publishes.abort();
        }
        let id = self.member.id.swap(0, Ordering::Relaxed);
        if id == 0 {
            return;
        }
        if let Err(error) = self.executor.wait_for(PUBLISH_LIMIT, self.member.nodes.leave(id)) {
            tracing::debug!(%error, "the server was not taken off the list; the others do that in some seconds");
        }
    }
}

impl Member {
    fn new(pool: Pool, schema: &str, is_transfer: bool) -> Self {
        let nodes = Nodes { pool, schema: schema.to_owned() };
        let (standing, published) = (Arc::new(Standing::new()), Mutex::default());
        Self {
            nodes,
            name: name(),
            is_transfer,
            id: AtomicI64::new(0),
            standing,
            published,
            hung: AtomicBool::new(false),
        }
    }

    /// Adds the server to the list. Returns the program beside which it cannot run as an inner error.
    async fn join(&self) -> Result<Result<(), OtherProgram>, StoreError> {
        let watermark = *self.published();
        let joined = self.nodes.join(&self.name, self.is_transfer, watermark).await?;
        Ok(joined.map(|id| self.id.store(id, Ordering::Relaxed)))
    }

    fn published(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the others that the server is there, and its watermark if it receives; then does the upkeep of the list if it needs some.
    async fn publish(&self) -> Result<Published, StoreError> {
        let id = self.id.load(Ordering::Relaxed);
        let published = self.publish_once(id).await?;
        if !self.needs_upkeep(&published) {
            return Ok(published);
        }
        self.upkeep(id, &published).await?;
        self.publish_once(id).await
    }

    /// Returns whether a server is to be taken off the list, or a duty is to be taken, by this one.
    fn needs_upkeep(&self, published: &Published) -> bool {
        let nodes = &published.nodes;
        let is_needed = published.has_vacancy || nodes.iter().any(|node| node.is_gone);
        is_needed && nodes.iter().any(|node| node.is_this) && self.standing.watermark().is_some()
    }

    /// Takes servers that are gone off the list, and duties that are nobody's: all if this server is alone, otherwise one at a time, so that the others
    /// get some. Waits for the transactions of all.
    async fn upkeep(&self, id: i64, published: &Published) -> Result<(), StoreError> {
        self.nodes.upkeep(id, if published.nodes.len() > 1 { 1 } else { i64::MAX }).await
    }

    async fn publish_once(&self, id: i64) -> Result<Published, StoreError> {
        let cut = *self.standing.cut();
        let watermark = cut.or(self.standing.watermark());
        let asked = Instant::now();
        let published = self.nodes.publish(id, watermark, cut.is_some(), self.hangs()).await?;
        if let Some(clock) = published.clock {
            self.standing.clock().compare(asked, clock);
        }
        if published.nodes.iter().any(|node| node.is_this) {
            *self.published() = watermark;
        } else {
            // Unless it has joined again meanwhile.
            let _ = self.id.compare_exchange(id, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
        node_changes::log(&self.standing.set_nodes(published.nodes.clone(), asked), &published.nodes);
        Ok(published)
    }

    /// Returns whether the server stores nothing. Logs it once.
    fn hangs(&self) -> bool {
        let hangs = self.standing.hangs();
        if hangs && !self.hung.swap(hangs, Ordering::Relaxed) {
            tracing::warn!("this server stores nothing: the others go on without it until it can");
        }
        self.hung.store(hangs, Ordering::Relaxed);
        hangs
    }

    async fn publish_regularly(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PUBLISH_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failed = false;
        let mut upkeep: Option<JoinHandle<()>> = None;
        loop {
            ticks.tick().await;
            if self.standing.watermark().is_none() || !Group::of(&self.standing).has_others() {
                // No other server waits for this one, which may have no tick for a minute.
                self.standing.note_progress();
            }
            let id = self.id.load(Ordering::Relaxed);
            if id == 0 {
                continue;
            }
            let error = match tokio::time::timeout(PUBLISH_LIMIT, self.publish_once(id)).await {
                Ok(Ok(published)) => {
                    if self.needs_upkeep(&published) && upkeep.as_ref().is_none_or(JoinHandle::is_finished) {
                        let this = Arc::clone(&self);
                        // A task of its own, as it waits for the transactions of all, and this server is to be said to be there meanwhile.
                        upkeep = Some(tokio::spawn(async move {
                            if let Err(error) = this.upkeep(id, &published).await {
                                tracing::debug!(%error, "the list of servers was not kept up; tried again");
                            }
                        }));
                    }
                    None
                }
                Ok(Err(error)) => Some(error),
                Err(_late) => Some(StoreError::unavailable("it does not answer")),
            };
            if let Some(error) = error.as_ref().filter(|_| !failed) {
                tracing::warn!(%error, "the other servers cannot be told that this one is there; tried again until it succeeds");
            }
            failed = error.is_some();
            if failed {
                // The server may have refused what it received meanwhile.
                let told = *self.published();
                let mut cut = self.standing.cut();
                *cut = cut.or(told);
            }
        }
    }
}

/// The slice of this server among those that receive.
fn slice(nodes: &[Node]) -> Slice {
    let receive = nodes.iter().filter(|node| node.is_this || (node.watermark.is_some() && !node.is_gone));
    let place = receive.clone().position(|node| node.is_this).unwrap_or_default();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Slice { of: count(receive.count().max(1)), place: count(place) }
}

/// The name by which other servers call this one.
fn name() -> String {
    format!("process {} on {}", std::process::id(), host())
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "a host without a name".to_owned())
}
