//! Starts of runs that were refused: if one would have made the monitor, the end of its run has nothing to wait for.

use std::collections::{HashMap, VecDeque};

use crons_types::{CheckInId, CheckInStatus, Slug};
use serde::Deserialize;

use super::error::ProcessingError;
use super::received::{CheckInEvent, ReceivedCheckIn};

/// The most starts that are remembered, a few megabytes. They are forgotten at a restart.
const MOST: usize = 4_096;

/// A run by monitor and id; one without an id by monitor and environment, as the server finds it.
type Run = (Slug, Option<String>, CheckInId);

/// Remembers why the newest starts were refused.
#[derive(Debug, Default)]
pub struct RefusedStarts {
    reasons: HashMap<Run, Vec<ProcessingError>>,
    /// The runs, oldest first; some may not be in `reasons` any more.
    order: VecDeque<Run>,
    /// Changes of the batch that is not durable yet: a refused start with its reasons, or `None` for one that was accepted.
    unsettled: Vec<(Run, Option<Vec<ProcessingError>>)>,
}

/// The keys that show whether a malformed payload is a start, and of which run.
#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    status: serde_json::Value,
    check_in_id: Option<serde_json::Value>,
}

impl RefusedStarts {
    /// Remembers a refused check-in if it is the start of a run.
    pub fn refused(&mut self, received: &ReceivedCheckIn, errors: &[ProcessingError]) {
        if let Some(run) = started(received) {
            self.unsettled.push((run, Some(errors.to_vec())));
        }
    }

    /// Forgets a start that was accepted after all.
    pub fn accepted(&mut self, event: &CheckInEvent) {
        let knows_any = !self.reasons.is_empty() || !self.unsettled.is_empty();
        if knows_any && event.status == CheckInStatus::InProgress {
            let run = run(&event.monitor_slug, &event.environment, event.check_in_id);
            self.unsettled.push((run, None));
        }
    }

    /// The number of changes that are not settled.
    pub fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Undoes the changes since there were this many.
    pub fn undo_to(&mut self, unsettled: usize) {
        self.unsettled.truncate(unsettled);
    }

    /// Keeps the changes of a batch that is durable, and undoes those of one that is not.
    pub fn settle(&mut self, durable: bool) {
        for (run, errors) in self.unsettled.drain(..).filter(|_| durable) {
            let Some(errors) = errors else {
                self.reasons.remove(&run);
                continue;
            };
            if self.reasons.insert(run.clone(), errors).is_none() {
                self.order.push_back(run);
            }
            if self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.reasons.remove(&oldest);
            }
        }
    }

    fn reasons_of(&self, run: &Run) -> Option<&Vec<ProcessingError>> {
        match self.unsettled.iter().rev().find(|(other, _)| other == run) {
            Some((_, errors)) => errors.as_ref(),
            None => self.reasons.get(run),
        }
    }

    /// Returns the reasons for which the end of a run of an unknown monitor is refused: those of its start. `None` if no start is known.
    pub fn why(&self, event: &CheckInEvent) -> Option<Vec<ProcessingError>> {
        let run = run(&event.monitor_slug, &event.environment, event.check_in_id);
        let mut errors = self.reasons_of(&run)?.clone();
        // A start that brought no configuration has no other reason.
        if *errors != [ProcessingError::MonitorNotFound] {
            errors.pop_if(|error| *error == ProcessingError::MonitorNotFound);
            errors.push(ProcessingError::MonitorOfRefusedStart);
        }
        Some(errors)
    }
}

fn run(slug: &Slug, environment: &str, id: CheckInId) -> Run {
    (slug.clone(), id.is_nil().then(|| environment.to_owned()), id)
}

/// Returns the run whose start a check-in is; `None` if it is no start.
fn started(arrival: &ReceivedCheckIn) -> Option<Run> {
    let slug = arrival.monitor_slug.as_ref()?;
    let id = match &arrival.parsed {
        Ok(event) if event.status == CheckInStatus::InProgress => event.check_in_id,
        Ok(_) => return None,
        Err(_) => {
            let start: Start = serde_json::from_str(&arrival.payload).ok()?;
            // A check-in of an unknown status, such as `begun`, is taken for a start: otherwise its end would be deferred in vain.
            let ends = [CheckInStatus::Ok, CheckInStatus::Error].map(CheckInStatus::as_str);
            if ends.iter().any(|end| start.status == *end) {
                return None;
            }
            match start.check_in_id {
                // Any end without an id would be taken for that of this one.
                None if !start.status.is_string() => return None,
                None => CheckInId::NIL,
                Some(id) => id.as_str()?.parse().ok()?,
            }
        }
    };
    Some(run(slug, &arrival.environment, id))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn arrival(number: usize) -> ReceivedCheckIn {
        ReceivedCheckIn {
            monitor_slug: Slug::parse("job").ok(),
            environment: "production".to_owned(),
            received: Timestamp::UNIX_EPOCH,
            payload: format!(r#"{{"status": "in_progress", "check_in_id": "{number:032x}"}}"#),
            parsed: Err(crate::domain::InvalidCheckIn {
                error: ProcessingError::MonitorNotFound,
                malformed: true,
                remarks: Vec::new(),
            }),
        }
    }

    #[test]
    fn a_check_in_without_an_id_whose_status_is_no_text_is_no_start() {
        for (fields, is_start) in [
            (r#""status": "in_progress""#, true),
            (r#""status": "begun""#, true),
            (r#""status": "ok""#, false),
            (r#""status": 5"#, false),
            (r#""status": null"#, false),
            (r#""status": 5, "check_in_id": "0123456789abcdef0123456789abcdef""#, true),
        ] {
            let payload = format!("{{{fields}}}");
            assert_eq!(started(&ReceivedCheckIn { payload, ..arrival(1) }).is_some(), is_start, "{fields}");
        }
    }

    #[test]
    fn the_newest_are_remembered_and_no_more() {
        let mut starts = RefusedStarts::default();
        for number in 1..=2 * MOST {
            starts.refused(&arrival(number), &[ProcessingError::MonitorNotFound]);
            starts.refused(&arrival(number), &[ProcessingError::MonitorDisabled]);
            starts.settle(true);
        }
        assert_eq!((starts.reasons.len(), starts.order.len()), (MOST, MOST));
        let [oldest, newest] = [MOST + 1, 2 * MOST].map(|number| started(&arrival(number)).unwrap());
        assert_eq!(starts.reasons[&oldest], [ProcessingError::MonitorDisabled]);
        assert!(starts.reasons.contains_key(&newest));
    }

    #[test]
    fn a_batch_that_is_not_stored_leaves_the_starts_as_they_were() {
        let mut starts = RefusedStarts::default();
        starts.refused(&arrival(1), &[ProcessingError::MonitorNotFound]);
        starts.settle(true);
        let known = started(&arrival(1)).unwrap();
        starts.unsettled.push((known.clone(), None));
        starts.refused(&arrival(2), &[ProcessingError::MonitorDisabled]);
        assert_eq!(starts.reasons_of(&known), None);
        starts.settle(false);
        assert_eq!(starts.reasons_of(&known), Some(&vec![ProcessingError::MonitorNotFound]));
        assert_eq!(starts.reasons_of(&started(&arrival(2)).unwrap()), None);
    }
}
