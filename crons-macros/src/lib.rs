//! The attribute of `crons`. Use it through that crate, where it is re-exported as `crons::monitor`.

// In layer order: a module uses only those above it.
mod keys;
mod value;
mod args;
mod function;
mod assigned;
mod check;
mod expand;
mod fallback;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::Error;

/// Watches every run of a function: when it begins, how long it takes, and how it ends.
///
/// ```ignore
/// #[crons::monitor(
///     slug = "nightly-backup",
///     schedule = "0 3 * * MON-FRI",
///     timezone = "Europe/Vienna",
///     checkin_margin = 10,
///     max_runtime = "2h",
///     failure_issue_threshold = 2,
///     recovery_threshold = 1,
///     owner = "team:ops"
/// )]
/// async fn nightly_backup(db: &Db) -> anyhow::Result<()> {
///     // ..
/// }
/// ```
///
/// # Arguments
///
/// All are optional. All are literals, save that `schedule` and `timezone` may be constants of type `&str`: a schedule is judged
/// by the compiler then, too, and a zone is taken on trust, as one that is newer than the list. The first eight go to the server under the same names; what is left out keeps the value
/// that the server has. A bare number is minutes; words are a number and a unit: `"90 minutes"`, `"2h"`, `"1 day"`.
///
/// | argument | what it says | bounds | if left out |
/// |---|---|---|---|
/// | `slug = "nightly-backup"` | the name of the monitor (`monitor_slug`) | 1 to 50 of `a-z`, `0-9`, `-`, `_` | the function's name in kebab case; a method needs one |
/// | `schedule = "0 3 * * *"` | when the job runs, as a crontab of five fields or `@daily` and the like (`schedule`, type `crontab`) | what Sentry accepts | the server has to know the monitor |
/// | `interval = "10 minutes"` | or how often, in minutes, hours, days, weeks, months or years (`schedule`, type `interval`) | whole minutes, from 1 | as above |
/// | `timezone = "Europe/Vienna"` | the zone of the crontab (`timezone`) | IANA names | UTC |
/// | `checkin_margin = 10` | how late the job may begin before it was missed (`checkin_margin`) | 1 to 40,320 minutes (28 days) | 1 minute |
/// | `max_runtime = "2h"` | how long it may take before it timed out (`max_runtime`) | 1 to 10,080 minutes (7 days) | 30 minutes |
/// | `failure_issue_threshold = 2` | failures in a row that open an incident (`failure_issue_threshold`) | 1 to 720 | 1 |
/// | `recovery_threshold = 1` | successes in a row that end it (`recovery_threshold`) | 1 to 720 | 1 |
/// | `owner = "team:ops"` | who is responsible (`owner`) | `user:` or `team:`, and a name or id | nobody |
/// | `on_cancel = "ignore"` | what it means when the future is dropped before its end: `"error"`, `"ok"`, or `"ignore"`: its begin is taken back if it is still here, else the run is closed as a success, since the server would count it as timed out | one of the three | `"error"` |
/// | `crate = my_facade::crons` | where this crate is found, if not at `::crons` | a path | `::crons` |
///
/// From `timezone` to `owner` they need `schedule` or `interval`, as the server refuses a configuration without one.
///
/// # Outcome
///
/// Whatever the function returns is returned unchanged; a panic goes on unchanged. The run has failed if the value is an `Err`
/// (also behind an alias or `impl Trait`), an `ExitCode` other than success, or of a type whose `crons::Outcome` says so; or if
/// it panicked. Everything else is a success. Where the type is a bare generic parameter `T` there is nothing to see: a success.
///
/// # What may be watched
///
/// Functions and methods with a body, `async` or not, also in traits and in their `impl`s, under `#[async_trait]`, generic,
/// `unsafe`, `extern "C"` (a panic still aborts there). Of a function that returns `impl Future`, `Pin<Box<dyn Future>>`, `BoxFuture` or `LocalBoxFuture` the
/// future is watched, not its making, and a future that is never polled has not run. (A `Box<dyn Future>` without `Pin` is not
/// seen to be one.) Not `const fn`, no variadic functions, and
/// no streams. It goes well with other attributes, above or below, `#[test]` among them. On `main` it comes to nothing:
/// the run begins before the `init` in its body.
///
/// # What it expands to
///
/// ```ignore
/// async fn nightly_backup(db: &Db) -> anyhow::Result<()> {
///     let run = {
///         // listed for `init`, too, where the linker can do that
///         static DEFINITION: Definition = Definition::new("nightly-backup").crontab("0 3 * * MON-FRI").timezone(..);
///         start(&DEFINITION) // dropped without a verdict, by a panic or with the future, it reports that too
///     };
///     let output = async move { /* the body */ }.await; // if not async: call(move || -> anyhow::Result<()> { /* the body */ })
///     run.finish(/* whether `output` is a failure */);
///     return output;
/// }
/// ```
///
/// A run that ends the process has no end of its own: under `-> !`, `std::process::exit` and `panic = "abort"` the server will count
/// it as timed out. Closures that a function returns as `impl Fn(&str)` need the types of their arguments written out.
///
/// Arguments are moved into the body as they are. Two things differ from the bare function: an argument that the body uses is
/// dropped at the end of the body, in the order of use, and before the run is closed; and under `#[track_caller]`, `Location::caller()`
/// within the body is a place in `crons`.
///
/// # Errors
///
/// What a literal can get wrong is an error of the compiler, under the literal. All errors of one attribute are reported at once,
/// and the function stays, so that one mistake gives one error:
///
/// ```text
/// error: schedule: hour: 25 is not in 0-23 (field 2 of "0 25 * * *")
///  --> src/main.rs:1:29
///   |
/// 1 | #[crons::monitor(schedule = "0 25 * * *")]
///   |                             ^^^^^^^^^^^^
/// ```
#[proc_macro_attribute]
pub fn monitor(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let (args, item) = (TokenStream::from(args), TokenStream::from(item));
    monitored(args, item.clone()).unwrap_or_else(|errors| fallback::fallback(item, errors)).into()
}

fn monitored(args: TokenStream, item: TokenStream) -> Result<TokenStream, Vec<Error>> {
    let mut errors = Vec::new();
    let args = args::Args::parse(args, &mut errors);
    match syn::parse2(item) {
        Ok(function) => match check::check(args, &function, &mut errors) {
            Some(monitor) => Ok(expand::expand(&monitor, &function)),
            None => Err(errors),
        },
        Err(refused) => {
            errors.push(refused);
            Err(errors)
        }
    }
}
