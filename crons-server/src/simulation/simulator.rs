//! A timeline through the same code that serves, on a clock of its own and with a database in memory.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crons_types::Slug;
use jiff::Timestamp;
use serde_json::Value;

use super::report::{OriginalIds, OutcomeRow, Report};
use super::timeline::{TimelineAction, TimelineEvent};
use crate::domain::{
    CheckInEvent, Command, ExplanationJson, Filter, MonitorChange, NewSilence, Outage, ReceivedCheckIn,
    SilenceEnd, Verdict, evaluation_minute, truncate_to_minute,
};
use crate::ingest::parse_check_in;
use crate::pipeline::{self, CHUNK, DEFERRED_TTL, Event, Processor, Watermark};
use crate::settings::{Quotas, RateLimit, Settings};
use crate::store::{Changes, SqliteStore, Store, StoreError};

/// The minutes whose deadlines are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ticks {
    /// The minutes from the first event to the last, each before the events in it.
    #[default]
    EveryMinute,
    /// The minutes of [`TimelineAction::Tick`], and no others.
    Listed,
}

/// A server without a network, a file or a clock, which shows what a real one would decide about a timeline.
///
/// ```
/// use crons_server::{Simulation, RateLimit, Ticks, parse_timeline};
///
/// let timeline = parse_timeline(r#"
///     {"at": "2024-06-03T10:00:05Z", "check_in": {"monitor_slug": "job", "status": "ok",
///         "monitor_config": {"schedule": {"type": "crontab", "value": "0 * * * *"}}}}
///     {"at": "2024-06-03T11:01:00Z", "tick": true}
/// "#.replace("\"ok\",\n", "\"ok\",").as_str())?;
/// let mut simulation = Simulation::new(Ticks::EveryMinute, RateLimit::SENTRY)?;
/// for event in timeline {
///     simulation.apply(event)?;
/// }
/// let report = serde_json::to_value(simulation.finish()?)?;
/// assert_eq!(report["check_ins"][1]["status"], "missed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Simulation {
    store: SqliteStore,
    processor: Processor,
    watermark: Option<Watermark>,
    /// The time of the last event.
    last: Option<Timestamp>,
    ticks: Ticks,
    outcomes: Vec<OutcomeRow>,
    /// Deferred check-ins, with their place among the outcomes.
    deferred: Vec<(usize, CheckInEvent)>,
    /// Ids as the timeline writes them.
    original_ids: OriginalIds,
    /// Remarks that were logged.
    remarks: HashSet<(Slug, String)>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("ticks", &self.ticks).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A server that has received nothing yet.
    ///
    /// # Errors
    /// If there is no memory for its database.
    pub fn new(ticks: Ticks, rate_limit: RateLimit) -> Result<Self, StoreError> {
        Self::with_quotas(ticks, rate_limit, Quotas::default())
    }

    pub(crate) fn with_quotas(
        ticks: Ticks,
        rate_limit: RateLimit,
        quotas: Quotas,
    ) -> Result<Self, StoreError> {
        let settings = Settings { rate_limit, quotas, ..Settings::default() };
        let mut made = 0_u64;
        // A timeline always gets the same ids, of a version that no random id has.
        let new_id = move || {
            made += 1;
            uuid::Builder::from_custom_bytes(u128::from(made).to_be_bytes()).into_uuid()
        };
        Ok(Self {
            store: SqliteStore::in_memory()?,
            processor: Processor::new(&settings, new_id),
            watermark: None,
            last: None,
            ticks,
            outcomes: Vec::new(),
            deferred: Vec::new(),
            original_ids: HashMap::new(),
            remarks: HashSet::new(),
        })
    }

    /// Sets the times in which the server was not receiving.
    pub(crate) fn set_outages(&mut self, outages: Vec<Outage>) {
        self.processor.outages = outages;
    }

    /// Adds a time in which the server was not receiving: deadlines in it are unknown. Events of that time are not left out.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn add_outage(&mut self, since: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        let outage = Outage { since, until };
        pipeline::store_changes(&mut self.store, &Changes { outages: vec![outage], ..Changes::default() })?;
        self.processor.outages.push(outage);
        Ok(())
    }

    /// Applies an event, after all earlier ones of the same instant.
    ///
    /// # Errors
    /// If the event is earlier than the one before it, or the database in memory fails.
    pub fn apply(&mut self, event: TimelineEvent) -> Result<(), StoreError> {
        let TimelineEvent { at, action } = event;
        if let Some(last) = self.last.filter(|last| at < *last) {
            return Err(StoreError::refused(format!(
                "at: {at} is before {last}, the time of the event before it"
            )));
        }
        self.last = Some(at);
        self.advance(at, matches!(action, TimelineAction::Tick))?;
        match action {
            TimelineAction::Tick => Ok(()),
            TimelineAction::CheckIn(payload) => {
                if let Some(Value::String(id)) = payload.get("check_in_id")
                    && let Ok(guid) = id.parse()
                {
                    self.original_ids.entry(guid).or_insert_with(|| id.clone());
                }
                let mut arrival = parse_check_in(payload.to_string().as_bytes(), None);
                arrival.stamp(at);
                self.check_in(&arrival)
            }
            TimelineAction::Mute { monitor, environment, muted } => {
                let wanted = Command::ChangeEnvironment {
                    monitor: monitor.clone(),
                    environment: environment.clone(),
                    muted,
                };
                if pipeline::apply_command(&mut self.store, &mut self.processor, &wanted, at)?.is_err() {
                    tracing::warn!(%at, monitor, environment, "there is no such environment to mute at this time");
                }
                Ok(())
            }
            TimelineAction::Silence { monitor, environment, length, by, why } => {
                let environment = environment.iter().map(|name| Filter::pattern("environment", name));
                let matchers = std::iter::once(Filter::pattern("monitor.slug", &monitor)).chain(environment);
                let matchers = matchers.collect::<Result<_, _>>().map_err(StoreError::refused)?;
                let new = NewSilence { matchers, starts_at: None, end: SilenceEnd::After(length), by, why };
                let id = (self.processor.new_id)();
                let silence = new.accept(id, at).map_err(StoreError::refused)?;
                let wanted = Command::CreateSilence(Box::new(silence));
                if pipeline::apply_command(&mut self.store, &mut self.processor, &wanted, at)?.is_err() {
                    tracing::warn!(%at, monitor, "there are too many silences at this time");
                }
                Ok(())
            }
            TimelineAction::Disable { monitor, disabled } => {
                let wanted = Command::ChangeMonitor {
                    monitor: monitor.clone(),
                    change: Box::new(MonitorChange { enabled: Some(!disabled), ..MonitorChange::default() }),
                    expected: None,
                };
                if pipeline::apply_command(&mut self.store, &mut self.processor, &wanted, at)?.is_err() {
                    tracing::warn!(%at, monitor, "there is no such monitor to disable at this time");
                }
                Ok(())
            }
        }
    }

    /// A check-in arrives at the time it is stamped with.
    pub(crate) fn check_in(&mut self, received: &ReceivedCheckIn) -> Result<(), StoreError> {
        let (mut events, mut verdicts) = (Vec::new(), Vec::new());
        let (store, processor) = (&mut self.store, &mut self.processor);
        pipeline::apply_check_ins(store, processor, &[received], None, &mut events, &mut verdicts)?;
        let place = self.outcomes.len();
        self.outcomes.push(OutcomeRow::pending(received));
        for event in &events {
            self.log_remarks(event);
        }
        for (index, event) in events.into_iter().enumerate() {
            match event {
                Event::Rejected { errors, .. } => self.outcomes[place].record(&Verdict::Refused(errors)),
                Event::CheckIn(event, Verdict::Deferred) => self.deferred.push((place, event)),
                Event::CheckIn(_, verdict) if index == 0 => self.outcomes[place].record(&verdict),
                Event::CheckIn(event, verdict) => self.resolve_deferred(&event, &verdict),
                Event::Deadline(..)
                | Event::Released(_)
                | Event::Changed { .. }
                | Event::AllChanged
                | Event::Alerts => {}
            }
        }
        Ok(())
    }

    /// Logs refusals, and remarks about accepted check-ins, in words, each remark once; the report has only their names.
    fn log_remarks(&mut self, event: &Event) {
        let (event, warnings) = match event {
            Event::CheckIn(event, Verdict::Accepted { warnings, .. }) => (event, warnings),
            Event::CheckIn(event, Verdict::Refused(errors)) => {
                for error in errors {
                    tracing::warn!(at = %event.received, slug = %event.monitor_slug, "check-in refused: {error}");
                }
                return;
            }
            Event::Rejected { slug, received, errors, .. } => {
                let slug = slug.as_ref().map(Slug::as_str);
                for error in errors {
                    tracing::warn!(at = %received, slug, "check-in refused: {error}");
                }
                return;
            }
            Event::CheckIn(..)
            | Event::Deadline(..)
            | Event::Released(_)
            | Event::Changed { .. }
            | Event::AllChanged
            | Event::Alerts => return,
        };
        for remark in warnings {
            let (slug, remark) = (&event.monitor_slug, remark.to_string());
            if !self.remarks.contains(&(slug.clone(), remark.clone())) {
                tracing::warn!(at = %event.received, %slug, "check-in accepted, but {remark}");
                self.remarks.insert((slug.clone(), remark));
            }
        }
    }

    /// Lets time pass: evaluates the deadlines of each minute on the way.
    pub(crate) fn advance(&mut self, at: Timestamp, listed: bool) -> Result<(), StoreError> {
        let mut watermark = self.watermark.take().unwrap_or_else(|| Watermark::before(at));
        let minute = truncate_to_minute(at);
        if self.ticks == Ticks::Listed && listed {
            watermark.skip_to(minute);
            self.evaluate(&mut watermark)?;
        }
        while self.ticks == Ticks::EveryMinute && !watermark.has_evaluated(minute) {
            watermark.go_on_to(self.next_due(minute)?);
            self.evaluate(&mut watermark)?;
        }
        self.watermark = Some(watermark);
        Ok(())
    }

    fn evaluate(&mut self, watermark: &mut Watermark) -> Result<(), StoreError> {
        let mut events = Vec::new();
        while watermark.behind().is_some() {
            watermark.evaluate(&mut self.store, &mut self.processor, CHUNK, &mut events)?;
        }
        self.resolve_all_deferred(events);
        Ok(())
    }

    /// Returns the next minute in which something is due, or `last`. The minutes between are skipped, since to evaluate a year of
    /// them would take long.
    fn next_due(&mut self, last: Timestamp) -> Result<Timestamp, StoreError> {
        let deferred =
            self.deferred.iter().filter_map(|(_, event)| event.received.checked_add(DEFERRED_TTL).ok()).min();
        let deadline = self.store.begin()?.next_deadline()?;
        let due = [deadline, deferred].into_iter().flatten().min();
        Ok(due.map_or(last, evaluation_minute).min(last))
    }

    fn resolve_all_deferred(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::CheckIn(event, verdict) = event {
                self.resolve_deferred(&event, &verdict);
            }
        }
    }

    /// Records the verdict on a check-in that was deferred.
    fn resolve_deferred(&mut self, event: &CheckInEvent, verdict: &Verdict) {
        let found = self.deferred.iter().position(|(_, deferred)| {
            (deferred.received, &deferred.monitor_slug, deferred.check_in_id)
                == (event.received, &event.monitor_slug, event.check_in_id)
        });
        if let Some(found) = found {
            let (place, _) = self.deferred.remove(found);
            self.outcomes[place].record(verdict);
        }
    }

    /// Derives why a run or an incident came to its status, as the API does; `None` if there is none of this id.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn explain(&self, id: &str) -> Result<Option<Value>, StoreError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        let Some(explained) = self.store.explained(id)? else { return Ok(None) };
        let explanation = explained.explanation();
        Ok(serde_json::to_value(ExplanationJson::from(&explanation)).ok())
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub(super) fn export(&self) -> Result<crate::store::Export, StoreError> {
        self.store.export()
    }

    /// Ends the simulation and returns its report. Deferred check-ins are refused: no more check-ins will come.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn finish(mut self) -> Result<Report, StoreError> {
        self.reject_deferred()?;
        Ok(Report::new(self.store.export()?, self.outcomes, &self.original_ids))
    }

    /// Ends the simulation and writes its database to a new file, which a server can open. Deferred check-ins are refused.
    ///
    /// # Errors
    /// If the file is there already or cannot be written.
    pub fn save(mut self, file: &Path) -> Result<(), StoreError> {
        self.reject_deferred()?;
        self.store.copy_to(file)
    }

    fn reject_deferred(&mut self) -> Result<(), StoreError> {
        let mut events = Vec::new();
        pipeline::reject_all_deferred(&mut self.store, &mut self.processor, &mut events)?;
        self.resolve_all_deferred(events);
        Ok(())
    }
}
