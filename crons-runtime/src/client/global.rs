//! Which client a monitor uses: the one that was initialized, or in a test the one of the scope it runs in.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::client::client::Client;
use crate::platform::ids::new_id;
use crate::platform::process;
use crate::record::stats::Stats;

/// Zero: there is no client anywhere, and that is known to be meant. All a disabled program pays is reading it.
static ACTIVE: AtomicUsize = AtomicUsize::new(UNSAID);
/// There is no client, and that was not meant, and has not been said.
const UNSAID: usize = 1;
/// Added once for each live client.
const ONE_CLIENT: usize = 2;

static GLOBAL: RwLock<Global> = RwLock::new(Global { client: None, guarded: false, retired: Vec::new() });

/// The clients of the program.
struct Global {
    /// The client of the last `init`. It outlives its guard: what a runtime drops after the body of `main` still reports to it.
    client: Option<Arc<Client>>,
    /// Its guard lives, so another `init` is refused.
    guarded: bool,
    /// Clients of earlier `init`s, to which runs that are still open report.
    retired: Vec<Arc<Client>>,
}

/// The client to use here and now.
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

/// Leaves the program without a client, as `init` was told to, or could not make one.
pub(crate) fn disable() {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if !global.guarded {
        global.replace(None);
    }
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
}

impl Global {
    /// Puts `client` in the place of the one before, which goes on if runs are open that report to it.
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

/// Makes `client` the global one; `false` if there is one whose guard lives. When the process exits, by the end of `main` or by
/// `std::process::exit`, what is left is delivered for at most `shutdown_timeout`.
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

/// Whether something may still be reported to a client without a guard, or be delivered by it; ends it otherwise.
fn has_open_runs(client: &Arc<Client>) -> bool {
    let idle = Arc::strong_count(client) == 1 && client.flush(Duration::ZERO);
    let needed = !client.is_stopped() && !idle;
    if !needed {
        client.stop();
    }
    needed
}

/// For how long the exit hook may wait, in milliseconds: the shutdown timeout, less what the guard has waited.
static EXIT_BUDGET_MILLIS: AtomicU64 = AtomicU64::new(0);
static AT_EXIT: Once = Once::new();

/// How long the exit waits for the worker to log what is left, which takes it far below a millisecond.
const REPORT_TIMEOUT: Duration = Duration::from_millis(100);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Delivers what was captured since the guard was dropped, or all if it was not, and ends the clients.
extern "C" fn at_exit() {
    // Nobody is left to say anything to, and a panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        // Whoever holds the lock for writing is at its end, too.
        let Ok(global) = GLOBAL.try_read() else { return };
        let budget = Duration::from_millis(EXIT_BUDGET_MILLIS.load(Ordering::Relaxed));
        let begin = Instant::now();
        for client in global.retired.iter().chain(&global.client) {
            client.flush(budget.saturating_sub(begin.elapsed()));
            client.stop_and_report(REPORT_TIMEOUT);
        }
    });
}

/// Whether there is a client whose guard lives.
pub(crate) fn is_guarded() -> bool {
    GLOBAL.read().unwrap_or_else(PoisonError::into_inner).guarded
}

/// Says that the guard of the client is gone, having waited so long for delivery. The client goes on until the process exits or
/// another takes its place.
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

/// Waits until everything captured so far is settled, for at most `timeout`; `true` if it is.
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

/// What became of the check-ins since the last [`init`](crate::init), also after its guard is gone; all zeros without a client.
pub fn stats() -> Stats {
    client().map_or_else(Stats::default, |client| client.stats())
}
