//! One run of an annotated function: its begin, the call or the future in between, its end, and what is said of a failure.

use std::any::Any;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::definition::Definition;
use crate::guard::{CheckInGuard, Watch, start_current};
use crate::verdict::Verdict;

/// Begins a run of an annotated function.
pub fn start(definition: &'static Definition) -> CheckInGuard {
    start_current(|| {
        let subject = Arc::clone(definition.resolve()?);
        Some(Watch { subject, on_cancel: definition.on_cancel, heartbeat: definition.heartbeat })
    })
}

/// Calls the body of an annotated function, and says what a panic said. As a bound, `FnOnce` lets the body return borrows
/// of its arguments, which a bare `(|| ..)()` does not.
pub fn call<R>(run: &CheckInGuard, body: impl FnOnce() -> R) -> R {
    if run.watched().is_none() {
        return body();
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(output) => output,
        Err(payload) => panicked(run, payload),
    }
}

/// Makes the future that is to be watched. Its making is not.
pub fn make<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Ends a run by what its value says.
pub fn finish(run: CheckInGuard, verdict: Verdict<'_>) {
    match verdict {
        Verdict::Nothing => return run.skip(),
        Verdict::Display(error) => say(&run, "job failed", format_args!("{error:#}")),
        Verdict::Debug(error) => say(&run, "job failed", format_args!("{error:?}")),
        Verdict::None => say(&run, "job failed", format_args!("it returned `None`")),
        Verdict::Future => doubt_future(&run),
        Verdict::Fine | Verdict::Failed => {}
    }
    run.finish(!matches!(verdict, Verdict::Fine | Verdict::Future));
}

/// The future of an annotated function: the run begins when it is first polled, and ends with it.
pub fn watch<R, F, J>(definition: &'static Definition, future: F, judge: J) -> Watched<F, J>
where
    F: Future<Output = R>,
    J: for<'a> FnOnce(&'a R) -> Verdict<'a>,
{
    Watched { future, run: Run::Waiting { definition }, judge: Some(judge) }
}

pin_project_lite::pin_project! {
    /// A future under watch: as large as the future and a guard, as `Send` and as `Unpin` as the future.
    pub struct Watched<F, J> {
        // Dropped before the run: what a cancelled future still does belongs to it.
        #[pin]
        future: F,
        run: Run,
        judge: Option<J>,
    }
}

#[derive(Debug)]
enum Run {
    /// Never polled so far.
    Waiting {
        definition: &'static Definition,
    },
    Begun(CheckInGuard),
    Over,
}

impl<F, J> Future for Watched<F, J>
where
    F: Future,
    J: for<'a> FnOnce(&'a F::Output) -> Verdict<'a>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Run::Waiting { definition } = *this.run {
            *this.run = Run::Begun(start(definition));
        }
        let output = match this.run {
            Run::Begun(run) if run.watched().is_some() => {
                match catch_unwind(AssertUnwindSafe(|| this.future.poll(context))) {
                    Ok(polled) => polled,
                    Err(payload) => panicked(run, payload),
                }
            }
            _ => this.future.poll(context),
        };
        let Poll::Ready(output) = output else { return Poll::Pending };
        if let (Run::Begun(run), Some(judge)) = (std::mem::replace(this.run, Run::Over), this.judge.take()) {
            finish(run, judge(&output));
        }
        Poll::Ready(output)
    }
}

impl<F: fmt::Debug, J> fmt::Debug for Watched<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.future).finish()
    }
}

/// Says what the panic said, and lets it go on. The panic hook has been called already, and is not called again.
fn panicked(run: &CheckInGuard, payload: Box<dyn Any + Send>) -> ! {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    say(run, "job panicked", format_args!("{}", text.unwrap_or("a panic without a text")));
    resume_unwind(payload)
}

/// Logs why a run failed. Nothing is formatted if nobody listens.
fn say(run: &CheckInGuard, what: &str, why: fmt::Arguments<'_>) {
    let Some((slug, check_in_id)) = run.watched() else { return };
    if tracing::enabled!(tracing::Level::ERROR) {
        let mut error = Excerpt(String::new());
        // The text is the user's code, too: if it panics, the job still returns what it would have.
        let complete = catch_unwind(AssertUnwindSafe(|| error.write_fmt(why)));
        let cut = if matches!(complete, Ok(Ok(()))) { "" } else { ".." };
        tracing::error!(%slug, %check_in_id, error = format_args!("{}{cut}", error.0), "{what}");
    }
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

/// Says once that a future is returned which nobody watches.
fn doubt_future(run: &CheckInGuard) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Some((slug, _)) = run.watched()
        && !SAID.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            %slug,
            "the function returned a future, and only its making is watched; to watch the future, return it as \
             `impl Future`, `Pin<Box<dyn Future>>` or `BoxFuture`"
        );
    }
}
