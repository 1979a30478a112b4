//! Options of the delivery: how often, when and how reliably check-ins are sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crons_types::CheckIn;

use crate::client::options::ClientOptions;
use crate::delivery::max_check_ins::MaxCheckIns;
use crate::delivery::on_exit::OnExit;
use crate::delivery::upsert::Upsert;

impl ClientOptions {
    /// Sets the outcome of runs that are open when the process exits. [`OnExit::Error`] if left out.
    #[must_use]
    pub fn on_exit(mut self, on_exit: OnExit) -> Self {
        self.on_exit = on_exit;
        self
    }

    /// Has the client handle SIGTERM, SIGINT and SIGHUP: at the first of them it closes open runs as [`on_exit`](Self::on_exit) says and
    /// delivers what is left, for at most `grace`; then the signal takes its default action, which ends the process. A second signal
    /// ends it at once. Off if left out: a signal then ends the process at once, with its runs in progress.
    ///
    /// The jobs go on during the grace, and what they report then is dropped. A signal that is ignored when `init` is called, as
    /// SIGHUP is under `nohup`, stays ignored. Not for programs that handle these signals themselves: let those return from `main`. On
    /// other systems than Unix this does nothing.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// use std::time::Duration;
    ///
    /// // Kubernetes and systemd wait 30 and 90 seconds before they kill.
    /// let options = crons::ClientOptions::new().on_signal(Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn on_signal(mut self, grace: Duration) -> Self {
        self.on_signal = Some(grace);
        self
    }

    /// Keeps open runs and undelivered ends of runs in this folder, so that they survive the end of the process: after `kill -9`, a loss of
    /// power or a server that is down, the next start delivers what is owed, and reports runs that were open as errors. Overrides
    /// `CRONS_SPOOL`. Off if neither is set; the empty path is off, too.
    ///
    /// The client's thread writes each start and each end to a file before it sends it, and syncs the file within 50 ms: a killed process
    /// loses what its jobs reported in the last milliseconds, a machine without power what they reported in the last 50. What is owed
    /// has the environment, the release and the configuration that it was captured with, and the same id, so the server counts a
    /// check-in once that arrives twice. An end that is older than the `max_runtime` of its monitor is dropped, as the server has counted
    /// the run as timed out by then.
    ///
    /// The folder may be shared by any number of processes: each locks a file of its own, and a file whose lock is free is taken over by one of
    /// those that start next. Files of other servers and projects are left alone. A damaged file is renamed to `*.corrupt`. A folder
    /// that cannot be written is logged once and tried again every 10 seconds; check-ins are sent without it meanwhile. The folder must
    /// be on a file system with locks, on this machine.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// let options = crons::ClientOptions::new().spool("/var/lib/jobs/crons");
    /// ```
    #[must_use]
    pub fn spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool = Some(folder.into());
        self
    }

    /// The most bytes that the [spool](Self::spool) of this process may take. 64 MiB if left out, 64 KiB at least.
    ///
    /// A full spool loses its oldest starts first, then its oldest ends. They are still sent, but are lost if the process is killed before;
    /// [`Stats::spool_overflow`](crate::Stats::spool_overflow) counts them.
    #[must_use]
    pub fn spool_limit(mut self, bytes: u64) -> Self {
        self.spool_limit = bytes;
        self
    }

    /// Limits the check-ins in any minute of each monitor and environment. 6 if left out, as Sentry drops more; 0 is an error of
    /// [`init`](crate::init).
    ///
    /// Runs are let through whole or not at all, so a limit of 1 has room only for runs without a start. The end of a run that was let
    /// through waits for the next free place, and has its true duration. A run is skipped, too, if so many runs of the monitor are open that
    /// their ends, should all come at once, would wait for more than half of `max_runtime`: the server could count them as timed out. Skipped
    /// runs are counted in [`Stats`](crate::Stats) and warned about.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// let own_server = crons::ClientOptions::new().max_check_ins_per_minute(crons::MaxCheckIns::Unlimited);
    /// let twice = crons::ClientOptions::new().max_check_ins_per_minute(12);
    /// ```
    #[must_use]
    pub fn max_check_ins_per_minute(mut self, limit: impl Into<MaxCheckIns>) -> Self {
        self.max_check_ins_per_minute = limit.into();
        self
    }

    /// Delays the start of each run by at most `grace`, to send it with its end as one check-in. Zero if left out: a start is never
    /// delayed, and is merged with its end only if it has not been sent by then.
    ///
    /// The server sees a run that hangs later by this time. Above the margin of a monitor its begins would come too late; 28 days,
    /// the longest margin, is the most.
    #[must_use]
    pub fn coalesce(mut self, grace: Duration) -> Self {
        self.coalesce = grace;
        self
    }

    /// Sends a check-in again that the server answered with 5xx, as one without an answer. Off if left out: Sentry asks clients not to.
    #[must_use]
    pub fn retry_server_errors(mut self, retry: bool) -> Self {
        self.retry_server_errors = retry;
        self
    }

    /// Sets when the configuration of a monitor is sent with its check-ins. [`Upsert::Always`] if left out.
    #[must_use]
    pub fn upsert(mut self, upsert: Upsert) -> Self {
        self.upsert = upsert;
        self
    }

    /// Sees each check-in once, before it is first sent, on the client's own thread. It may change all but the id; with `None` the
    /// check-in is dropped, and counted. What it returns is sent again unchanged if there is no answer; only where the end of
    /// the run takes the place of a begin without an answer, that end is seen anew.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// let options = crons::ClientOptions::new()
    ///     .before_send_check_in(|check_in| (check_in.monitor_slug.as_str() != "noisy").then_some(check_in));
    /// ```
    #[must_use]
    pub fn before_send_check_in(
        mut self,
        before_send: impl Fn(CheckIn) -> Option<CheckIn> + Send + Sync + 'static,
    ) -> Self {
        self.before_send = Some(Arc::new(before_send));
        self
    }
}
