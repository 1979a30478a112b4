//! Monitors made at run time.

use std::sync::Arc;
use std::time::Instant;

use crons_types::{CheckInId, MonitorConfig, Slug};

use crate::client::client::Client;
use crate::client::destination::Destination;
use crate::client::scope;
use crate::delivery::keep_alive;
use crate::platform::ids::new_id;
use crate::platform::logging::is_first;
use crate::record::monitor::{MonitorInfo, MonitorRef};
use crate::run::execute::call;
use crate::run::finish::finish;
use crate::run::guard::{CheckInGuard, OnCancel, RunSpec};
use crate::run::outcome::Outcome;
use crate::run::verdict::verdict_of;

/// A monitor of this name, to watch a closure, a future or a stretch of code.
///
/// Takes a [`Slug`], a `&str`, a `String` and references to these. The name is turned into the slug that the server would store; a name
/// that this changes is warned about once. If nothing is left of it, jobs run unwatched, which is warned about, too.
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
pub fn monitor(slug: impl AsRef<str>) -> Monitor {
    Monitor::new(slug.as_ref(), Reach::Current)
}

/// Returns a random id for [`Monitor::start_as`]. Works without a client.
pub fn new_check_in_id() -> CheckInId {
    new_id()
}

/// A monitor made at run time, by [`monitor`] or [`Client::monitor`].
///
/// A handle: it can be kept, sent to other threads, and cloned at the cost of a reference count. Each run is independent, and runs may
/// overlap.
///
/// ```
/// # use crons_runtime as crons;
/// use std::sync::LazyLock;
/// use crons::{Monitor, MonitorConfig};
///
/// static IMPORT: LazyLock<Monitor> = LazyLock::new(|| {
///     let config = MonitorConfig::interval("10 minutes").and_then(|config| config.max_runtime("1h"));
///     crons::monitor("import").monitor_config(config.expect("a valid configuration"))
/// });
///
/// std::thread::spawn(|| IMPORT.run(|| ())).join().unwrap();
/// IMPORT.run(|| ());
/// ```
#[derive(Clone, Debug)]
#[must_use = "a monitor watches nothing until `run`, `run_async` or `start`"]
pub struct Monitor {
    /// `None` if nothing is left of the name.
    info: Option<Arc<MonitorInfo>>,
    /// The name as written, if it is not the slug. Warned about when a run begins, since only then there is a client for certain.
    misspelled: Option<Arc<str>>,
    reach: Reach,
    on_cancel: OnCancel,
    heartbeat: bool,
}

/// The client that the runs of a monitor report to.
#[derive(Clone, Debug)]
enum Reach {
    /// The client of the thread on which the run begins.
    Current,
    /// A fixed destination; `None` if its client is disabled.
    Fixed(Option<Arc<Destination>>),
}

impl Client {
    /// A monitor whose runs report to this client, whatever scope they begin in. As [`monitor`](fn@crate::monitor) otherwise.
    ///
    /// The monitor does not keep the client from being closed.
    pub fn monitor(&self, slug: impl AsRef<str>) -> Monitor {
        Monitor::new(slug.as_ref(), Reach::Fixed(self.destination().map(Arc::clone)))
    }
}

impl Monitor {
    fn new(written: &str, reach: Reach) -> Self {
        let slug = Slug::normalize(written);
        let misspelled = slug.as_ref().is_none_or(|slug| slug.as_str() != written);
        Self {
            info: slug.map(|slug| Arc::new(MonitorInfo::new(slug, None))),
            misspelled: misspelled.then(|| written.chars().take(MAX_EXCERPT).collect::<String>().into()),
            reach,
            on_cancel: OnCancel::default(),
            heartbeat: false,
        }
    }

    /// Creates or updates the monitor along with each check-in.
    pub fn monitor_config(mut self, config: MonitorConfig) -> Self {
        if let Some(info) = &mut self.info {
            Arc::make_mut(info).config = Some(config);
        }
        self
    }

    /// Sets the outcome of a run whose future of [`run_async`](Self::run_async), or whose guard, is dropped before its end.
    /// [`OnCancel::Error`] if left out.
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

    /// Sets whether runs are kept alive. If so, a run may take longer than `max_runtime`, up to 7 days: while it does, the client reports
    /// it as in progress again, so that the server moves its timeout. The time between two reports is a third of `max_runtime`, at least a
    /// minute (30 seconds for a `max_runtime` of 2 minutes). Set `max_runtime` to how soon a process that was killed or frozen is to be
    /// noticed: 2 minutes at least, the server's default of 30 if left out.
    ///
    /// A keep-alive leaves room for a start and an end within
    /// [`max_check_ins_per_minute`](crate::ClientOptions::max_check_ins_per_minute), so there is none if that is below 3, and none for
    /// [`heartbeat`](Self::heartbeat) runs, whose start the server does not receive.
    pub fn keep_alive(mut self, keep_alive: bool) -> Self {
        if let Some(info) = &mut self.info {
            Arc::make_mut(info).keep_alive = keep_alive;
        }
        self
    }

    /// The slug under which the server stores the monitor; `None` if nothing is left of the name.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// let monitor = crons::monitor("Rotate Logs");
    /// assert_eq!(monitor.slug().unwrap().as_str(), "rotate-logs");
    /// ```
    pub fn slug(&self) -> Option<&Slug> {
        self.info.as_ref().map(|info| &info.slug)
    }

    /// Runs the job and reports its begin and end. Its value is returned unchanged; a panic is reported and goes on.
    pub fn run<R: Outcome>(&self, job: impl FnOnce() -> R) -> R {
        let run = self.begin();
        let output = call(&run, job);
        finish(run, verdict_of(&output));
        output
    }

    /// Reports that a run began; the guard reports how it ended.
    pub fn start(&self) -> CheckInGuard {
        self.begin().unwrap_or_else(CheckInGuard::idle)
    }

    /// Reports a run that began at `started`, before there was a client: its start is reported now, and its duration counts from then.
    /// `id` comes from [`new_check_in_id`].
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// use std::time::Instant;
    ///
    /// let (id, started) = (crons::new_check_in_id(), Instant::now());
    /// // .. the job begins, and is told the id ..
    /// let check_in = crons::monitor("import").start_as(id, started);
    /// check_in.ok();
    /// ```
    pub fn start_as(&self, id: CheckInId, started: Instant) -> CheckInGuard {
        let begun =
            self.spec().map(|(destination, spec)| CheckInGuard::begun(destination, spec, id, started));
        begun.unwrap_or_else(|| CheckInGuard::idle_as(id))
    }

    /// Begins a run; `None` if nothing is to be reported.
    pub(crate) fn begin(&self) -> Option<CheckInGuard> {
        self.spec().map(|(destination, spec)| CheckInGuard::start(destination, spec))
    }

    /// The destination and the description of a run that begins now; `None` if nothing is to be reported.
    fn spec(&self) -> Option<(Arc<Destination>, RunSpec)> {
        let destination = match &self.reach {
            Reach::Current => scope::destination(),
            Reach::Fixed(destination) => destination.clone(),
        }?;
        self.warn_if_misspelled();
        let info = self.info.as_ref()?;
        if let Some(warning) = keep_alive::warning(info)
            && is_first(&format!("{}: {warning}", info.slug))
        {
            log!(warn, slug = %info.slug, "{warning}");
        }
        let monitor = MonitorRef::Made(Arc::clone(info));
        Some((destination, RunSpec { monitor, on_cancel: self.on_cancel, heartbeat: self.heartbeat }))
    }

    /// Warns once for each name that is no slug.
    fn warn_if_misspelled(&self) {
        let Some(written) = self.misspelled.as_deref() else { return };
        if !is_first(written) {
            return;
        }
        if let Some(slug) = self.slug() {
            log!(
                warn,
                written,
                "`{written}` is no slug as it stands; the server stores it as `{slug}`: write that"
            );
        } else {
            log_loss!(
                warn,
                [written,],
                "`{written}` is no slug as it stands; nothing is left of it: its jobs run unwatched; use a-z, 0-9, `-` and `_`"
            );
        }
    }
}

/// The number of characters of a misspelled name that are logged.
const MAX_EXCERPT: usize = 80;
