//! One run under watch, from its begin to its verdict.

use std::sync::{Arc, OnceLock};

use crons_types::{CheckInId, Slug};

use crate::client::destination::Destination;
use crate::platform::compact_instant::CompactInstant;
use crate::platform::ids::new_id;
use crate::platform::process;
use crate::record::queued::{MonitorRef, QueuedCheckIn, RunEvent};

/// What it means when a run is dropped before its end, as a future is by a timeout or `select!`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnCancel {
    /// It failed.
    #[default]
    Error,
    /// It is over, and well.
    Ok,
    /// No verdict is sent, as by [`CheckInGuard::skip`].
    Ignore,
}

/// A run under watch. Say how it ended by [`ok`](Self::ok), [`error`](Self::error) or [`skip`](Self::skip).
///
/// Dropped without a verdict the run has failed: a panic or an early `?` is reported, not forgotten. In a child that was forked
/// within the run, only `ok`, `error` and `skip` report: a daemon may end there what its parent began.
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
    watching: GuardState,
    on_cancel: OnCancel,
}

#[derive(Debug)]
enum GuardState {
    ActiveRun(ActiveRun),
    /// There is no client, or there was a verdict. An id is made up only if it is asked for.
    Nothing(OnceLock<CheckInId>),
}

// A future under watch is as safe to unwind as the bare one: what a guard shares with others is not broken by a panic, as that
// of its job goes through it anyway.
impl std::panic::UnwindSafe for CheckInGuard {}
impl std::panic::RefUnwindSafe for CheckInGuard {}

/// The destination is that of the thread at the start: both reports go there, from whatever thread they come.
struct ActiveRun {
    destination: Arc<Destination>,
    monitor: MonitorRef,
    id: CheckInId,
    started: CompactInstant,
    /// That it began has been handed on.
    opened: bool,
    /// In which process: a child of it has a guard of the same run.
    forks: usize,
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

/// What a guard has to know of its monitor.
pub(crate) struct RunSpec {
    pub(crate) monitor: MonitorRef,
    pub(crate) on_cancel: OnCancel,
    /// One check-in at the end instead of two.
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
    /// A guard that watches nothing: there is no client, or no slug.
    pub(crate) fn idle() -> Self {
        Self { watching: GuardState::nothing(), on_cancel: OnCancel::default() }
    }

    /// Reports that a run began, unless only its end is to be heard of.
    pub(crate) fn start(destination: Arc<Destination>, watch: RunSpec) -> Self {
        let RunSpec { monitor, on_cancel, heartbeat } = watch;
        let (id, started) = (new_id(), CompactInstant::from(destination.now()));
        if !heartbeat {
            destination.capture(QueuedCheckIn::new(id, monitor.clone(), RunEvent::InProgress, started));
        }
        let forks = process::forks();
        let run = ActiveRun { destination, monitor, id, started, opened: !heartbeat, forks };
        Self { watching: GuardState::ActiveRun(run), on_cancel }
    }

    /// Slug and id, if there is somebody to report to.
    pub(crate) fn identity(&self) -> Option<(&Slug, CheckInId)> {
        match &self.watching {
            GuardState::ActiveRun(run) => Some((&run.monitor.slug, run.id)),
            GuardState::Nothing(_) => None,
        }
    }

    /// The id of this run, to report on it from elsewhere. There is one without a client, too.
    pub fn id(&self) -> CheckInId {
        match &self.watching {
            GuardState::ActiveRun(run) => run.id,
            GuardState::Nothing(id) => *id.get_or_init(new_id),
        }
    }

    /// The trace that this run is: 32 hexadecimal digits, as Sentry has it, to link logs and errors to the run.
    ///
    /// It is the [`id`](Self::id) of the run.
    pub fn trace_id(&self) -> String {
        self.id().to_string()
    }

    /// The run ended well.
    pub fn ok(mut self) {
        self.close(RunEvent::Ok);
    }

    /// The run failed.
    pub fn error(mut self) {
        self.close(RunEvent::Error);
    }

    /// Sends no verdict, as if the run had never begun: a begin that has not been sent is withdrawn, and one that has is left alone.
    ///
    /// A server that has heard of the begin counts the run as timed out when its `max_runtime` is over, and one that has not may count it
    /// as missed. A run that found nothing to do took place: end it by [`ok`](Self::ok).
    pub fn skip(mut self) {
        self.close(RunEvent::Skipped);
    }

    /// The run came to its end by itself. It is for the process in which it began to say so: a child that was forked
    /// within the run comes to the same end.
    #[doc(hidden)]
    pub fn finish(mut self, failed: bool) {
        self.forget_if_forked();
        self.close(if failed { RunEvent::Error } else { RunEvent::Ok });
    }

    fn forget_if_forked(&mut self) {
        if let GuardState::ActiveRun(run) = &self.watching
            && run.forks != process::forks()
        {
            self.watching = GuardState::nothing();
        }
    }

    fn close(&mut self, event: RunEvent) {
        let Some(ActiveRun { destination, monitor, id, started, opened, .. }) = self.watching.take() else {
            return;
        };
        if !opened && event == RunEvent::Skipped {
            return;
        }
        let mut record = QueuedCheckIn::new(id, monitor, event, destination.now()).since(started);
        record.must_deliver = opened;
        destination.capture(record);
    }
}

impl Drop for CheckInGuard {
    fn drop(&mut self) {
        if matches!(self.watching, GuardState::Nothing(_)) {
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
