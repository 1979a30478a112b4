//! Which client a monitor uses: the one that was initialized, or in a test the one of the scope it runs in.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use crons_types::{CheckIn, CheckInId};

use crate::client::Client;
use crate::ids::new_id;
use crate::process;
use crate::stats::Stats;

/// Zero: there is no client anywhere, and that is known to be meant. All a disabled program pays is reading it.
static ACTIVE: AtomicUsize = AtomicUsize::new(UNSAID);
/// There is no client, and that was not meant, and has not been said.
const UNSAID: usize = 1;
/// Added once for each live client.
const ONE_CLIENT: usize = 2;

static GLOBAL: RwLock<Option<Arc<Client>>> = RwLock::new(None);

/// The client to use here and now.
pub(crate) fn client() -> Option<Arc<Client>> {
    if ACTIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let client = scoped().or_else(global);
    if client.is_none() && ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed) & UNSAID != 0 {
        tracing::warn!(
            "a monitor was used before crons::init, or after its guard was dropped: the job runs, nothing is sent; \
             begin `main` with `let _crons = crons::init(..)`"
        );
    }
    client
}

/// The client of the program.
fn global() -> Option<Arc<Client>> {
    match GLOBAL.try_read() {
        Ok(global) => global.clone(),
        // A thread that a fork has left behind may hold it for ever.
        Err(TryLockError::WouldBlock) if process::forks() > 0 => None,
        Err(_) => GLOBAL.read().unwrap_or_else(PoisonError::into_inner).clone(),
    }
}

/// `init` was called and found no DSN: that is meant.
pub(crate) fn disable() {
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
}

/// Makes `client` the global one; `false` if there is one already. If the process exits while it is, by
/// `std::process::exit` or with its guard leaked, what is left is delivered for at most `shutdown_timeout`.
pub(crate) fn install(client: Arc<Client>, shutdown_timeout: Duration) -> bool {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if global.is_some() {
        return false;
    }
    *global = Some(client);
    let millis = u64::try_from(shutdown_timeout.as_millis()).unwrap_or(u64::MAX);
    AT_EXIT_MILLIS.store(millis, Ordering::Relaxed);
    AT_EXIT.call_once(|| process::call_at_exit(at_exit));
    ACTIVE.fetch_add(ONE_CLIENT, Ordering::Relaxed);
    disable();
    true
}

/// For how long an exit may be held up, in milliseconds.
static AT_EXIT_MILLIS: AtomicU64 = AtomicU64::new(0);
static AT_EXIT: Once = Once::new();

extern "C" fn at_exit() {
    // Nobody is left to say anything to, and a panic must not leave a function that C calls.
    let _ = catch_unwind(|| {
        // Whoever holds the lock for writing is at its end, too.
        let Ok(global) = GLOBAL.try_read() else { return };
        if let Some(client) = &*global {
            client.flush(Duration::from_millis(AT_EXIT_MILLIS.load(Ordering::Relaxed)));
        }
    });
}

/// Whether a global client is installed.
pub(crate) fn is_installed() -> bool {
    GLOBAL.read().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Removes the global client.
pub(crate) fn uninstall() {
    // In a forked child a thread that is no more may have left it locked for reading: then it stays, as the child is ending.
    let global = match GLOBAL.try_write() {
        Err(TryLockError::WouldBlock) if process::forks() > 0 => return,
        Err(TryLockError::WouldBlock) => GLOBAL.write().unwrap_or_else(PoisonError::into_inner),
        Err(TryLockError::Poisoned(global)) => global.into_inner(),
        Ok(global) => global,
    };
    let removed = { global }.take();
    if removed.is_some() {
        ACTIVE.fetch_sub(ONE_CLIENT, Ordering::Relaxed);
        ACTIVE.fetch_or(UNSAID, Ordering::Relaxed);
    }
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
/// capture_check_in(CheckIn::ok(slug).id(id).duration(std::time::Duration::from_secs(3)));
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

/// What became of the check-ins since [`init`](crate::init); all zeros without a client.
pub fn stats() -> Stats {
    client().map_or_else(Stats::default, |client| client.stats())
}
