//! The attribute of `crons`. Use it through that crate, where it is re-exported as `crons::monitor`.

// The modules are in layer order: each uses only those above it.
mod keys;
mod value;
mod args;
mod function;
mod mentions;
mod captures;
mod items;
mod output;
mod check;
mod expand;
mod entry;
mod fallback;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::Error;

/// Watches every run of a function: when it begins, how long it takes, and how it ends.
///
/// ```
/// # struct Db;
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
/// async fn nightly_backup(db: &Db) -> Result<(), Box<dyn std::error::Error>> {
///     // ..
/// #   Ok(())
/// }
/// ```
///
/// # Arguments
///
/// The arguments are all optional. Those with a wire key go to the server under that name; what is left out keeps the value that the server
/// has. A bare number is minutes; words are numbers and units: `"90 minutes"`, `"90m"`, `"1h30m"`, `"1 day"`. In `interval` a lone `m` is
/// refused, as it may be a month or a minute.
///
/// | argument | meaning | unit and bounds | if left out | wire key |
/// |---|---|---|---|---|
/// | `slug = "nightly-backup"` | the name of the monitor | 1 to 50 of `a-z`, `0-9`, `-`, `_` | the function's name in kebab case; a method needs one | `monitor_slug` |
/// | `schedule = "0 3 * * *"` | the times at which the job runs | a crontab of five fields, or `@daily` and the like, as Sentry accepts them | the server has to know the monitor | `schedule` (`crontab`) |
/// | `interval = "10 minutes"` | or the time between two runs | whole minutes, hours, days, weeks, months or years, from 1 | as above | `schedule` (`interval`) |
/// | `timezone = "Europe/Vienna"` | the zone of the crontab | IANA names | UTC | `timezone` |
/// | `checkin_margin = 10` | the longest delay before a run counts as missed | minutes, or words; 1 to 40,320 minutes (28 days) | 1 minute | `checkin_margin` |
/// | `max_runtime = "2h"` | the longest duration before a run counts as timed out | minutes, or words; 1 to 10,080 minutes (7 days) | 30 minutes | `max_runtime` |
/// | `failure_issue_threshold = 2` | failures in a row that open an incident | runs; 1 to 720 | 1 | `failure_issue_threshold` |
/// | `recovery_threshold = 1` | successes in a row that end it | runs; 1 to 720 | 1 | `recovery_threshold` |
/// | `owner = "team:ops"` | the owner | `user:` or `team:`, and a name or id | none | `owner` |
/// | `monitor_config = config()` | the whole configuration, where literals cannot express it | an expression | the arguments above | `monitor_config` |
/// | `on_cancel = "ignore"` | the outcome when the future is dropped before its end | `"error"`, `"ok"`, `"ignore"` | `"error"` | |
/// | `on_none = "error"` | the outcome of a `None` | `"error"`, `"ok"`, `"ignore"` | `"ok"` | |
/// | `heartbeat = true` | one check-in at the end of a run instead of two | `true`, `false` | `false` | |
/// | `keep_alive = true` | a run that is in progress is reported again, so that the server moves its timeout | `true`, `false` | `false` | |
/// | `crate = my_facade::crons` | the path of this crate | a path | `::crons` | |
///
/// The arguments from `timezone` to `owner` need `schedule` or `interval`, as the server refuses a configuration without one.
///
/// `on_cancel = "ignore"` sends no verdict on a future that is dropped: a begin that has not been sent is withdrawn, one that has is
/// left alone, and the server counts that run as timed out when its `max_runtime` is over. `on_none = "ignore"` means that there was
/// nothing to do: the run took place, and ended well, as by `"ok"`.
///
/// With `heartbeat` the server receives no start of a run: it notices runs that are missed or that fail, and notices a run that hangs
/// when the next one is missed. It halves the traffic of a job that runs every minute.
///
/// With `keep_alive` a run may take longer than `max_runtime`, up to 7 days: as long as the process is alive the client sends
/// `in_progress` again, with the id of the run, every third of `max_runtime`, but not more often than each minute (each 30 seconds for a
/// `max_runtime` of 2 minutes, which is the least). So `max_runtime` says how soon a process that was killed or frozen is noticed, and not how
/// long the job takes. The client must know the `max_runtime`: without one in the attribute it assumes the default of 30 minutes. A
/// keep-alive leaves room for a start and an end within `max_check_ins_per_minute`, so there is none if that is below 3.
///
/// ## Constants and expressions
///
/// `slug`, `schedule` and `timezone` may be constants, `concat!(..)`, `env!(..)`, or calls of `const fn`s. Such a schedule is validated
/// by the compiler, too. Such a slug is validated at `init`, or at the first run: if the server would store it otherwise, that is
/// logged as an error, once, and the job runs. Such a zone is taken on trust, as one that is newer than the list.
///
/// `monitor_config` takes a `MonitorConfig`, a reference to one, a `Result` of one, or a function that returns any of these. It is
/// evaluated once, at `init` or at the first run. An `Err` is logged, once; check-ins go without a configuration then, and the job runs.
///
/// ```
/// use crons::{InvalidMonitorConfig, MonitorConfig};
///
/// const NIGHTLY: &str = "0 3 * * *";
///
/// #[crons::monitor(slug = concat!("backup-", env!("CARGO_PKG_NAME")), schedule = NIGHTLY)]
/// fn backup() {}
///
/// fn import_config() -> Result<MonitorConfig, InvalidMonitorConfig> {
///     let every = std::env::var("IMPORT_EVERY").unwrap_or("10 minutes".into());
///     MonitorConfig::interval(&every)?.max_runtime("1h")
/// }
///
/// #[crons::monitor(monitor_config = import_config)]
/// fn import() {}
/// # backup();
/// # import();
/// ```
///
/// # Outcome
///
/// The value of the function is returned unchanged; a panic goes on unchanged. The run has failed if the value is an `Err` (also behind an
/// alias or `impl Trait`), an `ExitCode` other than success, the `ExitStatus` or `Output` of a child that failed, a `None` under
/// `on_none = "error"` (also within a `Result`), or of a type whose `crons::Outcome` is a failure; or if it panicked. The value inside an `Ok` or a
/// `Some` counts, too, down to two levels: `Ok(ExitCode::FAILURE)`, `Ok(Err(..))` and `Some(Err(..))` are failures. Everything else is a
/// success, `ControlFlow::Break` included. If the type is a bare generic parameter `T`, a `Result` in it cannot be seen: the run is a success,
/// with one warning. `crons::Outcome` has the whole table.
///
/// ```
/// #[crons::monitor(on_none = "error")]
/// fn newest_backup(all: &[String]) -> Option<&String> {
///     all.last()
/// }
/// # newest_backup(&[]);
/// ```
///
/// The failure is logged by `tracing`, as an error with `slug`, `check_in_id` and `error`: an `Err` by its `Display`, else by its `Debug`; a
/// panic by its text. Nothing of it is sent.
///
/// # What may be watched
///
/// Functions and methods with a body, `async` or not, also in traits and in their `impl`s, under `#[async_trait]`, generic, `unsafe`, `extern "C"` (a panic
/// still aborts there). Of a function that returns `impl Future`, `Pin<Box<dyn Future>>`, `BoxFuture` or `LocalBoxFuture` the future is watched, not its
/// making, and a future that is never polled has not run. (If another type hides a future, only its making is watched; one warning says so.) `const fn`s,
/// variadic functions and streams cannot be watched. Other attributes may stand above or below, `#[test]` among them.
///
/// `main` is refused, since the run would begin before the `crons::init` in its body, and nothing would be sent: use
/// [`#[crons::main]`](macro@main), which initialises first, or put the attribute on a function that `main` calls after `crons::init`. A function
/// counts as `main` if it has that name and no arguments.
///
/// # What it expands to
///
/// ```text
/// async fn nightly_backup(db: &Db) -> Result<(), Box<dyn std::error::Error>> {
///     // Also added to the list that the linker collects for `init`.
///     static DEFINITION: Definition = Definition::new("nightly-backup").crontab("0 3 * * MON-FRI").timezone(..);
///     // Begins the run when it is first polled. Dropped before its end, it reports that as `on_cancel` says.
///     let (run, output) = run_future(&DEFINITION, async move { /* the body */ }).await;
///     finish(run, /* the verdict on `output` */);
///     return output;
/// }
///
/// fn rotate_logs() -> std::io::Result<()> {
///     static DEFINITION: Definition = Definition::new("rotate-logs");
///     let run = start(&DEFINITION);
///     let output = call(&run, move || -> std::io::Result<()> { /* the body */ });
///     finish(run, /* the verdict on `output` */);
///     return output;
/// }
/// ```
///
/// A run that ends the process has no end of its own: under `-> !`, `std::process::exit` and `panic = "abort"` the server will count
/// it as timed out. Exceptions of other languages do not pass a function under watch.
///
/// The body of a function that returns `impl Fn(..)`, `FnMut` or `FnOnce` stays in place, so that a closure in it gets its signature from
/// there: such a run fails by a panic only. A closure that an `async fn` returns so, or that is inside another type, as in
/// `Result<impl Fn(..), _>`, needs the types of its arguments written out, and one that returns a borrow of its argument has to be a
/// function with a name; `Box<dyn Fn(..)>` asks for neither.
///
/// Arguments, also those that the body does not use, are dropped before the run is closed, in the order of the bare function. Left to
/// the function around the body are parts that a pattern does not bind, the value behind a `ref`, and a `self` or a shorthand field of a
/// pattern that the body does not use: they are dropped last. An argument `_` is shown as `arg0` in the documentation of the function.
///
/// Under `#[track_caller]`, `Location::caller()` within the body is its own place. Lints report what they report on the bare function,
/// except those that look at a body as a whole: `unconditional_recursion`, `unused_assignments` for arguments that are dropped, and of
/// clippy `needless_pass_by_value`, `needless_pass_by_ref_mut`, `needless_lifetimes`, `needless_return`, `implicit_return`,
/// `unnecessary_wraps`, `redundant_clone`, `redundant_locals`, `boxed_local`, `missing_const_for_fn`, `unused_async` and `manual_async_fn`.
/// `result_large_err` reports a synchronous function with a large error twice.
///
/// # Cost
///
/// Measured by `benches/compile` with rustc 1.95, on 200 functions, half of them async, without optimization: CPU milliseconds for each function,
/// over bare ones.
///
/// | | clean | incremental |
/// |---|---|---|
/// | wrapped by hand | 2.4 | 0.8 |
/// | `#[crons::monitor]` | 8.8 | 2.4 |
/// | `#[tracing::instrument(err)]` | 19.5 | 6.2 |
///
/// A future under watch is as large as the bare one, a guard and two words. Without a DSN a run allocates nothing and takes 5 ns.
///
/// # Errors
///
/// A mistake in a literal is an error of the compiler, under the literal. All errors of one attribute are reported at once, and
/// the function stays, so that one mistake gives one error:
///
/// ```compile_fail
/// #[crons::monitor(schedule = "0 25 * * *")]
/// fn nightly_backup() {}
/// ```
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

/// Makes a program one monitored run: initialises the client, runs the body of `main`, reports its outcome, delivers, and keeps the
/// exit code.
///
/// The attribute is for programs that do one job and end, as cron, systemd timers and Kubernetes start them. The client takes
/// its settings from `SENTRY_DSN`, `SENTRY_ENVIRONMENT` and `SENTRY_RELEASE`, or from `options`.
///
/// ```no_run
/// #[crons::main(slug = "nightly-backup", schedule = "0 3 * * *", timezone = "Europe/Vienna", max_runtime = "2h")]
/// fn main() -> Result<(), std::io::Error> {
///     // .. the job ..
///     Ok(())
/// }
/// ```
///
/// The attribute stands above or below that of a runtime:
///
/// ```ignore (needs tokio, which the README's example has)
/// #[crons::main(slug = "sync-users", interval = "30 minutes")]
/// #[tokio::main]
/// async fn main() -> Result<(), std::io::Error> {
///     Ok(())
/// }
/// ```
///
/// # Arguments
///
/// The arguments of [`monitor`](macro@monitor), and `options = expression`, a `ClientOptions` for `crons::init`. `slug` must be given, since every
/// program's entry is named `main`.
///
/// # Outcome
///
/// The outcome is decided as by [`monitor`](macro@monitor): a `main` that returns an `Err` or a failing `ExitCode`, or that panics, is a failed run. So is one that
/// calls `std::process::exit` in its body, whatever the code: return an `ExitCode` instead.
///
/// Put it above `#[tokio::main]` to have the run end with the body, and below to have it begin within the runtime; tasks that the body
/// has spawned, and that the runtime drops after it, are no part of the run.
#[proc_macro_attribute]
pub fn main(args: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let (args, item) = (TokenStream::from(args), TokenStream::from(item));
    entry::entry(args, item.clone()).unwrap_or_else(|errors| fallback::fallback(item, errors)).into()
}

fn monitored(args: TokenStream, item: TokenStream) -> Result<TokenStream, Vec<Error>> {
    let mut errors = Vec::new();
    let args = args::Args::parse(args, &mut errors);
    if let Some(options) = &args.options {
        errors.push(Error::new(
            options.key.span(),
            "`options` is for `#[crons::main]`: here, give them to `crons::init`",
        ));
    }
    match syn::parse2::<function::Function>(item).and_then(function::Function::refuse_entry) {
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
