//! How many connections there may be, and how long each may make us wait.

use std::time::Duration;

use tokio::sync::Semaphore;

/// Where there are files enough: as many as check-ins may wait for the database. An idle one costs about 12 KB.
const MOST_CONNECTIONS: usize = 4_096;

/// What clients may take of a [`Server`](crate::Server) by being connected. [`Settings`](crate::Settings) hold one.
///
/// ```
/// let mut settings = crons_server::Settings::default();
/// settings.connection_limits.connections = Some(100);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// Connections at a time. If left out: three quarters of the files that the process may have open, up to 4,096.
    pub connections: Option<usize>,
    /// How long a connection may take from its last answer, or from its beginning, to the end of the next headers.
    pub headers: Duration,
    /// How long an answer keeps its connection from being closed in favour of a new one.
    pub answer: Duration,
}

impl ConnectionLimits {
    /// The open files that the most connections take, with what is left for others.
    pub const OPEN_FILES: u64 = MOST_CONNECTIONS as u64 / 3 * 4 + 4;

    /// Connections at a time.
    pub(crate) fn most_connections(&self) -> usize {
        // A quarter is left for the database, and for what a program that embeds the server opens.
        let affordable = || open_files().map_or(MOST_CONNECTIONS, |files| files / 4 * 3);
        self.connections
            .unwrap_or_else(|| affordable().min(MOST_CONNECTIONS))
            .clamp(1, Semaphore::MAX_PERMITS)
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: None,
            // Our client drops idle connections after 30 s, and must be first; 60 s for headers is nginx's default.
            headers: Duration::from_secs(60),
            // What nginx waits for those behind it.
            answer: Duration::from_secs(60),
        }
    }
}

/// How many files the process may have open, where there is such a limit.
fn open_files() -> Option<usize> {
    #[cfg(unix)]
    return rlimit::Resource::NOFILE.get_soft().ok().and_then(|files| usize::try_from(files).ok());
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::{ConnectionLimits, MOST_CONNECTIONS};

    #[test]
    fn the_files_asked_for_are_enough_for_the_most_connections() {
        assert!(ConnectionLimits::OPEN_FILES / 4 * 3 >= MOST_CONNECTIONS as u64);
        assert!((1..=MOST_CONNECTIONS).contains(&ConnectionLimits::default().most_connections()));
    }
}
