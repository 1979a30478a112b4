//! The arguments of `crons run`. Values are texts: `plan` parses them, so that all faults are reported together, and `--lenient` can
//! pass over them.

use std::ffi::OsString;
use std::path::PathBuf;

/// The arguments of the command.
#[derive(clap::Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    /// Slug of the monitor
    pub(super) slug: String,

    /// Create or update the monitor with this crontab
    #[arg(long, value_name = "CRONTAB", conflicts_with = "interval", help_heading = "Monitor")]
    pub(super) schedule: Option<String>,
    /// Create or update the monitor with this interval, such as "10 minutes"
    #[arg(long, value_name = "SPAN", help_heading = "Monitor")]
    pub(super) interval: Option<String>,
    /// Time zone of the schedule [default: UTC]
    #[arg(long, value_name = "TZ", help_heading = "Monitor")]
    pub(super) timezone: Option<String>,
    /// Count a run as missed when it starts this much later than expected, in minutes or as "1 hour"
    #[arg(long, value_name = "MARGIN", help_heading = "Monitor")]
    pub(super) checkin_margin: Option<String>,
    /// Count a run as timed out when it takes longer than this, in minutes or as "2h"; the job itself is not ended (see --timeout)
    #[arg(long, value_name = "SPAN", help_heading = "Monitor")]
    pub(super) max_runtime: Option<String>,
    /// Open an incident after this many failed runs in a row
    #[arg(long, value_name = "NUMBER", help_heading = "Monitor")]
    pub(super) failure_issue_threshold: Option<String>,
    /// Resolve the incident after this many successful runs in a row
    #[arg(long, value_name = "NUMBER", help_heading = "Monitor")]
    pub(super) recovery_threshold: Option<String>,
    /// Owner of the monitor: "team:ID" or "user:ID"
    #[arg(long, value_name = "OWNER", help_heading = "Monitor")]
    pub(super) owner: Option<String>,

    /// Environment of the run [default: `SENTRY_ENVIRONMENT`, else production]
    #[arg(short, long, value_name = "NAME", help_heading = "Reporting")]
    pub(super) environment: Option<String>,
    /// DSN of the server [default: `SENTRY_DSN`]
    #[arg(long, value_name = "DSN", help_heading = "Reporting")]
    pub(super) dsn: Option<String>,
    /// Wait this long for the server when the job has ended; what is not delivered by then is sent by the next `crons run`
    #[arg(long, value_name = "SPAN", default_value = "5s", help_heading = "Reporting")]
    pub(super) flush: String,
    /// Report a run as in progress again while it takes longer than --max-runtime
    #[arg(long, help_heading = "Reporting")]
    pub(super) keep_alive: bool,
    /// Refuse to start the job, with exit code 2, if it cannot be reported
    #[arg(long, conflicts_with = "lenient", help_heading = "Reporting")]
    pub(super) strict: bool,
    /// Start the job unmonitored if a value is wrong, instead of refusing it with exit code 2
    #[arg(long, help_heading = "Reporting")]
    pub(super) lenient: bool,

    /// Pass the command to `sh -c`
    #[arg(long, help_heading = "Job")]
    pub(super) shell: bool,
    /// Wait before the job for a part of this time that depends on the host and the slug, so that many hosts do not start at once
    #[arg(long, value_name = "SPAN", help_heading = "Job")]
    pub(super) jitter: Option<String>,
    /// End the job after this time, by SIGTERM; the exit code is then 124
    #[arg(long, value_name = "SPAN", help_heading = "Job")]
    pub(super) timeout: Option<String>,
    /// Kill the job this long after --timeout has sent SIGTERM
    #[arg(long, value_name = "SPAN", default_value = "10s", help_heading = "Job")]
    pub(super) kill_after: String,
    /// Count a run that ends sooner as failed; its exit code stays
    #[arg(long, value_name = "SPAN", help_heading = "Job")]
    pub(super) min_runtime: Option<String>,
    /// Count these exit codes as success, besides 0
    #[arg(long, value_name = "CODE,..", help_heading = "Job")]
    pub(super) ok_codes: Option<String>,
    /// Start the job again, up to this many times, while it fails; all attempts are one run
    #[arg(long, value_name = "NUMBER", default_value = "0", help_heading = "Job")]
    pub(super) retries: String,
    /// Wait this long between two attempts
    #[arg(long, value_name = "SPAN", default_value = "30s", help_heading = "Job")]
    pub(super) backoff: String,
    /// Policy while another run of the monitor, on this machine and with this flag too, has not ended: allow, skip (exit code 0), error
    /// (exit code 75) or wait
    #[arg(long, value_name = "POLICY", help_heading = "Job")]
    pub(super) overlap: Option<String>,

    /// Print the output of the job only if it fails
    #[arg(long, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Leave the output of the job alone: keep no tail of it for the log and the server
    #[arg(long, help_heading = "Output")]
    pub(super) no_tail: bool,
    /// Append the messages of crons to this file, instead of printing them to stderr
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) log: Option<PathBuf>,

    /// The job: a program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}
