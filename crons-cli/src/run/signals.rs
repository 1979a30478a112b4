//! Events that the run waits for: signals, and the ends of its threads.

use std::fs::File;
use std::io;
use std::sync::mpsc::Sender;

use crons_runtime::__run::is_ignored;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

use super::job_control::JobControl;
use super::signal_mask::signals;

/// Signals that are passed on to the job.
pub(super) const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

pub(super) enum Event {
    Signal(Received),
    /// A pipe of the job's output is copied to its end.
    Copied,
    /// The result of waiting for the lock of the monitor.
    Locked(io::Result<File>),
    /// The output that `--quiet` has held back is printed, or cannot be.
    Printed(io::Result<()>),
    /// The client has delivered what it could before the end of `--flush`.
    Delivered,
}

/// A signal to this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) signal: i32,
    /// The signal came from another process. `false`: from the terminal, to all of its foreground group.
    pub(super) sent: bool,
}

impl Received {
    /// Returns whether the signal asks the job to end.
    pub(super) fn ends(self) -> bool {
        matches!(self.signal, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
    }

    /// Returns the exit code of a process that the signal ended: 128 + n.
    pub(super) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.signal).unwrap_or(u8::MAX)
    }
}

/// Starts to turn signals into events, and blocks them for this thread and those that it starts later. Signals that the process was started to ignore, as SIGHUP under `nohup`, stay ignored, by the job,
/// too. With `job_control`, SIGTSTP and SIGCONT are among them; without, SIGTSTP stops this process and the job at once.
///
/// # Errors
/// If the handlers or the threads cannot be set up.
pub(super) fn watch(events: Sender<Event>, job_control: Option<JobControl>) -> io::Result<()> {
    if let Some(job_control) = job_control {
        let events = events.clone();
        let forward = move || {
            while let Some(signal) = job_control.wait() {
                // The job has a group of its own, so the terminal has not sent it the signal.
                if events.send(Event::Signal(Received { signal, sent: true })).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("crons-stops".to_owned()).spawn(forward)?;
    }
    let handled: Vec<i32> =
        PASSED_ON.into_iter().filter(|signal| !is_ignored(*signal)).chain([SIGCHLD]).collect();
    let mut received = SignalsInfo::<WithOrigin>::new(&handled)?;
    let handled = signals(&handled);
    // Threads inherit the mask, so a signal interrupts no system call of theirs. A process inherits it, too, and may have been started with
    // some of them blocked, so one thread unblocks them.
    handled.thread_block()?;
    let forward = move || {
        // Cannot fail: the argument is one that the system knows.
        let _ = handled.thread_unblock();
        for origin in received.forever() {
            let sent = matches!(origin.cause, Cause::Sent(_));
            if events.send(Event::Signal(Received { signal: origin.signal, sent })).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("crons-signals".to_owned()).spawn(forward)?;
    Ok(())
}
