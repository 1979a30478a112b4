//! Compares the runs with what the server has stored: the difference must be what the client counts as dropped.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crons::Stats;

use crate::Result;

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    Error,
    /// The run has no verdict, whether or not the server had received its start.
    Skipped,
}

#[derive(Default)]
pub struct Books {
    /// The verdicts of the runs, by the name of the monitor, which no other run has. `stored` has the same keys.
    run: Mutex<HashMap<String, Verdict>>,
    stored: Mutex<HashMap<String, Stored>>,
}

#[derive(Default)]
struct Stored {
    begun: bool,
    verdict: Option<Verdict>,
    /// A begin came after the end: it was sent again while an earlier try was still on its way.
    late_begin: bool,
    /// Whether an end came with another status than an earlier one.
    contradicted: bool,
}

impl Books {
    /// A run is over.
    pub fn note_run(&self, slug: String, verdict: Verdict) {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).insert(slug, verdict);
    }

    /// The server has committed a check-in, whether or not its answer will arrive.
    pub fn note_stored(&self, slug: &str, status: &str) {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let run = stored.entry(slug.to_owned()).or_default();
        let verdict = match status {
            "in_progress" => {
                run.late_begin |= run.verdict.is_some();
                run.begun = true;
                return;
            }
            "ok" => Verdict::Ok,
            _ => Verdict::Error,
        };
        run.contradicted |= run.verdict.replace(verdict).is_some_and(|earlier| earlier != verdict);
    }

    /// Compares the runs with the stored check-ins, and both with the client's counts: started = stored + counted drops.
    pub fn account(&self, stats: &Stats) -> Result<Account> {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let mut account = Account { started: run.len() as u64, ..Account::default() };
        let mut faults = Vec::new();
        for (slug, verdict) in &*run {
            let known = stored.get(slug);
            let word = known.and_then(|stored| stored.verdict);
            account.late_begins += u64::from(known.is_some_and(|stored| stored.late_begin));
            if known.is_some_and(|stored| stored.contradicted) {
                faults.push(format!("{slug}: two different ends"));
            }
            match (verdict, word) {
                (Verdict::Skipped, None) if known.is_some_and(|stored| stored.begun) => account.stored += 1,
                (Verdict::Skipped, None) => account.withdrawn += 1,
                (_, None) => account.lost += 1,
                (verdict, Some(word)) if word == *verdict => account.stored += 1,
                (verdict, Some(word)) => faults.push(format!("{slug}: {word:?} instead of {verdict:?}")),
            }
        }
        faults.extend(
            stored.keys().filter(|slug| !run.contains_key(*slug)).map(|slug| format!("{slug}: never run")),
        );
        // Skipped runs that the server does not know are lost if their start was not withdrawn.
        let unheard = account.withdrawn;
        account.withdrawn = unheard.min(stats.withdrawn);
        account.lost += unheard - account.withdrawn;
        let dropped = dropped(stats);
        // A run whose end is lost may have lost its start, too; a whole run may have lost its start alone.
        if account.lost > dropped {
            faults.push(format!("{} runs lost, but only {dropped} check-ins counted", account.lost));
        }
        if stats.captured != stats.sent + stats.coalesced + stats.withdrawn + dropped {
            faults.push("the client's own counts do not add up".to_owned());
        }
        if faults.is_empty() { Ok(account) } else { Err(format!("{account}\n{}", faults.join("\n")).into()) }
    }
}

/// Returns the number of check-ins that did not arrive according to the client, for whatever reason.
fn dropped(stats: &Stats) -> u64 {
    stats.refused + stats.dropped.total() + stats.queued
}

/// Counts of runs.
#[derive(Debug, Default)]
pub struct Account {
    started: u64,
    /// Runs with the right end.
    stored: u64,
    /// The number of skipped runs that the server does not know.
    withdrawn: u64,
    /// The number of runs that are counted as dropped.
    lost: u64,
    late_begins: u64,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { started, stored, withdrawn, lost, late_begins } = self;
        write!(
            f,
            "{started} runs started = {stored} stored with the right end + {withdrawn} withdrawn + {lost} counted as dropped"
        )?;
        write!(
            f,
            "\n{late_begins} begins were stored after their run's end, by a try that the client had given up on"
        )
    }
}
