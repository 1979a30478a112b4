//! The caller's end of the worker: hands check-ins to its thread, flushes and ends it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::sender::{Sender, on_worker};
use super::shared::{Shared, WorkerConfig};
use crate::delivery::on_exit::OnExit;
use crate::platform::ids::new_id;
use crate::platform::process;
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::wire::transport::Transport;
use crate::worker::inbox::Pushed;

/// A process with more forks since `init` sends nothing, and logs that once.
const MOST_FORKS: usize = 8;

/// The worker as callers see it.
pub(crate) struct Worker {
    config: Arc<WorkerConfig>,
    /// The states of this process and of those between the first and it, one each: a child has none of its parent's threads, and must not
    /// touch a lock that one of them may have held.
    shared_by_fork: [OnceLock<Arc<Shared>>; MOST_FORKS],
    /// The number of forks before the first of these processes.
    forks: usize,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(config: WorkerConfig, transport: Arc<dyn Transport>) -> std::io::Result<Self> {
        process::count_forks();
        let config = Arc::new(config);
        let shared = spawn(&config, transport, Vec::new())?;
        let mut shared_by_fork: [OnceLock<Arc<Shared>>; MOST_FORKS] = Default::default();
        shared_by_fork[0] = OnceLock::from(shared);
        Ok(Self { config, shared_by_fork, forks: process::forks() })
    }

    /// Queues a check-in. Does no I/O, and does not wait for any.
    pub(crate) fn push(&self, record: QueuedCheckIn) {
        let Some(cell) = self.place() else { return forked_too_often() };
        let shared = cell.get_or_init(|| self.spawn_after_fork());
        match shared.inbox.push(record) {
            Pushed::Done => {}
            Pushed::Wake => shared.wake.notify_one(),
            Pushed::WarnOnce(slug, why) => {
                log_loss!(warn, slug, [], "check-ins are dropped, and counted in crons::stats(): {why}");
            }
        }
    }

    #[cold]
    fn spawn_after_fork(&self) -> Arc<Shared> {
        // A thread of the parent that was ending the client may hold the lock; the child does not have it.
        let transport = self.config.connect.try_lock().ok().and_then(|connect| connect.as_ref()?());
        let workers = self.shared_by_fork.iter().filter_map(OnceLock::get);
        let ancestors = workers.filter_map(|shared| shared.owner.clone()).collect();
        let shared = transport.and_then(|transport| spawn(&self.config, transport, ancestors).ok());
        shared.unwrap_or_else(|| {
            log_loss!(error, [], "the check-ins of this forked process cannot be sent: jobs run unwatched");
            let shared = Shared::default();
            shared.inbox.stop();
            Arc::new(shared)
        })
    }

    /// The state of this process. `None` if it was forked and has captured nothing yet.
    fn shared(&self) -> Option<&Arc<Shared>> {
        self.place()?.get()
    }

    fn place(&self) -> Option<&OnceLock<Arc<Shared>>> {
        self.shared_by_fork.get(process::forks().saturating_sub(self.forks))
    }

    /// Waits for at most `timeout` until everything captured so far is settled. Returns whether it is.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let Some(shared) = self.shared() else { return true };
        // The worker's thread, which calls hooks and transports, would wait for itself.
        let timeout = if on_worker() { Duration::ZERO } else { timeout };
        shared.inbox.flush(timeout, || shared.wake.notify_one())
    }

    /// Delivers what is left for at most `timeout`, the ends of open runs included unless they are to be left open.
    pub(crate) fn deliver_rest(&self, timeout: Duration) {
        if self.config.on_exit == OnExit::Leave || on_worker() {
            self.flush(timeout);
        } else if let Some(shared) = self.shared() {
            shared.inbox.close_open_runs(timeout, || shared.wake.notify_one());
        }
    }

    /// Tells the thread to end, whatever is left, and does not wait for it.
    pub(crate) fn stop(&self) {
        if let Some(shared) = self.shared() {
            shared.inbox.stop();
            shared.wake.notify_one();
        }
    }

    /// Returns whether the thread was told to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.shared().is_some_and(|shared| shared.inbox.is_stopped())
    }

    /// Ends the thread like [`stop`](Self::stop), and waits for at most `timeout` until it has logged what is left. The thread logs it
    /// because a thread that runs the exit hooks has lost its thread-locals, which subscribers use. With nothing left, and no journal
    /// to end, the call does not wait.
    pub(crate) fn stop_and_report(&self, timeout: Duration) {
        let Some(shared) = self.shared() else { return };
        let waits = (shared.inbox.has_loose_ends() || shared.owner.is_some()) && !on_worker();
        self.stop();
        if waits {
            shared.inbox.wait_until_finished(timeout);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let Some(shared) = self.shared() else { return Stats::default() };
        shared.stats()
    }
}

#[cold]
fn forked_too_often() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        log_loss!(
            error,
            [],
            "check-ins of this process are lost: {MOST_FORKS} forks lie between crons::init and it; call crons::init in it"
        );
    }
}

/// Starts the thread of a worker, which was forked from the owners of the journals that `ancestors` names.
fn spawn(
    config: &Arc<WorkerConfig>,
    transport: Arc<dyn Transport>,
    ancestors: Vec<String>,
) -> std::io::Result<Arc<Shared>> {
    let owner = config.spool.as_ref().map(|_| new_id().to_string());
    let shared = Arc::new(Shared { owner, ..Shared::default() });
    if shared.owner.is_some() {
        shared.inbox.expect_more();
    }
    let sender = Sender::new(Arc::clone(&shared), Arc::clone(config), transport, ancestors);
    std::thread::Builder::new().name("crons-worker".to_owned()).spawn(move || sender.run())?;
    Ok(shared)
}
