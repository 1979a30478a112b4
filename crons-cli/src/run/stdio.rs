//! Standard output and standard error without the buffers of the standard library.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;

/// A standard stream of this process, without the buffers of the standard library.
pub(super) fn own(stream: u8) -> io::Result<File> {
    let fd = if stream == 1 {
        io::stdout().as_fd().try_clone_to_owned()
    } else {
        io::stderr().as_fd().try_clone_to_owned()
    };
    Ok(File::from(fd?))
}

/// Writes all bytes, also to a stream that another process has made non-blocking.
pub(super) fn write_all(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut polled = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::OUT)];
                retry_on_intr(|| poll(&mut polled, None))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
