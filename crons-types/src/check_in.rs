//! A check-in: a report about a run of a job.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{MonitorConfig, Slug};

/// The begin of the header `X-Sentry-Error` of a `crons` server if the check-in counts, but not all of it was taken as it was
/// sent. Without this, the header says why a check-in does not count.
pub const ACCEPTED_BUT: &str = "accepted, but ";

/// A report about a run: that it began, or how it ended.
///
/// ```
/// use std::time::Duration;
/// use crons_types::{CheckIn, CheckInStatus, Slug};
///
/// let slug = Slug::parse("import")?;
/// let check_in = CheckIn::ok(slug).duration(Duration::from_secs(3));
/// assert_eq!(check_in.status, CheckInStatus::Ok);
/// # Ok::<(), crons_types::InvalidSlug>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CheckIn {
    /// The id of the run. The client fills it in if it is left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub check_in_id: Option<CheckInId>,
    /// The slug of the monitor.
    pub monitor_slug: Slug,
    /// The status of the run.
    pub status: CheckInStatus,
    /// The duration of the run, in the check-in at its end.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "serde", serde(with = "crate::seconds"))]
    pub duration: Option<Duration>,
    /// The environment in which the job runs. The client fills it in if it is left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub environment: Option<Environment>,
    /// The version of the job that ran. The client fills it in if it is left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub release: Option<String>,
    /// Creates or updates the monitor along with the report.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub monitor_config: Option<MonitorConfig>,
    /// A note about the run, such as why it failed, for a `crons` server. Sentry ignores it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub note: Option<String>,
}

impl CheckIn {
    /// The number of bytes of a note that a `crons` server keeps: the last ones.
    pub const MAX_NOTE: usize = 10_000;

    /// A report with this status and nothing else.
    pub fn new(monitor_slug: Slug, status: CheckInStatus) -> Self {
        Self {
            check_in_id: None,
            monitor_slug,
            status,
            duration: None,
            environment: None,
            release: None,
            monitor_config: None,
            note: None,
        }
    }

    /// A check-in of a run that began.
    pub fn in_progress(monitor_slug: Slug) -> Self {
        Self::new(monitor_slug, CheckInStatus::InProgress)
    }

    /// A check-in of a run that ended successfully.
    pub fn ok(monitor_slug: Slug) -> Self {
        Self::new(monitor_slug, CheckInStatus::Ok)
    }

    /// A check-in of a run that failed.
    pub fn error(monitor_slug: Slug) -> Self {
        Self::new(monitor_slug, CheckInStatus::Error)
    }

    /// Sets the run that the check-in is about: the id of the check-in at its start.
    #[must_use]
    pub fn check_in_id(mut self, id: CheckInId) -> Self {
        self.check_in_id = Some(id);
        self
    }

    /// Sets the duration of the run.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Sets the environment. All check-ins of a run must have the same one.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Sets the version of the job.
    #[must_use]
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Creates or updates the monitor along with this report.
    #[must_use]
    pub fn monitor_config(mut self, config: MonitorConfig) -> Self {
        self.monitor_config = Some(config);
        self
    }

    /// Adds a note about the run, such as why it failed, for a `crons` server. Sentry ignores it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// The status that a client reports. The server decides whether a run was missed or took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckInStatus {
    /// The run has started.
    InProgress,
    /// The run has succeeded.
    Ok,
    /// The run has failed.
    Error,
}

impl CheckInStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }

    /// Returns whether the run is over.
    pub fn is_terminal(self) -> bool {
        self != Self::InProgress
    }
}

impl fmt::Display for CheckInStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of a run: 128 bits, 32 lower-case hexadecimal digits on the wire.
///
/// ```
/// use crons_types::CheckInId;
///
/// let id: CheckInId = "7f0a1c52-9f0e-4c1b-8a55-0d6f1b2c3d4e".parse().unwrap();
/// assert_eq!(id.to_string(), "7f0a1c529f0e4c1b8a550d6f1b2c3d4e");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckInId([u8; 16]);

impl CheckInId {
    /// The id of 16 zero bytes, which stands for "the run of this monitor and environment that began last and is not over, else a new one".
    ///
    /// A report with it that is sent again, because the answer to it was lost, may count as a second run.
    pub const NIL: Self = Self([0; 16]);

    /// An id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns whether this is [`CheckInId::NIL`].
    pub fn is_nil(&self) -> bool {
        *self == Self::NIL
    }
}

impl FromStr for CheckInId {
    type Err = InvalidCheckInId;

    /// Reads a UUID in any of its textual forms: 32 hexadecimal digits in either case, with or without the four dashes,
    /// bare, in braces (`{…}`) or as a URN (`urn:uuid:…`). Relay takes the same.
    fn from_str(text: &str) -> Result<Self, InvalidCheckInId> {
        let refused = || InvalidCheckInId { written: text.chars().take(80).collect() };
        let bare = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .or_else(|| strip_prefix_ignoring_case(text, "urn:uuid:"))
            .unwrap_or(text);
        let plain = match bare.len() {
            32 => bare.to_owned(),
            36 if [8, 13, 18, 23].iter().all(|&at| bare.as_bytes()[at] == b'-') => bare.replace('-', ""),
            _ => return Err(refused()),
        };
        // `from_str_radix` alone would accept a leading `+`.
        if plain.len() != 32 || !plain.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(refused());
        }
        u128::from_str_radix(&plain, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| refused())
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

impl fmt::Display for CheckInId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for CheckInId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckInId({self})")
    }
}

/// The error for a text that is no [`CheckInId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCheckInId {
    written: String,
}

impl fmt::Display for InvalidCheckInId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "check_in_id: {:?} is no UUID; write 32 hexadecimal digits", self.written)
    }
}

impl std::error::Error for InvalidCheckInId {}

/// The environment in which a job runs: `production`, `staging`. 1 to 64 characters, no `/`, no line break or other control character.
///
/// ```
/// use crons_types::Environment;
///
/// assert!(Environment::parse("staging").is_ok());
/// assert!(Environment::parse("eu/west").unwrap_err().to_string().contains("`/`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Environment(std::sync::Arc<str>);

impl Environment {
    /// The longest name that the server accepts, in characters; it drops check-ins with a longer one: `ENVIRONMENT_LENGTH` in [Relay].
    ///
    /// [Relay]: https://github.com/getsentry/relay/blob/master/relay-monitors/src/lib.rs
    pub const MAX_LEN: usize = 64;
    /// The environment of a check-in that names none.
    pub const DEFAULT: &'static str = "production";

    /// Accepts the names that the server accepts.
    ///
    /// # Errors
    /// If the name is blank, too long, or has a `/` or a line break: the server would drop the whole check-in.
    pub fn parse(name: &str) -> Result<Self, InvalidEnvironment> {
        let bad = name.contains('/') || name.contains(char::is_control);
        if name.trim().is_empty() || bad || name.chars().count() > Self::MAX_LEN {
            return Err(InvalidEnvironment { written: name.chars().take(80).collect() });
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Environment {
    /// [`DEFAULT`](Self::DEFAULT): the environment of a check-in that names none.
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl FromStr for Environment {
    type Err = InvalidEnvironment;

    fn from_str(name: &str) -> Result<Self, InvalidEnvironment> {
        Self::parse(name)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for a text that is no [`Environment`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEnvironment {
    written: String,
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "environment: {:?} is refused by the server, with all its check-ins; write 1 to {} characters \
             without `/`, line breaks and other control characters",
            self.written,
            Environment::MAX_LEN
        )
    }
}

impl std::error::Error for InvalidEnvironment {}
