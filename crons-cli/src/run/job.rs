//! The whole of a run: from its arguments to its exit code.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crons_types::{CheckInId, Slug};

use super::arguments::Arguments;
use super::attempt::{Attempt, Supervisor, idle};
use super::closed;
use super::lock::{Locked, lock};
use super::log::{Log, print};
use super::plan::{Overlap, Plan};
use super::redact::Redactor;
use super::report::{Destination, Report};
use super::signals::{Event, watch};
use super::spool::Folders;
use super::summary::{Summary, TOLD};
use super::terminal::Group;
use super::verdict::Failure;
use crate::run_file::{self, Notes};

/// The exit code of wrong arguments, as of all commands.
const WRONG: u8 = 2;
/// The exit code of `--overlap error`: `EX_TEMPFAIL` of sysexits.h.
const BUSY: u8 = 75;

/// Runs the command. Returns its exit code.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    closed::close_in_children();
    let (plan, faults) = Plan::new(arguments);
    match Run::prepare(&plan, &faults) {
        Ok(run) => ExitCode::from(run.run()),
        Err(refused) => {
            print(&refused);
            ExitCode::from(WRONG)
        }
    }
}

struct Run<'a> {
    plan: &'a Plan,
    supervisor: Supervisor<'a>,
    folders: Folders,
    destination: Destination,
    /// The report, if it was prepared before the job.
    report: Option<Report>,
    id: CheckInId,
    redactor: Redactor,
}

impl<'a> Run<'a> {
    /// Prepares the run. Prints what keeps it from being monitored.
    ///
    /// # Errors
    /// If the job must not start: the reason.
    fn prepare(plan: &'a Plan, faults: &[String]) -> Result<Self, String> {
        if !faults.is_empty() && !plan.lenient {
            return Err(faults.join("\n       "));
        }
        let name = &plan.name;
        let (folders, complaint) =
            Folders::make().map_err(|error| format!("there is no place for temporary files: {error}"))?;
        let mut destination = Destination::find(plan, folders.spool.as_deref());
        if !faults.is_empty() {
            print(&format!("{}; {name} runs unmonitored (--lenient)", faults.join("; ")));
            destination.options = Ok(None);
        }
        let mut report = None;
        match &destination.options {
            Err(refused) if plan.strict => return Err(format!("{refused} (--strict)")),
            Err(refused) => print(&format!("{refused}; {name} runs unmonitored")),
            // Takes a few milliseconds, for certificates, so it is done before the job only if it may refuse it.
            Ok(Some(options)) if plan.strict => {
                let connected = Report::connect(options.clone());
                report = Some(connected.map_err(|error| format!("{error} (--strict)"))?);
            }
            Ok(_) => {}
        }
        if let Some(complaint) = complaint.filter(|_| matches!(destination.options, Ok(Some(_)))) {
            print(&complaint);
        }
        let (sender, events) = channel();
        let group = Group::choose();
        let job_control = matches!(group, Group::Own { .. });
        watch(sender.clone(), job_control).map_err(|error| format!("signals cannot be handled: {error}"))?;
        let variables = std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value)));
        let redactor = Redactor::new(variables, plan.dsn.clone());
        let margin = redactor.margin();
        let log = Log::new(plan.log.as_ref().and_then(|file| file.try_clone().ok()));
        let supervisor = Supervisor { plan, group, events, sender, log, margin };
        Ok(Self {
            plan,
            supervisor,
            folders,
            destination,
            report,
            id: crons_runtime::new_check_in_id(),
            redactor,
        })
    }

    /// Runs the job. Returns the exit code.
    fn run(mut self) -> u8 {
        let plan = self.plan;
        if !plan.jitter.is_zero()
            && let Some(signal) = self.supervisor.pause(jitter(plan.jitter, &plan.name))
        {
            return self.not_run(signal.exit_code());
        }
        // Held until the run has ended.
        let _lock = match plan.overlap.map(|overlap| self.lock(overlap)) {
            None => None,
            Some(Ok(lock)) => lock,
            Some(Err(code)) => return code,
        };
        let begin = Instant::now();
        let run_file = self.folders.run_file(self.id);
        let variables = self.variables(run_file.clone());
        let mut attempts = 0;
        let (attempt, notes) = loop {
            attempts += 1;
            let mut attempt = self.attempt(&variables, attempts == 1, begin);
            let notes = self.notes(&run_file);
            if !notes.failures.is_empty() {
                attempt
                    .failure
                    .get_or_insert_with(|| Failure { reason: TOLD.to_owned(), told_by_code: false });
            }
            if attempt.failure.is_none() || !attempt.repeatable || attempts > plan.retries {
                break (attempt, notes);
            }
            if let Some(signal) = self.supervisor.pause(plan.backoff) {
                attempt.code = signal.exit_code();
                break (attempt, notes);
            }
        };
        self.end(&attempt, &notes, attempts, begin.elapsed());
        self.deliver();
        attempt.code
    }

    /// Makes an attempt. With the first one, the report starts right after the job.
    fn attempt(&mut self, variables: &[(&str, OsString)], first: bool, begin: Instant) -> Attempt {
        let Self { plan, supervisor, destination, report, id, .. } = self;
        supervisor.attempt(variables, || {
            if first {
                let report = report.get_or_insert_with(|| connect(destination, plan, &supervisor.log));
                report.start(plan, *id, begin);
            }
        })
    }

    /// Takes the lock of `--overlap`. `Err` is the exit code of a run that does not take place.
    fn lock(&mut self, overlap: Overlap) -> Result<Option<File>, u8> {
        let Some(slug) = self.plan.slug.clone().or_else(|| Slug::normalize(&self.plan.name)) else {
            return Ok(None);
        };
        let Self { supervisor, folders, destination, plan, .. } = self;
        let spool = folders.spool.as_deref();
        let locked = lock(spool, slug.as_str(), &destination.environment, overlap, &supervisor.sender);
        let locked = match locked {
            Ok(Locked::Held(lock)) => return Ok(lock),
            Ok(Locked::Waiting) => loop {
                match supervisor.next(None) {
                    Some(Event::Locked(locked)) => break locked.map(Some),
                    Some(Event::Signal(signal)) if signal.ends() => {
                        return Err(self.not_run(signal.exit_code()));
                    }
                    Some(event) => idle(&event),
                    None => {}
                }
            },
            Ok(Locked::Taken) => Ok(None),
            Err(error) => Err(error),
        };
        match locked {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) if overlap == Overlap::Skip => {
                supervisor.log.say(&format!(
                    "{} is skipped: another run of it has not ended (--overlap skip)",
                    plan.name
                ));
                Err(self.not_run(0))
            }
            Ok(None) => Err(self.refuse("another run of it has not ended (--overlap error)")),
            Err(error) if overlap == Overlap::Allow => {
                supervisor.log.say(&format!("the lock of --overlap cannot be taken: {error}"));
                Ok(None)
            }
            Err(error) => Err(self.refuse(&format!("the lock of --overlap cannot be taken: {error}"))),
        }
    }

    /// Ends without a run.
    fn not_run(&self, code: u8) -> u8 {
        self.supervisor.log.release();
        code
    }

    /// Reports a run that failed because its job was not started. Returns the exit code.
    fn refuse(&mut self, reason: &str) -> u8 {
        let now = Instant::now();
        let mut report =
            self.report.take().unwrap_or_else(|| connect(&self.destination, self.plan, &self.supervisor.log));
        report.start(self.plan, self.id, now);
        self.report = Some(report);
        let attempt = Attempt::not_started(BUSY, reason.to_owned());
        self.end(&attempt, &Notes::default(), 1, now.elapsed());
        self.deliver();
        BUSY
    }

    /// The variables that the job gets.
    fn variables(&self, run_file: PathBuf) -> Vec<(&'static str, OsString)> {
        let id = OsString::from(self.id.to_string());
        let mut variables = vec![
            ("CRONS_CHECK_IN_ID", id.clone()),
            ("SENTRY_TRACE_ID", id),
            (run_file::VARIABLE, run_file.into_os_string()),
        ];
        variables.extend(self.plan.slug.as_ref().map(|slug| ("SENTRY_MONITOR_SLUG", slug.as_str().into())));
        variables
    }

    /// Takes what commands inside the job have said.
    fn notes(&self, run_file: &std::path::Path) -> Notes {
        let log = &self.supervisor.log;
        match run_file::take(run_file) {
            Ok(notes) => {
                if notes.ignored > 0 {
                    log.say(&format!(
                        "{} entries of crons fail and crons metric were damaged or too many",
                        notes.ignored
                    ));
                }
                notes
            }
            Err(error) => {
                log.say(&format!(
                    "what crons fail and crons metric said cannot be read: {}: {error}",
                    run_file.display()
                ));
                Notes::default()
            }
        }
    }

    /// Reports the end of the run, and logs a failure.
    fn end(&mut self, attempt: &Attempt, notes: &Notes, attempts: u32, took: Duration) {
        let Self { plan, supervisor, redactor, report, id, .. } = self;
        let log = &supervisor.log;
        // A reader that has gone is no fault, and ends the job as it would without us.
        for error in attempt.errors.iter().filter(|error| error.kind() != ErrorKind::BrokenPipe) {
            log.say(&format!("the output of the job cannot be written: {error}"));
        }
        let failure = attempt.failure.as_ref().map(|failure| &*failure.reason);
        let tail = attempt.streams.as_ref().filter(|_| plan.output.tail).map(super::streams::Streams::tail);
        let tail = tail.and_then(|tail| Summary::redacted(tail, redactor));
        let summary = Summary { name: &plan.name, id: id.to_string(), failure, took, attempts, notes, tail };
        if let Some(report) = report {
            report.end(failure.is_none());
        }
        if failure.is_some() {
            if plan.output.quiet
                && let Some(streams) = &attempt.streams
                && let Err(error) = streams.print_held()
            {
                log.say(&format!("the output of the job that --quiet held back cannot be printed: {error}"));
            }
            // `--quiet` has just printed all of the output, and `--no-tail` leaves stderr to the job.
            let told_by_code = attempt.failure.as_ref().is_some_and(|failure| failure.told_by_code);
            if plan.output.tail || plan.log.is_some() || !told_by_code || !notes.failures.is_empty() {
                log.say(&summary.line(redactor, !plan.output.quiet));
            }
        }
        log.release();
    }

    /// Waits until everything is delivered, for at most `--flush`; a signal ends the wait.
    fn deliver(&mut self) {
        let Some(report) = self.report.take() else { return };
        if !report.deliver(self.plan.flush, &self.supervisor.sender, &self.supervisor.log) {
            return;
        }
        loop {
            match self.supervisor.next(None) {
                Some(Event::Delivered) | None => return,
                Some(Event::Signal(signal)) if signal.ends() => return,
                Some(event) => idle(&event),
            }
        }
    }
}

/// Starts the client, if the run is to be reported.
fn connect(destination: &Destination, plan: &Plan, log: &Log) -> Report {
    let Ok(Some(options)) = &destination.options else { return Report::none() };
    Report::connect(options.clone()).unwrap_or_else(|error| {
        log.say(&format!("{error}; {} runs unmonitored", plan.name));
        Report::none()
    })
}

/// The part of `--jitter` that this host waits for this monitor: the same at each run.
fn jitter(most: Duration, name: &str) -> Duration {
    let mut hasher = DefaultHasher::new();
    (rustix::system::uname().nodename().to_bytes(), name).hash(&mut hasher);
    // 32 bits of the hash, as a fraction of 2^32.
    let fraction = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    most.mul_f64(f64::from(fraction) / f64::from(u32::MAX))
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}
