//! The validated arguments of `crons run`.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crons_types::{Crontab, Environment, Interval, InvalidMonitorConfig, Minutes, MonitorConfig, Slug};

use super::arguments::Arguments;
use crate::span::{positive_span, span};
use crate::values::whole_number;

/// The arguments of the run, parsed.
pub(super) struct Plan {
    /// The slug as written, for messages.
    pub(super) name: String,
    /// `None` if the slug is wrong, which `--lenient` allows.
    pub(super) slug: Option<Slug>,
    pub(super) config: Option<MonitorConfig>,
    /// The flag `--environment`.
    pub(super) environment: Option<Environment>,
    /// The flag `--dsn`.
    pub(super) dsn: Option<String>,
    pub(super) flush: Duration,
    pub(super) keep_alive: bool,
    pub(super) strict: bool,
    pub(super) lenient: bool,
    pub(super) job: Job,
    pub(super) limits: Limits,
    pub(super) jitter: Duration,
    pub(super) retries: u32,
    pub(super) backoff: Duration,
    pub(super) overlap: Option<Overlap>,
    pub(super) output: Output,
    /// The file of `--log`.
    pub(super) log: Option<PathBuf>,
}

/// The command to run.
pub(super) struct Job {
    pub(super) command: Vec<OsString>,
    pub(super) shell: bool,
}

/// The bounds within which a job that ends by itself is successful.
pub(super) struct Limits {
    pub(super) timeout: Option<Duration>,
    pub(super) kill_after: Duration,
    pub(super) min_runtime: Option<Duration>,
    pub(super) ok_codes: Vec<u8>,
}

/// The treatment of the job's output.
#[derive(Clone, Copy)]
pub(super) struct Output {
    pub(super) quiet: bool,
    pub(super) tail: bool,
}

/// The policy for a run that begins while another one of its monitor has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlap {
    Allow,
    Skip,
    Error,
    Wait,
}

impl Plan {
    /// Validates the arguments. Returns a plan in which wrong values are left out, and the faults: a line for each wrong value.
    pub(super) fn new(arguments: Arguments) -> (Self, Vec<String>) {
        let mut faults = Faults(Vec::new());
        let slug = faults.keep("SLUG", Slug::parse(&arguments.slug));
        let config = monitor_config(&arguments, &mut faults);
        let limits = Limits {
            timeout: faults.parse("--timeout", arguments.timeout.as_deref(), positive_span),
            kill_after: faults.with_default("--kill-after", &arguments.kill_after, span),
            min_runtime: faults.parse("--min-runtime", arguments.min_runtime.as_deref(), span),
            ok_codes: faults.parse("--ok-codes", arguments.ok_codes.as_deref(), ok_codes).unwrap_or_default(),
        };
        let max_runtime = config.as_ref().and_then(MonitorConfig::get_max_runtime).map(Minutes::get);
        if arguments.keep_alive && max_runtime == Some(1) {
            let refused = "a run of at most 1 minute cannot be kept alive, as the server counts in whole minutes; set --max-runtime to 2 or more";
            faults.keep::<()>("--keep-alive", Err(refused));
        }
        let plan = Self {
            slug,
            config,
            environment: faults.parse("--environment", arguments.environment.as_deref(), |text| {
                Environment::parse(text).map_err(|refused| refused.to_string())
            }),
            dsn: arguments.dsn,
            flush: faults.with_default("--flush", &arguments.flush, span),
            keep_alive: arguments.keep_alive,
            strict: arguments.strict,
            lenient: arguments.lenient,
            job: Job { command: arguments.command, shell: arguments.shell },
            limits,
            jitter: faults.parse("--jitter", arguments.jitter.as_deref(), span).unwrap_or_default(),
            retries: faults.with_default("--retries", &arguments.retries, |text| number(text, 0..=1_000)),
            backoff: faults.with_default("--backoff", &arguments.backoff, span),
            overlap: faults.parse("--overlap", arguments.overlap.as_deref(), overlap),
            output: Output { quiet: arguments.quiet, tail: !arguments.no_tail },
            log: arguments.log,
            name: arguments.slug,
        };
        (plan, faults.0)
    }
}

/// The faults of the values, each with its flag.
struct Faults(Vec<String>);

impl Faults {
    /// Records an error, as a fault of this flag. An error that begins with the name of the flag's field loses it.
    fn keep<T>(&mut self, flag: &str, parsed: Result<T, impl ToString>) -> Option<T> {
        let text = match parsed {
            Ok(value) => return Some(value),
            Err(refused) => refused.to_string(),
        };
        let field = flag.trim_start_matches('-').replace('-', "_").to_lowercase();
        let reason = text.strip_prefix(&field).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&text);
        self.0.push(format!("{flag}: {reason}"));
        None
    }

    fn parse<T>(
        &mut self,
        flag: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        text.and_then(|text| self.keep(flag, parse(text)))
    }

    /// Parses a flag that has a default. A wrong value becomes that of its type; the caller runs such a plan unmonitored.
    fn with_default<T: Default>(
        &mut self,
        flag: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        self.keep(flag, parse(text)).unwrap_or_default()
    }
}

fn monitor_config(arguments: &Arguments, faults: &mut Faults) -> Option<MonitorConfig> {
    let Arguments { schedule, interval, timezone, checkin_margin, max_runtime, owner, .. } = arguments;
    let (failures, recovery) = (&arguments.failure_issue_threshold, &arguments.recovery_threshold);
    let flags = [
        ("--timezone", timezone),
        ("--checkin-margin", checkin_margin),
        ("--max-runtime", max_runtime),
        ("--failure-issue-threshold", failures),
        ("--recovery-threshold", recovery),
        ("--owner", owner),
    ];
    let mut config = match (schedule, interval) {
        (Some(crontab), _) => faults.keep("--schedule", Crontab::parse(crontab)).map(MonitorConfig::new),
        (None, Some(span)) => faults.keep("--interval", Interval::parse(span)).map(MonitorConfig::new),
        (None, None) => {
            for (flag, _) in flags.iter().filter(|(_, value)| value.is_some()) {
                let refused = "it configures a monitor, which needs a schedule: add --schedule or --interval";
                faults.keep::<()>(flag, Err(refused));
            }
            return None;
        }
    };
    for (flag, value) in flags {
        let Some(text) = value else { continue };
        // After a wrong schedule the others are checked all the same.
        let base = config.take().or_else(|| Interval::parse("1 day").ok().map(MonitorConfig::new));
        config = base.and_then(|base| faults.keep(flag, set(base, flag, text)));
    }
    config
}

fn set(config: MonitorConfig, flag: &str, text: &str) -> Result<MonitorConfig, String> {
    let refused = |refused: InvalidMonitorConfig| refused.to_string();
    let threshold = || number(text, 1..=MonitorConfig::MAX_THRESHOLD);
    match flag {
        "--timezone" => config.timezone(text).map_err(refused),
        "--checkin-margin" => config.checkin_margin(text).map_err(refused),
        "--max-runtime" => config.max_runtime(text).map_err(refused),
        "--failure-issue-threshold" => config.failure_issue_threshold(threshold()?).map_err(refused),
        "--recovery-threshold" => config.recovery_threshold(threshold()?).map_err(refused),
        _ => config.owner(text).map_err(refused),
    }
}

fn number(text: &str, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    whole_number(text, allowed).map_err(|allowed| format!("{text:?} is not valid; {allowed}"))
}

fn ok_codes(text: &str) -> Result<Vec<u8>, String> {
    let code = |code: &str| {
        code.trim().parse().map_err(|_| {
            format!(
                "{code:?} is no exit code; write numbers from 0 to 255 with commas between them, such as 0,3"
            )
        })
    };
    text.split(',').map(code).collect()
}

fn overlap(text: &str) -> Result<Overlap, String> {
    match text {
        "allow" => Ok(Overlap::Allow),
        "skip" => Ok(Overlap::Skip),
        "error" => Ok(Overlap::Error),
        "wait" => Ok(Overlap::Wait),
        _ => Err(format!("{text:?} is no policy; write allow, skip, error or wait")),
    }
}
