//! Converts between queued check-ins and the entries of a journal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{CheckInId, Environment, Slug};

use crate::platform::compact_instant::CompactInstant;
use crate::platform::now::Now;
use crate::record::event::RunEvent;
use crate::record::journal::{Entry, SpooledMonitor};
use crate::record::ledger::{Owed, Report};
use crate::record::monitor::{MonitorInfo, MonitorRef};
use crate::record::queued::QueuedCheckIn;

/// A change that the journal records.
#[derive(Debug)]
pub(crate) struct Journaled {
    pub(crate) id: CheckInId,
    pub(crate) monitor: MonitorRef,
    pub(crate) change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    Started {
        at: CompactInstant,
    },
    Ended {
        at: CompactInstant,
        event: RunEvent,
        duration: Option<Duration>,
    },
    /// The start, which was made by hand, was delivered or given up.
    StartSettled,
    /// The end was delivered or given up, or none will come.
    EndSettled,
}

impl Change {
    /// The change that takes this one back.
    pub(crate) fn settled(self) -> Self {
        match self {
            Self::Started { .. } | Self::StartSettled => Self::StartSettled,
            Self::Ended { .. } | Self::EndSettled => Self::EndSettled,
        }
    }
}

impl Journaled {
    /// The change that this report makes. `None` if it is about whichever run began last: another process cannot send it.
    pub(crate) fn captured(record: &QueuedCheckIn) -> Option<Self> {
        let change = match record.event {
            RunEvent::InProgress => Change::Started { at: record.began() },
            RunEvent::Skipped => Change::EndSettled,
            event => Change::Ended { at: record.began(), event, duration: record.duration() },
        };
        Self::new(record, change)
    }

    /// The change that is made when this report is delivered or given up. `None` for the start of a run whose end is still to come.
    pub(crate) fn settled(record: &QueuedCheckIn) -> Option<Self> {
        match record.event {
            RunEvent::KeepAlive => None,
            RunEvent::InProgress if record.monitor.is_traced() => None,
            RunEvent::InProgress => Self::new(record, Change::StartSettled),
            _ => Self::new(record, Change::EndSettled),
        }
    }

    fn new(record: &QueuedCheckIn, change: Change) -> Option<Self> {
        (!record.id.is_nil()).then(|| Self { id: record.id, monitor: record.monitor.clone(), change })
    }

    /// The entry of the journal, with the number that it has for the monitor.
    pub(crate) fn entry(&self, monitor: u32, now: Now) -> Entry {
        let id = self.id;
        match self.change {
            Change::Started { at } => Entry::Start { id, monitor, at: now.wall_millis(at) },
            Change::Ended { at, event, duration } => {
                let duration = duration.and_then(|duration| u64::try_from(duration.as_nanos()).ok());
                let note = self.monitor.note().map(str::to_owned);
                Entry::End { id, monitor, at: now.wall_millis(at), status: event.status(), duration, note }
            }
            Change::StartSettled => Entry::Done { id, monitor, start: true },
            Change::EndSettled => Entry::Done { id, monitor, start: false },
        }
    }
}

/// The numbers by which a journal calls its monitors.
#[derive(Debug, Default)]
pub(crate) struct MonitorNumbers {
    by_slug: HashMap<Slug, Vec<(MonitorRef, u32)>>,
    next: u32,
}

impl MonitorNumbers {
    /// Returns the number of a monitor, and whether it is new.
    pub(crate) fn number(&mut self, monitor: &MonitorRef) -> (u32, bool) {
        if !self.by_slug.contains_key(&monitor.slug) {
            self.by_slug.insert(monitor.slug.clone(), Vec::new());
        }
        let Some(known) = self.by_slug.get_mut(&monitor.slug) else { return (self.next, true) };
        if let Some((_, number)) = known.iter().find(|(one, _)| is_same(one, monitor)) {
            return (*number, false);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        known.push((monitor.without_note(), number));
        (number, true)
    }

    /// Forgets all monitors: a new journal describes none.
    pub(crate) fn forget(&mut self) {
        self.by_slug.clear();
    }
}

fn is_same(one: &MonitorRef, other: &MonitorRef) -> bool {
    std::ptr::eq(&raw const **one, &raw const **other) || **one == **other
}

/// Describes a monitor for a process that has other defaults.
pub(crate) fn describe(
    monitor: &MonitorInfo,
    environment: &Environment,
    release: Option<&String>,
) -> SpooledMonitor {
    SpooledMonitor::new(
        monitor.slug.clone(),
        monitor.environment.as_ref().unwrap_or(environment).clone(),
        monitor.release.as_ref().or(release).cloned(),
        monitor.config.as_ref(),
        monitor.is_traced(),
    )
}

/// The note about a run that was open when its process ended without an end.
const DIED: &str =
    "the process that reported the run was killed, or its machine stopped, before the run ended";

/// The check-ins that dead processes owe.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    pub(crate) records: Vec<QueuedCheckIn>,
    /// The slugs of the runs among them that were open when their processes ended.
    pub(crate) died: Vec<Slug>,
    /// The number of check-ins that are left out, because they are too old to be true.
    pub(crate) expired: u64,
}

impl Adopted {
    /// Converts what is owed, the oldest runs first. `environment` is the default of this process. An end expires as in the process that captured it, when the
    /// longest run is over. A run that died is an error that is known only now.
    pub(crate) fn new(mut owed: Vec<Owed>, environment: &Environment, now: Now) -> Self {
        owed.sort_by_key(Owed::began);
        let mut adopted = Self::default();
        let mut monitors: Vec<(SpooledMonitor, MonitorRef)> = Vec::new();
        for Owed { id, monitor, at, report } in owed {
            let known = monitors.iter().rev().take(16).find(|(known, _)| *known == monitor);
            let monitor = if let Some((_, known)) = known {
                known.clone()
            } else {
                let made = MonitorRef::Made(Arc::new(restore(&monitor, environment)));
                monitors.push((monitor, made.clone()));
                made
            };
            let died = report == Report::Died;
            let (event, duration, note, age) = match report {
                Report::Start => (RunEvent::InProgress, None, None, now.age(at)),
                Report::End { status, duration, note } => {
                    (RunEvent::from(status), duration, note, now.age(at))
                }
                Report::Died => (RunEvent::Error, None, Some(DIED.to_owned()), Duration::ZERO),
            };
            if age >= monitor.lifetime(event) {
                adopted.expired += 1;
                continue;
            }
            if died {
                adopted.died.push(monitor.slug.clone());
            }
            let at = CompactInstant::from(now.instant).earlier(age);
            let mut record = QueuedCheckIn::new(id, monitor, event, at).noted(note.as_deref());
            record.must_deliver = event != RunEvent::InProgress;
            adopted.records.push(match duration {
                Some(duration) => record.lasted(Duration::from_nanos(duration)),
                None => record,
            });
        }
        adopted
    }
}

fn restore(spooled: &SpooledMonitor, default: &Environment) -> MonitorInfo {
    let mut monitor = MonitorInfo::new(spooled.slug.clone(), spooled.config()).traced(spooled.traced);
    // A monitor without an environment of its own shares the rate limit with the runs of this process.
    monitor.environment = Some(spooled.environment.clone()).filter(|environment| environment != default);
    monitor.release.clone_from(&spooled.release);
    monitor
}
