//! The guard of a run: reports its start, and its end by a verdict or by its drop.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crons_types::{CheckInId, Slug};

use crate::client::destination::Destination;
use crate::platform::compact_instant::CompactInstant;
use crate::platform::ids::new_id;
use crate::platform::process;
use crate::record::event::RunEvent;
use crate::record::monitor::MonitorRef;
use crate::record::queued::QueuedCheckIn;

/// The outcome of a run that is dropped before its end, as a future is by a timeout or `select!`.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::OnCancel;
///
/// // A poll that is given up is no failure.
/// let poll = crons::monitor("poll-sensors").on_cancel(OnCancel::Ignore);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnCancel {
    /// The run failed.
    #[default]
    Error,
    /// The run was successful.
    Ok,
    /// The run has no verdict, as by [`CheckInGuard::skip`].
    Ignore,
}

/// A run that has begun; made by [`Monitor::start`](crate::Monitor::start). [`ok`](Self::ok), [`error`](Self::error) or
/// [`skip`](Self::skip) ends it.
///
/// The run has failed if the guard is dropped without one of these, so a panic or an early `?` is reported. In a child that was forked
/// within the run, the drop reports nothing, and `ok`, `error` and `skip` do: a daemon may end a run that its parent began.
///
/// ```
/// # use crons_runtime as crons;
/// let check_in = crons::monitor("import").start();
/// // .. the job ..
/// check_in.ok();
/// ```
#[must_use = "a guard that is dropped at once reports a failed run of no length"]
#[derive(Debug)]
pub struct CheckInGuard {
    state: GuardState,
    on_cancel: OnCancel,
}

#[derive(Debug)]
enum GuardState {
    ActiveRun(ActiveRun),
    /// No client exists, or the run has ended. The id is made when it is asked for.
    Nothing(OnceLock<CheckInId>),
}

/// The destination is that of the thread at the start: both reports go there, from whatever thread they come.
struct ActiveRun {
    destination: Arc<Destination>,
    monitor: MonitorRef,
    id: CheckInId,
    started: CompactInstant,
    /// Whether the start of the run was reported.
    opened: bool,
    /// The number of forks before it began: a forked child has a copy of the guard.
    forks: usize,
    /// The text of [`note`](CheckInGuard::note).
    note: Option<Box<str>>,
}

impl std::fmt::Debug for ActiveRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActiveRun")
            .field("slug", &self.monitor.slug)
            .field("id", &self.id)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

/// The monitor of a run, and how it is reported.
pub(crate) struct RunSpec {
    pub(crate) monitor: MonitorRef,
    pub(crate) on_cancel: OnCancel,
    /// Whether a run is one check-in at its end instead of two.
    pub(crate) heartbeat: bool,
}

impl GuardState {
    const fn nothing() -> Self {
        Self::Nothing(OnceLock::new())
    }

    fn take(&mut self) -> Option<ActiveRun> {
        match self {
            Self::Nothing(_) => None,
            Self::ActiveRun(_) => match std::mem::replace(self, Self::nothing()) {
                Self::ActiveRun(run) => Some(run),
                Self::Nothing(_) => None,
            },
        }
    }
}

impl CheckInGuard {
    /// A guard that reports nothing: there is no client, or no slug.
    pub(crate) fn idle() -> Self {
        Self { state: GuardState::nothing(), on_cancel: OnCancel::default() }
    }

    /// Makes a guard of a run that is not reported, with this id.
    pub(crate) fn idle_as(id: CheckInId) -> Self {
        Self { state: GuardState::Nothing(OnceLock::from(id)), on_cancel: OnCancel::default() }
    }

    /// Begins a run, and reports that unless it is a heartbeat.
    pub(crate) fn start(destination: Arc<Destination>, spec: RunSpec) -> Self {
        let started = destination.now();
        Self::begun(destination, spec, new_id(), started)
    }

    /// Reports the start of a run that began at `started` and has this id, unless it is a heartbeat.
    pub(crate) fn begun(
        destination: Arc<Destination>,
        spec: RunSpec,
        id: CheckInId,
        started: Instant,
    ) -> Self {
        let RunSpec { monitor, on_cancel, heartbeat } = spec;
        let started = CompactInstant::from(started);
        if !heartbeat {
            destination.capture(QueuedCheckIn::new(id, monitor.clone(), RunEvent::InProgress, started));
        }
        let forks = process::forks();
        let run = ActiveRun { destination, monitor, id, started, opened: !heartbeat, forks, note: None };
        Self { state: GuardState::ActiveRun(run), on_cancel }
    }

    /// Returns the slug and the id; `None` if nothing is reported.
    pub(crate) fn identity(&self) -> Option<(&Slug, CheckInId)> {
        match &self.state {
            GuardState::ActiveRun(run) => Some((&run.monitor.slug, run.id)),
            GuardState::Nothing(_) => None,
        }
    }

    /// Returns the id of this run, by which other processes can report on it. A run without a client has one, too.
    pub fn id(&self) -> CheckInId {
        match &self.state {
            GuardState::ActiveRun(run) => run.id,
            GuardState::Nothing(id) => *id.get_or_init(new_id),
        }
    }

    /// Returns the [`id`](Self::id) as 32 hexadecimal digits: Sentry's `trace_id`, which links logs and errors to the run.
    pub fn trace_id(&self) -> String {
        self.id().to_string()
    }

    /// Adds a note about the run, such as why it failed, to the report of its end. A `crons` server shows its last 10,000 bytes; Sentry
    /// ignores it. It replaces the note of an earlier call. If the notes that wait for the server take 64 MiB, the report goes without.
    pub fn note(&mut self, note: &str) {
        if let GuardState::ActiveRun(run) = &mut self.state {
            run.note = Some(note.into());
        }
    }

    /// Reports success.
    pub fn ok(mut self) {
        self.close(RunEvent::Ok);
    }

    /// Reports a failure.
    pub fn error(mut self) {
        self.close(RunEvent::Error);
    }

    /// Sends no verdict: a start that has not been sent is withdrawn, and one that has been sent is left alone.
    ///
    /// A server that received the start counts the run as timed out when its `max_runtime` is over, and one that did not may count it as
    /// missed. A run that found nothing to do took place: end it by [`ok`](Self::ok).
    pub fn skip(mut self) {
        self.close(RunEvent::Skipped);
    }

    /// Ends a run whose job returned or panicked. Reports nothing in a forked child, where the same job comes to the same end.
    #[doc(hidden)]
    pub fn finish(mut self, failed: bool) {
        self.forget_if_forked();
        self.close(if failed { RunEvent::Error } else { RunEvent::Ok });
    }

    fn forget_if_forked(&mut self) {
        if let GuardState::ActiveRun(run) = &self.state
            && run.forks != process::forks()
        {
            self.state = GuardState::nothing();
        }
    }

    fn close(&mut self, event: RunEvent) {
        let Some(ActiveRun { destination, monitor, id, started, opened, note, .. }) = self.state.take()
        else {
            return;
        };
        if !opened && event == RunEvent::Skipped {
            return;
        }
        let mut record =
            QueuedCheckIn::new(id, monitor, event, destination.now()).since(started).noted(note.as_deref());
        record.must_deliver = opened;
        destination.capture(record);
    }
}

impl Drop for CheckInGuard {
    fn drop(&mut self) {
        if matches!(self.state, GuardState::Nothing(_)) {
            return;
        }
        self.forget_if_forked();
        match self.on_cancel {
            OnCancel::Ok if !std::thread::panicking() => self.close(RunEvent::Ok),
            OnCancel::Ignore if !std::thread::panicking() => self.close(RunEvent::Skipped),
            _ => self.close(RunEvent::Error),
        }
    }
}
