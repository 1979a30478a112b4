//! The folder of the spool: whether it can be written, and what dead processes have left in it.

use std::path::{Display, Path};

use crons_runtime::__doctor::{SpoolSurvey, survey_spool};
use crons_types::Dsn;

use super::finding::Finding;
use crate::run::spool::{Place, place};

const SUBJECT: &str = "spool";

/// Checks the spool of `crons run`. Nothing is written that stays.
pub(super) fn spool(dsn: Option<&Dsn>) -> Finding {
    match place() {
        Place::At(folder) => at(&folder, dsn),
        Place::Off => Finding::warning(
            SUBJECT,
            "CRONS_SPOOL is empty, so there is no spool: a check-in that is not delivered when `crons run` ends is lost",
            "set CRONS_SPOOL to a folder, or unset it",
        ),
        Place::None => Finding::warning(
            SUBJECT,
            "neither CRONS_SPOOL nor HOME is set, so there is no spool: a check-in that is not delivered when `crons run` ends is lost",
            "set CRONS_SPOOL to a folder that can be written",
        ),
    }
}

fn at(folder: &Path, dsn: Option<&Dsn>) -> Finding {
    const NO_SPOOL: &str = "a check-in that is not delivered when `crons run` ends is lost";
    const NO_LOCKS: &str = "`crons run --overlap` refuses to start a job";
    let shown = folder.display();
    for (used, effect) in
        [(folder, NO_SPOOL), (&folder.join("runs"), NO_SPOOL), (&folder.join("locks"), NO_LOCKS)]
    {
        if let Err((obstacle, reason)) = can_make(used) {
            return Finding::warning(SUBJECT, format!("{obstacle} {reason}: {effect}"), ADVICE);
        }
    }
    if !folder.is_dir() {
        return Finding::ok(SUBJECT, format!("{shown} does not exist yet; `crons run` can make it"));
    }
    let Some(dsn) = dsn else { return Finding::ok(SUBJECT, format!("{shown} can be written")) };
    match survey_spool(folder, dsn) {
        Ok(survey) => surveyed(folder, &survey),
        Err(error) => Finding::warning(SUBJECT, format!("{shown} cannot be read: {error}"), ADVICE),
    }
}

/// Checks that a folder can be made and written. Returns the path that is in the way, and the reason, if not.
fn can_make(folder: &Path) -> Result<(), (Display<'_>, String)> {
    // A link counts though it leads nowhere: no folder can be made in its place.
    let existing = folder.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(folder);
    if existing.metadata().is_ok_and(|found| !found.is_dir()) || existing.is_symlink() && !existing.exists() {
        return Err((existing.display(), "is no folder".to_owned()));
    }
    // The file has no name, and ends with its handle.
    match tempfile::tempfile_in(existing) {
        Ok(_) => Ok(()),
        Err(error) => Err((existing.display(), format!("cannot be written ({error})"))),
    }
}

const ADVICE: &str = "set CRONS_SPOOL to a folder that this user can read and write";

fn surveyed(folder: &Path, survey: &SpoolSurvey) -> Finding {
    let SpoolSurvey { live, left_behind, owed, elsewhere, damaged, unreadable } = survey;
    let shown = folder.display();
    let mut parts = vec![format!("{shown} can be written")];
    let mut count = |number: usize, one: &str, many: &str| {
        if number > 0 {
            parts.push(format!("{number} {}", if number == 1 { one } else { many }));
        }
    };
    count(*live, "process is using it", "processes are using it");
    count(
        *left_behind,
        "journal was left behind by a dead process",
        "journals were left behind by dead processes",
    );
    count(*owed, "check-in in them is owed to this server", "check-ins in them are owed to this server");
    count(*elsewhere, "journal is for another server", "journals are for other servers");
    count(*damaged, "journal is damaged", "journals are damaged");
    parts.extend(unreadable.iter().map(|journal| format!("{journal} (cannot be read)")));
    let text = parts.join("; ");
    if !unreadable.is_empty() {
        return Finding::warning(SUBJECT, text, "let this user own the files of the spool");
    }
    if *owed > 0 {
        return Finding::warning(
            SUBJECT,
            text,
            "the next `crons run` of this user sends them; run a job, or wait for one",
        );
    }
    if *damaged > 0 {
        return Finding::warning(
            SUBJECT,
            text,
            "what could be read of them is delivered by the next `crons run`; delete the files that end in .corrupt",
        );
    }
    Finding::ok(SUBJECT, text)
}
