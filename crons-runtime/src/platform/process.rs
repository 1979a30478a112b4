//! Forks and the exit of the process.

#[cfg(unix)]
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of forks between the first process of this program and this one.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// The number of forks between the process that first called [`count_forks`] and this one. Costs one atomic load; `getpid` would take
/// 120 ns, as much as all other work for a check-in on the thread of the job.
pub(crate) fn forks() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// Starts to count forks, by a handler of `pthread_atfork`. Does nothing on systems other than Unix.
pub(crate) fn count_forks() {
    #[cfg(unix)]
    {
        extern "C" fn forked() {
            FORKS.fetch_add(1, Ordering::Relaxed);
        }
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            #[expect(
                unsafe_code,
                reason = "there is no safe way to learn of a fork; the handler only adds to an atomic"
            )]
            let refused = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
            if refused != 0 {
                log!(warn, "forks of this process cannot be noticed: a child process must not use crons");
            }
        });
    }
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
