//! Stops and continuations of this process, in the order in which they arrive.
//!
//! SIGTSTP and SIGCONT are blocked and waited for by a thread: of two handlers that are to run, the later one runs first, and events of other
//! signals are in the order of their numbers. The same thread stops the process. A SIGCONT that arrives after the stop of the job and before the
//! stop of this process would be lost else, and both would stand still for ever.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crons_runtime::__run::is_ignored;
use nix::sys::signal::{SigSet, Signal};
use rustix::process::{getpid, kill_process};
use signal_hook::flag::{register, register_usize};

/// The signal by which this process asks its thread to stop it. Of several signals the thread gets the one with the lowest number first, so a
/// SIGCONT comes before this one.
const REQUEST: Signal = Signal::SIGURG;

/// The stops of this process. Clones are the same.
#[derive(Clone)]
pub(super) struct JobControl {
    waited_for: SigSet,
    /// The newest of the signals that arrived while none was blocked.
    unblocked: Arc<AtomicUsize>,
    /// Whether a SIGCONT arrived while the thread did not block it.
    resumed: Arc<AtomicBool>,
    /// The number of SIGCONTs that have arrived and are not followed yet.
    continued: Arc<AtomicUsize>,
    /// Whether the thread is asked to stop the process.
    requested: Arc<AtomicBool>,
}

impl JobControl {
    /// Blocks the signals, for this thread and those that it starts. No other thread may run. SIGTSTP stays ignored if it was.
    ///
    /// # Errors
    /// If they cannot be blocked.
    pub(super) fn block() -> io::Result<Self> {
        let stop = Some(Signal::SIGTSTP).filter(|stop| !is_ignored(*stop as i32));
        let waited_for: SigSet = [Signal::SIGCONT, REQUEST].into_iter().chain(stop).collect();
        waited_for.thread_block()?;
        let (unblocked, resumed) = (Arc::default(), Arc::default());
        register(Signal::SIGCONT as i32, Arc::clone(&resumed))?;
        if let Some(stop) = stop {
            for signal in [stop, Signal::SIGCONT] {
                register_usize(signal as i32, Arc::clone(&unblocked), signal as usize)?;
            }
        }
        Ok(Self { waited_for, unblocked, resumed, continued: Arc::default(), requested: Arc::default() })
    }

    /// Starts a job by `spawn`, which may unblock the signals for a while. A SIGTSTP that arrives meanwhile is received afterwards.
    pub(super) fn start<T>(&self, spawn: impl FnOnce() -> T) -> T {
        let spawned = spawn();
        if self.unblocked.swap(0, Ordering::SeqCst) == Signal::SIGTSTP as usize {
            let _ = kill_process(getpid(), rustix::process::Signal::TSTP);
        }
        spawned
    }

    /// Waits for the next SIGTSTP or SIGCONT, and stops the process meanwhile if that is asked for. Returns the number of the signal; `None` if
    /// the system cannot wait.
    pub(super) fn wait(&self) -> Option<i32> {
        loop {
            match self.waited_for.wait().ok()? {
                REQUEST => {
                    if self.stop_now() {
                        self.continued.fetch_add(1, Ordering::SeqCst);
                        return Some(Signal::SIGCONT as i32);
                    }
                }
                signal => {
                    if signal == Signal::SIGCONT {
                        self.continued.fetch_add(1, Ordering::SeqCst);
                    }
                    return Some(signal as i32);
                }
            }
        }
    }

    /// Stops the process, if that is asked for and no SIGCONT is to be followed. Returns whether one has arrived.
    fn stop_now(&self) -> bool {
        // SIGSTOP would discard a blocked SIGCONT; a handler gets it before.
        self.resumed.store(false, Ordering::SeqCst);
        let resume = SigSet::from(Signal::SIGCONT);
        let _ = resume.thread_unblock();
        let requested = self.requested.swap(false, Ordering::SeqCst);
        if requested && self.continued.load(Ordering::SeqCst) == 0 && !self.resumed.load(Ordering::SeqCst) {
            // Cannot fail: it is this process.
            let _ = kill_process(getpid(), rustix::process::Signal::STOP);
        }
        let _ = resume.thread_block();
        self.resumed.swap(false, Ordering::SeqCst)
    }

    /// A SIGCONT that [`wait`](Self::wait) has returned is followed. Called once for each.
    pub(super) fn continued(&self) {
        // A request to stop from before is void. Until now the count kept the thread from following it.
        self.requested.store(false, Ordering::SeqCst);
        self.continued.fetch_sub(1, Ordering::SeqCst);
    }

    /// Stops this process, as the shell that waits for it expects, until SIGCONT. If one has arrived that is not followed yet, nothing would
    /// continue the process again, and it goes on.
    pub(super) fn stop(&self) {
        self.requested.store(true, Ordering::SeqCst);
        let _ = kill_process(getpid(), rustix::process::Signal::URG);
    }
}
