//! A batch on its way: the changes that its inputs have made so far, and the events to publish once they are durable.

use crate::alerts::Alerts;
use crate::domain::{Effects, Mark, NewId, Snapshot};
use crate::pipeline::events::Event;
use crate::store::{Changes, StoreError};

/// An hour in seconds.
const HOUR: i64 = 3_600;

/// Changes and events of a batch.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) changes: Changes,
    pub(crate) events: Vec<Event>,
}

/// The state of a [`Batch`] to which [`Batch::undo_to`] goes back.
#[derive(Clone, Copy)]
pub(crate) struct BatchMark {
    snapshot: Mark,
    processing_errors: usize,
    alerts: usize,
    events: usize,
}

impl Batch {
    pub(crate) fn of(snapshot: Snapshot) -> Self {
        Self { changes: Changes::of(snapshot), events: Vec::new() }
    }

    pub(crate) fn mark(&self) -> BatchMark {
        BatchMark {
            snapshot: self.changes.snapshot.mark(),
            processing_errors: self.changes.processing_errors.len(),
            alerts: self.changes.alerts.len(),
            events: self.events.len(),
        }
    }

    /// Undoes all changes and events since a mark, and no earlier ones.
    pub(crate) fn undo_to(&mut self, mark: BatchMark) {
        self.changes.snapshot.undo_to(mark.snapshot);
        self.changes.processing_errors.truncate(mark.processing_errors);
        self.changes.alerts.truncate(mark.alerts);
        self.events.truncate(mark.events);
    }

    /// Applies one input of many. If it fails, it alone is undone, with all its events, and `None` is returned; the error is logged.
    pub(crate) fn isolated<T>(
        &mut self,
        input: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Option<T> {
        let mark = self.mark();
        input(self)
            .inspect_err(|error| {
                self.undo_to(mark);
                tracing::error!(%error, "one item was left out, the others go on");
            })
            .ok()
    }

    /// Adds the messages that the rules send about the effects of an input.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub(crate) fn notify(
        &mut self,
        effects: &Effects,
        rules: &Alerts,
        new_id: NewId<'_>,
    ) -> Result<(), StoreError> {
        if effects.incident_events.is_empty() {
            return Ok(());
        }
        let alerts = rules.decide(&effects.incident_events, new_id).map_err(StoreError::refused)?;
        if !alerts.is_empty() {
            self.changes.alerts.extend(alerts);
            self.events.push(Event::Alerts);
        }
        Ok(())
    }

    /// Adds up the check-ins of the batch by hour, monitor and outcome.
    pub(crate) fn count_usage(&mut self) {
        for (at, usage) in self.events.iter().filter_map(Event::usage) {
            *self.changes.usage.entry((at.as_second().div_euclid(HOUR), usage)).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_fails_is_undone_with_its_events_and_alone() {
        let mut batch = Batch { events: vec![Event::Alerts], ..Batch::default() };
        for fails in [true, false, true] {
            let done = batch.isolated(|batch| {
                batch.events.push(Event::Alerts);
                // The inner input is nested, like a deferred end that its monitor's first check-in releases.
                let inner = batch.isolated(|batch| {
                    batch.events.push(Event::Alerts);
                    Err::<(), _>(StoreError::unavailable("no"))
                });
                assert_eq!(inner, None);
                if fails { Err(StoreError::unavailable("no")) } else { Ok(()) }
            });
            assert_eq!(done.is_none(), fails);
        }
        assert_eq!(batch.events.len(), 2);
    }
}
