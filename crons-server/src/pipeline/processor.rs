//! The processor, which turns check-ins into verdicts: the rules, applied to the snapshot of a batch, with what they
//! remember between batches.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::batch::Batch;
use crate::alerts::Alerts;
use crate::domain::{
    self, CheckInEvent, Effects, IncidentEvent, IncidentEventKind, Maintenance, Outage, PassedDeadline,
    ProcessingError, Quotas, RateWindow, ReceivedCheckIn, RefusedStarts, ReleasedMessage, Snapshot, Verdict,
};
use crate::mask::Mask;
use crate::pipeline::events::Event;
use crate::settings::{Drill, Settings};
use crate::store::{ProcessingErrors, StoreError};

/// The time for which the end of a run waits for the check-in that describes its monitor.
pub(crate) const DEFERRED_TTL: SignedDuration = SignedDuration::from_secs(60);

/// The rules with their settings, and what they remember between batches.
pub(crate) struct Processor {
    pub(super) rate: RateWindow,
    refused_starts: RefusedStarts,
    pub(super) quotas: Quotas,
    pub(crate) alerts: Alerts,
    /// The maintenance windows of the configuration.
    maintenance: Arc<[Maintenance]>,
    /// The times in which the server was not receiving, as far as a deadline may still ask for them.
    pub(crate) outages: Vec<Outage>,
    /// The interval of drills, and the time of the last one.
    pub(super) drill: Drill,
    pub(crate) last_drill: Option<Timestamp>,
    /// Hides the server's key in processing errors and in the log.
    pub(crate) mask: Mask,
    pub(crate) new_id: Box<dyn FnMut() -> Uuid + Send>,
}

/// The state of a [`Processor`] within a batch.
#[derive(Clone, Copy)]
struct ProcessorMark {
    counted: usize,
    refused_starts: usize,
}

impl Processor {
    pub(crate) fn new(settings: &Settings, new_id: impl FnMut() -> Uuid + Send + 'static) -> Self {
        let mut alerts = settings.alerts.clone();
        alerts.link_to(settings.public_url.clone());
        Self {
            rate: RateWindow::new(settings.rate_limit.0),
            refused_starts: RefusedStarts::default(),
            quotas: settings.quotas,
            alerts,
            maintenance: settings.maintenance.as_slice().into(),
            outages: Vec::new(),
            drill: settings.drill,
            last_drill: None,
            mask: Mask::default(),
            new_id: Box::new(new_id),
        }
    }

    /// Keeps what was counted and remembered in a batch that is durable; undoes it for one that is not: a client that is told to send
    /// again must not be refused for it.
    pub(crate) fn settle(&mut self, durable: bool) {
        self.rate.settle(durable);
        self.refused_starts.settle(durable);
    }

    /// Applies a check-in, alone among those of its batch: `None` if it failed and was undone.
    pub(crate) fn check_in(&mut self, batch: &mut Batch, received: &ReceivedCheckIn) -> Option<Verdict> {
        let mark =
            ProcessorMark { counted: self.rate.counted(), refused_starts: self.refused_starts.unsettled() };
        let verdict = batch.isolated(|batch| self.apply(batch, received));
        if verdict.is_none() {
            self.rate.undo_to(mark.counted);
            self.refused_starts.undo_to(mark.refused_starts);
        }
        verdict
    }

    /// A batch on the rows that were loaded for it.
    pub(super) fn batch(&self, mut snapshot: Snapshot) -> Batch {
        snapshot.silences.windows = Arc::clone(&self.maintenance);
        snapshot.first_follow_up = self.alerts.first_follow_up();
        Batch::of(snapshot)
    }

    /// Evaluates the deadlines that have passed in the environment of a check-in at minute `tick`, after the ends of silences.
    pub(crate) fn evaluate_environment(&mut self, batch: &mut Batch, event: &CheckInEvent, tick: Timestamp) {
        let snapshot = &mut batch.changes.snapshot;
        for released in domain::release_environment(snapshot, event, tick) {
            self.publish_released(batch, released);
        }
        let snapshot = &mut batch.changes.snapshot;
        let passed = domain::evaluate_environment(snapshot, event, tick, &self.outages, &mut self.new_id);
        for deadline in passed {
            self.publish(batch, deadline);
        }
    }

    /// Adds the alerts and the event of a deadline that has passed.
    pub(super) fn publish(&mut self, batch: &mut Batch, deadline: PassedDeadline) {
        self.notify(batch, &deadline.effects);
        batch.events.push(Event::deadline(deadline));
    }

    /// Adds the alerts and the event of a message that a silence has kept back until now.
    pub(super) fn publish_released(&mut self, batch: &mut Batch, released: ReleasedMessage) {
        self.notify(batch, &released.effects);
        batch.events.push(Event::Released(released));
    }

    /// Decides the reminder and the escalation of an incident, by its index, and whether it is broken, and adds the alerts. Returns whether it
    /// was due.
    pub(super) fn follow_up(&mut self, batch: &mut Batch, incident: usize, tick: Timestamp) -> bool {
        let (snapshot, alerts) = (&mut batch.changes.snapshot, &self.alerts);
        let times = |event: &IncidentEvent| alerts.follow_up_times(event);
        let Some(effects) = domain::follow_up(snapshot, incident, tick, times) else { return false };
        self.notify(batch, &effects);
        // Pages show the mute of a broken environment, and nothing of reminders.
        let muted = effects.incident_events.iter().find(|event| event.kind == IncidentEventKind::Muted);
        batch.events.extend(muted.map(|event| Event::Changed { monitor: event.monitor.slug.to_string() }));
        true
    }

    /// Adds the alerts about these effects. An alert that cannot be written is logged and left out: the decision stands without it.
    fn notify(&mut self, batch: &mut Batch, effects: &Effects) {
        if let Err(error) = batch.notify(effects, &self.alerts, &mut self.new_id) {
            tracing::error!(%error, "an alert was left out, the others go on");
        }
    }

    fn apply(&mut self, batch: &mut Batch, received: &ReceivedCheckIn) -> Result<Verdict, StoreError> {
        let event = match self.admit(received) {
            Ok(event) => event,
            Err(errors) => return Ok(self.reject(batch, received, errors)),
        };
        let (mut verdict, made_monitor) = self.decide(batch, event)?;
        if verdict == Verdict::Deferred
            && let Some(errors) = self.refused_starts.why(event)
        {
            verdict = Verdict::Refused(with_remarks(&event.remarks, errors));
            verdict.hide(&self.mask);
        }
        match &verdict {
            Verdict::Deferred => batch.changes.snapshot.defer(event.clone()),
            Verdict::Refused(errors) => {
                self.record_processing_errors(batch, received, errors, false);
                self.refused_starts.refused(received, errors);
            }
            Verdict::Accepted { warnings, .. } => {
                self.refused_starts.accepted(event);
                self.record_processing_errors(batch, received, warnings, true);
            }
        }
        let deferred =
            if made_monitor { batch.changes.snapshot.take_deferred(&event.monitor_slug) } else { Vec::new() };
        batch.events.push(Event::CheckIn(event.without_config(), verdict.clone()));
        for waiting in deferred {
            // The minute that would have ended its wait may not have been evaluated yet.
            if event.received.duration_since(waiting.received) >= DEFERRED_TTL {
                self.reject_deferred(batch, waiting);
                continue;
            }
            batch.isolated(|batch| self.apply_deferred(batch, waiting));
        }
        Ok(verdict)
    }

    /// Applies the end of a run that waited for its monitor.
    fn apply_deferred(&mut self, batch: &mut Batch, event: CheckInEvent) -> Result<(), StoreError> {
        let (verdict, _) = self.decide(batch, &event)?;
        match &verdict {
            Verdict::Refused(errors) => {
                self.record_processing_errors(batch, &as_received(&event), errors, false);
            }
            Verdict::Accepted { warnings, .. } => {
                self.record_processing_errors(batch, &as_received(&event), warnings, true);
            }
            Verdict::Deferred => {}
        }
        batch.events.push(Event::CheckIn(event, verdict));
        Ok(())
    }

    /// Refuses a check-in that is over the rate limit, or no check-in.
    fn reject(
        &mut self,
        batch: &mut Batch,
        received: &ReceivedCheckIn,
        mut errors: Vec<ProcessingError>,
    ) -> Verdict {
        let is_sample = errors.last().is_none_or(|error| self.is_sample(received, error));
        for error in &mut errors {
            error.hide(&self.mask);
        }
        if is_sample {
            self.record_processing_errors(batch, received, &errors, false);
        }
        self.refused_starts.refused(received, &errors);
        batch.events.push(Event::Rejected {
            slug: received.monitor_slug.clone(),
            environment: received.environment.clone(),
            received: received.received,
            errors: errors.clone(),
            is_logged: is_sample,
        });
        Verdict::Refused(errors)
    }

    /// Steps 2 to 5: a check-in over the rate limit, and a payload that is no check-in, go no further.
    fn admit<'a>(&mut self, received: &'a ReceivedCheckIn) -> Result<&'a CheckInEvent, Vec<ProcessingError>> {
        if let Some(slug) = &received.monitor_slug {
            let counted = self.rate.count(slug, &received.environment, received.received);
            counted.map_err(|error| vec![error])?;
        }
        received
            .parsed
            .as_ref()
            .map_err(|invalid| with_remarks(&invalid.remarks, vec![invalid.error.clone()]))
    }

    /// Returns whether a refused check-in is stored and logged, not only counted: of those over the rate limit, the first of
    /// a minute and monitor.
    fn is_sample(&mut self, received: &ReceivedCheckIn, error: &ProcessingError) -> bool {
        match (error, &received.monitor_slug) {
            (ProcessingError::MonitorEnvironmentRateLimited(_), Some(slug)) => {
                self.rate.is_first_limited(slug)
            }
            _ => true,
        }
    }

    /// The verdict on a check-in, and whether it made its monitor.
    fn decide(&mut self, batch: &mut Batch, event: &CheckInEvent) -> Result<(Verdict, bool), StoreError> {
        let snapshot = &mut batch.changes.snapshot;
        let had_monitor = snapshot.has_monitor(&event.monitor_slug);
        let mut verdict = domain::check_in(snapshot, event, self.quotas, &mut self.new_id);
        let made_monitor = !had_monitor && snapshot.has_monitor(&event.monitor_slug);
        verdict.hide(&self.mask);
        if let Verdict::Accepted { effects, .. } = &verdict {
            batch.notify(effects, &self.alerts, &mut self.new_id)?;
        }
        Ok((verdict, made_monitor))
    }

    /// Rejects a deferred check-in with `MONITOR_NOT_FOUND`: no check-in created its monitor within [`DEFERRED_TTL`].
    pub(super) fn reject_deferred(&self, batch: &mut Batch, event: CheckInEvent) {
        let mut errors = with_remarks(&event.remarks, vec![ProcessingError::MonitorNotFound]);
        for error in &mut errors {
            error.hide(&self.mask);
        }
        self.record_processing_errors(batch, &as_received(&event), &errors, false);
        batch.events.push(Event::CheckIn(event, Verdict::Refused(errors)));
    }

    /// Keeps the errors of a refused check-in, or warnings about an accepted one, with the payload, in which the server's key is hidden.
    fn record_processing_errors(
        &self,
        batch: &mut Batch,
        received: &ReceivedCheckIn,
        errors: &[ProcessingError],
        accepted: bool,
    ) {
        if accepted && errors.is_empty() {
            return;
        }
        let payload = match self.mask.hide(&received.payload) {
            Cow::Borrowed(payload) => payload.to_owned(),
            Cow::Owned(payload) => payload,
        };
        batch.changes.processing_errors.push(ProcessingErrors {
            slug: received.monitor_slug.clone(),
            received: received.received,
            payload,
            errors: errors.to_vec(),
            accepted,
        });
    }
}

/// Puts the remarks about a check-in before the reasons why it is refused.
fn with_remarks(remarks: &[String], errors: Vec<ProcessingError>) -> Vec<ProcessingError> {
    let remarks = remarks.iter().cloned().map(ProcessingError::CheckInValidationFailed);
    // The errors may repeat a remark, as those of a refused start do.
    let mut all: Vec<_> = remarks.filter(|remark| !errors.contains(remark)).collect();
    all.extend(errors);
    all
}

/// A deferred check-in with its payload, as far as that is still known.
fn as_received(event: &CheckInEvent) -> ReceivedCheckIn {
    ReceivedCheckIn {
        monitor_slug: Some(event.monitor_slug.clone()),
        environment: event.environment.clone(),
        received: event.received,
        payload: serde_json::to_string(event).unwrap_or_default(),
        parsed: Ok(event.clone()),
    }
}
