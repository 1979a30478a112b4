//! The output that `--quiet` holds back: a file without a name, so that memory stays constant.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::stdio::write_all;

/// The output of both streams in the order in which it came: pieces, each with the number of its stream and its length.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<File>>);

const HEADER: usize = 5;

impl Held {
    /// Makes the file, in the folder for temporary files.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(tempfile::tempfile()?))))
    }

    pub(super) fn write(&self, stream: u8, bytes: &[u8]) -> io::Result<()> {
        // A pump reads less than 4 GiB at once.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut piece = Vec::with_capacity(HEADER + bytes.len());
        piece.push(stream);
        piece.extend_from_slice(&length.to_le_bytes());
        piece.extend_from_slice(bytes);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&piece)
    }

    /// Prints the pieces to stdout and stderr.
    pub(super) fn print(&self, streams: &[File; 2]) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))?;
        let mut pieces = BufReader::new(&mut *file);
        let mut bytes = Vec::new();
        loop {
            let mut header = [0; HEADER];
            match pieces.read_exact(&mut header) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                read => read?,
            }
            let [stream, length @ ..] = header;
            bytes.resize(u32::from_le_bytes(length) as usize, 0);
            pieces.read_exact(&mut bytes)?;
            write_all(&streams[usize::from(stream != 1)], &bytes)?;
        }
    }
}
