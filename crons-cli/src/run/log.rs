//! The log of `crons run`. Lines for stderr wait until the job has ended, so that they never stand between its bytes; lines for the file
//! of `--log` are written at once.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::stdio::{own, write_all};

/// The most lines that wait. A client without a server logs a handful.
const MAX_HELD: usize = 200;

/// The log, shared by all who hold a clone of it.
#[derive(Clone)]
pub(super) struct Log(Arc<Mutex<State>>);

struct State {
    file: Option<File>,
    /// Lines that wait for the end of the job; `None` after it.
    held: Option<Vec<String>>,
    dropped: usize,
}

impl Log {
    /// Makes a log into this file, or to stderr. Warnings and errors of `tracing` go to it, too.
    pub(super) fn new(file: Option<File>) -> Self {
        let log = Self(Arc::new(Mutex::new(State { file, held: Some(Vec::new()), dropped: 0 })));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .event_format(Message)
            .with_writer(log.clone())
            .finish();
        // Fails if the process has a subscriber already, which then gets the events.
        let _ = tracing::subscriber::set_global_default(subscriber);
        log
    }

    /// Logs a text of one or more lines. Without a file the text waits for [`release`](Self::release).
    pub(super) fn say(&self, text: &str) {
        let mut state = self.state();
        if state.file.is_some() {
            return state.write(text);
        }
        match &mut state.held {
            None => print(text),
            Some(held) if held.len() < MAX_HELD => held.push(text.to_owned()),
            Some(_) => state.dropped += 1,
        }
    }

    /// Logs a text before the job has started: at once, also to stderr.
    pub(super) fn say_now(&self, text: &str) {
        self.state().write(text);
    }

    /// Returns whether the log goes to the file of `--log`.
    pub(super) fn has_file(&self) -> bool {
        self.state().file.is_some()
    }

    /// Prints the lines that wait. From now on lines are printed at once.
    pub(super) fn release(&self) {
        let mut state = self.state();
        for text in state.held.take().unwrap_or_default() {
            print(&text);
        }
        if state.dropped > 0 {
            print(&format!("{} more lines of the log were dropped", state.dropped));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes a text to the file, or to stderr if there is none.
    fn write(&mut self, text: &str) {
        let Some(file) = &mut self.file else { return print(text) };
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        // A log that cannot be written must not end the job.
        let _ = file.write_all(format!("{now} crons: {text}\n").as_bytes());
    }
}

/// Prints a text to stderr, in one piece.
pub(super) fn print(text: &str) {
    // A stderr that is closed must not end the job.
    let _ = own(2).and_then(|stderr| write_all(&stderr, format!("crons: {text}\n").as_bytes()));
}

/// Formats an event of `tracing` as its message and its fields.
struct Message;

impl<S, N> FormatEvent<S, N> for Message
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        context.field_format().format_fields(writer, event)
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// Writes an event, which comes in one piece, into the log.
pub(super) struct Line<'a>(&'a Log);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.say(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
