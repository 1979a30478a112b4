//! The client that a thread reports to: the one that was initialized, or in a test the client of the scope.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::client::client::Client;
use crate::platform::ids::new_id;
use crate::platform::process;
use crate::record::stats::Stats;

/// 0 if there is no client and that was intended. A disabled program pays one load of it for each run.
static ACTIVE: AtomicUsize = AtomicUsize::new(UNSAID);
/// Set while a missing client was neither intended nor logged.
const UNSAID: usize = 1;
/// Added once for each live client.
const ONE_CLIENT: usize = 2;

static GLOBAL: RwLock<Global> = RwLock::new(Global { client: None, guarded: false, retired: Vec::new() });

/// The clients of the program.
struct Global {
    /// The client of the last `init`. It outlives its guard: what a runtime drops after the body of `main` still reports to it.
    client: Option<Arc<Client>>,
    /// Whether its guard is alive, so another `init` is refused.
    guarded: bool,
    /// Clients of earlier `init`s that open runs still report to.
    retired: Vec<Arc<Client>>,
}

/// Returns the client that this thread reports to; `None` if there is none.
pub(crate) fn client() -> Option<Arc<Client>> {
    if ACTIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let client = scoped().or_else(global);
    if client.is_none() && ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed) & UNSAID != 0 {
        log_loss!(
            warn,
            [],
            "a monitor was used before crons::init: the job runs, nothing is sent; begin `main` with `let _crons = crons::init(..)`"
        );
    }
    client
}

/// The client of the program.
fn global() -> Option<Arc<Client>> {
    match GLOBAL.try_read() {
        Ok(global) => global.client.clone(),
        // A thread that a fork has left behind may hold it for ever.
        Err(TryLockError::WouldBlock) if process::forks() > 0 => None,
        Err(_) => GLOBAL.read().unwrap_or_else(PoisonError::into_inner).client.clone(),
    }
}

/// Records that the program has no client, as `init` was told so or failed.
pub(crate) fn disable() {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if !global.guarded {
        global.replace(None);
    }
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
}

impl Global {
    /// Replaces the client. The previous one goes on while open runs report to it.
    fn replace(&mut self, client: Option<Arc<Client>>) {
        if client.is_some() {
            ACTIVE.fetch_add(ONE_CLIENT, Ordering::Relaxed);
        }
        if let Some(before) = std::mem::replace(&mut self.client, client) {
            ACTIVE.fetch_sub(ONE_CLIENT, Ordering::Relaxed);
            self.retired.push(before);
        }
        self.retired.retain(has_open_runs);
    }
}

/// Installs `client` as the global one. Returns `false` if the guard of another is alive. When the process exits, by the end of `main`
/// or by `std::process::exit`, queued check-ins are delivered for at most `shutdown_timeout`.
pub(crate) fn install(client: Arc<Client>, shutdown_timeout: Duration) -> bool {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if global.guarded {
        return false;
    }
    global.replace(Some(client));
    global.guarded = true;
    EXIT_BUDGET_MILLIS.store(millis(shutdown_timeout), Ordering::Relaxed);
    AT_EXIT.call_once(|| process::call_at_exit(at_exit));
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
    true
}

/// Whether a replaced client still has open runs or undelivered check-ins. If not, it is closed.
fn has_open_runs(client: &Arc<Client>) -> bool {
    let idle = Arc::strong_count(client) == 1 && client.flush(Duration::ZERO);
    let needed = !client.is_stopped() && !idle;
    if !needed {
        client.stop();
    }
    needed
}

/// The time that the exit hook may wait, in milliseconds: the shutdown timeout less the time that the guard has waited.
static EXIT_BUDGET_MILLIS: AtomicU64 = AtomicU64::new(0);
static AT_EXIT: Once = Once::new();

/// The limit for waiting at exit until the worker has logged undelivered check-ins; it needs far less than 1 ms.
const REPORT_TIMEOUT: Duration = Duration::from_millis(100);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Exit hook: delivers the check-ins that are left, then closes the clients.
extern "C" fn at_exit() {
    // Nobody is left to say anything to, and a panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        // Whoever holds the lock for writing is at its end, too.
        let Ok(global) = GLOBAL.try_read() else { return };
        end_all(&global, Duration::from_millis(EXIT_BUDGET_MILLIS.load(Ordering::Relaxed)));
    });
}

/// Closes open runs as [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says, delivers what is left for at most `timeout`, and ends
/// the clients of the program.
#[cfg(unix)]
pub(crate) fn end(timeout: Duration) {
    end_all(&GLOBAL.read().unwrap_or_else(PoisonError::into_inner), timeout);
}

/// Ends all clients, having delivered what is left for at most `timeout`.
fn end_all(global: &Global, timeout: Duration) {
    let begin = Instant::now();
    for client in global.retired.iter().chain(&global.client) {
        client.end(timeout.saturating_sub(begin.elapsed()), REPORT_TIMEOUT);
    }
}

/// Whether the guard of a client is alive.
pub(crate) fn is_guarded() -> bool {
    GLOBAL.read().unwrap_or_else(PoisonError::into_inner).guarded
}

/// Records that the guard was dropped, after it waited `waited` for delivery. The client goes on until the process exits or another
/// replaces it.
pub(crate) fn release(waited: Duration) {
    // In a forked child a thread that is no more may have left it locked for reading: then it stays, as the child is ending.
    let mut global = match GLOBAL.try_write() {
        Err(TryLockError::WouldBlock) if process::forks() > 0 => return,
        Err(TryLockError::WouldBlock) => GLOBAL.write().unwrap_or_else(PoisonError::into_inner),
        Err(TryLockError::Poisoned(global)) => global.into_inner(),
        Ok(global) => global,
    };
    global.guarded = false;
    let left = EXIT_BUDGET_MILLIS.load(Ordering::Relaxed).saturating_sub(millis(waited));
    EXIT_BUDGET_MILLIS.store(left, Ordering::Relaxed);
}

#[cfg(feature = "test")]
mod scope {
    use std::cell::RefCell;

    use super::{ACTIVE, Arc, Client, ONE_CLIENT, Ordering};

    thread_local! {
        static SCOPED: RefCell<Vec<Arc<Client>>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn scoped() -> Option<Arc<Client>> {
        SCOPED.try_with(|scoped| scoped.borrow().last().cloned()).ok().flatten()
    }

    /// Runs `f` with `client` as the client of this thread.
    pub(crate) fn with<R>(client: Arc<Client>, f: impl FnOnce() -> R) -> R {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                SCOPED.with(|scoped| scoped.borrow_mut().pop());
                ACTIVE.fetch_sub(ONE_CLIENT, Ordering::Relaxed);
            }
        }
        ACTIVE.fetch_add(ONE_CLIENT, Ordering::Relaxed);
        SCOPED.with(|scoped| scoped.borrow_mut().push(client));
        let _leave = Leave;
        f()
    }
}

#[cfg(feature = "test")]
pub(crate) use scope::with;

fn scoped() -> Option<Arc<Client>> {
    #[cfg(feature = "test")]
    return scope::scoped();
    #[cfg(not(feature = "test"))]
    None
}

/// Sends a check-in by hand: for runs that begin in one process and end in another. Returns the id of the run.
///
/// Without an id of its own the check-in gets a new one. With no client nothing is sent, and the id is returned all the same.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::{CheckIn, Slug, capture_check_in};
///
/// let slug = Slug::parse("import")?;
/// let id = capture_check_in(CheckIn::in_progress(slug.clone()));
/// // .. perhaps in another process:
/// capture_check_in(CheckIn::ok(slug).check_in_id(id).duration(std::time::Duration::from_secs(3)));
/// # Ok::<(), crons::InvalidSlug>(())
/// ```
pub fn capture_check_in(check_in: CheckIn) -> CheckInId {
    match client() {
        Some(client) => client.capture_by_hand(check_in),
        None => check_in.check_in_id.unwrap_or_else(new_id),
    }
}

/// Waits for at most `timeout` until every check-in captured so far is delivered or given up. Returns whether that is so.
///
/// Blocks the thread: in async code use [`flush_async`].
pub fn flush(timeout: Duration) -> bool {
    client().is_none_or(|client| client.flush(timeout))
}

/// As [`flush`], without blocking the executor; works on any.
pub async fn flush_async(timeout: Duration) -> bool {
    let Some(client) = client() else { return true };
    let (done, flushed) = tokio::sync::oneshot::channel();
    let waiting = std::thread::Builder::new().name("crons-flush".to_owned()).spawn(move || {
        // Nobody listens any more if the caller was cancelled.
        let _ = done.send(client.flush(timeout));
    });
    waiting.is_ok() && flushed.await.unwrap_or(false)
}

/// Returns the statistics since the last [`init`](crate::init), also after its guard was dropped. Without a client all counts are 0.
pub fn stats() -> Stats {
    client().map_or_else(Stats::default, |client| client.stats())
}
