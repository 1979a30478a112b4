//! The option for runs that are open when the client ends.

/// The treatment of runs that are open when the process exits in an orderly way, or the client is [closed](crate::ClientInitGuard::close):
/// by `std::process::exit` in the middle of a run, say, or because its thread is still running when `main` returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnExit {
    /// Reports them as errors, unless the process has forked since they began: the child may end them.
    #[default]
    Error,
    /// Leaves them in progress, for another process to end, or until the server counts them as timed out.
    Leave,
}
