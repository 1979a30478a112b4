//! One run under watch, from its begin to its verdict.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crons_types::{CheckIn, CheckInId, CheckInStatus, MonitorConfig, Slug};

use crate::client::{Client, new_id};
use crate::current;

/// What it means when a run is dropped before its end, as a future is by a timeout or `select!`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnCancel {
    /// It failed.
    #[default]
    Error,
    /// It is over, and well.
    Ok,
    /// It does not count: as [`CheckInGuard::skip`].
    Ignore,
}

/// A run under watch. Say how it ended by [`ok`](Self::ok), [`error`](Self::error) or [`skip`](Self::skip).
///
/// Dropped without a verdict the run has failed: a panic or an early `?` is reported, not forgotten.
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
    /// `None` once there is a verdict.
    run: Option<Run>,
    /// Made up only if it is asked for, when there is no client.
    id: OnceLock<CheckInId>,
    on_cancel: OnCancel,
}

/// The client is captured at the start: both reports go the same way, from whatever thread they come.
struct Run {
    client: Arc<Client>,
    slug: Slug,
    config: Option<MonitorConfig>,
    started: Instant,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("slug", &self.slug)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl CheckInGuard {
    /// A guard that watches nothing: there is no client, or no slug.
    pub(crate) fn idle() -> Self {
        Self { run: None, id: OnceLock::new(), on_cancel: OnCancel::default() }
    }

    /// Reports that a run began.
    pub(crate) fn start(
        client: Arc<Client>,
        slug: Slug,
        config: Option<MonitorConfig>,
        on_cancel: OnCancel,
    ) -> Self {
        let mut check_in = CheckIn::in_progress(slug.clone());
        check_in.monitor_config.clone_from(&config);
        let id = client.capture(check_in);
        Self { run: Some(Run { client, slug, config, started: Instant::now() }), id: id.into(), on_cancel }
    }

    /// The id of this run, to report on it from elsewhere. There is one without a client, too.
    pub fn id(&self) -> CheckInId {
        *self.id.get_or_init(new_id)
    }

    /// The run ended well.
    pub fn ok(mut self) {
        self.close(CheckInStatus::Ok);
    }

    /// The run failed.
    pub fn error(mut self) {
        self.close(CheckInStatus::Error);
    }

    /// Nothing happened in this run, so there is no verdict: its begin is taken back if it has not been sent yet;
    /// else the run is closed as a success, since the server would count it as timed out.
    pub fn skip(mut self) {
        self.withdraw();
    }

    /// The run came to its end by itself.
    #[doc(hidden)]
    pub fn finish(mut self, failed: bool) {
        self.close(if failed { CheckInStatus::Error } else { CheckInStatus::Ok });
    }

    fn close(&mut self, status: CheckInStatus) {
        if let Some(Run { client, slug, config, started }) = self.run.take() {
            let mut check_in = CheckIn::new(slug, status).id(self.id()).duration(started.elapsed());
            check_in.monitor_config = config;
            client.capture(check_in);
        }
    }

    fn withdraw(&mut self) {
        if let Some(Run { client, slug, started, .. }) = self.run.take() {
            client.withdraw(self.id(), &slug, started.elapsed());
        }
    }
}

impl Drop for CheckInGuard {
    fn drop(&mut self) {
        match self.on_cancel {
            OnCancel::Ok if !std::thread::panicking() => self.close(CheckInStatus::Ok),
            OnCancel::Ignore if !std::thread::panicking() => self.withdraw(),
            _ => self.close(CheckInStatus::Error),
        }
    }
}

/// A guard on the current client, or an idle one; `job` is asked only if there is a client.
pub(crate) fn start_current(
    job: impl FnOnce() -> Option<(Slug, Option<MonitorConfig>, OnCancel)>,
) -> CheckInGuard {
    match current::client().and_then(|client| Some((client, job()?))) {
        Some((client, (slug, config, on_cancel))) => CheckInGuard::start(client, slug, config, on_cancel),
        None => CheckInGuard::idle(),
    }
}
