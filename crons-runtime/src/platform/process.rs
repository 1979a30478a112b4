//! Forks and the exit of the process.

#[cfg(unix)]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
#[cfg(unix)]
use std::sync::{Arc, Once, OnceLock};
use std::time::Instant;

use super::compact_instant::CompactInstant;

/// The number of forks between the first process of this program and this one.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// The number of forks between the process that first called [`count_forks`] and this one. Costs one atomic load; `getpid` would take
/// 120 ns, as much as all other work for a check-in on the thread of the job.
pub(crate) fn forks() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// The instant of the last fork of this process; `None` if there was none since [`count_forks`].
pub(crate) fn last_fork() -> Option<CompactInstant> {
    let nanos = LAST_FORK.load(Ordering::Relaxed);
    (nanos != NEVER).then(|| CompactInstant::from_nanos(nanos))
}

const NEVER: i64 = i64::MIN;
static LAST_FORK: AtomicI64 = AtomicI64::new(NEVER);

/// Starts to count forks, by handlers of `pthread_atfork`. Does nothing on systems other than Unix.
pub(crate) fn count_forks() {
    #[cfg(unix)]
    {
        extern "C" fn forked() {
            FORKS.fetch_add(1, Ordering::Relaxed);
            if let Some(flag) = CHILD_FLAG.get() {
                flag.store(true, Ordering::Relaxed);
            }
        }
        extern "C" fn forking() {
            LAST_FORK.store(CompactInstant::from(Instant::now()).nanos(), Ordering::Relaxed);
        }
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            #[expect(
                unsafe_code,
                reason = "there is no safe way to learn of a fork; the handlers only write to atomics"
            )]
            let refused = unsafe { libc::pthread_atfork(Some(forking), None, Some(forked)) };
            if refused != 0 {
                log!(warn, "forks of this process cannot be noticed: a child process must not use crons");
            }
        });
    }
}

/// Returns the flag that is set in every child that is forked from now on. There is one for the process.
#[cfg(unix)]
pub(crate) fn flag_for_children() -> Arc<AtomicBool> {
    count_forks();
    Arc::clone(CHILD_FLAG.get_or_init(Arc::default))
}

#[cfg(unix)]
static CHILD_FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Returns whether the process ignores this signal.
#[cfg(unix)]
pub fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    #[expect(
        unsafe_code,
        reason = "asks for the action of a signal, into a place of ours that is valid zeroed"
    )]
    let action = unsafe {
        if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) != 0 {
            return false;
        }
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// Registers `at_exit` to be called when the process exits, by the end of `main` or by `std::process::exit`. It must not panic.
pub(crate) fn call_at_exit(at_exit: extern "C" fn()) {
    #[expect(
        unsafe_code,
        reason = "there is no safe way to be called at the exit; the handler is a plain function of ours"
    )]
    let refused = unsafe { libc::atexit(at_exit) };
    if refused != 0 {
        log!(warn, "check-ins are not delivered at std::process::exit: flush before it");
    }
}
