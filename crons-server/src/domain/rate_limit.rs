//! The rate limit of check-ins, by monitor and environment.

use std::collections::{HashMap, HashSet};

use crons_types::Slug;
use jiff::Timestamp;

use super::error::ProcessingError;
use super::model::truncate_to_minute;

/// Numbers of check-ins by monitor and environment.
pub type ReceivedCounts = HashMap<(Slug, String), u32>;

/// Counts the check-ins of each monitor environment within one minute of the clock.
#[derive(Debug)]
pub struct RateWindow {
    /// `None`: no limit.
    most: Option<u32>,
    minute: Timestamp,
    counts: ReceivedCounts,
    /// The monitors that were over the limit in this minute.
    limited: HashSet<Slug>,
    /// The counts that may have to be undone: a client that is told to send again must not be refused for it.
    unsettled: Vec<(Slug, String)>,
    /// The previous minute, its counts and how many of them are not settled, until the counts since then are.
    before: Option<(Timestamp, ReceivedCounts, usize)>,
}

impl RateWindow {
    pub fn new(most: Option<u32>) -> Self {
        Self {
            most,
            minute: Timestamp::MIN,
            counts: HashMap::new(),
            limited: HashSet::new(),
            unsettled: Vec::new(),
            before: None,
        }
    }

    /// Returns whether there is a limit.
    pub fn is_limited(&self) -> bool {
        self.most.is_some()
    }

    /// Goes on from the counts of a minute that all servers on a database have together.
    pub fn resume(&mut self, minute: Timestamp, counts: ReceivedCounts) {
        if minute != self.minute {
            self.limited.clear();
        }
        (self.minute, self.counts) = (minute, counts);
        self.unsettled.clear();
        self.before = None;
    }

    /// Counts one more, whether it is taken or not.
    ///
    /// # Errors
    /// If its minute had as many check-ins as the limit allows.
    pub fn count(
        &mut self,
        slug: &Slug,
        environment: &str,
        received: Timestamp,
    ) -> Result<(), ProcessingError> {
        let Some(most) = self.most else { return Ok(()) };
        let minute = truncate_to_minute(received);
        if minute != self.minute {
            let last = std::mem::replace(&mut self.minute, minute);
            let counts = std::mem::take(&mut self.counts);
            self.limited.clear();
            self.before.get_or_insert((last, counts, self.unsettled.len()));
        }
        let key = (slug.clone(), environment.to_owned());
        self.unsettled.push(key.clone());
        let count = self.counts.entry(key).or_default();
        *count = count.saturating_add(1);
        if *count > most { Err(ProcessingError::MonitorEnvironmentRateLimited(most)) } else { Ok(()) }
    }

    /// Returns whether no check-in of this monitor was over the limit in this minute before: this one is the sample that is
    /// stored and logged, the others are counted. After an undo a second sample is possible.
    pub fn is_first_limited(&mut self, slug: &Slug) -> bool {
        !self.limited.contains(slug) && self.limited.insert(slug.clone())
    }

    /// Returns the number of check-ins that are counted and not settled.
    pub fn counted(&self) -> usize {
        self.unsettled.len()
    }

    /// Undoes the counts since there were `counted` of them.
    pub fn undo_to(&mut self, counted: usize) {
        self.limited.clear();
        for key in self.unsettled.drain(counted.min(self.unsettled.len())..) {
            if let Some(count) = self.counts.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Keeps the counts of a durable batch; undoes those of a batch that was not stored.
    pub fn settle(&mut self, durable: bool) {
        let before = self.before.take();
        if durable {
            self.unsettled.clear();
            return;
        }
        if let Some((minute, counts, unsettled)) = before {
            (self.minute, self.counts) = (minute, counts);
            self.unsettled.truncate(unsettled);
        }
        self.undo_to(0);
    }
}
