//! One run of an annotated function: its begin, the call in between, its end, and what is said of a failure.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::definition::Definition;
use crate::guard::{self, CheckInGuard, Watch};
use crate::logging::is_first;
use crate::record::About;
use crate::running::say;
use crate::verdict::Verdict;

/// Begins a run of an annotated function. Where nobody hears of it there is no guard, so none is moved about.
pub fn start(definition: &'static Definition) -> Option<CheckInGuard> {
    guard::start(|| {
        let subject = About::Annotated(definition.resolve()?);
        Some(Watch { subject, on_cancel: definition.on_cancel, heartbeat: definition.heartbeat })
    })
}

/// Makes the future that is to be watched. Its making is not.
pub fn make<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// A value that is never made: it gives an `async` block its type.
pub fn never<R>() -> R {
    unreachable!("it stands behind `if false`")
}

/// Ends a run by what its value says.
pub fn finish(run: Option<CheckInGuard>, verdict: Verdict<'_>) {
    let Some(run) = run else { return };
    match verdict {
        Verdict::Display(error) => say(&run, "job failed", format_args!("{error:#}")),
        Verdict::Debug(error) => say(&run, "job failed", format_args!("{error:?}")),
        Verdict::None => say(&run, "job failed", format_args!("it returned `None`")),
        Verdict::Future => doubt_future(&run),
        Verdict::HiddenResult(type_name) => warn_hidden_result(&run, type_name),
        Verdict::Fine | Verdict::Failed => {}
    }
    run.finish(!matches!(verdict, Verdict::Fine | Verdict::Future | Verdict::HiddenResult(_)));
}

/// Says once that a future is returned which nobody watches.
fn doubt_future(run: &CheckInGuard) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Some((slug, _)) = run.watched()
        && !SAID.swap(true, Ordering::Relaxed)
    {
        log!(
        warn,
                    %slug,
                    "the function returned a future, and only its making is watched; to watch the future, return it as \
                     `impl Future`, `Pin<Box<dyn Future>>` or `BoxFuture`"
                );
    }
}

/// Warns once for each monitor and type that a value has a `Result` inside whose `Err` goes unseen.
fn warn_hidden_result(run: &CheckInGuard, type_name: &str) {
    if let Some((slug, _)) = run.watched()
        && is_first(&format!("{slug} {type_name}"))
    {
        log!(
            warn,
            %slug,
            returned = type_name,
            "the value of the job has a `Result` inside, and an `Err` there counts as a success: return one `Result`, by \
             `.and_then(|inner| inner)` or `?`, or use `#[crons::monitor]` on a function that names the type"
        );
    }
}
