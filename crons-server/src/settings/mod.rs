//! What the operator says before the server starts.

// In layer order: a module uses only those above it.
mod invalid;
mod connection_limits;
mod database;

use std::fmt;

use crate::alerts::Alerts;
use crate::clock::Clock;
pub use crate::domain::Quotas;
pub use connection_limits::ConnectionLimits;
pub(crate) use database::Backend;
pub use database::Database;
pub use invalid::InvalidSetting;

/// Settings of a [`Server`](crate::Server).
///
/// ```
/// let settings = crons_server::Settings { database: "sqlite:/var/lib/crons.db".parse()?, ..Default::default() };
/// # Ok::<(), crons_server::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where check-ins are kept.
    pub database: Database,
    /// The key that clients show; if left out, one is made and kept in the database.
    pub public_key: Option<PublicKey>,
    /// What opens pages and API; without it, only this machine may reach the server.
    pub admin_token: Option<AdminToken>,
    /// How often one monitor may check in.
    pub rate_limit: RateLimit,
    /// How many monitors and environments there may be.
    pub quotas: Quotas,
    /// How long check-ins are kept.
    pub retention: Retention,
    /// Who is told about incidents.
    pub alerts: Alerts,
    /// Where the time comes from.
    pub clock: Clock,
    /// What clients may take by being connected.
    pub connection_limits: ConnectionLimits,
}

/// Check-ins that are taken of one monitor environment in a minute of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit(pub(crate) Option<u32>);

impl RateLimit {
    /// Any number.
    pub const OFF: Self = Self(None);
    /// 6, as at Sentry.
    pub const SENTRY: Self = Self(Some(6));

    /// At most this many.
    pub fn per_minute(check_ins: std::num::NonZeroU32) -> Self {
        Self(Some(check_ins.get()))
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::SENTRY
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(check_ins) => check_ins.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl std::str::FromStr for RateLimit {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text.parse() {
            _ if text == "off" => Ok(Self::OFF),
            Ok(check_ins) => Ok(Self::per_minute(check_ins)),
            Err(_) => Err(InvalidSetting::new(format!(
                "rate_limit: {text:?} is neither a number of check-ins a minute, from 1 on, nor `off`"
            ))),
        }
    }
}

/// How long check-ins are kept. What thresholds still look at is kept longer, as are runs that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days for runs that ended well.
    pub success_days: u32,
    /// Days for all others, and for incidents that are over.
    pub failure_days: u32,
    /// Of each environment, the newest runs that ended well, and as many others.
    pub check_ins: u32,
}

impl Default for Retention {
    /// 90 days as at Sentry, a year for failures, and a week of a job that runs each minute.
    fn default() -> Self {
        Self { success_days: 90, failure_days: 365, check_ins: 10_000 }
    }
}

/// The key that clients show: 1 to 64 of a-z, A-Z, 0-9, `-` and `_`. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(String);

impl PublicKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PublicKey {
    type Err = InvalidSetting;

    fn from_str(key: &str) -> Result<Self, InvalidSetting> {
        let plain = key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        if plain && (1..=64).contains(&key.len()) {
            return Ok(Self(key.to_owned()));
        }
        Err(InvalidSetting::new(
            "key: it must be 1 to 64 of a-z, A-Z, 0-9, `-` and `_`; leave it out to have one made",
        ))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(***)")
    }
}

/// What opens pages and API: 16 characters or more. Not shown by `Debug`.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for AdminToken {
    type Err = InvalidSetting;

    fn from_str(token: &str) -> Result<Self, InvalidSetting> {
        if token.len() >= 16 && token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(token.to_owned()));
        }
        Err(InvalidSetting::new(
            "admin_token: it must be 16 or more printable characters without spaces; make one by `openssl rand -hex 32`",
        ))
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}
