//! `crons copy-output` goes on copying the output of processes that a job has left behind, until the last of them has ended. `crons run`
//! starts it; it is not for people.

use std::io;

/// Copies standard input to standard output. Ends when there is no more input, or the output is closed.
///
/// # Errors
/// If the input cannot be read, or the output not written.
pub(crate) fn run() -> io::Result<()> {
    // A session of its own keeps this process from the terminal and from the signals of the group. Fails only for the leader of a group,
    // which this is not.
    let _ = rustix::process::setsid();
    let output = io::stdout().lock();
    io::copy(&mut io::stdin().lock(), &mut RawOutput(output)).map(drop)
}

/// Standard output without the buffer that waits for the end of a line.
struct RawOutput(io::StdoutLock<'static>);

impl io::Write for RawOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.0.flush()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
