//! A thread that copies from a pipe to a stream until the job has ended, in constant memory.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::retry_on_intr;

use super::held::Held;
use super::signals::Event;
use super::stdio::write_all;
use super::tail::Tail;

/// The capacity of a pipe, where the system does not tell.
const PIPE_SIZE: usize = 64 << 10;

/// The receiver of the bytes.
pub(super) enum Sink {
    Stream(File),
    /// The file of `--quiet`, with the number of the stream.
    Held(Held, u8),
}

/// The result of a pump.
#[derive(Default)]
pub(super) struct Copied {
    /// The pipe and its sink, if a process that the job has left behind can still write to it.
    pub(super) still_written: Option<(PipeReader, Sink)>,
    /// The error that ended the copying, if the stream could not be written.
    pub(super) error: Option<io::Error>,
}

/// The thread that copies from one pipe.
pub(super) struct Pump(JoinHandle<Copied>);

impl Pump {
    /// Starts to copy from `pipe`. When the other end of `running` is closed, the bytes that are in the pipe by then are the last ones.
    pub(super) fn start(
        pipe: PipeReader,
        running: PipeReader,
        sink: Sink,
        tail: Arc<Mutex<Tail>>,
        events: Sender<Event>,
    ) -> io::Result<Self> {
        let copy = move || {
            let copied = copy(pipe, &running, sink, &tail);
            // Fails if the process ends.
            let _ = events.send(Event::Copied);
            copied
        };
        std::thread::Builder::new().name("crons-output".to_owned()).spawn(copy).map(Self)
    }

    /// Waits for the thread; `None` if it has panicked.
    pub(super) fn join(self) -> Option<Copied> {
        self.0.join().ok()
    }
}

fn copy(mut pipe: PipeReader, running: &PipeReader, mut sink: Sink, tail: &Mutex<Tail>) -> Copied {
    let mut buffer = vec![0; PIPE_SIZE];
    // The most bytes that are still the job's, once it has ended.
    let mut rest: Option<usize> = None;
    loop {
        if rest.is_none() && has_ended(&pipe, running) {
            rest = Some(capacity(&pipe));
            let nonblocking = fcntl_getfl(&pipe).map(|flags| flags | OFlags::NONBLOCK);
            if nonblocking.and_then(|flags| fcntl_setfl(&pipe, flags)).is_err() {
                return Copied::default();
            }
        }
        let most = rest.unwrap_or(PIPE_SIZE).min(PIPE_SIZE);
        if most == 0 {
            return Copied { still_written: Some((pipe, sink)), error: None };
        }
        match pipe.read(&mut buffer[..most]) {
            Ok(0) => return Copied::default(),
            Ok(count) => {
                tail.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..count]);
                if let Err(error) = sink.write(&buffer[..count]) {
                    // The pipe is closed: the job's next write fails, as it would have on the stream itself.
                    return Copied { still_written: None, error: Some(error) };
                }
                rest = rest.map(|rest| rest.saturating_sub(count));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Copied { still_written: Some((pipe, sink)), error: None };
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Copied::default(),
        }
    }
}

/// Waits until there is something to read, or the job has ended. Returns whether the job has ended.
fn has_ended(pipe: &PipeReader, running: &PipeReader) -> bool {
    let mut polled = [PollFd::new(pipe, PollFlags::IN), PollFd::new(running, PollFlags::IN)];
    // The only event of `running` is its end: no byte is written to it.
    retry_on_intr(|| poll(&mut polled, None)).is_ok() && !polled[1].revents().is_empty()
}

fn capacity(pipe: &PipeReader) -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(size) = rustix::pipe::fcntl_getpipe_size(pipe) {
        return size;
    }
    let _ = pipe;
    PIPE_SIZE
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Held(held, stream) => {
                held.write(*stream, bytes);
                Ok(())
            }
            Self::Stream(file) => write_all(file, bytes),
        }
    }
}
