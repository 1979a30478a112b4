//! Waits for the turn of a run, before its job starts: `--jitter`, then the lock of `--overlap`.

use std::fs::File;
use std::time::Instant;

use crons_types::Slug;
use signal_hook::low_level::signal_name;

use super::attempt::Attempt;
use super::jitter::jitter;
use super::job::{Run, connect};
use super::lock::{Locked, lock};
use super::plan::Overlap;
use super::printer::MESSAGES;
use super::signals::{Event, Received};
use crate::run_file::Notes;

/// The exit code of `--overlap error`: `EX_TEMPFAIL` of sysexits.h.
const BUSY: u8 = 75;

impl Run<'_> {
    /// Waits until the job may start. Returns the lock of `--overlap`; `Err` is the exit code of a run that does not take place.
    pub(super) fn turn(&mut self) -> Result<Option<File>, u8> {
        let plan = self.plan;
        if !plan.jitter.is_zero()
            && let Some(signal) = self.supervisor.pause(jitter(plan.jitter, &plan.name))
        {
            return Err(self.ended_before("--jitter", signal));
        }
        plan.overlap.map_or(Ok(None), |overlap| self.lock(overlap))
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
                        return Err(self.ended_before("--overlap wait", signal));
                    }
                    Some(event) => supervisor.idle(&event),
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
            Err(error) => {
                supervisor.log.say_now(&format!(
                    "--overlap: the lock cannot be taken: {error}; {} runs without it, and may overlap with others",
                    plan.name
                ));
                Ok(None)
            }
        }
    }

    /// Ends without a run, because a signal came during the wait of this flag.
    fn ended_before(&self, flag: &str, signal: Received) -> u8 {
        let name = signal_name(signal.signal).unwrap_or("a signal");
        self.supervisor
            .log
            .say(&format!("{} was not started: {name} came during the wait of {flag}", self.plan.name));
        self.not_run(signal.exit_code())
    }

    /// Ends without a run.
    fn not_run(&self, code: u8) -> u8 {
        self.supervisor.log.release();
        self.supervisor.log.finish(MESSAGES);
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
        self.end(attempt, &Notes::default(), 1, now.elapsed())
    }
}
