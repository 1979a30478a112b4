//! From events to verdicts: loads what bears on each, lets the core decide, saves what it decided.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::alerts::Alerts;
use crate::domain::{
    self, CheckInEvent, Effects, Outage, ProcessingError, Quotas, RateWindow, ReceivedCheckIn, RefusedStarts,
    State, Verdict,
};
use crate::mask::Mask;
use crate::pipeline::events::Event;
use crate::settings::Settings;
use crate::store::{Change, Records, StoreError, enqueue_alerts};

/// How long the end of a run waits for the report that describes its monitor.
pub(crate) const DEFERRED_TTL: SignedDuration = SignedDuration::from_secs(60);

/// What decides, with what it has in mind.
pub(crate) struct Judge {
    pub(crate) rate: RateWindow,
    refused_starts: RefusedStarts,
    quotas: Quotas,
    alerts: Alerts,
    /// When nobody could be heard, as far as a deadline may still ask.
    pub(crate) outages: Vec<Outage>,
    /// Hides the server's key in processing errors and in the log.
    pub(crate) mask: Mask,
    pub(super) new_id: Box<dyn FnMut() -> Uuid + Send>,
}

impl Judge {
    pub(crate) fn new(settings: &Settings, new_id: impl FnMut() -> Uuid + Send + 'static) -> Self {
        Self {
            rate: RateWindow::new(settings.rate_limit.0),
            refused_starts: RefusedStarts::default(),
            quotas: settings.quotas,
            alerts: settings.alerts.clone(),
            outages: Vec::new(),
            mask: Mask::default(),
            new_id: Box::new(new_id),
        }
    }

    /// Takes one arrival into account, and after it those that were waiting for what it says.
    pub(crate) fn check_in(
        &mut self,
        records: &mut dyn Records,
        arrival: &ReceivedCheckIn,
        said: &mut Vec<Event>,
    ) -> Result<Verdict, StoreError> {
        let event = match self.admit(arrival) {
            Ok(event) => event,
            Err(mut errors) => {
                let is_sample = errors.last().is_none_or(|error| self.is_sample(arrival, error));
                for error in &mut errors {
                    error.hide(&self.mask);
                }
                if is_sample {
                    records.refuse(&self.storable(arrival), &errors)?;
                }
                self.refused_starts.refused(arrival, &errors);
                said.push(Event::Refused {
                    slug: arrival.monitor_slug.clone(),
                    environment: arrival.environment.clone(),
                    received: arrival.received,
                    errors: errors.clone(),
                    is_logged: is_sample,
                });
                return Ok(Verdict::Refused(errors));
            }
        };
        let (mut verdict, made_monitor) = self.apply(records, event, said)?;
        if verdict == Verdict::Deferred
            && let Some(errors) = self.refused_starts.why(event)
        {
            verdict = Verdict::Refused(with_remarks(&event.remarks, errors));
            verdict.hide(&self.mask);
        }
        match &verdict {
            Verdict::Deferred => records.hold(event)?,
            Verdict::Refused(errors) => {
                records.refuse(&self.storable(arrival), errors)?;
                self.refused_starts.refused(arrival, errors);
            }
            Verdict::Accepted { warnings, .. } => {
                self.refused_starts.accepted(event);
                if !warnings.is_empty() {
                    records.remark(&self.storable(arrival), warnings)?;
                }
            }
        }
        let held = if made_monitor { records.release(event)? } else { Vec::new() };
        // Nothing below fails by itself: what is said here happens.
        said.push(Event::CheckIn(event.without_config(), verdict.clone()));
        for waiting in held {
            // The minute that would have ended its wait may not have been judged yet.
            if event.received.duration_since(waiting.received) >= DEFERRED_TTL {
                self.give_up(records, waiting, said)?;
                continue;
            }
            let applied = apart(records, said, |records, said| {
                let (verdict, _) = self.apply(records, &waiting, said)?;
                match &verdict {
                    Verdict::Refused(errors) => {
                        records.refuse(&self.storable(&as_arrival(&waiting)), errors)?;
                    }
                    Verdict::Accepted { warnings, .. } if !warnings.is_empty() => {
                        records.remark(&self.storable(&as_arrival(&waiting)), warnings)?;
                    }
                    Verdict::Accepted { .. } | Verdict::Deferred => {}
                }
                Ok(verdict)
            })?;
            said.extend(applied.map(|verdict| Event::CheckIn(waiting, verdict)));
        }
        Ok(verdict)
    }

    /// Steps 2 to 5: what is too much, and what is no check-in, goes no further.
    fn admit<'a>(&mut self, arrival: &'a ReceivedCheckIn) -> Result<&'a CheckInEvent, Vec<ProcessingError>> {
        if let Some(slug) = &arrival.monitor_slug {
            let counted = self.rate.count(slug, &arrival.environment, arrival.received);
            counted.map_err(|error| vec![error])?;
        }
        arrival.parsed.as_ref().map_err(|fault| with_remarks(&fault.remarks, vec![fault.error.clone()]))
    }

    /// Whether a refused check-in is stored and logged, not only counted: of those over the rate limit, the first of a minute
    /// and monitor.
    fn is_sample(&mut self, arrival: &ReceivedCheckIn, error: &ProcessingError) -> bool {
        match (error, &arrival.monitor_slug) {
            (ProcessingError::MonitorEnvironmentRateLimited(_), Some(slug)) => {
                self.rate.is_first_limited(slug)
            }
            _ => true,
        }
    }

    /// The verdict, and whether there is a monitor where there was none.
    fn apply(
        &mut self,
        records: &mut dyn Records,
        event: &CheckInEvent,
        said: &mut Vec<Event>,
    ) -> Result<(Verdict, bool), StoreError> {
        let known = match records.load(event) {
            // The check-in is refused, and kept as all that is refused, until the row is mended.
            Err(error) if error.is_corrupt() => {
                return Ok((
                    Verdict::Refused(vec![ProcessingError::UnreadableRow(error.to_string())]),
                    false,
                ));
            }
            known => known?,
        };
        let mut state = known.clone();
        let mut verdict = domain::check_in(&mut state, event, self.quotas, &mut self.new_id);
        verdict.hide(&self.mask);
        let effects = match &verdict {
            Verdict::Accepted { effects, .. } => Some(effects),
            Verdict::Deferred | Verdict::Refused(_) => None,
        };
        self.save(records, [(&known, &state, effects)], said)?;
        Ok((verdict, known.monitor.is_none() && state.monitor.is_some()))
    }

    /// Keeps what has changed and what people are told, and has it sent to those who asked for it.
    pub(super) fn save<'a>(
        &self,
        records: &mut dyn Records,
        changes: impl IntoIterator<Item = (&'a State, &'a State, Option<&'a Effects>)>,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let (mut saved, mut events) = (Vec::new(), Vec::new());
        for (before, after, effects) in changes {
            let occurrences = effects.map_or(&[][..], |effects| &effects.occurrences);
            saved.push(Change { before, after, occurrences });
            events.extend(effects.map(|effects| &effects.incident_events));
        }
        records.save(&saved)?;
        for events in events {
            if enqueue_alerts(records, &self.alerts, events)? {
                said.push(Event::Alerts);
            }
        }
        Ok(())
    }

    /// What is still held is refused: nothing more will come.
    pub(crate) fn end(&self, records: &mut dyn Records, said: &mut Vec<Event>) -> Result<(), StoreError> {
        for event in records.expire(Timestamp::MAX, u32::MAX)? {
            self.give_up(records, event, said)?;
        }
        Ok(())
    }

    /// Refuses a check-in that was held: no check-in created its monitor in time.
    pub(super) fn give_up(
        &self,
        records: &mut dyn Records,
        event: CheckInEvent,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let mut errors = with_remarks(&event.remarks, vec![ProcessingError::MonitorNotFound]);
        for error in &mut errors {
            error.hide(&self.mask);
        }
        records.refuse(&self.storable(&as_arrival(&event)), &errors)?;
        said.push(Event::CheckIn(event, Verdict::Refused(errors)));
        Ok(())
    }

    /// An arrival whose payload people may read: without the server's key.
    pub(super) fn storable<'a>(&self, arrival: &'a ReceivedCheckIn) -> Cow<'a, ReceivedCheckIn> {
        match self.mask.hide(&arrival.payload) {
            Cow::Borrowed(_) => Cow::Borrowed(arrival),
            Cow::Owned(payload) => Cow::Owned(ReceivedCheckIn { payload, ..arrival.clone() }),
        }
    }
}

/// Puts the remarks about a check-in before the reasons why it is refused.
fn with_remarks(remarks: &[String], errors: Vec<ProcessingError>) -> Vec<ProcessingError> {
    let remarks = remarks.iter().cloned().map(ProcessingError::CheckInValidationFailed);
    // Those of its start may be the same.
    let mut all: Vec<_> = remarks.filter(|remark| !errors.contains(remark)).collect();
    all.extend(errors);
    all
}

/// The payload of a check-in that was held, as far as it is still known.
fn as_arrival(event: &CheckInEvent) -> ReceivedCheckIn {
    ReceivedCheckIn {
        monitor_slug: Some(event.monitor_slug.clone()),
        environment: event.environment.clone(),
        received: event.received,
        payload: serde_json::to_string(event).unwrap_or_default(),
        parsed: Ok(event.clone()),
    }
}

/// Does one thing of many: if it fails, it alone is undone, with all that it said, and left out (`None`), which is logged.
///
/// # Errors
/// If the database fails as a whole.
pub(crate) fn apart<T>(
    records: &mut dyn Records,
    said: &mut Vec<Event>,
    work: impl FnOnce(&mut dyn Records, &mut Vec<Event>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let before = said.len();
    records.mark()?;
    let outcome = work(records, said);
    if outcome.is_err() {
        said.truncate(before);
    }
    records.leave_mark(outcome.is_ok())?;
    outcome.map(Some).or_else(|error| {
        tracing::error!(%error, "one item was left out, the others go on");
        Ok(None)
    })
}
