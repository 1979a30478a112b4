//! The vocabulary of Sentry Crons, parsed and validated as Sentry's own server does it.
//!
//! The attribute (at compile time), the client and the server share these parsers, so they cannot disagree. The crate uses no
//! network, threads or clocks.
//!
//! ```
//! use crons_types::{Crontab, Slug};
//!
//! assert!(Slug::parse("nightly-backup").is_ok());
//! assert_eq!(Crontab::parse("@daily")?.as_str(), "0 0 * * *");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Features: `serde` (the wire form of every type), `calendar` (next and previous occurrence, on jiff).
#![cfg_attr(docsrs, feature(doc_cfg))]

// The modules are in layer order: each uses only those above it.
mod slug;
mod timezone;
mod interval;
mod crontab;
mod schedule;
#[cfg(feature = "calendar")]
pub mod calendar;
mod monitor_config;
#[cfg(feature = "serde")]
mod seconds;
mod check_in;
mod dsn;
#[cfg(feature = "serde")]
mod wire;

pub use check_in::{
    ACCEPTED_BUT, CheckIn, CheckInId, CheckInStatus, Environment, InvalidCheckInId, InvalidEnvironment,
};
pub use crontab::{Crontab, InvalidCrontab};
pub use dsn::{Dsn, InvalidDsn};
pub use interval::{Interval, IntervalUnit, InvalidInterval, Minutes};
pub use monitor_config::{InvalidMonitorConfig, MonitorConfig, Owner};
pub use schedule::{InvalidSchedule, Schedule};
pub use slug::{InvalidSlug, Slug};
pub use timezone::{Timezone, UnknownTimezone};
