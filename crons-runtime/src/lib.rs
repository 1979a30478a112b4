//! The client of `crons`: monitors and their guards above, delivery below. Use it through the `crons` crate.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The modules are in layer order: each uses only those above it.
#[macro_use]
mod platform;
mod record;
mod wire;
mod delivery;
mod worker;
mod client;
mod run;
mod attribute;
mod init;
#[cfg(feature = "http")]
mod diagnostics;
#[cfg(feature = "test")]
pub mod test;
#[cfg(fuzzing)]
pub mod fuzzing;

#[doc(no_inline)]
pub use crons_types::{
    CheckIn, CheckInId, CheckInStatus, Crontab, Dsn, Environment, Interval, IntervalUnit, InvalidCheckInId,
    InvalidCrontab, InvalidDsn, InvalidEnvironment, InvalidInterval, InvalidMonitorConfig, InvalidSchedule,
    InvalidSlug, Minutes, MonitorConfig, Owner, Schedule, Slug, Timezone, UnknownTimezone,
};

pub use attribute::annotated::{AnnotatedMonitor, AnnotatedMonitors, monitors};
pub use client::client::Client;
pub use client::current::{capture_check_in, exit, flush, flush_async, stats};
pub use client::error::InitError;
pub use client::init_guard::ClientInitGuard;
pub use client::options::ClientOptions;
pub use client::scope::ScopedFuture;
pub use delivery::max_check_ins::MaxCheckIns;
pub use delivery::on_exit::OnExit;
pub use delivery::upsert::Upsert;
pub use init::{init, try_init};
pub use record::stats::{Dropped, Stats};
pub use run::execute::current_check_in_id;
pub use run::guard::{CheckInGuard, OnCancel};
pub use run::monitor::{Monitor, monitor, new_check_in_id};
pub use run::monitored::MonitoredFuture;
pub use run::outcome::Outcome;
pub use wire::transport::{Request, Response, SendFuture, Transport, TransportError};

/// The name and version of the crate in which it stands, as a release: `jobs@1.2.3`.
///
/// ```
/// # use crons_runtime as crons;
/// let options = crons::ClientOptions::new().release(crons::release_name!());
/// ```
#[macro_export]
macro_rules! release_name {
    () => {
        ::core::concat!(::core::env!("CARGO_PKG_NAME"), "@", ::core::env!("CARGO_PKG_VERSION"))
    };
}

/// Parts of the client that `crons run` needs. They change without notice.
#[cfg(unix)]
#[doc(hidden)]
pub mod __run {
    pub use crate::client::settings::is_switched_off;
    pub use crate::platform::process::is_ignored;
}

/// The parts of the client that `crons doctor` needs. They change without notice.
#[cfg(feature = "http")]
#[doc(hidden)]
pub mod __doctor {
    pub use crate::client::settings::is_switched_off;
    pub use crate::delivery::server_limits::rate_limit;
    pub use crate::diagnostics::{DiagnosticClient, survey_spool};
    pub use crate::platform::local_zone::other_than_utc;
    pub use crate::wire::http::{Cause, NoReply, Reply, Route};
    pub use crate::wire::roots::TrustedRoots;
    pub use crate::worker::spool::survey::SpoolSurvey;
}

/// The items that the attribute expands to. Not for use by hand: they change without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::__crons_list as list;
    pub use crate::attribute::autoref::{Probe, by_type, verdict_on_none};
    pub use crate::attribute::definition::{Definition, IntoMonitorConfig, checked_crontab};
    pub use crate::attribute::expansion::{
        build_future, diverging, monitored_future, run_future, run_in_place, start, unreachable_output,
    };
    pub use crate::attribute::registry::MONITORS;
    pub use crate::run::execute::call;
    pub use crate::run::finish::finish;
    pub use crate::run::guard::OnCancel;
    pub use crate::run::verdict::Verdict;
}
