//! The operator's settings of a server.

// The modules are in layer order: each uses only those above it.
mod invalid;
mod connection_limits;
#[cfg(feature = "postgres")]
mod postgres_url;
mod database;
mod drill;

use std::fmt;

use crate::alerts::{Alerts, PublicUrl, Pulse};
use crate::clock::Clock;
use crate::domain::Maintenance;
pub use crate::domain::Quotas;
use crate::quote::quoted;
pub use connection_limits::ConnectionLimits;
pub(crate) use database::Backend;
pub use database::Database;
pub use drill::Drill;
pub use invalid::InvalidSetting;
#[cfg(feature = "postgres")]
pub(crate) use postgres_url::{PostgresUrl, TlsMode};

/// Settings of a [`Server`](crate::Server). The defaults are those of `crons serve`.
///
/// ```
/// use crons_server::{RateLimit, Settings};
///
/// let settings = Settings {
///     database: "sqlite:/var/lib/crons.db".parse()?,
///     admin_token: Some("an-example-of-a-token".parse()?),
///     rate_limit: RateLimit::OFF,
///     ..Settings::default()
/// };
/// # Ok::<(), crons_server::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The database that stores check-ins.
    pub database: Database,
    /// The key that clients send. `None`: a random key, which is made at the first start and stored in the database.
    pub public_key: Option<PublicKey>,
    /// The token that opens the pages and the API. `None`: everybody on this machine has access, and the server refuses to listen on an
    /// address that other machines can reach.
    pub admin_token: Option<AdminToken>,
    /// Whether `/metrics` is open to everybody who reaches the server. Otherwise it needs the admin token, as the API does.
    pub metrics_public: bool,
    /// The number of check-ins that the server accepts per minute from each environment of a monitor.
    pub rate_limit: RateLimit,
    /// The number of monitors and environments that check-ins may create.
    pub quotas: Quotas,
    /// The time for which check-ins are kept.
    pub retention: Retention,
    /// The rules by which incidents are reported, and the targets to which they are.
    pub alerts: Alerts,
    /// The times in which messages about incidents are kept back.
    pub maintenance: Vec<Maintenance>,
    /// The address under which people reach the pages, which alerts link to. `None`: alerts have no links.
    pub public_url: Option<PublicUrl>,
    /// Whether alerts may be sent to addresses of private networks. Otherwise they are sent to the internet, and to this machine if the
    /// server itself listens on loopback only.
    pub allow_private_targets: bool,
    /// The interval at which the server tests the path of alerts.
    pub drill: Drill,
    /// The request that the server sends to another service while its parts work. `None`: it sends none.
    pub pulse: Option<Pulse>,
    /// The clock of the server; another than the system's is for tests.
    pub clock: Clock,
    /// Limits on the connections of clients.
    pub connection_limits: ConnectionLimits,
}

/// The number of check-ins that the server accepts from one environment of a monitor in a minute of the clock. Further ones are refused
/// as rate-limited.
///
/// ```
/// use crons_server::RateLimit;
///
/// assert_eq!("6".parse(), Ok(RateLimit::SENTRY));
/// assert_eq!("off".parse(), Ok(RateLimit::OFF));
/// assert!("0".parse::<RateLimit>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit(pub(crate) Option<u32>);

impl RateLimit {
    /// The value for no limit.
    pub const OFF: Self = Self(None);
    /// The default of Sentry's server, 6 check-ins a minute (its option `crons.per_monitor_rate_limit`).
    pub const SENTRY: Self = Self(Some(6));

    /// A limit of this many check-ins a minute.
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
                "rate_limit: {} is neither a number of check-ins a minute, 1 or more, nor `off`; write one of them",
                quoted(text)
            ))),
        }
    }
}

/// The time for which check-ins are kept. Runs that are not finished, and runs that a threshold still counts, are always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The number of days that successful runs are kept. 90 by default, as by Sentry.
    pub success_days: u32,
    /// The number of days that all other runs and resolved incidents are kept. 365 by default.
    pub failure_days: u32,
    /// The number of successful runs that are kept in each environment, and as many others: the newest. 10,000 by default, a week of a
    /// job that runs every minute.
    pub check_ins: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { success_days: 90, failure_days: 365, check_ins: 10_000 }
    }
}

/// The key that clients send, the part of the DSN before the `@`: 1 to 64 of the characters a-z, A-Z, 0-9, `-` and `_`. `Debug` hides
/// it.
///
/// ```
/// let key: crons_server::PublicKey = "47ea256b95384207ab148a2dfc4cb699".parse()?;
/// assert_eq!(format!("{key:?}"), "PublicKey(***)");
/// # Ok::<(), crons_server::InvalidSetting>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(String);

impl PublicKey {
    /// The key as a text.
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
            "key: it must be 1 to 64 of the characters a-z, A-Z, 0-9, `-` and `_`; leave the key out, and the server makes one",
        ))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(***)")
    }
}

/// The token that opens the pages and the API: 16 or more printable ASCII characters without spaces. `Debug` hides it.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token as a text.
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
            "admin_token: it must be 16 or more printable ASCII characters without spaces; `openssl rand -hex 32` prints one",
        ))
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}
