//! The verdict on an attempt that has ended: its exit code, and whether it counts as failed.

use std::io;
use std::time::Duration;

use signal_hook::low_level::signal_name;

use super::child::Change;
use super::plan::Limits;

/// The exit code of `--timeout`, as of coreutils' `timeout`.
const TIMED_OUT: u8 = 124;
/// The exit code of a job that was successful and whose output could not be written: `EX_IOERR` of sysexits.h.
pub(super) const UNWRITTEN: u8 = 74;

/// The end of the job's process.
pub(super) struct Ended {
    pub(super) change: Change,
    pub(super) after: Duration,
    /// `--timeout` has ended the job.
    pub(super) timed_out: bool,
    /// A signal to this process asked it to end the job.
    pub(super) told_to_end: bool,
}

/// The failure of an attempt.
pub(super) struct Failure {
    pub(super) reason: String,
    /// The exit code tells the failure: no flag or `crons fail` made it one.
    pub(super) told_by_code: bool,
}

/// Returns the exit code of `crons run`, and the failure unless there is none.
pub(super) fn judge(ended: &Ended, limits: &Limits) -> (u8, Option<Failure>) {
    let (code, reason) = match ended.change {
        Change::Exited(code) => (u8::try_from(code & 0xFF).unwrap_or(u8::MAX), format!("exit code {code}")),
        Change::Killed(signal) | Change::Stopped(signal) => {
            let name = signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned);
            (u8::try_from(128 + signal).unwrap_or(u8::MAX), format!("killed by {name}"))
        }
    };
    if let Some(timeout) = limits.timeout.filter(|_| ended.timed_out) {
        let reason = format!("timed out: it had not ended after {} (--timeout)", words(timeout));
        return (TIMED_OUT, Some(Failure { reason, told_by_code: false }));
    }
    if code != 0 && !limits.ok_codes.contains(&code) {
        return (code, Some(Failure { reason, told_by_code: true }));
    }
    let least = limits.min_runtime.filter(|least| ended.after < *least);
    let too_soon = |least| {
        let reason = format!("ended after {:.1?}, sooner than {} (--min-runtime)", ended.after, words(least));
        Failure { reason, told_by_code: false }
    };
    (code, least.map(too_soon))
}

/// Counts an attempt as failed whose output could not be written. Its exit code stays, unless that says that the job was successful.
pub(super) fn unwritten((code, failure): (u8, Option<Failure>), error: &io::Error) -> (u8, Option<Failure>) {
    let mut reason = format!("the output of the job cannot be written: {error}");
    if let Some(failure) = failure {
        reason = format!("{}; {reason}", failure.reason);
    }
    (if code == 0 { UNWRITTEN } else { code }, Some(Failure { reason, told_by_code: false }))
}

/// A length of time as in flags.
fn words(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}
