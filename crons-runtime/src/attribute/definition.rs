//! Monitors known at compile time: what the attribute puts into a `static`.

use std::fmt::Display;
use std::panic::{Location, catch_unwind};
use std::sync::OnceLock;

use crons_types::{Crontab, InvalidMonitorConfig, MonitorConfig, Slug, Timezone};

use crate::delivery::keep_alive;
use crate::record::queued::MonitorInfo;
use crate::run::guard::OnCancel;

/// A monitor as written in the attribute; turned into its types at its first run, or by `init`.
#[derive(Debug)]
pub struct Definition {
    slug: &'static str,
    place: &'static Location<'static>,
    schedule: Option<Written>,
    timezone: Option<Timezone>,
    checkin_margin: Option<u32>,
    max_runtime: Option<u32>,
    failure_issue_threshold: Option<u32>,
    recovery_threshold: Option<u32>,
    owner: Option<&'static str>,
    pub(crate) on_cancel: OnCancel,
    pub(crate) heartbeat: bool,
    keep_alive: bool,
    resolved: OnceLock<Option<MonitorInfo>>,
}

#[derive(Clone, Copy, Debug)]
enum Written {
    Crontab(&'static str),
    Interval(&'static str),
    /// All of the configuration, by an expression.
    Config(fn() -> Result<MonitorConfig, String>),
}

impl Definition {
    /// A monitor that the server knows already, or that other check-ins describe. Its place is that of the attribute.
    #[track_caller]
    pub const fn new(slug: &'static str) -> Self {
        Self {
            slug,
            place: Location::caller(),
            schedule: None,
            timezone: None,
            checkin_margin: None,
            max_runtime: None,
            failure_issue_threshold: None,
            recovery_threshold: None,
            owner: None,
            on_cancel: OnCancel::Error,
            heartbeat: false,
            keep_alive: false,
            resolved: OnceLock::new(),
        }
    }

    /// `schedule`
    #[must_use]
    pub const fn crontab(mut self, expression: &'static str) -> Self {
        self.schedule = Some(Written::Crontab(expression));
        self
    }

    /// `interval`
    #[must_use]
    pub const fn interval(mut self, span: &'static str) -> Self {
        self.schedule = Some(Written::Interval(span));
        self
    }

    /// `monitor_config`
    #[must_use]
    pub const fn monitor_config(mut self, config: fn() -> Result<MonitorConfig, String>) -> Self {
        self.schedule = Some(Written::Config(config));
        self
    }

    /// `timezone`: one that was checked, or a constant that is taken on trust
    #[must_use]
    pub const fn timezone(mut self, name: &'static str) -> Self {
        self.timezone = Some(Timezone::new_unchecked(name));
        self
    }

    /// `checkin_margin`, in minutes
    #[must_use]
    pub const fn checkin_margin(mut self, minutes: u32) -> Self {
        self.checkin_margin = Some(minutes);
        self
    }

    /// `max_runtime`, in minutes
    #[must_use]
    pub const fn max_runtime(mut self, minutes: u32) -> Self {
        self.max_runtime = Some(minutes);
        self
    }

    /// `failure_issue_threshold`
    #[must_use]
    pub const fn failure_issue_threshold(mut self, failures: u32) -> Self {
        self.failure_issue_threshold = Some(failures);
        self
    }

    /// `recovery_threshold`
    #[must_use]
    pub const fn recovery_threshold(mut self, successes: u32) -> Self {
        self.recovery_threshold = Some(successes);
        self
    }

    /// `owner`
    #[must_use]
    pub const fn owner(mut self, owner: &'static str) -> Self {
        self.owner = Some(owner);
        self
    }

    /// `on_cancel`
    #[must_use]
    pub const fn on_cancel(mut self, on_cancel: OnCancel) -> Self {
        self.on_cancel = on_cancel;
        self
    }

    /// `heartbeat = true`
    #[must_use]
    pub const fn heartbeat(mut self) -> Self {
        self.heartbeat = true;
        self
    }

    /// `keep_alive = true`
    #[must_use]
    pub const fn keep_alive(mut self) -> Self {
        self.keep_alive = true;
        self
    }

    /// Where the attribute stands.
    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Slug and configuration, as the server would store them; says once what is wrong or doubtful. `None` if nothing is
    /// left of the slug.
    pub(crate) fn resolve(&self) -> Option<&MonitorInfo> {
        let resolve = || {
            let mut monitor = MonitorInfo::new(self.typed_slug()?, self.typed_config());
            monitor.keep_alive = self.keep_alive;
            if let Some(warning) = keep_alive::warning(&monitor) {
                log!(warn, slug = %monitor.slug, at = %self.place, "{warning}");
            }
            Some(monitor)
        };
        self.resolved.get_or_init(resolve).as_ref()
    }

    /// A literal was judged by the attribute; a constant is judged here.
    fn typed_slug(&self) -> Option<Slug> {
        let Self { slug, place, .. } = self;
        Slug::parse(slug)
            .or_else(|refused| match refused.normalized() {
                Some(stored) => {
                    log!(error, %slug, %stored, at = %place, "malformed slug, stored otherwise by the server: {refused}");
                    Ok(stored.clone())
                }
                None => Err(refused),
            })
            .inspect_err(|refused| {
                log_loss!(error, slug, [at = %place,], "malformed slug, so the job runs unwatched: {refused}");
            })
            .ok()
    }

    fn typed_config(&self) -> Option<MonitorConfig> {
        let Self { slug, place, .. } = self;
        let config = match self.schedule? {
            Written::Crontab(expression) => self.completed(MonitorConfig::crontab(expression)),
            Written::Interval(span) => self.completed(MonitorConfig::interval(span)),
            // The expression is the user's: if it panics, the job still runs.
            Written::Config(made) => catch_unwind(made).unwrap_or_else(|_| Err("it panicked".to_owned())),
        };
        match &config {
            Err(error) => {
                log!(error, %slug, at = %place, error, "malformed configuration: check-ins are sent without one");
            }
            Ok(config) => {
                if let Some(doubt) = config.warning() {
                    log!(warn, %slug, at = %place, "{doubt}");
                }
                if let Some(zone) = config.get_timezone().filter(|zone| !zone.is_listed()) {
                    log!(warn, %slug, at = %place, %zone, "time zone taken on trust: it is not in the database of this program");
                }
            }
        }
        config.ok()
    }

    /// The configuration with all that was written beside its schedule.
    fn completed(
        &self,
        config: Result<MonitorConfig, InvalidMonitorConfig>,
    ) -> Result<MonitorConfig, String> {
        let complete = || {
            let mut config = config?;
            if let Some(zone) = self.timezone {
                config = config.timezone(zone)?;
            }
            if let Some(minutes) = self.checkin_margin {
                config = config.checkin_margin(minutes)?;
            }
            if let Some(minutes) = self.max_runtime {
                config = config.max_runtime(minutes)?;
            }
            if let Some(failures) = self.failure_issue_threshold {
                config = config.failure_issue_threshold(failures)?;
            }
            if let Some(successes) = self.recovery_threshold {
                config = config.recovery_threshold(successes)?;
            }
            if let Some(owner) = self.owner {
                config = config.owner(owner)?;
            }
            Ok(config)
        };
        complete().map_err(|refused: InvalidMonitorConfig| refused.to_string())
    }
}

/// What `monitor_config` takes.
#[diagnostic::on_unimplemented(
    message = "`monitor_config` takes a `MonitorConfig`, and this is `{Self}`",
    label = "no `MonitorConfig`",
    note = "a `&MonitorConfig`, a `Result<MonitorConfig, _>` whose error can be shown, and a function that returns one of these will do, too"
)]
pub trait IntoMonitorConfig {
    /// The configuration, or what is wrong with it.
    fn into_monitor_config(self) -> Result<MonitorConfig, String>;
}

impl IntoMonitorConfig for MonitorConfig {
    fn into_monitor_config(self) -> Result<MonitorConfig, String> {
        Ok(self)
    }
}

impl IntoMonitorConfig for &MonitorConfig {
    fn into_monitor_config(self) -> Result<MonitorConfig, String> {
        Ok(self.clone())
    }
}

impl<C: IntoMonitorConfig, E: Display> IntoMonitorConfig for Result<C, E> {
    fn into_monitor_config(self) -> Result<MonitorConfig, String> {
        self.map_err(|error| format!("{error:#}"))?.into_monitor_config()
    }
}

impl<C: IntoMonitorConfig, F: FnOnce() -> C> IntoMonitorConfig for F {
    fn into_monitor_config(self) -> Result<MonitorConfig, String> {
        self().into_monitor_config()
    }
}

/// A crontab that was given as a constant, judged while compiling.
///
/// # Panics
/// If the server would refuse it; in a constant that is an error of the compiler.
#[expect(clippy::panic, reason = "it is called in constants only, where a panic is an error of the compiler")]
pub const fn checked_crontab(expression: &'static str) -> &'static str {
    match Crontab::validate(expression) {
        Ok(()) => expression,
        Err(refused) => panic!("{}", refused),
    }
}
