//! Functions on the client that the thread reports to.

use std::time::Duration;

use crons_types::{CheckIn, CheckInId};

use crate::client::client::Client;
use crate::client::{global, scope};
use crate::platform::ids::new_id;
use crate::record::stats::Stats;

/// Sends a check-in by hand: for runs that begin in one process and end in another. Returns the id of the run.
///
/// A check-in without an id gets a new one. Without a client nothing is sent, and the id is returned all the same.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::{CheckIn, Slug, capture_check_in};
///
/// let slug = Slug::parse("import")?;
/// let id = capture_check_in(CheckIn::in_progress(slug.clone()));
/// // .. perhaps in another process:
/// capture_check_in(CheckIn::ok(slug).check_in_id(id).duration(std::time::Duration::from_secs(3)));
/// # Ok::<(), crons::InvalidSlug>(())
/// ```
pub fn capture_check_in(check_in: CheckIn) -> CheckInId {
    match scope::destination() {
        Some(destination) => destination.capture_by_hand(check_in),
        None => check_in.check_in_id.unwrap_or_else(new_id),
    }
}

/// Waits for at most `timeout` until every check-in captured so far is delivered or given up. Returns whether that is so.
///
/// Blocks the thread: in async code use [`flush_async`].
pub fn flush(timeout: Duration) -> bool {
    Client::current().flush(timeout)
}

/// Flushes like [`flush`], without blocking the executor; works on any.
pub async fn flush_async(timeout: Duration) -> bool {
    Client::current().flush_async(timeout).await
}

/// Returns the statistics since the last [`init`](crate::init), also after its guard was dropped. Without a client all counts are 0.
pub fn stats() -> Stats {
    Client::current().stats()
}

/// Ends the process with this exit code, having delivered what is left, as the end of `main` does.
///
/// Closes open runs as [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says and delivers everything within
/// [`shutdown_timeout`](crate::ClientOptions::shutdown_timeout), then calls [`std::process::exit`]. On Unix that function alone delivers, too, by
/// an exit hook; on Windows it does not run exit hooks, and check-ins would be lost.
///
/// ```no_run
/// # use crons_runtime as crons;
/// let _crons = crons::init(crons::ClientOptions::default());
/// if let Err(error) = crons::monitor("import").run(|| std::fs::read("orders.csv")) {
///     eprintln!("{error}");
///     crons::exit(2);
/// }
/// ```
pub fn exit(code: i32) -> ! {
    global::end_at_exit();
    std::process::exit(code)
}
