//! A timeline through the same code that serves, on a clock of its own and with a database in memory.

use std::collections::{HashMap, HashSet};

use crons_types::Slug;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::report::{OutcomeRow, Report, Written};
use super::timeline::{Action, TimelineEvent};
use crate::domain::{CheckInEvent, Outage, ReceivedCheckIn, Verdict, truncate_to_minute};
use crate::ingest::parse_check_in;
use crate::pipeline::{self, DEFERRED_TTL, Event, Judge, Minutes};
use crate::settings::{Quotas, RateLimit, Settings};
use crate::store::{Records, SqliteStore, Store, StoreError};

/// With so many open runs, each minute is judged rather than each run looked at.
const MOST_OPEN: u32 = 20;
const ALMOST_A_MINUTE: SignedDuration = SignedDuration::new(59, 999_999_999);

/// Which minutes are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ticks {
    /// All from the first event to the last, each before the events in it.
    #[default]
    EveryMinute,
    /// Only those of [`Action::Tick`].
    Listed,
}

/// A server without a network, a file or a clock: what would it have said?
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
///     simulation.happen(event)?;
/// }
/// let report = serde_json::to_value(simulation.finish()?)?;
/// assert_eq!(report["check_ins"][1]["status"], "missed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Simulation {
    store: SqliteStore,
    judge: Judge,
    minutes: Option<Minutes>,
    /// When something happened last.
    last: Option<Timestamp>,
    ticks: Ticks,
    outcomes: Vec<OutcomeRow>,
    /// Check-ins that wait for the description of their monitor, with their place among the outcomes.
    held: Vec<(usize, CheckInEvent)>,
    /// Ids as the timeline writes them.
    written: Written,
    /// Remarks that were logged.
    remarks: HashSet<(Slug, String)>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("ticks", &self.ticks).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A server that has heard nothing yet.
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
        // The same ids for the same timeline; of a kind that nobody makes at random.
        let new_id = move || {
            made += 1;
            uuid::Builder::from_custom_bytes(u128::from(made).to_be_bytes()).into_uuid()
        };
        Ok(Self {
            store: SqliteStore::in_memory()?,
            judge: Judge::new(&settings, new_id),
            minutes: None,
            last: None,
            ticks,
            outcomes: Vec::new(),
            held: Vec::new(),
            written: HashMap::new(),
            remarks: HashSet::new(),
        })
    }

    /// Stretches of time in which nobody could be heard.
    pub(crate) fn set_outages(&mut self, outages: Vec<Outage>) {
        self.judge.outages = outages;
    }

    /// Lets something happen; at the same instant as what happened last, after it.
    ///
    /// # Errors
    /// If it is earlier than what happened already, or the database in memory fails.
    pub fn happen(&mut self, event: TimelineEvent) -> Result<(), StoreError> {
        let TimelineEvent { at, action } = event;
        if let Some(last) = self.last.filter(|last| at < *last) {
            return Err(StoreError::refused(format!(
                "at: {at} is before {last}, the time of the event before it"
            )));
        }
        self.last = Some(at);
        self.advance(at, matches!(action, Action::Tick))?;
        match action {
            Action::Tick => Ok(()),
            Action::CheckIn(payload) => {
                if let Some(Value::String(id)) = payload.get("check_in_id")
                    && let Ok(guid) = id.parse()
                {
                    self.written.entry(guid).or_insert_with(|| id.clone());
                }
                let mut arrival = parse_check_in(payload.to_string().as_bytes(), None);
                arrival.stamp(at);
                self.check_in(&arrival)
            }
            Action::Mute { monitor, environment, muted } => {
                let found = self
                    .transaction(|records, _| pipeline::set_muted(records, &monitor, &environment, muted))?;
                if !found {
                    tracing::warn!(%at, monitor, environment, "there is no such environment to mute at this time");
                }
                Ok(())
            }
            Action::Disable { monitor, disabled } => {
                let found =
                    self.transaction(|records, _| pipeline::set_enabled(records, &monitor, !disabled, at))?;
                if found.is_none() {
                    tracing::warn!(%at, monitor, "there is no such monitor to disable at this time");
                }
                Ok(())
            }
        }
    }

    /// A check-in arrives at the time it is stamped with.
    pub(crate) fn check_in(&mut self, arrival: &ReceivedCheckIn) -> Result<(), StoreError> {
        let mut said = Vec::new();
        self.transaction(|records, judge| judge.check_in(records, arrival, &mut said).map(drop))?;
        let place = self.outcomes.len();
        self.outcomes.push(OutcomeRow::pending(arrival));
        for said in &said {
            self.log_remarks(said);
        }
        for (index, said) in said.into_iter().enumerate() {
            match said {
                Event::Refused { errors, .. } => self.outcomes[place].is(&Verdict::Refused(errors)),
                Event::CheckIn(event, Verdict::Deferred) => self.held.push((place, event)),
                Event::CheckIn(_, verdict) if index == 0 => self.outcomes[place].is(&verdict),
                Event::CheckIn(event, verdict) => self.explained(&event, &verdict),
                Event::Deadline(..) | Event::Alerts => {}
            }
        }
        Ok(())
    }

    /// Logs refusals, and remarks about accepted check-ins, in words, each remark once; the report has only their names.
    fn log_remarks(&mut self, said: &Event) {
        let (event, warnings) = match said {
            Event::CheckIn(event, Verdict::Accepted { warnings, .. }) => (event, warnings),
            Event::CheckIn(event, Verdict::Refused(errors)) => {
                for error in errors {
                    tracing::warn!(at = %event.received, slug = %event.monitor_slug, "check-in refused: {error}");
                }
                return;
            }
            Event::Refused { slug, received, errors, .. } => {
                let slug = slug.as_ref().map(Slug::as_str);
                for error in errors {
                    tracing::warn!(at = %received, slug, "check-in refused: {error}");
                }
                return;
            }
            Event::CheckIn(..) | Event::Deadline(..) | Event::Alerts => return,
        };
        for remark in warnings {
            let (slug, remark) = (&event.monitor_slug, remark.to_string());
            if !self.remarks.contains(&(slug.clone(), remark.clone())) {
                tracing::warn!(at = %event.received, %slug, "check-in accepted, but {remark}");
                self.remarks.insert((slug.clone(), remark));
            }
        }
    }

    /// Lets time pass, judging each minute on the way.
    pub(crate) fn advance(&mut self, at: Timestamp, listed: bool) -> Result<(), StoreError> {
        let mut minutes = self.minutes.take().unwrap_or_else(|| Minutes::before(at));
        let minute = truncate_to_minute(at);
        if self.ticks == Ticks::Listed && listed {
            minutes.skip_to(minute);
            self.judge(&mut minutes)?;
        }
        while self.ticks == Ticks::EveryMinute && !minutes.have_judged(minute) {
            minutes.go_on_to(self.next_due(minute)?);
            self.judge(&mut minutes)?;
        }
        self.minutes = Some(minutes);
        Ok(())
    }

    fn judge(&mut self, minutes: &mut Minutes) -> Result<(), StoreError> {
        let mut said = Vec::new();
        while minutes.are_behind() {
            self.transaction(|records, judge| minutes.judge(records, judge, pipeline::A_FEW, &mut said))?;
        }
        for said in said {
            if let Event::CheckIn(event, verdict) = said {
                self.explained(&event, &verdict);
            }
        }
        Ok(())
    }

    /// The next minute in which something is due, or `last`. A year of minutes in which nothing is would take its time.
    fn next_due(&mut self, last: Timestamp) -> Result<Timestamp, StoreError> {
        let held =
            self.held.iter().filter_map(|(_, event)| event.received.checked_add(DEFERRED_TTL).ok()).min();
        let due = self.transaction(|records, _| {
            let latest = records.load_missed(Timestamp::MAX, 1)?;
            let latest = latest.first().and_then(|state| state.environment.as_ref()?.next_check_in_latest);
            let open = records.timed_out(Timestamp::MAX, MOST_OPEN)?;
            if open.len() >= MOST_OPEN as usize {
                return Ok(Some(Timestamp::MIN));
            }
            let mut due = [latest, held].into_iter().flatten().min();
            for guid in open {
                let deadline = records.load_run(guid)?.and_then(|state| state.check_in?.row.timeout_at);
                due = due.into_iter().chain(deadline).min();
            }
            Ok(due)
        })?;
        // What is due within a minute is judged at its end.
        let due =
            due.map_or(last, |due| truncate_to_minute(due.saturating_add(ALMOST_A_MINUTE).unwrap_or(due)));
        Ok(due.min(last))
    }

    /// What became of a check-in that was held.
    fn explained(&mut self, event: &CheckInEvent, verdict: &Verdict) {
        let found = self.held.iter().position(|(_, held)| {
            (held.received, &held.monitor_slug, held.check_in_id)
                == (event.received, &event.monitor_slug, event.check_in_id)
        });
        if let Some(found) = found {
            let (place, _) = self.held.remove(found);
            self.outcomes[place].is(verdict);
        }
    }

    /// What it came to. What is still held is refused: nothing more will come.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn finish(mut self) -> Result<Report, StoreError> {
        let mut said = Vec::new();
        self.transaction(|records, judge| judge.end(records, &mut said))?;
        for said in said {
            if let Event::CheckIn(event, verdict) = said {
                self.explained(&event, &verdict);
            }
        }
        Ok(Report::new(self.store.export()?, self.outcomes, &self.written))
    }

    fn transaction<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn Records, &mut Judge) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let judge = &mut self.judge;
        judge.rate.settle(true);
        let mut result = None;
        self.store.transaction(&mut |records| {
            result = Some(work(records, judge)?);
            Ok(())
        })?;
        result.ok_or_else(|| StoreError::unavailable("it did not run a transaction"))
    }
}
