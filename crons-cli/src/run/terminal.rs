//! Chooses the process group of the job, and hands the terminal of the session to a job in the foreground.

use std::fs::File;
use std::io::IsTerminal;

use nix::sys::signal::{SigSet, SigmaskHow, Signal as BlockedSignal};
use rustix::fd::BorrowedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Pid, getpgrp, getpid};
use rustix::stdio;
use rustix::termios::{tcgetpgrp, tcsetpgrp};

/// The process group in which the job runs.
pub(super) enum Group {
    /// A group of its own, so that signals reach all of the job.
    Own {
        /// The terminal of the session, if there is one.
        terminal: Option<Terminal>,
    },
    /// The group of this process, if the terminal's foreground has others in it: a pipeline, or the script that started this process. The
    /// keyboard's signals reach them all.
    Shared,
}

impl Group {
    /// Decides by the standard streams, the terminal and the other processes of the group.
    pub(super) fn choose() -> Self {
        let Some(terminal) = Terminal::open() else { return Self::Own { terminal: None } };
        let has_others =
            getpid() != terminal.ours || [stdio::stdout(), stdio::stderr()].into_iter().any(is_pipe);
        if has_others && std::io::stdin().is_terminal() && terminal.is_ours() {
            return Self::Shared;
        }
        Self::Own { terminal: Some(terminal) }
    }

    /// The terminal, if the job has a group of its own that may get it.
    pub(super) fn terminal(&self) -> Option<&Terminal> {
        match self {
            Self::Own { terminal } => terminal.as_ref(),
            Self::Shared => None,
        }
    }
}

fn is_pipe(fd: BorrowedFd<'_>) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// The controlling terminal.
pub(super) struct Terminal {
    device: File,
    /// The process group of this process.
    ours: Pid,
}

impl Terminal {
    fn open() -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let device = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
        Some(Self { device: device.into(), ours: getpgrp() })
    }

    /// Whether the group of this process is in the foreground.
    fn is_ours(&self) -> bool {
        tcgetpgrp(&self.device).is_ok_and(|group| group == self.ours)
    }

    /// Hands the foreground to the job if this process has it and reads the terminal. Returns whether the job has it.
    pub(super) fn hand_over_if_read(&self, job: Pid) -> bool {
        std::io::stdin().is_terminal() && self.hand_over(job)
    }

    /// Hands the foreground to the job if this process has it. Returns whether the job has it.
    pub(super) fn hand_over(&self, job: Pid) -> bool {
        let job_has_it = || tcgetpgrp(&self.device).is_ok_and(|group| group == job);
        (self.is_ours() && self.set_foreground(job)) || job_has_it()
    }

    /// Takes the foreground back from the job. Returns whether the job had it.
    pub(super) fn take_back(&self, job: Pid) -> bool {
        tcgetpgrp(&self.device).is_ok_and(|group| group == job) && self.set_foreground(self.ours)
    }

    fn set_foreground(&self, group: Pid) -> bool {
        // A background process that changes the foreground is stopped by SIGTTOU, unless that is blocked. The next attempt of the job
        // inherits the mask, so it is restored.
        let blocked = SigSet::from(BlockedSignal::SIGTTOU);
        let Ok(before) = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK) else { return false };
        let is_set = tcsetpgrp(&self.device, group).is_ok();
        // Cannot fail: it is a mask that this thread had.
        let _ = before.thread_set_mask();
        is_set
    }
}
