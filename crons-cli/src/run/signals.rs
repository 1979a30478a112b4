//! Events that the run waits for: signals, and the ends of its threads.

use std::fs::File;
use std::io;
use std::sync::mpsc::Sender;

use crons_runtime::__signals::is_ignored;
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

/// Signals that are passed on to the job.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

pub(super) enum Event {
    Signal(Received),
    /// The output of the job is copied.
    Copied,
    /// The lock of the monitor is held, or cannot be.
    Locked(io::Result<File>),
    /// Everything that could be delivered is.
    Delivered,
}

/// A signal to this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) signal: i32,
    /// Whether another process sent it. `false` if the terminal did, to all of its foreground group.
    pub(super) sent: bool,
}

impl Received {
    /// Whether it asks the job to end.
    pub(super) fn ends(self) -> bool {
        matches!(self.signal, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
    }

    /// The exit code of a process that the signal ended.
    pub(super) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.signal).unwrap_or(u8::MAX)
    }
}

/// Starts to turn signals into events. Signals that the process was started to ignore, as SIGHUP under `nohup`, stay ignored, by the job,
/// too. With `job_control`, SIGTSTP and SIGCONT are among them; without, SIGTSTP stops this process and the job at once.
///
/// # Errors
/// If the handlers or the thread cannot be set up.
pub(super) fn watch(events: Sender<Event>, job_control: bool) -> io::Result<()> {
    let stops: &[i32] = if job_control { &[SIGTSTP, SIGCONT] } else { &[] };
    let signals = PASSED_ON.iter().chain(stops).filter(|signal| !is_ignored(**signal)).chain(&[SIGCHLD]);
    let mut signals = SignalsInfo::<WithOrigin>::new(signals)?;
    let forward = move || {
        for origin in signals.forever() {
            let sent = matches!(origin.cause, Cause::Sent(_));
            if events.send(Event::Signal(Received { signal: origin.signal, sent })).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("crons-signals".to_owned()).spawn(forward)?;
    Ok(())
}
