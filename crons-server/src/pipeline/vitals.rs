//! Counts ticks, commits, check-ins by outcome, and alerts since the start of the server. Pages and metrics read them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::alerts::{Attempt, DeliveryOutcome, FailingTarget};
use crate::domain::{Outage, Outcome};
use crate::pipeline::events::Event;
use crate::store::ProofView;

/// The upper bounds of [`Figures::commits_within`].
pub(crate) const COMMIT_BOUNDS: [Duration; 9] = {
    let ms = Duration::from_millis;
    [ms(1), ms(2), ms(5), ms(10), ms(25), ms(50), ms(100), ms(500), ms(2_000)]
};

/// The health of each configured target by its name; `None` if it accepts messages.
pub(crate) type TargetHealth = BTreeMap<String, Option<FailingTarget>>;

/// The figures, written by the consumer and read by others.
#[derive(Debug, Default)]
pub(crate) struct Vitals(Mutex<Figures>);

/// The figures at one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// The last time in which the server was not receiving.
    pub(crate) last_outage: Option<Outage>,
    /// The number of clock ticks that were processed.
    pub(crate) ticks: u64,
    /// The time of the last tick.
    pub(crate) last_tick: Option<Timestamp>,
    /// The last minute whose deadlines, and those of all minutes before, are evaluated.
    pub(crate) evaluated_through: Option<Timestamp>,
    /// Batches that were loaded, decided and stored.
    pub(crate) commits: u64,
    /// Batches by duration: for each of [`COMMIT_BOUNDS`] those that took at most as long, and longer than the bound before.
    pub(crate) commits_within: [u64; COMMIT_BOUNDS.len()],
    /// The sum of the durations of all batches.
    pub(crate) commit_time: Duration,
    pub(crate) last_commit: Option<LastCommit>,
    /// Check-ins by outcome and reason; an empty reason for accepted ones. A deferred check-in is counted once it is decided.
    pub(crate) check_ins: BTreeMap<(Outcome, &'static str), u64>,
    /// Messages that their target has accepted.
    pub(crate) alerts_delivered: u64,
    /// Failed attempts after which the message is sent again.
    pub(crate) alerts_failed: u64,
    /// Messages that expired before their target accepted them.
    pub(crate) alerts_expired: u64,
    /// The last attempt to send a message; before the first, the start of the server.
    pub(crate) last_attempt: Option<Timestamp>,
    /// The last delivery of a message, also before the start of the server.
    pub(crate) last_delivered: Option<Timestamp>,
    /// The health of the configured targets.
    pub(crate) targets: TargetHealth,
    /// The newest drill that reached all of its targets.
    pub(crate) last_proof: Option<ProofView>,
    /// Pulses by outcome.
    pub(crate) pulses: BTreeMap<PulseOutcome, u64>,
}

/// The outcome of a pulse that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PulseOutcome {
    /// The receiver has accepted it.
    Sent,
    /// The receiver has not accepted it.
    Failed,
    /// The server did not send it, since it is not ready.
    Withheld,
}

impl PulseOutcome {
    /// The word in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Withheld => "withheld",
        }
    }
}

/// The last batch that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastCommit {
    /// The server's time of the newest input of the batch.
    pub(crate) at: Timestamp,
    /// The time from the start of the batch until it was durable.
    pub(crate) took: Duration,
}

impl Vitals {
    /// A copy of the figures.
    pub(crate) fn figures(&self) -> Figures {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the last delivery of a message before the start of the server, which is `now`, and the health of targets.
    pub(crate) fn restore(&self, now: Timestamp, last_delivered: Option<Timestamp>, targets: TargetHealth) {
        self.change(|figures| {
            figures.last_attempt = Some(now);
            figures.last_delivered = last_delivered;
            figures.targets = targets;
        });
    }

    /// Sets the health of all targets.
    pub(super) fn found_targets(&self, targets: TargetHealth) {
        self.change(|figures| figures.targets = targets);
    }

    /// Sets the last delivery of a message, if it is later than the one that is known.
    pub(crate) fn delivered(&self, at: Option<Timestamp>) {
        self.change(|figures| figures.last_delivered = figures.last_delivered.max(at));
    }

    pub(super) fn ticked(&self, at: Timestamp) {
        self.change(|figures| {
            figures.ticks += 1;
            figures.last_tick = Some(at);
        });
    }

    /// Sets the minute through which deadlines are evaluated, and the last outage.
    pub(super) fn evaluated(&self, through: Timestamp, last_outage: Option<Outage>) {
        self.change(|figures| {
            figures.evaluated_through = Some(through);
            figures.last_outage = last_outage;
        });
    }

    pub(super) fn committed(&self, at: Timestamp, took: Duration) {
        self.change(|figures| {
            figures.commits += 1;
            figures.commit_time += took;
            figures.last_commit = Some(LastCommit { at, took });
            if let Some(bound) = COMMIT_BOUNDS.iter().position(|bound| took <= *bound) {
                figures.commits_within[bound] += 1;
            }
        });
    }

    /// Counts the check-ins of durable events.
    pub(super) fn published(&self, events: &[Event]) {
        self.change(|figures| {
            for (outcome, reason) in events.iter().filter_map(Event::outcome) {
                *figures.check_ins.entry((outcome, reason.unwrap_or_default())).or_default() += 1;
            }
        });
    }

    /// Counts an attempt, and sets the health of its target.
    pub(super) fn attempted(&self, attempt: &Attempt, target: Option<(String, Option<FailingTarget>)>) {
        let messages = attempt.ids.len() as u64;
        self.change(|figures| {
            figures.targets.extend(target);
            figures.last_attempt = figures.last_attempt.max(Some(attempt.at));
            match attempt.outcome {
                DeliveryOutcome::Delivered => {
                    figures.alerts_delivered += messages;
                    figures.last_delivered = figures.last_delivered.max(Some(attempt.at));
                }
                DeliveryOutcome::Failed { .. } => figures.alerts_failed += messages,
                DeliveryOutcome::Expired => figures.alerts_expired += messages,
            }
        });
    }

    /// Sets the newest drill that reached all of its targets.
    pub(crate) fn proved(&self, proof: Option<ProofView>) {
        self.change(|figures| figures.last_proof = proof);
    }

    /// Counts a pulse.
    pub(crate) fn pulsed(&self, outcome: PulseOutcome) {
        self.change(|figures| *figures.pulses.entry(outcome).or_default() += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
