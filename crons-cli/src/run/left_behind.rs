//! Keeps processes alive that a job has left behind and that write to its pipes: another process goes on reading.

use std::io::{self, PipeReader};
use std::process::Stdio;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::process::getpid;

use super::log::Log;
use super::own_program::own_program;
use super::pump::Sink;
use super::signal_mask::ChildMask;

/// Starts a process that reads the pipe. It writes to the stream if that is a file or a device; if that is a pipe, whose reader may wait for
/// its end, what comes from now on is dropped, and the log says so.
pub(super) fn hand_on(pipe: PipeReader, sink: Sink, mask: &ChildMask, log: &Log) {
    if getpid().is_init() {
        // The container ends with this process, and all others with it.
        return;
    }
    let output = match sink {
        Sink::Held(..) => Stdio::null(),
        Sink::Stream(file) => match fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Fifo) => {
                log.say("the job has left a process behind that holds its output: what that process writes from now on is dropped");
                Stdio::null()
            }
            _ => Stdio::from(file),
        },
    };
    if let Err(error) = mask.apply(|| spawn(pipe, output)) {
        log.say(&format!("the process that the job has left behind ends at its next output: {error}"));
    }
}

fn spawn(pipe: PipeReader, output: Stdio) -> io::Result<()> {
    fcntl_setfl(&pipe, fcntl_getfl(&pipe)?.difference(OFlags::NONBLOCK))?;
    let mut command = own_program()?;
    command.arg("copy-output").env_clear().current_dir("/").stdin(pipe).stdout(output).stderr(Stdio::null());
    // The process outlives this one, so it is not waited for.
    command.spawn().map(drop)
}
