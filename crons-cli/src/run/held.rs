//! Holds back the output of a job for `--quiet`: in a file without a name, so that memory stays constant.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::stdio::{own, write_all};

/// The output of both streams in the order in which it came: pieces, each with the number of its stream and its length.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<State>>);

struct State {
    file: File,
    /// The length of the pieces that were written whole.
    length: u64,
    /// The error of the first piece that could not be written. Later ones are dropped.
    error: Option<io::Error>,
}

const HEADER: usize = 5;

impl Held {
    /// Makes the file, in the folder for temporary files.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn new() -> io::Result<Self> {
        tempfile::tempfile().map(Self::of)
    }

    fn of(file: File) -> Self {
        Self(Arc::new(Mutex::new(State { file, length: 0, error: None })))
    }

    /// Appends a piece of a stream. A full disk does not end the job: [`print`](Self::print) returns the error.
    pub(super) fn write(&self, stream: u8, bytes: &[u8]) {
        let mut state = self.state();
        if state.error.is_some() {
            return;
        }
        // A pump reads less than 4 GiB at once.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut piece = Vec::with_capacity(HEADER + bytes.len());
        piece.push(stream);
        piece.extend_from_slice(&length.to_le_bytes());
        piece.extend_from_slice(bytes);
        match state.file.write_all(&piece) {
            Ok(()) => state.length += piece.len() as u64,
            Err(error) => state.error = Some(error),
        }
    }

    /// Prints the pieces to stdout and stderr.
    ///
    /// # Errors
    /// If a piece could not be written, here or to the file.
    pub(super) fn print(&self) -> io::Result<()> {
        self.print_to(&[own(1)?, own(2)?])
    }

    fn print_to(&self, streams: &[File; 2]) -> io::Result<()> {
        let mut state = self.state();
        let State { file, length, error } = &mut *state;
        file.seek(SeekFrom::Start(0))?;
        let mut pieces = BufReader::new(file.take(*length));
        let mut bytes = Vec::new();
        loop {
            let mut header = [0; HEADER];
            match pieces.read_exact(&mut header) {
                Err(end) if end.kind() == io::ErrorKind::UnexpectedEof => {
                    return error.take().map_or(Ok(()), Err);
                }
                read => read?,
            }
            let [stream, length @ ..] = header;
            bytes.resize(u32::from_le_bytes(length) as usize, 0);
            pieces.read_exact(&mut bytes)?;
            write_all(&streams[usize::from(stream != 1)], &bytes)?;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_when_the_output_is_printed() {
        let full = File::options().read(true).write(true).open("/dev/full");
        let held = Held::of(full.unwrap());
        held.write(1, b"one");
        held.write(2, b"two");
        let streams = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
        assert_eq!(held.print_to(&streams).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(streams.iter().all(|stream| stream.metadata().unwrap().len() == 0));
    }
}
