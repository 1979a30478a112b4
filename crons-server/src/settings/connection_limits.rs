//! Limits on the connections of clients: their number, and how long each may wait.

use std::time::Duration;

use tokio::sync::Semaphore;

/// The number of connections if the limit of open files allows it. The queue of check-ins that wait for the database has as many
/// places. An idle connection uses about 12 KB.
const MAX_CONNECTIONS: usize = 4_096;

/// Limits on the connections of clients to a [`Server`](crate::Server).
///
/// ```
/// let mut settings = crons_server::Settings::default();
/// settings.connection_limits.connections = Some(100);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// The number of connections at a time, at least 1. `None`: three quarters of the files that the process may have open, at most
    /// 4,096.
    pub connections: Option<usize>,
    /// The time in which a connection must have sent the headers of its next request, from its start or from its last answer on.
    /// 60 s by default.
    pub headers: Duration,
    /// The time in which a client must have read an answer. Until then the server does not close the connection to make room for a new
    /// one. 60 s by default.
    pub answer: Duration,
}

impl ConnectionLimits {
    /// The limit of open files with which the server accepts 4,096 connections: a third more.
    pub const OPEN_FILES: u64 = MAX_CONNECTIONS as u64 / 3 * 4 + 4;

    /// The number of connections that the server accepts at a time.
    pub(crate) fn most_connections(&self) -> usize {
        // A quarter of the files stays free for the database, and for the program that embeds the server.
        let affordable = || open_files().map_or(MAX_CONNECTIONS, |files| files / 4 * 3);
        self.connections.unwrap_or_else(|| affordable().min(MAX_CONNECTIONS)).clamp(1, Semaphore::MAX_PERMITS)
    }
}

impl ConnectionLimits {
    /// The number of live pages at a time: half of the connections, so that the others stay for check-ins.
    pub(crate) fn most_streams(&self) -> usize {
        self.most_connections() / 2
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: None,
            // The default of nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#client_header_timeout>. More than the
            // 30 s after which our client closes an idle connection, so that the client never sends into one that is being closed.
            headers: Duration::from_secs(60),
            // The default of nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#send_timeout>.
            answer: Duration::from_secs(60),
        }
    }
}

/// The soft limit of open files of this process; `None` on systems without one.
fn open_files() -> Option<usize> {
    #[cfg(unix)]
    return rlimit::Resource::NOFILE.get_soft().ok().and_then(|files| usize::try_from(files).ok());
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::{ConnectionLimits, MAX_CONNECTIONS};

    #[test]
    fn the_open_files_are_enough_for_the_most_connections() {
        assert!(ConnectionLimits::OPEN_FILES / 4 * 3 >= MAX_CONNECTIONS as u64);
        assert!((1..=MAX_CONNECTIONS).contains(&ConnectionLimits::default().most_connections()));
    }
}
