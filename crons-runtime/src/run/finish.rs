//! Ends a run by the verdict on its value, and logs why it failed.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::platform::logging::is_first;
use crate::run::execute::log_failure;
use crate::run::guard::CheckInGuard;
use crate::run::verdict::Verdict;

/// Ends a run by the verdict on its value. Logs why it failed.
pub fn finish(run: Option<CheckInGuard>, verdict: Verdict<'_>) {
    let Some(run) = run else { return };
    match verdict {
        Verdict::Display(error) => log_failure(&run, "job failed", format_args!("{error:#}")),
        Verdict::Debug(error) => log_failure(&run, "job failed", format_args!("{error:?}")),
        Verdict::NoneIsError => log_failure(&run, "job failed", format_args!("it returned `None`")),
        Verdict::UnmonitoredFuture => warn_unmonitored_future(&run),
        Verdict::HiddenResult(type_name) => warn_hidden_result(&run, type_name),
        Verdict::Success | Verdict::Failed => {}
    }
    run.finish(!matches!(verdict, Verdict::Success | Verdict::UnmonitoredFuture | Verdict::HiddenResult(_)));
}

/// Warns once in the program that a function returned a future that no run covers.
fn warn_unmonitored_future(run: &CheckInGuard) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Some((slug, _)) = run.identity()
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
    if let Some((slug, _)) = run.identity()
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
