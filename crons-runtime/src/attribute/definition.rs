//! Monitors known at compile time: the `static` of each annotated function.

use std::fmt::Display;
use std::panic::{Location, catch_unwind};
use std::sync::OnceLock;

use crons_types::{Crontab, InvalidMonitorConfig, MonitorConfig, Slug, Timezone};

use crate::delivery::keep_alive;
use crate::record::monitor::MonitorInfo;
use crate::run::guard::OnCancel;

/// A monitor as the attribute has it. Validated at its first run, or by `init`.
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
    /// The whole configuration, by an expression.
    Config(fn() -> Result<MonitorConfig, String>),
}

impl Definition {
    /// A monitor without a configuration, at the place of the attribute.
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

    /// `timezone`: a name that the attribute validated, or a constant that is not validated
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

    /// The place of the attribute.
    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Returns slug and configuration as the server would store them, and logs once what is wrong or doubtful about them. `None` if nothing
    /// is left of the slug.
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

    /// Validates the slug: a constant, since the attribute validates literals.
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
            // The code is the user's: if it panics, the job still runs.
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

    /// The configuration with the arguments beside its schedule.
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

/// A value that the argument `monitor_config` accepts.
#[diagnostic::on_unimplemented(
    message = "`monitor_config` takes a `MonitorConfig`, and this is `{Self}`",
    label = "no `MonitorConfig`",
    note = "a `&MonitorConfig`, a `Result<MonitorConfig, _>` whose error can be shown, and a function that returns one of these will do, too"
)]
pub trait IntoMonitorConfig {
    /// Returns the configuration, or the text of its error.
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

/// Validates a crontab that was given as a constant, at compile time.
///
/// # Panics
/// If the server would refuse it, which is a compile error in a constant.
#[expect(clippy::panic, reason = "it is called in constants only, where a panic is an error of the compiler")]
pub const fn checked_crontab(expression: &'static str) -> &'static str {
    match Crontab::validate(expression) {
        Ok(()) => expression,
        Err(refused) => panic!("{}", refused),
    }
}
