//! Counts what the journals of a spool hold, and changes nothing.

use std::io;
use std::path::Path;

use super::journal_file::{self, JournalFile};
use crate::record::replay::replay;

/// The journals in the folder of a spool, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolSurvey {
    /// Journals of processes that are alive.
    pub live: usize,
    /// Journals of dead processes for this server. The next start takes them.
    pub left_behind: usize,
    /// Check-ins that those owe to the server; a run without an end is one.
    pub owed: usize,
    /// Journals of dead processes for other servers or projects.
    pub elsewhere: usize,
    /// Journals that are damaged, also those that were set aside before.
    pub damaged: usize,
    /// The journals that cannot be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// Counts the journals in `folder`. Those of dead processes are locked while they are read.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) fn survey(folder: &Path, server: &str) -> io::Result<SpoolSurvey> {
    let mut found =
        SpoolSurvey { damaged: journal_file::set_aside_before(folder)?, ..SpoolSurvey::default() };
    for (path, owner) in journal_file::list(folder)? {
        let read = JournalFile::lock(&path).and_then(|file| file.map(|file| file.read()).transpose());
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                found.live += 1;
                continue;
            }
            // Another process has adopted it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                found.unreadable.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        match replay(&bytes) {
            Ok(Some(replayed)) if replayed.header.server != server => found.elsewhere += 1,
            Ok(Some(replayed)) => {
                let leave = replayed.header.incomplete != 0
                    || replayed.damage.is_some()
                    || journal_file::is_forked(folder, &owner);
                found.left_behind += 1;
                found.owed += replayed.ledger.owed(leave).len();
                found.damaged += usize::from(replayed.damage.is_some());
            }
            Ok(None) => {}
            Err(_) => found.damaged += 1,
        }
    }
    Ok(found)
}
