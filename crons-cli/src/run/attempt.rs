//! Starts the job once, supervises it until it ends, and judges its end.

use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGINT, SIGKILL, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

use super::child::{Change, Child, NotStarted, reap_orphans};
use super::job_control::JobControl;
use super::left_behind::hand_on;
use super::log::Log;
use super::plan::{Limits, Plan};
use super::pump::Copied;
use super::signals::{Event, Received};
use super::streams::Streams;
use super::terminal::Group;
use super::verdict::{Ended, Failure, judge};

/// The state that all attempts share.
pub(super) struct Supervisor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) group: Group,
    /// `None` if the job is in the group of this process.
    pub(super) job_control: Option<JobControl>,
    pub(super) events: Receiver<Event>,
    pub(super) sender: Sender<Event>,
    pub(super) log: Log,
    /// The number of bytes of the output that are kept before its tail.
    pub(super) margin: usize,
}

/// The end of an attempt.
pub(super) struct Attempt {
    pub(super) code: u8,
    /// `None` if the attempt was successful.
    pub(super) failure: Option<Failure>,
    /// `false` if the job must not start again: it could not start, a signal asked it to end, or its output is blocked.
    pub(super) repeatable: bool,
    /// The output. `None` if the job was not started.
    pub(super) streams: Option<Streams>,
    /// The errors of the streams that could not be written.
    pub(super) errors: Vec<io::Error>,
}

impl Attempt {
    /// The attempt of a job that was not started.
    pub(super) fn not_started(code: u8, reason: String) -> Self {
        let failure = Some(Failure { reason, told_by_code: false });
        Self { code, failure, repeatable: false, streams: None, errors: Vec::new() }
    }
}

impl Supervisor<'_> {
    /// Starts the job, calls `started` at once, and waits for its end.
    pub(super) fn attempt(&self, variables: &[(&str, OsString)], started: impl FnOnce()) -> Attempt {
        let opened = Streams::open(self.plan.output, self.margin, &self.sender, &self.log);
        let own_group = matches!(self.group, Group::Own { .. });
        let spawned = match opened {
            Ok((streams, ends)) => {
                let spawn = || Child::spawn(&self.plan.job, variables, &ends, own_group);
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
        let ended = self.supervise(&child, begin);
        if let Some(terminal) = self.group.terminal() {
            terminal.take_back(child.pid);
        }
        let copied = self.copy_rest(&mut streams, &ended);
        let (code, failure) = judge(&ended, &self.plan.limits);
        // Two attempts that copy to one stream would mix their bytes.
        let repeatable = copied.is_some() && !ended.told_to_end;
        Attempt { code, failure, repeatable, streams: Some(streams), errors: copied.unwrap_or_default() }
    }

    /// Passes signals on to the job and keeps its limits until it ends.
    fn supervise(&self, child: &Child, begin: Instant) -> Ended {
        let Limits { timeout, kill_after, .. } = &self.plan.limits;
        let mut terminate_at = timeout.and_then(|timeout| begin.checked_add(timeout));
        let mut kill_at: Option<Instant> = None;
        let (mut interrupts, mut copied, mut timed_out, mut told_to_end) = (0, 0, false, false);
        // Whether the job was told to stop, and has not stopped for that yet.
        let mut told_to_stop = false;
        loop {
            match self.next(terminate_at.or(kill_at)) {
                None if terminate_at.take().is_some() => {
                    timed_out = true;
                    kill_at = Instant::now().checked_add(*kill_after);
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
                                return Ended {
                                    change,
                                    after: begin.elapsed(),
                                    timed_out,
                                    told_to_end,
                                    copied,
                                };
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
                Some(Event::Copied) => copied += 1,
                // These events belong to other stages of the run.
                Some(Event::Locked(_) | Event::Delivered) => {}
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

    /// Waits until the output is copied. Returns the errors of the streams; `None` if a signal or the end of `--timeout` ended the wait.
    fn copy_rest(&self, streams: &mut Streams, ended: &Ended) -> Option<Vec<io::Error>> {
        streams.job_ended();
        // A job that was to end at a certain time must not be held up by a reader of its output.
        let give_up_at =
            ended.timed_out.then(|| Instant::now().checked_add(self.plan.limits.kill_after)).flatten();
        let mut copied = ended.copied;
        while copied < streams.len() {
            match self.next(give_up_at) {
                Some(Event::Copied) => copied += 1,
                Some(Event::Signal(received)) if received.ends() => {
                    self.log.say(
                        "the output of the job was not copied to its end: nobody reads it, and a signal came",
                    );
                    return None;
                }
                Some(event) => self.idle(&event),
                None => {
                    self.log.say("the output of the job was not copied to its end: nobody reads it");
                    return None;
                }
            }
        }
        let leave = |Copied { still_written, error }| {
            if let Some((pipe, sink)) = still_written {
                hand_on(pipe, sink, &self.log);
            }
            error
        };
        Some(streams.copied().into_iter().filter_map(leave).collect())
    }

    /// Waits for this time. Returns the signal if one asks to end before.
    pub(super) fn pause(&self, time: Duration) -> Option<Received> {
        let until = Instant::now().checked_add(time);
        loop {
            match self.next(until)? {
                Event::Signal(received) if received.ends() => return Some(received),
                event => self.idle(&event),
            }
        }
    }

    /// Waits for the next event; `None` at `until`.
    pub(super) fn next(&self, until: Option<Instant>) -> Option<Event> {
        // This process holds a sender itself, so the channel does not end.
        let event = match until {
            Some(until) => self.events.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
            None => self.events.recv().ok(),
        };
        if let (Some(Event::Signal(Received { signal: SIGCONT, .. })), Some(job_control)) =
            (&event, &self.job_control)
        {
            job_control.continued();
        }
        event
    }

    /// Reacts to an event while no job runs.
    pub(super) fn idle(&self, event: &Event) {
        match event {
            Event::Signal(Received { signal: SIGCHLD, .. }) => reap_orphans(),
            Event::Signal(Received { signal: SIGTSTP, .. }) => self.stop(),
            _ => {}
        }
    }

    fn stop(&self) {
        if let Some(job_control) = &self.job_control {
            job_control.stop();
        }
    }
}
