//! What a job can know of its own run, and what is said of a run that panicked.

use std::any::Any;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crons_types::CheckInId;

use crate::run::guard::CheckInGuard;

thread_local! {
    static RUNNING: Cell<Option<CheckInId>> = const { Cell::new(None) };
}

/// The id of the run that this code is part of: of the innermost annotated function, or closure or future under watch, on this
/// thread. `None` outside of them, and where nothing is reported.
///
/// The run is a trace, too, of the same 32 hexadecimal digits: written into logs and errors, as Sentry's `trace_id`, they
/// lead from the failed run to what was said in it.
///
/// ```
/// # use crons_runtime as crons;
/// fn import() {
///     if let Some(trace_id) = crons::current_check_in_id() {
///         println!("importing, trace_id={trace_id}");
///     }
/// }
///
/// crons::monitor("import").run(import);
/// ```
pub fn current_check_in_id() -> Option<CheckInId> {
    RUNNING.try_with(Cell::get).ok().flatten()
}

/// A part of a run: all of it, or a poll of its future. Its type is forgotten, so that what surrounds it is compiled once, and
/// not for each function.
pub(crate) trait ErasedStep {
    fn run(&mut self);
}

/// All of a run.
struct SyncBody<'a, F, R> {
    body: Option<F>,
    output: &'a mut Option<R>,
}

impl<R, F: FnOnce() -> R> ErasedStep for SyncBody<'_, F, R> {
    fn run(&mut self) {
        if let Some(body) = self.body.take() {
            // Not by `=`, which would drop what was there, for all the compiler knows.
            let _ = self.output.insert(body());
        }
    }
}

/// Does all of a run, and says what a panic said, which goes on unchanged. As a bound, `FnOnce` lets the body return borrows of its
/// arguments, which a bare `(|| ..)()` does not.
pub fn call<R>(run: &Option<CheckInGuard>, body: impl FnOnce() -> R) -> R {
    let Some(run) = run else { return body() };
    let mut output = None;
    run_or_resume(run, &mut SyncBody { body: Some(body), output: &mut output });
    expect_output(output)
}

/// What has come of a body that has not panicked.
fn expect_output<R>(output: Option<R>) -> R {
    match output {
        Some(output) => output,
        None => unreachable!("a body comes to its end, or panics"),
    }
}

/// As [`catch_panic_in_run`], with a panic that goes on unchanged.
fn run_or_resume(run: &CheckInGuard, part: &mut dyn ErasedStep) {
    catch_panic_in_run(run, part).unwrap_or_else(|payload| resume_unwind(payload));
}

/// Does a part of the run. Says what a panic said, and returns it.
pub(crate) fn catch_panic_in_run(
    run: &CheckInGuard,
    part: &mut dyn ErasedStep,
) -> Result<(), Box<dyn Any + Send>> {
    let Some((_, id)) = run.identity() else {
        part.run();
        return Ok(());
    };
    let around = RUNNING.try_with(|running| running.replace(Some(id))).ok().flatten();
    let done = catch_unwind(AssertUnwindSafe(|| part.run()));
    // A thread that is ending has no such thing any more.
    let _ = RUNNING.try_with(|running| running.set(around));
    done.inspect_err(|payload| log_panic(run, &**payload))
}

/// Says what the panic said. The panic hook has been called already, and is not called again.
fn log_panic(run: &CheckInGuard, payload: &(dyn Any + Send)) {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    log_failure(run, "job panicked", format_args!("{}", text.unwrap_or("a panic without a text")));
}

/// Logs why a run failed. Nothing is formatted if nobody listens.
pub(crate) fn log_failure(run: &CheckInGuard, what: &str, why: fmt::Arguments<'_>) {
    let Some((slug, check_in_id)) = run.identity() else { return };
    crate::platform::logging::contain(|| {
        if !tracing::enabled!(tracing::Level::ERROR) {
            return;
        }
        let mut error = Excerpt(String::new());
        // The text is the user's code, too: if it panics, the job still returns what it would have.
        let complete = catch_unwind(AssertUnwindSafe(|| error.write_fmt(why)));
        let cut = if matches!(complete, Ok(Ok(()))) { "" } else { ".." };
        log!(error, %slug, %check_in_id, error = format_args!("{}{cut}", error.0), "{what}");
    });
}

/// The first bytes of a text that may be as long as it likes.
struct Excerpt(String);

impl Excerpt {
    const LEN: usize = 2_000;
}

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.len() >= Self::LEN {
                return Err(fmt::Error);
            }
            self.0.push(character);
        }
        Ok(())
    }
}
