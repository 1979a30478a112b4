//! Signals that end the process: delivers what is left before they take their default action.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::global;
use crate::platform::process;

/// Whether a further signal takes its default action at once. Set by the first one.
static SECOND: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts a thread that waits for the first SIGTERM, SIGINT or SIGHUP, ends the clients within `grace`, and then lets the signal take
/// its default action. A second one takes it at once, and so does any in a forked child, which does not have the thread.
///
/// A signal that the process was started to ignore, such as SIGHUP under `nohup`, is left ignored. A second call changes nothing.
///
/// # Errors
/// If the handlers or the thread cannot be set up.
pub(crate) fn watch(grace: Duration) -> io::Result<()> {
    let mut first = false;
    let second = SECOND.get_or_init(|| {
        first = true;
        process::flag_for_children()
    });
    if !first {
        return Ok(());
    }
    let watched: Vec<i32> =
        [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !process::is_ignored(*signal)).collect();
    for signal in &watched {
        signal_hook::flag::register_conditional_default(*signal, Arc::clone(second))?;
        // The actions run in the order of registration: the first signal passes the one above, and arms it for the next.
        signal_hook::flag::register(*signal, Arc::clone(second))?;
    }
    let mut signals = Signals::new(watched)?;
    let waiting = move || {
        let Some(signal) = signals.forever().next() else { return };
        log!(
            warn,
            signal,
            ?grace,
            "the process was told to end: open runs are closed, and what is left is delivered"
        );
        global::end(grace);
        if let Err(error) = signal_hook::low_level::emulate_default_handler(signal) {
            log!(error, signal, %error, "the signal has no default action to take");
        }
    };
    std::thread::Builder::new().name("crons-signals".to_owned()).spawn(waiting)?;
    Ok(())
}
