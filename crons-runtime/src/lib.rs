//! The client of `crons`: monitors and their guards above, delivery below. Use it through the `crons` crate.

// In layer order: a module uses only those above it.
#[macro_use]
mod logging;
mod outcome;
mod verdict;
mod moment;
mod process;
mod random;
mod ids;
mod sync;
mod transport;
mod stats;
mod losses;
mod record;
mod backoff;
mod epochs;
mod limits;
mod quota;
mod lanes;
mod delivery;
mod upsert;
mod envelope;
mod writer;
mod init_error;
mod on_exit;
mod options;
#[cfg(feature = "http")]
mod http;
mod inbox;
mod worker;
mod client;
mod current;
mod guard;
mod running;
mod definition;
mod watch;
mod watched;
mod monitor;
mod local_zone;
mod registry;
mod init;
#[cfg(feature = "test")]
pub mod test;

#[doc(no_inline)]
pub use crons_types::{
    CheckIn, CheckInId, CheckInStatus, Crontab, Dsn, Environment, Interval, IntervalUnit, InvalidCheckInId,
    InvalidCrontab, InvalidDsn, InvalidEnvironment, InvalidMonitorConfig, InvalidSchedule, InvalidSlug,
    InvalidSpan, Minutes, MonitorConfig, Owner, Schedule, Slug, Timezone, UnknownTimezone,
};

pub use current::{capture_check_in, flush, flush_async, stats};
pub use guard::{CheckInGuard, OnCancel};
pub use init::{ClientInitGuard, init, try_init};
pub use init_error::InitError;
pub use monitor::{Monitor, monitor};
pub use on_exit::OnExit;
pub use options::ClientOptions;
pub use outcome::Outcome;
pub use registry::{AnnotatedMonitor, AnnotatedMonitors, monitors};
pub use running::current_check_in_id;
pub use stats::{Dropped, Stats};
pub use transport::{Request, Response, SendFuture, Transport, TransportError};
pub use upsert::Upsert;

/// What the attribute expands to. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::__crons_list as list;
    pub use crate::definition::{Definition, IntoMonitorConfig, checked_crontab};
    pub use crate::guard::OnCancel;
    pub use crate::registry::MONITORS;
    pub use crate::running::call;
    pub use crate::verdict::{Probe, Verdict, by_type, judge_none};
    pub use crate::watch::{finish, make, never, start};
    pub use crate::watched::{during, forever, watch};
}
