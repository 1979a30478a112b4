//! The lock of `--overlap`: one for each user, monitor and environment of this machine.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use crons_types::Environment;

use super::plan::Overlap;
use super::signals::Event;
use super::spool::make_private;

/// The result of asking for the lock.
pub(super) enum Locked {
    /// The lock, held until this is dropped. `None` if runs may overlap and do.
    Held(Option<File>),
    /// Another run holds the lock.
    Taken,
    /// Another run holds the lock; an event says when this one does.
    Waiting,
}

/// Asks for the lock in the folder of the spool. It is shared with `--overlap allow`, else exclusive.
///
/// # Errors
/// If there is no folder, or the lock cannot be asked for.
pub(super) fn lock(
    spool: Option<&Path>,
    slug: &str,
    environment: &Environment,
    overlap: Overlap,
    events: &Sender<Event>,
) -> io::Result<Locked> {
    let spool = spool.ok_or_else(|| io::Error::other("there is no folder for it: set CRONS_SPOOL"))?;
    let path = path(spool, rustix::process::geteuid().as_raw(), slug, environment);
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    // The file stays when the run ends: its deletion could race with a run that has just opened it.
    let file = File::options().write(true).create(true).truncate(false).open(&path)?;
    let tried = if overlap == Overlap::Allow { file.try_lock_shared() } else { file.try_lock() };
    match (tried, overlap) {
        (Ok(()), _) => Ok(Locked::Held(Some(file))),
        (Err(TryLockError::Error(error)), _) => Err(error),
        (Err(TryLockError::WouldBlock), Overlap::Allow) => Ok(Locked::Held(None)),
        (Err(TryLockError::WouldBlock), Overlap::Skip | Overlap::Error) => Ok(Locked::Taken),
        (Err(TryLockError::WouldBlock), Overlap::Wait) => {
            let events = events.clone();
            let wait = move || {
                let locked = file.lock().map(|()| file);
                // Fails if the run has been given up meanwhile.
                let _ = events.send(Event::Locked(locked));
            };
            std::thread::Builder::new().name("crons-lock".to_owned()).spawn(wait)?;
            Ok(Locked::Waiting)
        }
    }
}

/// The path of the lock. The name of the environment is hashed: its 64 characters may have 256 bytes, and a file name has 255 at most. Also, some
/// file systems ignore case or normalise Unicode.
fn path(spool: &Path, user: u32, slug: &str, environment: &Environment) -> PathBuf {
    use std::fmt::Write;

    let hash = ring::digest::digest(&ring::digest::SHA256, environment.as_str().as_bytes());
    let mut name = format!("{user}.{slug}.");
    // 128 bits are enough that no two names have the same.
    for byte in &hash.as_ref()[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    name.push_str(".lock");
    spool.join("locks").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_environment_has_a_file_name_of_its_own() {
        let path = |name: &str| {
            path(Path::new("/spool"), u32::MAX, &"s".repeat(50), &Environment::parse(name).unwrap())
        };
        assert_ne!(path("Staging"), path("staging"));
        assert_ne!(path("a.lock"), path("a"));
        for name in ["A".repeat(64), "ä".repeat(64), "界".repeat(64), "🚀".repeat(64), "..".to_owned()] {
            let path = path(&name);
            assert_eq!(path.parent(), Some(Path::new("/spool/locks")));
            assert!(path.file_name().unwrap().len() <= 255, "{}", path.display());
        }
    }
}
