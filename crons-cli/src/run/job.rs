//! Runs the job from its arguments to its exit code.

use std::cell::Cell;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use crons_runtime::__run::is_ignored;
use crons_types::CheckInId;
use signal_hook::consts::SIGXFSZ;

use super::arguments::Arguments;
use super::attempt::Attempt;
use super::closed;
use super::inbox::Inbox;
use super::job_control::JobControl;
use super::log::Log;
use super::plan::Plan;
use super::printer::print;
use super::redact::Redactor;
use super::report::{Destination, Report};
use super::signal_mask::ChildMask;
use super::signals::{PASSED_ON, watch};
use super::spool::Folders;
use super::summary::TOLD;
use super::supervisor::Supervisor;
use super::terminal::Group;
use super::verdict::Failure;
use crate::run_file::{self, Notes};

/// The exit code of wrong arguments, as of all commands.
const WRONG: u8 = 2;

/// Runs the command. Returns its exit code.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    closed::close_in_children();
    // A handler keeps a file that has reached its limit from killing this process: the write fails. Other than an ignored signal, a handled one
    // has its default action again in the job.
    if !is_ignored(SIGXFSZ) {
        // Fails only for signals that cannot be handled.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
    let (mut plan, faults) = Plan::new(arguments);
    let log = Log::new(plan.log.take());
    match Run::prepare(&plan, &faults, log) {
        Ok(run) => ExitCode::from(run.run()),
        Err(refused) => {
            print(&refused);
            ExitCode::from(WRONG)
        }
    }
}

/// A run that has not ended.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) supervisor: Supervisor<'a>,
    pub(super) folders: Folders,
    pub(super) destination: Destination,
    /// The report: connected before the job with `--strict`, else after its start.
    pub(super) report: Option<Report>,
    pub(super) id: CheckInId,
    pub(super) redactor: Redactor,
}

impl<'a> Run<'a> {
    /// Prepares the run. Logs what keeps it from being monitored.
    ///
    /// # Errors
    /// If the job must not start: the reason.
    fn prepare(plan: &'a Plan, faults: &[String], log: Log) -> Result<Self, String> {
        if !faults.is_empty() && !plan.lenient {
            return Err(faults.join("\n       "));
        }
        let refused = |error: io::Error| format!("signals cannot be handled: {error}");
        let group = Group::choose();
        // Before the client starts threads.
        let child_mask = ChildMask::read(&PASSED_ON).map_err(refused)?;
        let job_control =
            matches!(group, Group::Own { .. }).then(JobControl::block).transpose().map_err(refused)?;
        let (sender, events) = channel();
        watch(sender.clone(), job_control.clone()).map_err(refused)?;
        let name = &plan.name;
        let (folders, complaint) = Folders::make();
        folders.sweep();
        let mut destination = Destination::find(plan, folders.spool.as_deref());
        if !faults.is_empty() {
            log.say_now(&format!("{}; {name} runs unmonitored (--lenient)", faults.join("; ")));
            destination.options = Ok(None);
        }
        let mut report = None;
        match &destination.options {
            Err(refused) if plan.strict => return Err(format!("{refused} (--strict)")),
            Err(refused) => log.say_now(&format!("{refused}; {name} runs unmonitored")),
            // The certificates take a few milliseconds, so they are loaded before the job only if the job depends on them.
            Ok(Some(options)) if plan.strict => {
                let connected = Report::connect(options.clone());
                report = Some(connected.map_err(|error| format!("{error} (--strict)"))?);
            }
            Ok(_) => {}
        }
        if let Some(complaint) = complaint.filter(|_| matches!(destination.options, Ok(Some(_)))) {
            log.say_now(&complaint);
        }
        let variables = std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value)));
        let redactor = Redactor::new(variables, plan.dsn.clone());
        let margin = redactor.margin();
        let supervisor = Supervisor {
            plan,
            group,
            job_control,
            child_mask,
            events,
            sender,
            log,
            margin,
            delivered: Cell::default(),
        };
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
        let lock = match self.turn() {
            Ok(lock) => lock,
            Err(code) => return code,
        };
        let begin = Instant::now();
        let run_file = self.folders.run_file(self.id);
        let variables = self.variables(run_file.as_deref());
        let mut attempts = 0;
        let (attempt, notes) = loop {
            attempts += 1;
            let inbox = run_file.as_deref().and_then(|path| self.inbox(path));
            let mut attempt = self.attempt(&variables, attempts == 1, begin);
            let notes = inbox.map(|inbox| self.notes(inbox)).unwrap_or_default();
            if !notes.failures.is_empty() {
                attempt
                    .failure
                    .get_or_insert_with(|| Failure { reason: TOLD.to_owned(), told_by_code: false });
            }
            if attempt.failure.is_none() || !attempt.repeatable || attempts > plan.retries {
                break (attempt, notes);
            }
            // Two attempts that copy to one stream would mix their bytes.
            if attempt.output.as_mut().is_some_and(|output| !self.supervisor.finish_copying(output)) {
                break (attempt, notes);
            }
            if let Some(signal) = self.supervisor.pause(plan.backoff) {
                attempt.code = signal.exit_code();
                break (attempt, notes);
            }
        };
        // The lock of `--overlap` is held while the job runs: a server that does not answer must not skip the next run.
        drop(lock);
        self.end(attempt, &notes, attempts, begin.elapsed())
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

    /// The variables that the job gets.
    fn variables(&self, run_file: Option<&Path>) -> Vec<(&'static str, OsString)> {
        let id = OsString::from(self.id.to_string());
        let mut variables = vec![
            ("CRONS_CHECK_IN_ID", id.clone()),
            ("SENTRY_TRACE_ID", id),
            // Without a file the variable is empty: one of a run around this one must not reach the job.
            (run_file::VARIABLE, run_file.map(Into::into).unwrap_or_default()),
        ];
        variables.extend(self.plan.slug.as_ref().map(|slug| ("SENTRY_MONITOR_SLUG", slug.as_str().into())));
        variables
    }

    /// Makes the file by which `crons fail` and `crons metric` reach an attempt. `None` if it cannot be made, which is logged.
    fn inbox(&self, path: &Path) -> Option<Inbox> {
        let refused = |error| self.supervisor.log.say(&unreachable(path, &error));
        Inbox::create(path).map_err(refused).ok()
    }

    /// Takes the entries of `crons fail` and `crons metric` in the job.
    fn notes(&self, inbox: Inbox) -> Notes {
        let log = &self.supervisor.log;
        match inbox.take() {
            Ok(notes) => {
                if notes.ignored > 0 {
                    log.say(&format!(
                        "entries of crons fail and crons metric that were damaged or too many: {}",
                        notes.ignored
                    ));
                }
                notes
            }
            Err(error) => {
                log.say(&format!("the entries of crons fail and crons metric cannot be read: {error}"));
                Notes::default()
            }
        }
    }
}

fn unreachable(path: &Path, error: &io::Error) -> String {
    format!("crons fail and crons metric cannot reach this run: {}: {error}", path.display())
}

/// Starts the client, if the run is to be reported.
pub(super) fn connect(destination: &Destination, plan: &Plan, log: &Log) -> Report {
    let Ok(Some(options)) = &destination.options else { return Report::none() };
    Report::connect(options.clone()).unwrap_or_else(|error| {
        log.say(&format!("{error}; {} runs unmonitored", plan.name));
        Report::none()
    })
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}
