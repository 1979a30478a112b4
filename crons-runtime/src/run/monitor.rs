//! Monitors put together at run time.

use std::borrow::Cow;
use std::sync::Arc;

use crons_types::{MonitorConfig, Slug};

use crate::delivery::keep_alive;
use crate::platform::logging::is_first;
use crate::record::queued::{MonitorInfo, MonitorRef};
use crate::run::execute::call;
use crate::run::finish::finish;
use crate::run::future::MonitoredFuture;
use crate::run::guard::{CheckInGuard, OnCancel, RunSpec, start};
use crate::run::outcome::{Outcome, failed, nested_result};
use crate::run::verdict::Verdict;

/// A monitor of this name, to watch a closure, a future or a stretch of code.
///
/// The name is turned into what the server would store; that is said once, if it changes anything. If nothing is left
/// of it, the job runs unwatched, and that is said too.
///
/// ```
/// # use crons_runtime as crons;
/// fn rotate() -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// crons::monitor("rotate-logs").run(|| rotate())?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn monitor<'a>(slug: impl Into<Cow<'a, str>>) -> Monitor<'a> {
    Monitor {
        slug: slug.into(),
        config: None,
        on_cancel: OnCancel::default(),
        heartbeat: false,
        keep_alive: false,
    }
}

/// A monitor put together at run time, by [`monitor`].
#[derive(Clone, Debug)]
#[must_use = "a monitor watches nothing until `run`, `run_async` or `start`"]
pub struct Monitor<'a> {
    /// As written; judged when there is a client to report to.
    slug: Cow<'a, str>,
    config: Option<MonitorConfig>,
    on_cancel: OnCancel,
    heartbeat: bool,
    keep_alive: bool,
}

impl Monitor<'_> {
    /// Creates or updates the monitor along with each check-in.
    pub fn monitor_config(mut self, config: MonitorConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// What it means when the future of [`run_async`](Self::run_async), or the guard, is dropped before its end.
    pub fn on_cancel(mut self, on_cancel: OnCancel) -> Self {
        self.on_cancel = on_cancel;
        self
    }

    /// Reports the end of a run only: one check-in instead of two, for jobs that run often and briefly. The server then cannot
    /// tell a run that hangs from one that has not begun.
    pub fn heartbeat(mut self) -> Self {
        self.heartbeat = true;
        self
    }

    /// With `true`, a run may take longer than `max_runtime`, up to 7 days: while it does, the client reports it as in progress again,
    /// every third of `max_runtime` but not more often than each minute, so that the server moves its timeout. Set `max_runtime` to how
    /// soon a process that was killed or frozen is to be noticed: 2 minutes at least, the server's default of 30 if left out.
    ///
    /// A keep-alive leaves room for a start and an end within
    /// [`max_check_ins_per_minute`](crate::ClientOptions::max_check_ins_per_minute), so there is none if that is below 3, and none for
    /// [`heartbeat`](Self::heartbeat) runs, of which the server hears no start.
    pub fn keep_alive(mut self, keep_alive: bool) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// Runs the job and reports its begin and end. Its value is returned unchanged; a panic is reported and goes on.
    pub fn run<R: Outcome>(self, job: impl FnOnce() -> R) -> R {
        let run = self.begin();
        let output = call(&run, job);
        finish(run, verdict_of(&output));
        output
    }

    /// As [`run`](Self::run), for a future. Nothing is reported before it is first polled.
    pub fn run_async<F>(self, job: F) -> impl Future<Output = F::Output>
    where
        F: Future<Output: Outcome>,
    {
        MonitoredFuture::new(job, || self.begin(), verdict_of::<F::Output>)
    }

    /// Reports that a run began; the guard reports how it ended.
    pub fn start(self) -> CheckInGuard {
        self.begin().unwrap_or_else(CheckInGuard::idle)
    }

    /// As [`start`](Self::start), without a guard where nobody hears of the run.
    fn begin(self) -> Option<CheckInGuard> {
        let Self { slug, config, on_cancel, heartbeat, keep_alive } = self;
        start(|| {
            let mut monitor = MonitorInfo::new(stored(&slug)?, config);
            monitor.keep_alive = keep_alive;
            if let Some(warning) = keep_alive::warning(&monitor)
                && is_first(&format!("{slug}: {warning}"))
            {
                log!(warn, slug = %monitor.slug, "{warning}");
            }
            Some(RunSpec { monitor: MonitorRef::Made(Arc::new(monitor)), on_cancel, heartbeat })
        })
    }
}

fn verdict_of<R: Outcome>(output: &R) -> Verdict<'_> {
    if failed(output) {
        return Verdict::Failed;
    }
    nested_result::<R>().map_or(Verdict::Success, Verdict::HiddenResult)
}

/// The slug as the server stores it; says so, once, if that is not what was written.
fn stored(written: &str) -> Option<Slug> {
    let slug = Slug::normalize(written);
    if slug.as_ref().map(Slug::as_str) == Some(written) {
        return slug;
    }
    let excerpt: String = written.chars().take(MAX_EXCERPT).collect();
    if !is_first(&excerpt) {
        return slug;
    }
    let advice = match &slug {
        Some(slug) => format!("the server stores it as `{slug}`: write that"),
        None => "nothing is left of it: its jobs run unwatched; use a-z, 0-9, `-` and `_`".to_owned(),
    };
    if slug.is_some() {
        log!(warn, written = excerpt, "`{excerpt}` is no slug as it stands; {advice}");
    } else {
        log_loss!(warn, [written = excerpt,], "`{excerpt}` is no slug as it stands; {advice}");
    }
    slug
}

/// Of what is no slug, so many characters are shown.
const MAX_EXCERPT: usize = 80;
