//! A journal file: created, locked for as long as its process lives, appended to, emptied.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::record::journal::{Header, write_line};

/// The extension of journals.
const EXTENSION: &str = "journal";
/// The extension of files that say that a worker has been forked from the owner of journals.
const FORKED: &str = "forked";
/// The extension of journals that were set aside because they are damaged.
const CORRUPT: &str = "corrupt";

/// A function that takes as long as the disk needs.
pub(super) type Sync = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// A journal that this process has locked. The lock ends with the process, or when this is dropped.
#[derive(Debug)]
pub(super) struct JournalFile {
    file: Arc<File>,
    path: PathBuf,
    /// The length of the part of the file that is whole, in bytes.
    len: u64,
}

impl JournalFile {
    /// Creates and locks a journal of `header.owner` with this number, and writes its header.
    ///
    /// # Errors
    /// If the file exists, or cannot be created, locked or written. `WouldBlock` and `NotFound` if a process that looks for journals of dead
    /// ones has found it before it was locked.
    pub(super) fn create(folder: &Path, number: u32, header: &Header) -> io::Result<Self> {
        let path = folder.join(format!("{}.{number}.{EXTENSION}", header.owner));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        // The file is missing if another process has locked it before, and removed it.
        path.metadata()?;
        let mut journal = Self { file: Arc::new(file), path, len: 0 };
        let mut line = Vec::new();
        write_line(&mut line, header);
        if let Err(error) = journal.append(&line) {
            journal.remove();
            return Err(error);
        }
        Ok(journal)
    }

    /// Locks a journal of a process that is dead. Returns `Ok(None)` if the process lives.
    pub(super) fn lock(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let len = file.metadata()?.len();
        Ok(Some(Self { file: Arc::new(file), path: path.to_owned(), len }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Returns a function that has everything that was written survive a loss of power. `created`: the journal is new, so its name in the
    /// folder has to survive, too.
    pub(super) fn syncer(&self, created: bool) -> Sync {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        Box::new(move || {
            file.sync_data()?;
            // Folders can be opened and synced on Unix only; other systems keep names in a journal of their own.
            match path.parent().filter(|_| created && cfg!(unix)) {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        })
    }

    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Appends whole lines.
    ///
    /// # Errors
    /// If they cannot be written. What was written of them is cut off again.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = &*self.file;
        let written = file.seek(SeekFrom::Start(self.len)).and_then(|_| file.write_all(lines));
        match written {
            Ok(()) => self.len += lines.len() as u64,
            // If the truncation fails too, a reader takes the rest for a line that is not finished.
            Err(_) => drop(file.set_len(self.len)),
        }
        written
    }

    /// Replaces the header by one of the same length.
    pub(super) fn overwrite_header(&mut self, header: &Header) -> io::Result<()> {
        let mut line = Vec::new();
        write_line(&mut line, header);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&line)
    }

    /// Cuts the journal back to its header.
    pub(super) fn clear(&mut self, header: &Header) -> io::Result<()> {
        let mut line = Vec::new();
        write_line(&mut line, header);
        self.file.set_len(line.len() as u64)?;
        self.len = line.len() as u64;
        Ok(())
    }

    /// Empties the journal and deletes it, in this order: a process that has opened it already, and locks it next, finds nothing in it.
    pub(super) fn remove(self) {
        if self.file.set_len(0).is_ok() {
            // An empty journal that stays is deleted by the next start.
            drop(std::fs::remove_file(&self.path));
        }
    }

    /// Renames the journal to `*.corrupt`, so that it is not read again.
    pub(super) fn set_aside(self) -> io::Result<PathBuf> {
        let aside = self.path.with_extension(CORRUPT);
        std::fs::rename(&self.path, &aside)?;
        Ok(aside)
    }
}

/// Lists the journals of a folder, each with its owner.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.split_once('.'));
        if let Some((owner, _)) =
            stem.filter(|_| path.extension().is_some_and(|extension| extension == EXTENSION))
        {
            found.push((path.clone(), owner.to_owned()));
        }
    }
    // Journals of one owner in the order in which they were made, as far as their numbers have as many digits.
    found.sort();
    Ok(found)
}

/// Counts the journals that were set aside because they are damaged.
#[cfg(feature = "http")]
pub(super) fn set_aside_before(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        count += usize::from(entry?.path().extension().is_some_and(|extension| extension == CORRUPT));
    }
    Ok(count)
}

/// The path of the file that says that a worker was forked from `owner`.
fn forked(folder: &Path, owner: &str) -> PathBuf {
    folder.join(format!("{owner}.{FORKED}"))
}

/// Records that a process with a worker of its own was forked from the owner of journals: that process may end runs that look open in them.
pub(super) fn mark_forked(folder: &Path, owner: &str) -> io::Result<()> {
    File::create(forked(folder, owner)).map(drop)
}

/// Returns whether a process was forked from this owner.
pub(super) fn is_forked(folder: &Path, owner: &str) -> bool {
    forked(folder, owner).exists()
}

/// Removes the mark of a fork, once the owner has no journal.
pub(super) fn forget_forked(folder: &Path, owner: &str) {
    // The mark seldom exists, so an error is ignored.
    drop(std::fs::remove_file(forked(folder, owner)));
}
