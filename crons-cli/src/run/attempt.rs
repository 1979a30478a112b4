//! Starts the job once, supervises it until it ends, and judges its end.

use std::ffi::OsString;
use std::time::Instant;

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGINT, SIGKILL, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

use super::child::{Change, Child, NotStarted};
use super::copying::Copying;
use super::plan::Limits;
use super::signals::{Event, Received};
use super::streams::Streams;
use super::supervisor::Supervisor;
use super::terminal::Group;
use super::verdict::{Ended, Failure, judge, unwritten};

/// The end of an attempt.
pub(super) struct Attempt {
    pub(super) code: u8,
    /// `None` if the attempt was successful.
    pub(super) failure: Option<Failure>,
    /// `false` if the job must not start again: it could not start, or a signal asked it to end.
    pub(super) repeatable: bool,
    /// The output, and how far it is copied. `None` if the job was not started.
    pub(super) output: Option<Copying>,
}

impl Attempt {
    /// The attempt of a job that was not started.
    pub(super) fn not_started(code: u8, reason: String) -> Self {
        let failure = Some(Failure { reason, told_by_code: false });
        Self { code, failure, repeatable: false, output: None }
    }
}

impl Supervisor<'_> {
    /// Starts the job, calls `started` at once, and waits for its end.
    pub(super) fn attempt(&self, variables: &[(&str, OsString)], started: impl FnOnce()) -> Attempt {
        let opened = Streams::open(self.plan.output, self.margin, &self.sender, &self.log);
        let own_group = matches!(self.group, Group::Own { .. });
        let spawned = match opened {
            Ok((streams, ends)) => {
                let spawn =
                    || self.child_mask.apply(|| Child::spawn(&self.plan.job, variables, &ends, own_group));
                let spawned = match &self.job_control {
                    Some(job_control) => job_control.start(spawn),
                    None => spawn(),
                };
                spawned.map(|child| (child, streams))
            }
            Err(error) => {
                Err(NotStarted { code: 126, reason: format!("the output cannot be copied: {error}") })
            }
        };
        let (child, mut streams) = match spawned {
            Ok(spawned) => spawned,
            Err(NotStarted { code, reason }) => {
                started();
                return Attempt::not_started(code, reason);
            }
        };
        let begin = Instant::now();
        if let Some(terminal) = self.group.terminal() {
            terminal.hand_over_if_read(child.pid);
        }
        started();
        let ended = self.supervise(&child, begin, &mut streams);
        if let Some(terminal) = self.group.terminal() {
            terminal.take_back(child.pid);
        }
        let mut output = Copying::new(streams, self.give_up_at(&ended, begin));
        self.copy_for_a_moment(&mut output);
        let mut judged = judge(&ended, &self.plan.limits);
        if let Some(error) = output.take_error() {
            judged = unwritten(judged, &error);
        }
        let (code, failure) = judged;
        Attempt { code, failure, repeatable: !ended.told_to_end, output: Some(output) }
    }

    /// The instant from which no reader of the output is waited for: a job that was to end must not be held up by it.
    fn give_up_at(&self, ended: &Ended, begin: Instant) -> Option<Instant> {
        let Limits { timeout, kill_after, .. } = self.plan.limits;
        let told = (ended.timed_out || ended.told_to_end).then(Instant::now);
        let at = told.or_else(|| timeout.and_then(|timeout| begin.checked_add(timeout)));
        at.and_then(|at| at.checked_add(kill_after))
    }

    /// Passes signals on to the job and keeps its limits until it ends.
    fn supervise(&self, child: &Child, begin: Instant, streams: &mut Streams) -> Ended {
        let Limits { timeout, kill_after, .. } = self.plan.limits;
        let mut terminate_at = timeout.and_then(|timeout| begin.checked_add(timeout));
        let mut kill_at: Option<Instant> = None;
        let (mut interrupts, mut timed_out, mut told_to_end) = (0, false, false);
        // Whether the job was told to stop, and has not stopped for that yet.
        let mut told_to_stop = false;
        loop {
            match self.next(terminate_at.or(kill_at)) {
                None if terminate_at.take().is_some() => {
                    timed_out = true;
                    kill_at = Instant::now().checked_add(kill_after);
                    child.signal(SIGTERM);
                    // A job that is stopped sees the signal when it goes on.
                    child.signal(SIGCONT);
                }
                None => {
                    kill_at = None;
                    child.signal(SIGKILL);
                }
                Some(Event::Signal(Received { signal: SIGCHLD, .. })) => {
                    for change in child.changes() {
                        match change {
                            Change::Stopped(signal) => {
                                self.stopped(child, signal, told_to_stop);
                                told_to_stop &= matches!(signal, SIGTTIN | SIGTTOU);
                            }
                            change => {
                                return Ended { change, after: begin.elapsed(), timed_out, told_to_end };
                            }
                        }
                    }
                }
                Some(Event::Signal(received)) => {
                    told_to_end |= received.ends();
                    interrupts += u32::from(received.signal == SIGINT);
                    told_to_stop = received.signal == SIGTSTP || told_to_stop && received.signal != SIGCONT;
                    self.pass_on(child, received, interrupts > 1);
                }
                Some(Event::Copied) => streams.count_copied(),
                // These events belong to other stages of the run.
                Some(Event::Locked(_) | Event::Printed(_) | Event::Delivered) => {}
            }
        }
    }

    fn pass_on(&self, child: &Child, received: Received, kill: bool) {
        match &self.group {
            // The terminal has sent the signal to the job, too.
            Group::Shared if !received.sent => {}
            _ if received.signal == SIGINT && kill => child.signal(SIGKILL),
            Group::Own { terminal: Some(terminal) } if received.signal == SIGCONT => {
                terminal.hand_over_if_read(child.pid);
                child.signal(SIGCONT);
            }
            _ => child.signal(received.signal),
        }
    }

    /// Reacts to a stop of the job. If the terminal stopped it, this process stops, too, as the shell learns of it that way alone. If another
    /// process did, by SIGSTOP, that one will continue the job, but not this process. A job that has asked for the terminal before it had it
    /// goes on; with `told_to_stop` it stops once more, as the signal to go on has undone the one to stop.
    fn stopped(&self, child: &Child, signal: i32, told_to_stop: bool) {
        let Group::Own { terminal } = &self.group else { return };
        let asked = matches!(signal, SIGTTIN | SIGTTOU);
        match terminal {
            Some(terminal) if asked && terminal.hand_over(child.pid) => {
                child.signal(SIGCONT);
                if told_to_stop {
                    child.signal(SIGTSTP);
                }
            }
            Some(terminal) => {
                let was_in_foreground = terminal.take_back(child.pid);
                if was_in_foreground || signal != SIGSTOP {
                    self.stop();
                }
            }
            // SIGTSTP came through this process, so SIGCONT will, too.
            None if signal == SIGTSTP => self.stop(),
            None => {}
        }
    }
}
