//! The clients of the process: the global one of `init`, those of `Client::new`, and the exit hook that ends them all.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, PoisonError, RwLock, RwLockWriteGuard, TryLockError};
use std::time::{Duration, Instant};

use crate::client::destination::Destination;
use crate::platform::process;

/// The number of clients and scopes, with a bit for [`UNSAID`]: 0 if there is no client and that was intended. A
/// disabled program pays one load of it for each run.
static ACTIVE: AtomicUsize = AtomicUsize::new(UNSAID);
/// The bit that is set while a missing client was neither intended nor logged.
const UNSAID: usize = 1;
/// The amount that is added once for the global client, and once for each scope that is entered.
const ONE_CLIENT: usize = 2;

static GLOBAL: RwLock<Global> = RwLock::new(Global { client: None, guarded: false, others: Vec::new() });

/// The clients of the process.
struct Global {
    /// The client of the last `init`. It outlives its guard: tasks that a runtime drops after the body of `main` still report to it.
    client: Option<Entry>,
    /// Whether the guard of `client` is alive, so another `init` is refused.
    guarded: bool,
    /// Clients of `Client::new`, and clients of earlier `init`s that open runs still report to.
    others: Vec<Entry>,
}

/// A client, and how long the exit hook may wait for it: its shutdown timeout less the time that its owner has waited.
struct Entry {
    destination: Arc<Destination>,
    exit_budget: Duration,
}

/// Returns whether a thread may have a client to report to. `false` costs one atomic load.
pub(crate) fn is_active() -> bool {
    ACTIVE.load(Ordering::Relaxed) != 0
}

/// Returns the global client.
pub(crate) fn destination() -> Option<Arc<Destination>> {
    let of = |global: &Global| global.client.as_ref().map(|entry| Arc::clone(&entry.destination));
    match GLOBAL.try_read() {
        Ok(global) => of(&global),
        // In a forked child, a thread that the child does not have may have left the lock taken for ever.
        Err(TryLockError::WouldBlock) if process::forks() > 0 => None,
        Err(_) => of(&GLOBAL.read().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Warns once that a monitor was used without a client, unless that was intended.
pub(crate) fn warn_uninitialized() {
    if ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed) & UNSAID != 0 {
        log_loss!(
            warn,
            [],
            "a monitor was used before crons::init: the job runs, nothing is sent; begin `main` with `let _crons = crons::init(..)`"
        );
    }
}

/// Locks the registry for writing; `None` in a forked child where a thread that is no more may have left it locked.
fn lock() -> Option<RwLockWriteGuard<'static, Global>> {
    match GLOBAL.try_write() {
        Ok(global) => Some(global),
        Err(TryLockError::Poisoned(global)) => Some(global.into_inner()),
        Err(TryLockError::WouldBlock) if process::forks() > 0 => None,
        Err(TryLockError::WouldBlock) => Some(GLOBAL.write().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Counts a scope that is entered, until the returned value is dropped.
pub(crate) struct ActiveScope(());

impl ActiveScope {
    pub(crate) fn enter() -> Self {
        ACTIVE.fetch_add(ONE_CLIENT, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for ActiveScope {
    fn drop(&mut self) {
        ACTIVE.fetch_sub(ONE_CLIENT, Ordering::Relaxed);
    }
}

/// Records that the program has no client, because `init` was asked for none or failed.
pub(crate) fn disable() {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    let idle = if global.guarded { Vec::new() } else { global.replace(None) };
    drop(global);
    drop(idle);
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
}

impl Global {
    /// Replaces the global client. The previous one goes on while open runs report to it. Returns what [`sweep`](Self::sweep) does.
    #[must_use]
    fn replace(&mut self, client: Option<Entry>) -> Vec<Entry> {
        if client.is_some() {
            ACTIVE.fetch_add(ONE_CLIENT, Ordering::Relaxed);
        }
        if let Some(before) = std::mem::replace(&mut self.client, client) {
            ACTIVE.fetch_sub(ONE_CLIENT, Ordering::Relaxed);
            self.others.push(before);
        }
        self.sweep()
    }

    /// Removes and stops the clients that no handle, monitor or run refers to and that have delivered everything, and those that are
    /// stopped. They are to be dropped after the registry is unlocked: a hook of theirs may hold a handle, whose drop locks it again.
    #[must_use]
    fn sweep(&mut self) -> Vec<Entry> {
        let is_idle = |Entry { destination, .. }: &mut Entry| {
            let unused = Arc::strong_count(destination) == 1 && destination.flush(Duration::ZERO);
            destination.is_stopped() || unused
        };
        let idle: Vec<Entry> = self.others.extract_if(.., is_idle).collect();
        for entry in &idle {
            entry.destination.stop();
        }
        idle
    }
}

/// Installs `destination` as the global client. Returns `false` if the guard of another is alive. When the process exits, by the end of
/// `main` or by `std::process::exit`, queued check-ins are delivered for at most `shutdown_timeout`.
pub(crate) fn install(destination: Arc<Destination>, shutdown_timeout: Duration) -> bool {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    if global.guarded {
        return false;
    }
    let idle = global.replace(Some(Entry { destination, exit_budget: shutdown_timeout }));
    global.guarded = true;
    drop(global);
    drop(idle);
    call_at_exit();
    ACTIVE.fetch_and(!UNSAID, Ordering::Relaxed);
    true
}

/// Adds a client that is not global, so that the exit hook delivers what it has left, for at most `shutdown_timeout`.
pub(crate) fn register(destination: Arc<Destination>, shutdown_timeout: Duration) {
    if let Some(mut global) = lock() {
        let idle = global.sweep();
        global.others.push(Entry { destination, exit_budget: shutdown_timeout });
        drop(global);
        drop(idle);
    }
    call_at_exit();
}

/// Records that the last handle of a registered client was dropped, after it waited `waited` for delivery. The client goes on while
/// runs or monitors report to it.
pub(crate) fn retire(destination: Arc<Destination>, waited: Duration) {
    let Some(mut global) = lock() else { return };
    for entry in &mut global.others {
        if Arc::ptr_eq(&entry.destination, &destination) {
            entry.exit_budget = entry.exit_budget.saturating_sub(waited);
        }
    }
    drop(global);
    drop(destination);
    let idle = lock().map(|mut global| global.sweep());
    drop(idle);
}

/// Returns whether the guard of a client is alive.
pub(crate) fn is_guarded() -> bool {
    GLOBAL.read().unwrap_or_else(PoisonError::into_inner).guarded
}

/// Records that the guard was dropped, after it waited `waited` for delivery. The client goes on until the process exits or another
/// replaces it.
pub(crate) fn release(waited: Duration) {
    let Some(mut global) = lock() else { return };
    global.guarded = false;
    if let Some(entry) = &mut global.client {
        entry.exit_budget = entry.exit_budget.saturating_sub(waited);
    }
}

/// The limit for waiting at exit until the worker has logged undelivered check-ins; it needs far less than 1 ms.
const REPORT_TIMEOUT: Duration = Duration::from_millis(100);

fn call_at_exit() {
    static AT_EXIT: Once = Once::new();
    AT_EXIT.call_once(|| process::call_at_exit(at_exit));
}

/// Delivers the check-ins that are left, then closes the clients, as the exit hook.
extern "C" fn at_exit() {
    // A panic must not leave a function that C calls, and there is no caller to report it to.
    let _ = catch_unwind(end_at_exit);
}

/// Closes open runs as [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says, delivers what is left within the shutdown timeout, and
/// ends the clients of the process. A thread that holds the registry for writing is ending a client already; then nothing is done.
pub(crate) fn end_at_exit() {
    let Ok(global) = GLOBAL.try_read() else { return };
    let budget = global.all().map(|entry| entry.exit_budget).max().unwrap_or_default();
    global.end_all(budget);
}

/// Ends the clients like [`end_at_exit`], for at most `timeout`, at a signal.
#[cfg(unix)]
pub(crate) fn end(timeout: Duration) {
    GLOBAL.read().unwrap_or_else(PoisonError::into_inner).end_all(timeout);
}

impl Global {
    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.others.iter().chain(&self.client)
    }

    /// Ends all clients, having delivered what is left for at most `timeout` together.
    fn end_all(&self, timeout: Duration) {
        let begin = Instant::now();
        // The clients send at the same time, so a server that is down does not use up the time of the others.
        if !self.others.is_empty() {
            for entry in self.all() {
                entry.destination.deliver_rest(Duration::ZERO);
            }
        }
        for entry in self.all() {
            entry.destination.end(timeout.saturating_sub(begin.elapsed()), REPORT_TIMEOUT);
        }
    }
}
