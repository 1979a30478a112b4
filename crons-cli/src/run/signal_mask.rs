//! Masks of blocked signals: the threads of this process have the handled signals blocked, the processes that it starts have not.

use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// The mask with which processes are started.
#[derive(Clone, Copy)]
pub(super) struct ChildMask(SigSet);

impl ChildMask {
    /// Reads the mask of this thread, and takes from it the signals that are passed on to the job: a job that blocks them could not be ended.
    /// To be called before this process blocks any.
    ///
    /// # Errors
    /// If the mask cannot be read.
    pub(super) fn read(passed_on: &[i32]) -> io::Result<Self> {
        let mut mask = SigSet::thread_get_mask()?;
        for signal in signals(passed_on).iter().chain(&SigSet::from(Signal::SIGTSTP)) {
            mask.remove(signal);
        }
        Ok(Self(mask))
    }

    /// Calls `spawn`, which starts a process, with this mask: `Command` has processes inherit that of the thread.
    pub(super) fn apply<T>(&self, spawn: impl FnOnce() -> T) -> T {
        let Ok(before) = self.0.thread_swap_mask(SigmaskHow::SIG_SETMASK) else { return spawn() };
        let spawned = spawn();
        // Cannot fail: it is a mask that this thread had.
        let _ = before.thread_set_mask();
        spawned
    }
}

/// Converts numbers of signals to a set; unknown ones are left out.
pub(super) fn signals(numbers: &[i32]) -> SigSet {
    numbers.iter().filter_map(|number| Signal::try_from(*number).ok()).collect()
}
