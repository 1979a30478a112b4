//! Finds the journals of dead processes, and reads what they owe.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crons_types::{CheckInId, Slug};

use super::journal_file::{self, JournalFile};
use crate::record::ledger::{Owed, Report};
use crate::record::replay::{Damage, replay};

/// The journals of dead processes, locked for this one.
#[derive(Debug, Default)]
pub(super) struct Estate {
    journals: Vec<Journal>,
    /// The check-ins that the journals owe, each run once.
    pub(super) owed: Vec<Owed>,
    folder: PathBuf,
}

#[derive(Debug)]
struct Journal {
    file: JournalFile,
    owner: String,
    damage: Option<Damage>,
}

impl Estate {
    /// Locks and reads the journals in `folder` that go to `server` and whose processes are dead.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn find(folder: &Path, server: &str) -> io::Result<Self> {
        let mut estate = Self { folder: folder.to_owned(), ..Self::default() };
        let mut runs: HashMap<(CheckInId, Slug), Vec<Owed>> = HashMap::new();
        let mut order = Vec::new();
        for (path, owner) in journal_file::list(folder)? {
            let read = JournalFile::lock(&path).and_then(|file| match file {
                Some(file) => Ok(Some((file.read()?, file))),
                None => Ok(None),
            });
            let (bytes, file) = match read {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                // A journal that is gone was adopted by another process meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    log!(warn, path = %path.display(), %error, "a journal of the spool cannot be read, and is left for the next start");
                    continue;
                }
            };
            let damage = match replay(&bytes) {
                Ok(Some(replayed)) if replayed.header.server != server => continue,
                Ok(Some(replayed)) => {
                    // A run that looks open may have ended: in a child, or in a line that could not be written or read.
                    let leave = replayed.header.incomplete != 0
                        || replayed.damage.is_some()
                        || journal_file::is_forked(folder, &replayed.header.owner);
                    merge(&mut runs, &mut order, replayed.ledger.owed(leave));
                    replayed.damage
                }
                Ok(None) => None,
                Err(damage @ Damage::Version(_)) => {
                    log!(
                        warn,
                        path = %path.display(),
                        "a journal of the spool is left to the program that wrote it: {damage}"
                    );
                    continue;
                }
                Err(damage) => Some(damage),
            };
            estate.journals.push(Journal { file, owner, damage });
        }
        estate.owed = order.into_iter().filter_map(|run| runs.remove(&run)).flatten().collect();
        Ok(estate)
    }

    /// Deletes the journals, whose contents another one has by now. Damaged ones are set aside.
    pub(super) fn settle(self) {
        for Journal { file, owner, damage } in self.journals {
            match damage {
                Some(damage) => set_aside(file, &damage),
                None => file.remove(),
            }
            journal_file::forget_forked(&self.folder, &owner);
        }
    }
}

/// Adds what a journal owes. A run may stand in two of them, if a process was killed while it rewrote or adopted one: an end counts
/// more than none.
fn merge(
    runs: &mut HashMap<(CheckInId, Slug), Vec<Owed>>,
    order: &mut Vec<(CheckInId, Slug)>,
    owed: Vec<Owed>,
) {
    let mut of_journal: HashMap<(CheckInId, Slug), Vec<Owed>> = HashMap::new();
    for owed in owed {
        let run = (owed.id, owed.monitor.slug.clone());
        order.extend((!runs.contains_key(&run) && !of_journal.contains_key(&run)).then(|| run.clone()));
        of_journal.entry(run).or_default().push(owed);
    }
    for (run, owed) in of_journal {
        let known = runs.get(&run);
        if known.is_none_or(|known| is_ended(&owed) && !is_ended(known)) {
            runs.insert(run, owed);
        }
    }
}

fn is_ended(owed: &[Owed]) -> bool {
    owed.iter().any(|owed| matches!(owed.report, Report::End { .. }))
}

fn set_aside(file: JournalFile, damage: &Damage) {
    let path = file.path().to_owned();
    match file.set_aside() {
        Ok(aside) => log!(
            warn,
            path = %path.display(),
            aside = %aside.display(),
            "a journal of the spool is damaged: {damage}; what could be read of it is delivered, its open runs are left, and it is renamed"
        ),
        Err(error) => log!(
            warn,
            path = %path.display(),
            %error,
            "a journal of the spool is damaged: {damage}; it cannot be renamed, delete it"
        ),
    }
}
