//! Keeps standard streams closed in the job that were closed at the start. The standard library opens `/dev/null` in their place before
//! `main`, so they are looked at earlier.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::BorrowedFd;
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::stdio;

static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Runs before `main`. Calls nothing but the system.
#[ctor::ctor(unsafe)]
fn look() {
    for (fd, closed) in [stdio::stdin(), stdio::stdout(), stdio::stderr()].into_iter().zip(&CLOSED) {
        closed.store(fcntl_getfd(fd).is_err(), Ordering::Relaxed);
    }
}

/// Returns whether this standard stream, counted from stdin, was closed at the start.
pub(super) fn is_closed(stream: usize) -> bool {
    CLOSED.get(stream).is_some_and(|closed| closed.load(Ordering::Relaxed))
}

/// Has the streams that were closed at the start be closed in the job, too.
pub(super) fn close_in_children() {
    let streams: [BorrowedFd<'_>; 3] = [stdio::stdin(), stdio::stdout(), stdio::stderr()];
    for (stream, fd) in streams.into_iter().enumerate() {
        if is_closed(stream) {
            // Cannot fail: it is open, as `/dev/null`.
            let _ = fcntl_setfd(fd, FdFlags::CLOEXEC);
        }
    }
}
