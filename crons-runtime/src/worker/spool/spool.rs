//! Records the changes of a worker in its journal, and adopts the journals of dead processes.

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::adoption::Estate;
use super::journal_file::{self, JournalFile};
use super::options::SpoolOptions;
use super::syncer::Syncer;
use crate::platform::now::Now;
use crate::record::journal::{Entry, Header, VERSION, write_line};
use crate::record::ledger::Ledger;
use crate::record::monitor::MonitorRef;
use crate::record::spooled::{Adopted, Journaled, MonitorNumbers, describe};

/// The wait after a failure until the journal is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// The size at which a journal that owes nothing is cut back.
const CUT_BACK_AT: u64 = 64 << 10;
/// The spool of one worker.
pub(crate) struct Spool {
    options: SpoolOptions,
    /// The name of this worker's journals.
    owner: String,
    /// The number of the next journal.
    number: u32,
    journal: Option<JournalFile>,
    /// A journal that cannot be written any more. Its header says that ends are missing.
    broken: Option<JournalFile>,
    /// The runs that the journal adds up to. They are counted on while there is no journal.
    ledger: Ledger,
    monitors: MonitorNumbers,
    retry_at: Option<Instant>,
    /// Whether the journals of dead processes were looked for.
    adopted: bool,
    syncer: Syncer,
    /// Check-ins that were struck out since the last call of [`take_struck_out`](Self::take_struck_out).
    struck_out: u64,
}

impl Spool {
    /// Opens the spool of the worker `owner`, which was forked from `ancestors`. If that fails, it is logged and tried again later.
    pub(crate) fn open(options: SpoolOptions, owner: String, ancestors: &[String], now: Instant) -> Self {
        let mut spool = Self {
            options,
            owner,
            number: 0,
            journal: None,
            broken: None,
            ledger: Ledger::default(),
            monitors: MonitorNumbers::default(),
            retry_at: None,
            adopted: false,
            syncer: Syncer::default(),
            struck_out: 0,
        };
        if let Err(error) = std::fs::create_dir_all(&spool.options.folder).and_then(|()| spool.begin(now)) {
            spool.fail(&error, now);
        }
        for ancestor in ancestors {
            if let Err(error) = journal_file::mark_forked(&spool.options.folder, ancestor) {
                log!(warn, %error, "the spool cannot record a fork: a run that this child ends may be closed a second time if its parent is killed");
            }
        }
        spool
    }

    /// Adopts what dead processes owe, once, as soon as there is a journal for it. `None` if that was done before, or nothing is owed.
    pub(crate) fn adopt(&mut self, now: Now) -> Option<Adopted> {
        if self.adopted || self.journal.is_none() {
            return None;
        }
        self.adopted = true;
        let mut estate = match Estate::find(&self.options.folder, &self.options.server) {
            Ok(estate) => estate,
            Err(error) => {
                log!(warn, folder = %self.folder(), %error, "the spool cannot be searched for what dead processes owe");
                return None;
            }
        };
        let adopted = Adopted::new(std::mem::take(&mut estate.owed), &self.options.environment, now);
        let changes: Vec<Journaled> = adopted.records.iter().filter_map(Journaled::captured).collect();
        self.record(&changes, now);
        if let Some(journal) = self.journal.as_ref().filter(|_| !changes.is_empty())
            && let Err(error) = journal.syncer(true)()
        {
            self.fail(&error, now.instant);
        }
        if self.journal.is_none() {
            // The journals of the dead processes stay as they are, until this process can write.
            self.adopted = false;
            for change in &changes {
                let settled = Journaled {
                    change: change.change.settled(),
                    id: change.id,
                    monitor: change.monitor.clone(),
                };
                let _ = self.ledger.apply(settled.entry(self.monitors.number(&change.monitor).0, now));
            }
            return None;
        }
        estate.settle();
        let (owed, expired) = (adopted.records.len() - adopted.died.len(), adopted.expired);
        if owed > 0 || expired > 0 {
            log!(info, owed, expired, "check-ins of processes that were killed are taken from the spool");
        }
        Some(adopted)
    }

    /// Records changes, which are not to be sent before. If they cannot be written, that is logged once and delivery goes on without.
    pub(crate) fn record(&mut self, changes: &[Journaled], now: Now) {
        if changes.is_empty() {
            return;
        }
        let mut lines = Vec::new();
        for change in changes {
            let monitor = self.number(&change.monitor, &mut lines);
            self.enter(change.entry(monitor, now), &mut lines);
        }
        self.write(&lines, now.instant);
    }

    /// The number of a monitor, which is described first if it is new.
    fn number(&mut self, monitor: &MonitorRef, lines: &mut Vec<u8>) -> u32 {
        let (number, new) = self.monitors.number(monitor);
        if new {
            let monitor = describe(monitor, &self.options.environment, self.options.release.as_ref());
            self.enter(Entry::Monitor { number, monitor }, lines);
        }
        number
    }

    fn enter(&mut self, entry: Entry, lines: &mut Vec<u8>) {
        write_line(lines, &entry);
        // The ledger knows the monitor: its line was applied just before.
        let _ = self.ledger.apply(entry);
    }

    /// Writes lines that the ledger has taken in.
    fn write(&mut self, lines: &[u8], now: Instant) {
        let Some(journal) = &mut self.journal else {
            if self.retry_at.is_none_or(|at| at <= now) {
                self.resume(now);
            }
            return;
        };
        let result = if self.ledger.is_empty() && journal.len() > CUT_BACK_AT {
            self.cut_back()
        } else if journal.len() + lines.len() as u64 > self.options.limit / 2 {
            // A journal takes at most half of the limit: the other half is for the journal that takes its place.
            self.begin(now)
        } else {
            journal.append(lines)
        };
        match result {
            Ok(()) => self.syncer.written(now),
            Err(error) => self.fail(&error, now),
        }
    }

    /// Cuts the journal back to its header: nothing is owed.
    fn cut_back(&mut self) -> io::Result<()> {
        let header = self.header(false);
        self.ledger.forget_monitors();
        self.monitors.forget();
        self.journal.as_mut().map_or(Ok(()), |journal| journal.clear(&header))
    }

    /// Begins a new journal with what the ledger holds, in place of the one before.
    fn begin(&mut self, now: Instant) -> io::Result<()> {
        let mut journal = self.create()?;
        // A quarter is left for what comes, so that it is not rewritten for each change.
        let most = usize::try_from(self.options.limit / 8 * 3).unwrap_or(usize::MAX);
        let (lines, struck_out) = self.ledger.rewrite(most);
        self.struck_out += struck_out;
        if struck_out > 0 {
            log!(
                warn,
                struck_out,
                limit = self.options.limit,
                "the spool is full: the oldest starts, then the oldest ends are no longer in it, and are lost if this process is killed"
            );
        }
        self.monitors.forget();
        let written = journal.append(&lines).and_then(|()| {
            // The previous journal is removed only when everything is safe in this one.
            if lines.is_empty() { Ok(()) } else { journal.syncer(true)() }
        });
        if let Err(error) = written {
            journal.remove();
            return Err(error);
        }
        for before in [self.journal.replace(journal), self.broken.take()].into_iter().flatten() {
            before.remove();
        }
        self.syncer.created(now);
        Ok(())
    }

    /// Creates the next journal. Several processes that start at the same time may take it for one of a dead process, so it is tried a few
    /// times.
    fn create(&mut self) -> io::Result<JournalFile> {
        const TRIES: u32 = 8;
        let (last, header) = (self.number + TRIES, self.header(false));
        loop {
            self.number += 1;
            match JournalFile::create(&self.options.folder, self.number, &header) {
                Err(error)
                    if self.number < last
                        && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotFound) => {}
                created => return created,
            }
        }
    }

    /// Tries to go on after a failure.
    fn resume(&mut self, now: Instant) {
        match std::fs::create_dir_all(&self.options.folder).and_then(|()| self.begin(now)) {
            Ok(()) => {
                self.retry_at = None;
                log!(info, folder = %self.folder(), "the spool can be written again: what is owed by now is in it");
            }
            Err(error) => self.fail(&error, now),
        }
    }

    /// Goes on without a journal. The one that there was says from now on that ends are missing, or is deleted.
    fn fail(&mut self, error: &io::Error, now: Instant) {
        if self.retry_at.is_none() {
            log!(
                warn,
                folder = %self.folder(),
                %error,
                "the spool cannot be written ({error}): check-ins are sent without it, and are lost if this process is killed; it is tried again every {} s",
                RETRY_INTERVAL.as_secs()
            );
        }
        self.retry_at = Some(now + RETRY_INTERVAL);
        self.syncer.stop();
        let header = self.header(true);
        if let Some(mut journal) = self.journal.take() {
            match journal.overwrite_header(&header) {
                Ok(()) => self.broken = Some(journal),
                // An open run in it that has ended since would be closed as an error.
                Err(_) => journal.remove(),
            }
        }
    }

    fn header(&self, incomplete: bool) -> Header {
        let Self { options, owner, .. } = self;
        Header {
            crons_spool: VERSION,
            incomplete: u8::from(incomplete),
            server: options.server.clone(),
            owner: owner.clone(),
        }
    }

    /// Returns the instant at which [`sync`](Self::sync) is to be called next.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.syncer.due()
    }

    /// Starts to sync the journal if its time has come. Must be called within a runtime.
    pub(crate) async fn sync(&mut self, now: Instant) {
        if let Err(error) = self.syncer.sync(self.journal.as_ref(), now).await {
            self.fail(&error, now);
        }
    }

    /// Returns the number of check-ins that were struck out since the last call, because the spool was full.
    pub(crate) fn take_struck_out(&mut self) -> u64 {
        std::mem::take(&mut self.struck_out)
    }

    /// Returns whether what is owed is in the journal.
    pub(crate) fn is_written(&self) -> bool {
        self.journal.is_some()
    }

    /// Ends the journal of a process that ends in an orderly way. Runs that are open then are left to others. If nothing is owed, the
    /// journal is deleted.
    pub(crate) fn finish(&mut self) {
        let mut lines = Vec::new();
        for entry in self.ledger.leave_open_runs() {
            write_line(&mut lines, &entry);
        }
        let Some(mut journal) = self.journal.take().or_else(|| self.broken.take()) else { return };
        let written = if self.ledger.is_empty() {
            journal.remove();
            journal_file::forget_forked(&self.options.folder, &self.owner);
            Ok(())
        } else {
            journal.append(&lines).and_then(|()| journal.syncer(true)())
        };
        if let Err(error) = written {
            log!(warn, folder = %self.folder(), %error, "the spool cannot be written at the end of the client");
        }
    }

    fn folder(&self) -> std::path::Display<'_> {
        Path::display(&self.options.folder)
    }
}
