//! `crons copy-output`, which `crons run` starts for the processes that a job has left behind: it goes on copying what they write, until
//! the last of them has ended. Not for people.

use std::io;

/// Copies standard input to standard output. Ends when there is no more input, or nobody takes the output.
///
/// # Errors
/// If the input cannot be read, or the output not written.
pub(crate) fn run() -> io::Result<()> {
    // Away from the terminal and the signals of the process group. Fails only for the leader of a group, which this is not.
    let _ = rustix::process::setsid();
    let output = io::stdout().lock();
    io::copy(&mut io::stdin().lock(), &mut RawOutput(output)).map(drop)
}

/// Standard output without a buffer that waits for the end of a line.
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
