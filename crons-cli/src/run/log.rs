//! The log of `crons run`. Lines for stderr wait until the job has ended, so that they never stand between its bytes; lines for the file
//! of `--log` are written at once.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::printer::{Printer, print};

/// The most lines that wait. A client without a server logs a handful.
const MAX_HELD: usize = 200;

/// The log, shared by all who hold a clone of it.
#[derive(Clone)]
pub(super) struct Log(Arc<Mutex<State>>);

struct State {
    file: Option<(PathBuf, File)>,
    /// Lines that wait for the end of the job; `None` after it.
    held: Option<Vec<String>>,
    dropped: usize,
    /// The thread that prints, started with the first message.
    printer: Option<Printer>,
}

impl Log {
    /// Makes a log into this file, or to stderr. Warnings and errors of `tracing` go to it, too. If the file cannot be opened, the log goes to
    /// stderr, and says so.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        let opened = path.map(|path| (open(&path), path));
        let (file, refused) = match opened {
            Some((Ok(file), path)) => (Some((path, file)), None),
            Some((Err(error), path)) => (None, Some(unwritable(&path, &error))),
            None => (None, None),
        };
        let held = Some(refused.into_iter().collect());
        let log = Self(Arc::new(Mutex::new(State { file, held, dropped: 0, printer: None })));
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
        self.state().say(text, false);
    }

    /// Logs a text before the job has started: at once, also to stderr.
    pub(super) fn say_now(&self, text: &str) {
        self.state().say(text, true);
    }

    /// Returns whether the log goes to the file of `--log`.
    pub(super) fn has_file(&self) -> bool {
        self.state().file.is_some()
    }

    /// Prints the lines that wait. From now on lines are printed at once.
    pub(super) fn release(&self) {
        let mut state = self.state();
        for text in state.held.take().unwrap_or_default() {
            state.print(&text);
        }
        if state.dropped > 0 {
            let dropped = state.dropped;
            state.print(&format!("{dropped} more lines of the log were dropped"));
        }
    }

    /// Waits until everything is printed, for at most this time.
    pub(super) fn finish(&self, most: Duration) {
        if let Some(printer) = &self.state().printer {
            printer.finish(most);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes a text to the file. If there is none, or it cannot be written, prints the text: now, or after the job.
    fn say(&mut self, text: &str, now: bool) {
        let Some((path, file)) = &mut self.file else { return self.print_or_hold(text, now) };
        let time = humantime::format_rfc3339_seconds(SystemTime::now());
        // In one piece, as other runs may write to the file, too.
        if let Err(error) = file.write_all(format!("{time} crons: {text}\n").as_bytes()) {
            let refused = unwritable(path, &error);
            self.file = None;
            self.print_or_hold(&refused, now);
            self.print_or_hold(text, now);
        }
    }

    fn print_or_hold(&mut self, text: &str, now: bool) {
        match &mut self.held {
            Some(held) if !now && held.len() < MAX_HELD => held.push(text.to_owned()),
            Some(_) if !now => self.dropped += 1,
            _ => self.print(text),
        }
    }

    fn print(&mut self, text: &str) {
        if self.printer.is_none() {
            self.printer = Printer::start();
        }
        match &mut self.printer {
            Some(printer) => printer.print(text),
            None => print(text),
        }
    }
}

/// Opens the file of `--log`. A pipe without a reader is an error, and one that is full is not waited for.
fn open(path: &Path) -> io::Result<File> {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    File::options().append(true).create(true).custom_flags(nonblocking).open(path)
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("--log: {} cannot be written: {error}; messages go to stderr", path.display())
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
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.say(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
