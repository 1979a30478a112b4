//! The rows that a batch adds beside its snapshot: processing errors, usage, alerts, outages.

use jiff::Timestamp;

use super::tables::{AlertRow, ErrorsRow, Tables};
use crate::alerts::{Alert, Attempt, DeliveryOutcome};
use crate::store::api_token::TokenChange;
use crate::store::limits::{ALERTS_KEPT_FOR, ANSWER, HOUR, PAYLOAD, PROCESSING_ERRORS};
use crate::store::transaction::Changes;
use crate::store::views::{ErrorView, ProcessingErrorsView};

/// Alerts that are deleted for each that ends, at most.
const ALERTS_AT_ONCE: usize = 10;

impl Tables {
    pub fn write_additions(&mut self, changes: &Changes, monitor_ids: &[i64]) {
        self.write_processing_errors(changes, monitor_ids);
        for ((hour, usage), count) in &changes.usage {
            let known = usage.slug.as_ref().filter(|slug| changes.snapshot.has_monitor(slug));
            let slug = known.map(ToString::to_string).unwrap_or_default();
            let key = (hour * HOUR, slug, usage.outcome.as_str(), usage.reason.unwrap_or_default());
            *self.usage.entry(key).or_default() += count;
        }
        for alert in &changes.alerts {
            self.write_alert(alert);
        }
        for attempt in &changes.attempts {
            self.write_attempt(attempt);
        }
        for outage in &changes.outages {
            let id = self.new_id();
            self.outages.insert(id, *outage);
        }
        for change in &changes.tokens {
            match change {
                TokenChange::Create(token) if self.tokens.iter().any(|other| other.name == token.name) => {}
                TokenChange::Create(token) => self.tokens.push(token.clone()),
                TokenChange::Revoke(id) => self.tokens.retain(|token| token.id != *id),
            }
        }
        self.settings.extend(changes.settings.iter().cloned());
        self.last_seen = changes.last_seen.or(self.last_seen);
    }

    fn write_processing_errors(&mut self, changes: &Changes, monitor_ids: &[i64]) {
        for row in &changes.processing_errors {
            let index = row.slug.as_ref().and_then(|slug| changes.snapshot.monitor_index(slug));
            let monitor = index.map(|index| monitor_ids[index]);
            let errors = row.errors.iter();
            let errors: Vec<ErrorView> = errors
                .map(|error| ErrorView { name: error.name().to_owned(), message: error.to_string() })
                .collect();
            if row.accepted {
                // A repeated warning is kept once: otherwise it would push all other errors out.
                self.processing_errors.retain(|_, other| {
                    !(other.view.accepted && other.monitor == monitor && other.view.errors == errors)
                });
            }
            let payload = row.payload.chars().take(PAYLOAD).collect();
            let view =
                ProcessingErrorsView { received: row.received, payload, accepted: row.accepted, errors };
            let id = self.new_id();
            self.processing_errors.insert(id, ErrorsRow { monitor, view });
        }
        let monitors: Vec<_> = self.processing_errors.values().map(|row| row.monitor).collect();
        for monitor in monitors {
            let of_monitor = self.processing_errors.iter().rev().filter(|(_, row)| row.monitor == monitor);
            let old: Vec<i64> = of_monitor.skip(PROCESSING_ERRORS as usize).map(|(id, _)| *id).collect();
            self.processing_errors.retain(|id, _| !old.contains(id));
        }
    }

    /// Adds an alert, unless its target has one about the same event.
    fn write_alert(&mut self, alert: &Alert) {
        let event =
            |alert: &Alert| (alert.incident, alert.check_in, alert.event, alert.target.clone(), alert.at);
        if self.alerts.values().any(|other| event(&other.alert) == event(alert)) {
            return;
        }
        let row = AlertRow {
            alert: alert.clone(),
            attempts: 0,
            next_attempt: Some(alert.group_until.unwrap_or(alert.at)),
            refused: false,
            delivered: None,
            expired: None,
            last_answer: None,
        };
        let id = self.new_id();
        self.alerts.insert(id, row);
        if alert.group_until.is_some() {
            return;
        }
        // Earlier messages of the target, which wait for their groups, are sent with this one instead of holding it up.
        let before = self.alerts.range_mut(..id).map(|(_, row)| row);
        for row in before.filter(|row| row.alert.target == alert.target && row.attempts == 0) {
            row.next_attempt = row.next_attempt.map(|at| at.min(alert.at));
        }
    }

    fn write_attempt(&mut self, attempt: &Attempt) {
        for id in &attempt.ids {
            self.write_outcome(*id, attempt);
        }
    }

    fn write_outcome(&mut self, id: i64, attempt: &Attempt) {
        let Attempt { at, outcome, answer, .. } = attempt;
        let Some(row) = self.alerts.get_mut(&id).filter(|row| row.next_attempt.is_some()) else { return };
        row.attempts += 1;
        row.last_answer = Some(answer.chars().take(ANSWER).collect());
        (row.next_attempt, row.refused) = match *outcome {
            DeliveryOutcome::Failed { next, refused } => (Some(next), refused),
            DeliveryOutcome::Delivered | DeliveryOutcome::Expired => (None, false),
        };
        match outcome {
            DeliveryOutcome::Failed { .. } => return,
            DeliveryOutcome::Delivered => row.delivered = Some(*at),
            DeliveryOutcome::Expired => row.expired = Some(*at),
        }
        let before = at.saturating_sub(ALERTS_KEPT_FOR).unwrap_or(Timestamp::MIN);
        let ended = self.alerts.iter().filter(|(_, row)| row.next_attempt.is_none());
        let mut old: Vec<_> =
            ended.map(|(id, row)| (row.alert.at, *id)).filter(|(at, _)| *at < before).collect();
        old.sort_unstable();
        for (_, id) in old.into_iter().take(ALERTS_AT_ONCE) {
            self.alerts.remove(&id);
        }
    }
}
