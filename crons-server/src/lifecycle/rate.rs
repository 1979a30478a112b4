//! How often a monitor may check in.

use std::collections::HashMap;

use crons_types::Slug;
use jiff::Timestamp;

use super::error::ProcessingError;
use super::model::truncate_to_minute;

/// Counts the check-ins of each monitor environment within one minute of the clock.
#[derive(Debug)]
pub struct RateWindow {
    /// `None`: no limit.
    most: Option<u32>,
    minute: Timestamp,
    counts: HashMap<(Slug, String), u32>,
    /// What was counted and may have to be undone: whoever is told to send again must not be refused for it.
    unsettled: Vec<(Slug, String)>,
}

impl RateWindow {
    pub fn new(most: Option<u32>) -> Self {
        Self { most, minute: Timestamp::MIN, counts: HashMap::new(), unsettled: Vec::new() }
    }

    /// Counts one more, whether it is taken or not.
    ///
    /// # Errors
    /// If there were as many as there may be in its minute.
    pub fn count(
        &mut self,
        slug: &Slug,
        environment: &str,
        received: Timestamp,
    ) -> Result<(), ProcessingError> {
        let Some(most) = self.most else { return Ok(()) };
        let minute = truncate_to_minute(received);
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
        }
        let key = (slug.clone(), environment.to_owned());
        self.unsettled.push(key.clone());
        let count = self.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        if *count > most { Err(ProcessingError::MonitorEnvironmentRateLimited(most)) } else { Ok(()) }
    }

    /// How much is counted and not settled.
    pub fn counted(&self) -> usize {
        self.unsettled.len()
    }

    /// Undoes what was counted since there was as much as this.
    pub fn undo_to(&mut self, counted: usize) {
        for key in self.unsettled.drain(counted.min(self.unsettled.len())..) {
            if let Some(count) = self.counts.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// What was counted is durable, or nothing of it ever was.
    pub fn settle(&mut self, durable: bool) {
        if durable { self.unsettled.clear() } else { self.undo_to(0) }
    }
}
