//! Monitors known at compile time: what the attribute puts into a `static`.

use std::sync::{Arc, OnceLock};

use crons_types::{Crontab, InvalidMonitorConfig, InvalidSlug, MonitorConfig, Slug, Timezone};

use crate::guard::{CheckInGuard, OnCancel, Watch, start_current};
use crate::record::Subject;

/// A monitor as written in the attribute, checked there; turned into its types at its first run.
#[derive(Debug)]
pub struct Definition {
    slug: &'static str,
    schedule: Option<Written>,
    timezone: Option<Timezone>,
    checkin_margin: Option<u32>,
    max_runtime: Option<u32>,
    failure_issue_threshold: Option<u32>,
    recovery_threshold: Option<u32>,
    owner: Option<&'static str>,
    on_cancel: OnCancel,
    resolved: OnceLock<Option<Arc<Subject>>>,
}

#[derive(Clone, Copy, Debug)]
enum Written {
    Crontab(&'static str),
    Interval(&'static str),
}

impl Definition {
    /// A monitor that the server knows already, or that other check-ins describe.
    pub const fn new(slug: &'static str) -> Self {
        Self {
            slug,
            schedule: None,
            timezone: None,
            checkin_margin: None,
            max_runtime: None,
            failure_issue_threshold: None,
            recovery_threshold: None,
            owner: None,
            on_cancel: OnCancel::Error,
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

    /// `timezone`: one that was checked, or a constant that is taken on trust
    #[must_use]
    pub const fn timezone(mut self, name: &'static str) -> Self {
        self.timezone = Some(Timezone::unlisted(name));
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

    /// Slug and configuration; `None`, and an error in the log, if they are malformed. Says once what is doubtful.
    pub(crate) fn resolve(&self) -> Option<&Arc<Subject>> {
        let resolved = self.resolved.get_or_init(|| match (self.typed_slug(), self.config()) {
            (Ok(slug), Ok(config)) => {
                if let Some(doubt) = config.as_ref().and_then(MonitorConfig::doubt) {
                    tracing::warn!(%slug, "{doubt}");
                }
                Some(Arc::new(Subject::new(slug, config)))
            }
            // The attribute has checked all this; only a mix of versions could get here.
            (slug, config) => {
                let (slug_error, config_error) = (slug.err(), config.err());
                tracing::error!(
                    slug = self.slug,
                    ?slug_error,
                    ?config_error,
                    "job runs unwatched: malformed monitor"
                );
                None
            }
        });
        resolved.as_ref()
    }

    fn typed_slug(&self) -> Result<Slug, InvalidSlug> {
        Slug::parse(self.slug)
    }

    fn config(&self) -> Result<Option<MonitorConfig>, InvalidMonitorConfig> {
        let mut config = match self.schedule {
            None => return Ok(None),
            Some(Written::Crontab(expression)) => MonitorConfig::crontab(expression)?,
            Some(Written::Interval(span)) => MonitorConfig::interval(span)?,
        };
        if let Some(zone) = self.timezone {
            if !zone.is_listed() {
                tracing::warn!(slug = self.slug, %zone, "time zone taken on trust: it is not in the database of this program");
            }
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
        Ok(Some(config))
    }
}

/// Begins a run of an annotated function.
pub fn start(definition: &'static Definition) -> CheckInGuard {
    start_current(|| {
        let subject = Arc::clone(definition.resolve()?);
        Some(Watch { subject, on_cancel: definition.on_cancel, heartbeat: false })
    })
}

/// Calls the body of an annotated function. As a bound, `FnOnce` lets it return borrows of its arguments, which a bare
/// `(|| ..)()` does not.
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// A crontab that was given as a constant, judged while compiling.
///
/// # Panics
/// If the server would refuse it; in a constant that is an error of the compiler.
#[expect(clippy::panic, reason = "it is called in constants only, where a panic is an error of the compiler")]
pub const fn checked_crontab(expression: &'static str) -> &'static str {
    match Crontab::check(expression) {
        Ok(()) => expression,
        Err(refused) => panic!("{}", refused),
    }
}
