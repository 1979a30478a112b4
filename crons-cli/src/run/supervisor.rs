//! Waits for the events of a run, and reacts to those that belong to no stage of it.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCHLD, SIGCONT, SIGTSTP};

use super::child::reap_orphans;
use super::job_control::JobControl;
use super::log::Log;
use super::plan::Plan;
use super::signal_mask::ChildMask;
use super::signals::{Event, Received};
use super::terminal::Group;

/// The state that all stages of a run share.
pub(super) struct Supervisor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) group: Group,
    /// `None` if the job is in the group of this process.
    pub(super) job_control: Option<JobControl>,
    pub(super) child_mask: ChildMask,
    pub(super) events: Receiver<Event>,
    pub(super) sender: Sender<Event>,
    pub(super) log: Log,
    /// The number of bytes of the output that are kept before its tail.
    pub(super) margin: usize,
    /// Whether the client has delivered what it could.
    pub(super) delivered: Cell<bool>,
}

impl Supervisor<'_> {
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
        // The channel does not end: this process holds a sender itself.
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
            Event::Delivered => self.delivered.set(true),
            _ => {}
        }
    }

    /// Stops this process, as the shell that waits for it expects.
    pub(super) fn stop(&self) {
        if let Some(job_control) = &self.job_control {
            job_control.stop();
        }
    }
}
