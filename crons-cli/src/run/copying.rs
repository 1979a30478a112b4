//! Copies the rest of the output when the job has ended: for a moment before the run is judged, then while its end is reported.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::left_behind::hand_on;
use super::pump::Copied;
use super::signals::Event;
use super::streams::Streams;
use super::supervisor::Supervisor;

/// The wait for the output before the run is judged. A reader that keeps up takes a full pipe in far less.
const GRACE: Duration = Duration::from_millis(500);

/// The output of a job that has ended.
pub(super) struct Copying {
    pub(super) streams: Streams,
    /// The instant from which no reader of the output is waited for. `None`: only a signal ends the wait.
    give_up_at: Option<Instant>,
    state: State,
    /// The error of a stream that could not be written.
    error: Option<io::Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Complete,
    GivenUp,
}

impl Copying {
    /// The output of a job that has ended just now.
    pub(super) fn new(mut streams: Streams, give_up_at: Option<Instant>) -> Self {
        streams.job_ended();
        Self { streams, give_up_at, state: State::Pending, error: None }
    }

    /// The instant from which no reader of the output is waited for.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        self.give_up_at
    }

    /// Takes the error of a stream that could not be written. A reader that has gone is none: it ends the job as it would without this process.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}

impl Supervisor<'_> {
    /// Waits for the output for a moment.
    pub(super) fn copy_for_a_moment(&self, copying: &mut Copying) {
        self.copy_until(copying, Instant::now().checked_add(GRACE));
    }

    /// Waits until the output is copied. Returns `false` if a signal or the end of a limit ended the wait.
    pub(super) fn finish_copying(&self, copying: &mut Copying) -> bool {
        self.copy_until(copying, None);
        copying.state == State::Complete
    }

    fn copy_until(&self, copying: &mut Copying, until: Option<Instant>) {
        let limit = until.into_iter().chain(copying.give_up_at).min();
        while copying.state == State::Pending && !copying.streams.is_copied() {
            match self.next(limit) {
                Some(Event::Copied) => copying.streams.count_copied(),
                Some(Event::Signal(received)) if received.ends() => {
                    self.give_up(copying, "nobody reads it, and a signal came");
                }
                Some(event) => self.idle(&event),
                None if copying.give_up_at.is_some_and(|at| at <= Instant::now()) => {
                    self.give_up(copying, "nobody reads it");
                }
                None => return,
            }
        }
        if copying.state == State::Pending {
            copying.state = State::Complete;
            for Copied { still_written, error } in copying.streams.copied() {
                if let Some((pipe, sink)) = still_written {
                    hand_on(pipe, sink, &self.child_mask, &self.log);
                }
                let error = error.filter(|error| error.kind() != ErrorKind::BrokenPipe);
                copying.error = copying.error.take().or(error);
            }
        }
    }

    fn give_up(&self, copying: &mut Copying, reason: &str) {
        copying.state = State::GivenUp;
        self.log.say(&format!("the output of the job was not copied to its end: {reason}"));
    }
}
