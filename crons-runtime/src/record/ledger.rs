//! The ledger of a journal: which runs are open and which ends are owed to the server, as its entries say.

use std::collections::{BTreeMap, HashMap, HashSet};

use crons_types::{CheckInId, CheckInStatus};

use crate::record::journal::{Entry, SpooledMonitor, write_line};

/// The sum of the entries of a journal. The process that writes the journal keeps a ledger, and a process that adopts the journal makes one.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    monitors: BTreeMap<u32, SpooledMonitor>,
    runs: HashMap<CheckInId, Run>,
    /// Counts the runs that were added.
    added: u64,
}

/// A run that owes something, or is open.
#[derive(Debug)]
struct Run {
    order: u64,
    start: Option<Start>,
    /// Ends that are owed, the earliest first. Reports by hand may be several.
    ends: Vec<End>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    monitor: u32,
    at: u64,
}

#[derive(Clone, Debug)]
struct End {
    monitor: u32,
    at: u64,
    status: CheckInStatus,
    duration: Option<u64>,
    note: Option<String>,
}

/// A check-in that a journal owes to the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Owed {
    pub(crate) id: CheckInId,
    pub(crate) monitor: SpooledMonitor,
    /// The time of its capture, in milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) report: Report,
}

impl Owed {
    /// The time at which the run began, as far as it is known, in milliseconds since 1970.
    pub(crate) fn began(&self) -> u64 {
        match self.report {
            Report::End { duration: Some(nanos), .. } => self.at.saturating_sub(nanos / 1_000_000),
            _ => self.at,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// A start that was made by hand, and may not have been sent.
    Start,
    /// The end of a run. The duration is in nanoseconds.
    End { status: CheckInStatus, duration: Option<u64>, note: Option<String> },
    /// The run was open when its process ended without reporting an end.
    Died,
}

impl Ledger {
    /// Takes in an entry. `Err` if it names a monitor that no entry before it describes.
    pub(crate) fn apply(&mut self, entry: Entry) -> Result<(), UnknownMonitor> {
        match entry {
            Entry::Monitor { number, monitor } => {
                self.monitors.insert(number, monitor);
            }
            Entry::Start { id, monitor, at } => {
                self.known(monitor)?;
                self.run(id).start = Some(Start { monitor, at });
            }
            Entry::End { id, monitor, at, status, duration, note } => {
                self.known(monitor)?;
                self.run(id).ends.push(End { monitor, at, status, duration, note });
            }
            Entry::Done { id, monitor, start } => {
                let Self { monitors, runs, .. } = self;
                let slug = &monitors.get(&monitor).ok_or(UnknownMonitor(monitor))?.slug;
                let Some(run) = runs.get_mut(&id) else { return Ok(()) };
                let is_same = |number| monitors.get(&number).is_some_and(|monitor| monitor.slug == *slug);
                run.start.take_if(|begun| is_same(begun.monitor));
                if !start && let Some(at) = run.ends.iter().position(|end| is_same(end.monitor)) {
                    run.ends.remove(at);
                }
                if run.start.is_none() && run.ends.is_empty() {
                    self.runs.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn known(&self, number: u32) -> Result<&SpooledMonitor, UnknownMonitor> {
        self.monitors.get(&number).ok_or(UnknownMonitor(number))
    }

    fn run(&mut self, id: CheckInId) -> &mut Run {
        let order = self.added;
        self.added += 1;
        self.runs.entry(id).or_insert(Run { order, start: None, ends: Vec::new() })
    }

    /// Returns whether nothing is owed and no run is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Forgets the monitors. Called only for an empty ledger, whose journal is cut back to its header.
    pub(crate) fn forget_monitors(&mut self) {
        self.monitors.clear();
    }

    /// Strikes out the runs that are open. Returns the entries that say so.
    pub(crate) fn leave_open_runs(&mut self) -> Vec<Entry> {
        let monitors = &self.monitors;
        let is_open = |run: &Run| {
            let traced = |start: Start| monitors.get(&start.monitor).is_some_and(|monitor| monitor.traced);
            run.ends.is_empty() && run.start.is_some_and(traced)
        };
        let left = self.runs.extract_if(|_, run| is_open(run));
        let done = |start: Start, id| Entry::Done { id, monitor: start.monitor, start: false };
        left.filter_map(|(id, run)| run.start.map(|start| done(start, id))).collect()
    }

    /// Writes entries that make this ledger anew, in at most `most` bytes. Beyond it the oldest starts are struck out, then the oldest
    /// ends. Returns the bytes and how many check-ins were struck out. Monitors without a run are forgotten.
    pub(crate) fn rewrite(&mut self, most: usize) -> (Vec<u8>, u64) {
        self.forget_unused_monitors();
        let mut lines = self.lines();
        let mut size: usize = lines.iter().map(|line| line.bytes.len()).sum();
        // Monitors go last: their runs need them.
        lines.sort_by_key(|line| (line.rank, line.order));
        let mut struck_out = 0;
        let mut kept = Vec::new();
        for line in lines {
            if size > most && line.rank != Rank::Monitor {
                size -= line.bytes.len();
                struck_out += 1;
                self.strike_out(&line);
            } else {
                kept.push(line);
            }
        }
        self.forget_unused_monitors();
        kept.retain(|line| line.rank != Rank::Monitor || self.monitors.contains_key(&line.monitor));
        kept.sort_by_key(|line| (line.rank != Rank::Monitor, line.order));
        (kept.into_iter().flat_map(|line| line.bytes).collect(), struck_out)
    }

    fn forget_unused_monitors(&mut self) {
        let used: HashSet<u32> = self.runs.values().flat_map(Run::monitors).collect();
        self.monitors.retain(|number, _| used.contains(number));
    }

    /// The entries as lines: one for each monitor, start and end.
    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = |rank, order, id, monitor, entry: &Entry| {
            let mut bytes = Vec::new();
            write_line(&mut bytes, entry);
            lines.push(Line { rank, order, id, monitor, bytes });
        };
        for (number, monitor) in &self.monitors {
            let entry = Entry::Monitor { number: *number, monitor: monitor.clone() };
            line(Rank::Monitor, 0, CheckInId::NIL, *number, &entry);
        }
        for (id, run) in &self.runs {
            let id = *id;
            // The start of a run whose end is owed is not needed.
            if let Some(Start { monitor, at }) = run.start.filter(|_| run.ends.is_empty()) {
                line(Rank::Start, run.order, id, monitor, &Entry::Start { id, monitor, at });
            }
            for End { monitor, at, status, duration, note } in run.ends.iter().cloned() {
                let entry = Entry::End { id, monitor, at, status, duration, note };
                line(Rank::End, run.order, id, monitor, &entry);
            }
        }
        lines
    }

    fn strike_out(&mut self, line: &Line) {
        let Some(run) = self.runs.get_mut(&line.id) else { return };
        if line.rank == Rank::End {
            run.ends.remove(0);
        }
        // The start is removed, too: without its end, the run must not look open.
        run.start = None;
        if run.start.is_none() && run.ends.is_empty() {
            self.runs.remove(&line.id);
        }
    }

    /// The check-ins that are owed if the process has ended, the oldest first. With `leave_open_runs`, none for runs that look open.
    pub(crate) fn owed(&self, leave_open_runs: bool) -> Vec<Owed> {
        let mut runs: Vec<(&CheckInId, &Run)> = self.runs.iter().collect();
        runs.sort_by_key(|(_, run)| run.order);
        let mut owed = Vec::new();
        for (id, run) in runs {
            let mut owe = |number, at, report| {
                if let Some(monitor) = self.monitors.get(&number) {
                    owed.push(Owed { id: *id, monitor: monitor.clone(), at, report });
                }
            };
            for End { monitor, at, status, duration, note } in run.ends.iter().cloned() {
                owe(monitor, at, Report::End { status, duration, note });
            }
            let open = run.start.filter(|_| run.ends.is_empty() && !leave_open_runs);
            if let Some(Start { monitor, at }) = open {
                let traced = self.monitors.get(&monitor).is_some_and(|monitor| monitor.traced);
                owe(monitor, at, if traced { Report::Died } else { Report::Start });
            }
        }
        owed
    }
}

impl Run {
    fn monitors(&self) -> impl Iterator<Item = u32> {
        let start = self.start.iter().map(|start| start.monitor);
        start.chain(self.ends.iter().map(|end| end.monitor))
    }
}

/// A line of a journal that is being rewritten.
struct Line {
    rank: Rank,
    order: u64,
    id: CheckInId,
    monitor: u32,
    bytes: Vec<u8>,
}

/// The order in which lines are struck out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Start,
    End,
    Monitor,
}

/// An entry names a monitor by a number that no entry before it describes.
#[derive(Debug)]
pub(crate) struct UnknownMonitor(pub(crate) u32);
