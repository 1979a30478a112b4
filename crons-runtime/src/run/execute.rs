//! Calls the body of a run, as the current run of the thread, and logs why it failed.

use std::any::Any;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crons_types::CheckInId;

use crate::run::guard::CheckInGuard;

thread_local! {
    static RUNNING: Cell<Option<CheckInId>> = const { Cell::new(None) };
}

/// Returns the id of the run that this code is part of: of the innermost annotated function, or closure or future under watch, on this
/// thread. `None` outside of them, and where nothing is reported.
///
/// The run is a trace with the same 32 hexadecimal digits: as Sentry's `trace_id` in logs and errors, they lead from the failed run to
/// its log.
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

/// Sets the current run of this thread, and returns the one before. A thread that is ending has none.
pub(crate) fn replace_current(id: Option<CheckInId>) -> Option<CheckInId> {
    RUNNING.try_with(|running| running.replace(id)).ok().flatten()
}

/// A part of a run: all of it, or a poll of its future. A trait object, so that the code around it is compiled once, and not for each
/// function.
pub(crate) trait ErasedStep {
    fn run(&mut self);
}

/// The body of a synchronous run.
struct SyncBody<'a, F, R> {
    body: Option<F>,
    output: &'a mut Option<R>,
}

impl<R, F: FnOnce() -> R> ErasedStep for SyncBody<'_, F, R> {
    fn run(&mut self) {
        if let Some(body) = self.body.take() {
            // An assignment by `=` would make the compiler add code that drops the previous value.
            let _ = self.output.insert(body());
        }
    }
}

/// Calls `body` within `run`, and returns its value. Logs a panic, which goes on unchanged. As a bound, `FnOnce` lets the body return
/// borrows of its arguments, which a bare `(|| ..)()` does not.
pub fn call<R>(run: &Option<CheckInGuard>, body: impl FnOnce() -> R) -> R {
    let Some(run) = run else { return body() };
    let mut output = None;
    run_or_resume(run, &mut SyncBody { body: Some(body), output: &mut output });
    expect_output(output)
}

/// The value of a body that has not panicked.
fn expect_output<R>(output: Option<R>) -> R {
    match output {
        Some(output) => output,
        None => unreachable!("a body comes to its end, or panics"),
    }
}

/// Runs `part` like [`catch_panic_in_run`], and lets its panic go on unchanged.
fn run_or_resume(run: &CheckInGuard, part: &mut dyn ErasedStep) {
    catch_panic_in_run(run, part).unwrap_or_else(|payload| resume_unwind(payload));
}

/// Runs a part of the run. Logs a panic, and returns its payload as `Err`.
pub(crate) fn catch_panic_in_run(
    run: &CheckInGuard,
    part: &mut dyn ErasedStep,
) -> Result<(), Box<dyn Any + Send>> {
    let Some((_, id)) = run.identity() else {
        part.run();
        return Ok(());
    };
    let outer = replace_current(Some(id));
    let done = catch_unwind(AssertUnwindSafe(|| part.run()));
    replace_current(outer);
    done.inspect_err(|payload| log_panic(run, &**payload))
}

/// Logs the text of a panic. The panic hook has been called already.
fn log_panic(run: &CheckInGuard, payload: &(dyn Any + Send)) {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    log_failure(run, "job panicked", format_args!("{}", text.unwrap_or("a panic without a text")));
}

/// Logs why a run failed. Formats nothing if the level is off.
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

/// The first bytes of a text of any length.
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
