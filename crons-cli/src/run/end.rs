//! Ends a run: reports and logs its outcome, and waits for its output and for the server.

use std::io;
use std::time::{Duration, Instant};

use super::attempt::Attempt;
use super::job::Run;
use super::printer::MESSAGES;
use super::signals::Event;
use super::streams::Streams;
use super::summary::Summary;
use super::supervisor::Supervisor;
use super::verdict::UNWRITTEN;
use crate::run_file::Notes;

impl Run<'_> {
    /// Ends a run that took this time. Returns the exit code.
    pub(super) fn end(&mut self, mut attempt: Attempt, notes: &Notes, attempts: u32, took: Duration) -> u8 {
        let Self { plan, supervisor, redactor, report, id, .. } = self;
        let log = &supervisor.log;
        let failure = attempt.failure.as_ref().map(|failure| &*failure.reason);
        let tail = attempt.output.as_ref().filter(|_| plan.output.tail).map(|output| output.streams.tail());
        let tail = tail.and_then(|tail| Summary::redacted(tail, redactor));
        let summary = Summary { name: &plan.name, id: id.to_string(), failure, took, attempts, notes, tail };
        // The report does not wait for readers of the output.
        let mut delivering = false;
        if let Some(mut report) = report.take() {
            report.end(failure.is_none(), summary.note(redactor).as_deref());
            delivering = report.deliver(plan.flush, &supervisor.sender, log);
        }
        let mut code = attempt.code;
        if let Some(output) = &mut attempt.output {
            supervisor.finish_copying(output);
            if let Some(error) = output.take_error() {
                log.say(&format!(
                    "the output of the job cannot be written: {error}; its run was reported before"
                ));
                code = if code == 0 { UNWRITTEN } else { code };
            }
        }
        if let Some(failure) = &attempt.failure {
            let printed = attempt
                .output
                .as_ref()
                .filter(|_| plan.output.quiet)
                .map(|output| supervisor.print_held(&output.streams, output.give_up_at()));
            if let Some(Err(error)) = &printed {
                log.say(&format!("the output of the job that --quiet held back cannot be printed: {error}"));
            }
            // `--quiet` has just printed all of the output, and `--no-tail` leaves stderr to the job.
            if plan.output.tail || log.has_file() || !failure.told_by_code || !notes.failures.is_empty() {
                log.say(&summary.line(redactor, !matches!(printed, Some(Ok(())))));
            }
        }
        log.release();
        if delivering {
            supervisor.wait_for_delivery();
        }
        log.finish(MESSAGES);
        code
    }
}

impl Supervisor<'_> {
    /// Prints the output that `--quiet` has held back. Another thread does so: if nobody reads the output, a signal ends the wait.
    ///
    /// # Errors
    /// If the output was not printed to its end.
    fn print_held(&self, streams: &Streams, give_up_at: Option<Instant>) -> io::Result<()> {
        let Some(held) = streams.held() else { return Ok(()) };
        let events = self.sender.clone();
        let print = move || {
            // Fails if the wait has been given up.
            let _ = events.send(Event::Printed(held.print()));
        };
        std::thread::Builder::new().name("crons-held".to_owned()).spawn(print)?;
        loop {
            match self.next(give_up_at) {
                Some(Event::Printed(printed)) => return printed,
                Some(Event::Signal(received)) if received.ends() => {
                    return Err(io::Error::other("nobody reads it, and a signal came"));
                }
                Some(event) => self.idle(&event),
                None => return Err(io::Error::other("nobody reads it")),
            }
        }
    }

    /// Waits until everything is delivered, for at most `--flush`; a signal ends the wait.
    fn wait_for_delivery(&self) {
        while !self.delivered.get() {
            match self.next(None) {
                Some(Event::Signal(signal)) if signal.ends() => return,
                Some(event) => self.idle(&event),
                None => return,
            }
        }
    }
}
