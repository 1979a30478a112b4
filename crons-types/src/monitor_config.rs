//! The configuration of a monitor, which check-ins carry to the server.

use std::fmt;
use std::str::FromStr;

use crate::{InvalidInterval, InvalidSchedule, Minutes, Schedule, Timezone, UnknownTimezone};

/// The configuration of a monitor: sent with a check-in, it creates the monitor or updates it.
///
/// A field that is left out keeps the value that the server has, or its default.
///
/// ```
/// use crons_types::MonitorConfig;
///
/// let config = MonitorConfig::crontab("0 3 * * MON-FRI")?
///     .timezone("Europe/Vienna")?
///     .checkin_margin(10)? // minutes, as in Sentry
///     .max_runtime("2h")?
///     .failure_issue_threshold(2)?;
/// assert_eq!(config.get_max_runtime().map(|minutes| minutes.get()), Some(120));
///
/// let refused = config.max_runtime("8d").unwrap_err();
/// assert!(refused.to_string().starts_with("max_runtime: "));
/// # Ok::<(), crons_types::InvalidMonitorConfig>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MonitorConfig {
    schedule: Schedule,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    timezone: Option<Timezone>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    checkin_margin: Option<Minutes>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    max_runtime: Option<Minutes>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    failure_issue_threshold: Option<u32>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    recovery_threshold: Option<u32>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    owner: Option<Owner>,
}

impl MonitorConfig {
    /// The largest margin in minutes (28 days); the server cuts down to it: `MAX_MARGIN` in Sentry's [constants].
    ///
    /// [constants]: https://github.com/getsentry/sentry/blob/master/src/sentry/monitors/constants.py
    pub const MAX_CHECKIN_MARGIN: u32 = 40_320;
    /// The longest run in minutes (7 days); the server cuts down to it: `MAX_TIMEOUT` in Sentry's [constants]. It was 28 days until
    /// 2026, so an older self-hosted Sentry allows more.
    ///
    /// [constants]: https://github.com/getsentry/sentry/blob/master/src/sentry/monitors/constants.py
    pub const MAX_MAX_RUNTIME: u32 = 10_080;
    /// The largest threshold; the server refuses the whole configuration beyond it: `MAX_THRESHOLD` in Sentry's [constants].
    ///
    /// [constants]: https://github.com/getsentry/sentry/blob/master/src/sentry/monitors/constants.py
    pub const MAX_THRESHOLD: u32 = 720;
    /// The margin in minutes if the configuration has none: Sentry's `DEFAULT_CHECKIN_MARGIN`.
    pub const DEFAULT_CHECKIN_MARGIN: u32 = 1;
    /// The longest run in minutes if the configuration does not say: Sentry's `TIMEOUT`.
    pub const DEFAULT_MAX_RUNTIME: u32 = 30;

    /// A configuration with this schedule and the server's defaults.
    pub fn new(schedule: impl Into<Schedule>) -> Self {
        Self {
            schedule: schedule.into(),
            timezone: None,
            checkin_margin: None,
            max_runtime: None,
            failure_issue_threshold: None,
            recovery_threshold: None,
            owner: None,
        }
    }

    /// A configuration that expects the job at the minutes of a crontab: `0 3 * * *`, `@daily`.
    ///
    /// # Errors
    /// If the server would refuse the crontab.
    pub fn crontab(expression: &str) -> Result<Self, InvalidMonitorConfig> {
        Schedule::crontab(expression).map(Self::new).map_err(|e| InvalidMonitorConfig::new("schedule", &e))
    }

    /// A configuration that expects the job every so often: `10 minutes`, `1 month`.
    ///
    /// # Errors
    /// If the words name no whole number of minutes, hours, days, weeks, months or years.
    pub fn interval(span: &str) -> Result<Self, InvalidMonitorConfig> {
        Schedule::interval(span).map(Self::new).map_err(|e| InvalidMonitorConfig::new("interval", &e))
    }

    /// Replaces the schedule.
    #[must_use]
    pub fn schedule(mut self, schedule: impl Into<Schedule>) -> Self {
        self.schedule = schedule.into();
        self
    }

    /// Sets the zone in which a crontab is read; UTC if left out.
    ///
    /// # Errors
    /// If the name is not in the time zone database; one that is newer can be given as [`Timezone::new_unchecked`].
    pub fn timezone<T>(mut self, zone: T) -> Result<Self, InvalidMonitorConfig>
    where
        T: TryInto<Timezone, Error: Into<UnknownTimezone>>,
    {
        self.timezone = Some(zone.try_into().map_err(|refused| InvalidMonitorConfig::from(refused.into()))?);
        Ok(self)
    }

    /// Sets how late a check-in may be before it counts as missed: minutes, or words such as `2h`. 1 to 40,320 (28 days).
    ///
    /// # Errors
    /// If it is no whole number of minutes, or out of range.
    pub fn checkin_margin<M>(mut self, margin: M) -> Result<Self, InvalidMonitorConfig>
    where
        M: TryInto<Minutes, Error: Into<InvalidInterval>>,
    {
        self.checkin_margin = Some(minutes("checkin_margin", margin, Self::MAX_CHECKIN_MARGIN, "28 days")?);
        Ok(self)
    }

    /// Sets how long a run may take before it counts as timed out: minutes, or words such as `2h`. 1 to 10,080 (7 days).
    ///
    /// # Errors
    /// If it is no whole number of minutes, or out of range.
    pub fn max_runtime<M>(mut self, runtime: M) -> Result<Self, InvalidMonitorConfig>
    where
        M: TryInto<Minutes, Error: Into<InvalidInterval>>,
    {
        self.max_runtime = Some(minutes("max_runtime", runtime, Self::MAX_MAX_RUNTIME, "7 days")?);
        Ok(self)
    }

    /// Sets how many failures in a row open an incident: 1 to 720; 1 if left out.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn failure_issue_threshold(mut self, failures: u32) -> Result<Self, InvalidMonitorConfig> {
        self.failure_issue_threshold = Some(threshold("failure_issue_threshold", failures)?);
        Ok(self)
    }

    /// Sets how many successes in a row resolve an incident: 1 to 720; 1 if left out.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn recovery_threshold(mut self, successes: u32) -> Result<Self, InvalidMonitorConfig> {
        self.recovery_threshold = Some(threshold("recovery_threshold", successes)?);
        Ok(self)
    }

    /// Sets the owner: `user:` or `team:` and a name or id.
    ///
    /// # Errors
    /// If it has neither form.
    pub fn owner(mut self, owner: &str) -> Result<Self, InvalidMonitorConfig> {
        self.owner = Some(owner.parse()?);
        Ok(self)
    }

    /// Describes, in one line, what is legal in this configuration but probably not meant.
    ///
    /// ```
    /// use crons_types::MonitorConfig;
    ///
    /// let config = MonitorConfig::crontab("*/5 * * * *")?.checkin_margin(10)?;
    /// assert!(config.warning().unwrap().starts_with("checkin_margin: "));
    /// # Ok::<(), crons_types::InvalidMonitorConfig>(())
    /// ```
    pub fn warning(&self) -> Option<String> {
        let margin = self.checkin_margin.map_or(Self::DEFAULT_CHECKIN_MARGIN, Minutes::get);
        let gap = self.schedule.min_gap().as_secs() / 60;
        // A job that runs every minute cannot have a narrower margin.
        (u64::from(margin) >= gap && margin > Self::DEFAULT_CHECKIN_MARGIN).then(|| {
            format!(
                "checkin_margin: {margin} minutes are not less than the {gap} between two runs of `{}`, so a missed \
                 run may go unnoticed; write less",
                self.schedule
            )
        })
    }

    /// The schedule of the job.
    pub fn get_schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The zone of the schedule, if one was named.
    pub fn get_timezone(&self) -> Option<Timezone> {
        self.timezone
    }

    /// The margin, if one was given.
    pub fn get_checkin_margin(&self) -> Option<Minutes> {
        self.checkin_margin
    }

    /// The longest run, if one was given.
    pub fn get_max_runtime(&self) -> Option<Minutes> {
        self.max_runtime
    }

    /// Failures that open an incident, if given.
    pub fn get_failure_issue_threshold(&self) -> Option<u32> {
        self.failure_issue_threshold
    }

    /// Successes that resolve an incident, if given.
    pub fn get_recovery_threshold(&self) -> Option<u32> {
        self.recovery_threshold
    }

    /// The owner, if there is one.
    pub fn get_owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }
}

fn minutes<M>(
    field: &'static str,
    given: M,
    most: u32,
    most_in_words: &str,
) -> Result<Minutes, InvalidMonitorConfig>
where
    M: TryInto<Minutes, Error: Into<InvalidInterval>>,
{
    let minutes = given.try_into().map_err(|refused| InvalidMonitorConfig::new(field, &refused.into()))?;
    if minutes.get() <= most {
        return Ok(minutes);
    }
    let given = minutes.get();
    Err(InvalidMonitorConfig::new(
        field,
        &format!(
            "{given} minutes is not in 1\u{2013}{most}; the server would cut it down to {most} ({most_in_words}); \
             write at most that"
        ),
    ))
}

fn threshold(field: &'static str, given: u32) -> Result<u32, InvalidMonitorConfig> {
    if (1..=MonitorConfig::MAX_THRESHOLD).contains(&given) {
        return Ok(given);
    }
    let most = MonitorConfig::MAX_THRESHOLD;
    Err(InvalidMonitorConfig::new(
        field,
        &format!("{given} is not in 1\u{2013}{most}; the server would refuse the whole configuration"),
    ))
}

/// The owner of a monitor: `user:` or `team:`, then a name or an id.
///
/// ```
/// let owner: crons_types::Owner = "team:ops".parse().unwrap();
/// assert_eq!(owner.as_str(), "team:ops");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(Box<str>);

impl Owner {
    /// The longest owner in bytes.
    const MAX_LEN: usize = 128;

    /// The owner in Sentry's form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}

impl FromStr for Owner {
    type Err = InvalidMonitorConfig;

    fn from_str(text: &str) -> Result<Self, InvalidMonitorConfig> {
        let who = text.strip_prefix("user:").or_else(|| text.strip_prefix("team:"));
        match who {
            Some(who) if !who.is_empty() && text.len() <= Self::MAX_LEN && who.chars().all(is_plain) => {
                Ok(Self(text.into()))
            }
            _ => {
                let text: String = text.chars().take(80).collect();
                let reason = format!("{text:?} is neither `user:<name or id>` nor `team:<name or id>`");
                Err(InvalidMonitorConfig::new("owner", &reason))
            }
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The field of a [`MonitorConfig`] that was refused, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMonitorConfig {
    field: &'static str,
    reason: String,
}

impl InvalidMonitorConfig {
    fn new(field: &'static str, reason: &impl fmt::Display) -> Self {
        Self { field, reason: reason.to_string() }
    }

    /// The field, by its name on the wire; `interval` for a schedule in words.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for InvalidMonitorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Reasons that are also read without this wrapper name their field themselves.
        match self.reason.strip_prefix(self.field) {
            Some(rest) if rest.starts_with(": ") => f.write_str(&self.reason),
            _ => write!(f, "{}: {}", self.field, self.reason),
        }
    }
}

impl std::error::Error for InvalidMonitorConfig {}

impl From<InvalidSchedule> for InvalidMonitorConfig {
    fn from(refused: InvalidSchedule) -> Self {
        Self::new("schedule", &refused)
    }
}

impl From<UnknownTimezone> for InvalidMonitorConfig {
    fn from(refused: UnknownTimezone) -> Self {
        Self::new("timezone", &refused)
    }
}
