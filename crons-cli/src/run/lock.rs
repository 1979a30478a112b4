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
    /// It is held until this is dropped. `None` if runs may overlap and do.
    Held(Option<File>),
    /// Another run holds it.
    Taken,
    /// Another run holds it; an event says when this one does.
    Waiting,
}

/// Asks for the lock in the folder of the spool. Runs that may overlap share it, all others have it for themselves.
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
    let path = path(spool, slug, environment);
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    // The file stays when the run ends: who deletes it may delete the lock of another.
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

/// The path of the lock. The name of an environment may have any character.
fn path(spool: &Path, slug: &str, environment: &Environment) -> PathBuf {
    let environment: String = environment
        .as_str()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect();
    let user = rustix::process::geteuid().as_raw();
    spool.join("locks").join(format!("{user}.{slug}.{environment}.lock"))
}
