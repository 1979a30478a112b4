//! The log of the client, by `tracing`. A subscriber that panics harms neither a job nor the worker.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;

/// Logs an event: `log!(warn, %slug, "..")` is `tracing::warn!(%slug, "..")` whose panics end here.
macro_rules! log {
    ($level:ident, $($event:tt)+) => {
        $crate::platform::logging::contain(|| ::tracing::$level!($($event)+))
    };
}

/// Logs that check-ins are lost, about a monitor: `log_loss!(warn, slug, [%id], "..")`. In a program that has nowhere to log to, the
/// first of these goes to stderr.
macro_rules! log_loss {
    ($level:ident, [$($field:tt)*], $($message:tt)+) => {{
        log!($level, $($field)* $($message)+);
        $crate::platform::logging::first_loss(None, format_args!($($message)+));
    }};
    ($level:ident, $slug:expr, [$($field:tt)*], $($message:tt)+) => {{
        log!($level, slug = %$slug, $($field)* $($message)+);
        $crate::platform::logging::first_loss(Some(&$slug), format_args!($($message)+));
    }};
}

/// Runs `log`, which calls the subscriber: the user's code. Its panic is dropped, without its payload, which could panic again.
pub(crate) fn contain(log: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(log)) {
        std::mem::forget(payload);
    }
}

/// Writes one line to stderr, at the first loss of a program that has neither a `tracing` subscriber nor a logger.
pub(crate) fn first_loss(slug: Option<&dyn Display>, message: fmt::Arguments<'_>) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if is_heard() || SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    contain(|| {
        let slug = slug.map(|slug| format!("monitor `{slug}`: ")).unwrap_or_default();
        // A write to a closed stderr fails, which must not end the job.
        let _ = writeln!(
            std::io::stderr(),
            "crons: {slug}{message} (this is the only line on stderr: to see all, set up a tracing subscriber, such as \
             tracing_subscriber::fmt().init())"
        );
    });
}

/// Returns whether anything that the client logs has a chance to be seen.
fn is_heard() -> bool {
    #[cfg(feature = "log")]
    if log::max_level() != log::LevelFilter::Off {
        return true;
    }
    LevelFilter::current() != LevelFilter::OFF
}

/// The most warnings that are remembered; a program that causes more has been warned often enough.
const MAX_COMPLAINTS: usize = 100;

/// Remembers a warning, and returns whether it is given for the first time. `false` if as many as are remembered were given.
pub(crate) fn is_first(complaint: &str) -> bool {
    // The set is no `HashSet`, which would ask the system for random numbers, may get none, and would panic.
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // The lock may be held by a thread that a fork has left behind; then the warning is omitted.
    let Ok(mut made) = MADE.try_lock() else { return false };
    made.len() < MAX_COMPLAINTS && !made.contains(complaint) && made.insert(complaint.to_owned())
}
