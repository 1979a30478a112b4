//! The job's stdout and stderr: its own where they are terminals or nothing is to be kept, else pipes that are copied byte for byte.

use std::io::{self, IsTerminal, PipeReader, PipeWriter};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use super::closed::is_closed;
use super::held::Held;
use super::log::Log;
use super::plan::Output;
use super::pump::{Copied, Pump, Sink};
use super::signals::Event;
use super::stdio::own;
use super::tail::Tail;

/// The ends of the pipes that the job writes to; `None` where it has the stream of this process.
pub(super) struct ChildStreams {
    stdout: Option<PipeWriter>,
    stderr: Option<PipeWriter>,
}

impl ChildStreams {
    /// Has the command write to the pipes.
    pub(super) fn apply(&self, command: &mut Command) -> io::Result<()> {
        if let Some(pipe) = &self.stdout {
            command.stdout(Stdio::from(pipe.try_clone()?));
        }
        if let Some(pipe) = &self.stderr {
            command.stderr(Stdio::from(pipe.try_clone()?));
        }
        Ok(())
    }
}

/// The copying of the job's output.
pub(super) struct Streams {
    pumps: Vec<Pump>,
    /// A pipe that is closed when the job has ended: then the pumps take what is in their pipes, and do not wait for more.
    running: Option<PipeWriter>,
    tail: Arc<Mutex<Tail>>,
    held: Option<Held>,
    /// The number of pipes that are copied to their end.
    copied: usize,
}

/// A standard stream as this process has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Terminal,
    Closed,
    /// A file, a pipe or a device, by its place in the file system: two streams with one place are written to by one pipe, which keeps their
    /// bytes in order.
    Place(u64, u64),
}

fn kind(stream: u8) -> Kind {
    if is_closed(usize::from(stream)) {
        return Kind::Closed;
    }
    match own(stream).and_then(|file| Ok((file.is_terminal(), file.metadata()?))) {
        Ok((true, _)) => Kind::Terminal,
        Ok((false, metadata)) => Kind::Place(metadata.dev(), metadata.ino()),
        Err(_) => Kind::Closed,
    }
}

impl Streams {
    /// Opens the pipes that are needed, and starts to copy from them. Each sends [`Event::Copied`] at its end. If the file of `--quiet`
    /// cannot be made, the output is not held back, and the log says so.
    ///
    /// # Errors
    /// If a pipe or a thread cannot be made.
    pub(super) fn open(
        output: Output,
        margin: usize,
        events: &Sender<Event>,
        log: &Log,
    ) -> io::Result<(Self, ChildStreams)> {
        let held = output.quiet.then(Held::new).transpose().unwrap_or_else(|error| {
            log.say(&format!(
                "--quiet does not hold back the output: there is no place for a temporary file: {error}"
            ));
            None
        });
        let (kinds, is_held) = ([kind(1), kind(2)], held.is_some());
        let is_copied = |kind: Kind| match kind {
            Kind::Closed => false,
            Kind::Terminal => is_held,
            Kind::Place(..) => is_held || output.tail,
        };
        let (finished, running) = io::pipe()?;
        let tail = Arc::new(Mutex::new(Tail::new(margin)));
        let mut streams = Self { pumps: Vec::new(), running: Some(running), tail, held, copied: 0 };
        let mut child = ChildStreams { stdout: None, stderr: None };
        if is_copied(kinds[0]) {
            child.stdout = Some(streams.copy(1, &finished, events)?);
        }
        if is_copied(kinds[1]) {
            child.stderr = match &child.stdout {
                Some(stdout) if kinds[0] == kinds[1] => Some(stdout.try_clone()?),
                _ => Some(streams.copy(2, &finished, events)?),
            };
        }
        Ok((streams, child))
    }

    /// Starts to copy to this stream. Returns the end to write to.
    fn copy(&mut self, stream: u8, finished: &PipeReader, events: &Sender<Event>) -> io::Result<PipeWriter> {
        let (reader, writer) = io::pipe()?;
        let sink = match &self.held {
            Some(held) => Sink::Held(held.clone(), stream),
            None => Sink::Stream(own(stream)?),
        };
        let pump = Pump::start(reader, finished.try_clone()?, sink, Arc::clone(&self.tail), events.clone())?;
        self.pumps.push(pump);
        Ok(writer)
    }

    /// Counts an [`Event::Copied`]. Each pipe sends one, once [`job_ended`](Self::job_ended) was called at the latest.
    pub(super) fn count_copied(&mut self) {
        self.copied += 1;
    }

    /// Returns whether all pipes are copied to their end.
    pub(super) fn is_copied(&self) -> bool {
        self.copied >= self.pumps.len()
    }

    /// Has the pumps end with the bytes that are in the pipes now: all that the job has written.
    pub(super) fn job_ended(&mut self) {
        self.running = None;
    }

    /// Waits for the pumps to end. Returns their results.
    pub(super) fn copied(&mut self) -> Vec<Copied> {
        self.pumps.drain(..).filter_map(Pump::join).collect()
    }

    /// The text of the tail, as [`Tail::text`].
    pub(super) fn tail(&self) -> (String, usize, bool) {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// The output that `--quiet` has held back; `None` if there is none.
    pub(super) fn held(&self) -> Option<Held> {
        self.held.clone()
    }
}
