//! The times at which people are told again of an incident that is still open: reminders, escalations to other targets, and that its
//! environment is broken or muted for it.
//!
//! Reminders and escalations follow from the time of the first message and the rules of the configuration. A restart or an outage neither
//! loses nor repeats one: only the instants until which they are decided and of the next decision are stored. A reminder that falls due in a
//! silence is left out; an escalation waits for its end.

use jiff::{SignedDuration, Timestamp};

/// The messages that follow the first one about an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUp {
    /// The time of the first message.
    pub notified_at: Timestamp,
    /// The instant until which reminders and escalations are decided. In an event about one: the instant before that, so that those
    /// after it up to the time of the event are due.
    pub decided_until: Timestamp,
    /// The time of the next decision, of these or whether the environment is broken; `None` if there is none. Reminders due before it are
    /// decided, or were left out in a silence.
    pub due: Option<Timestamp>,
}

/// A change of the times at which the next reminders and escalations of open incidents are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUpsDue {
    /// The time to which decisions are moved.
    pub at: Timestamp,
    /// The time of the decisions that are moved: the end of a silence. `None` if rules may have changed: then the open incidents of which people were
    /// told, and that have no decision before `at`, get one at the time until which their reminders are decided.
    pub instead_of: Option<Timestamp>,
}

/// The times after the first message at which the rules that match an incident tell people again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FollowUpTimes {
    /// The times between two reminders.
    pub remind: Vec<SignedDuration>,
    /// The times to escalations.
    pub escalate: Vec<SignedDuration>,
}

impl FollowUp {
    /// Returns the follow-up of a first message at `at`. `first` is the shortest time after which any rule tells people again.
    pub fn new(at: Timestamp, first: Option<SignedDuration>) -> Self {
        Self { notified_at: at, decided_until: at, due: first.and_then(|first| at.checked_add(first).ok()) }
    }

    /// Whether a reminder that comes each `every` is due at `at`. Several that have become due since the last decision are one.
    pub fn reminds(&self, every: SignedDuration, at: Timestamp) -> bool {
        let number = self.intervals(every, at);
        let latest = i32::try_from(number).ok().and_then(|number| every.checked_mul(number));
        let latest = latest.and_then(|after| self.notified_at.checked_add(after).ok());
        number > self.intervals(every, self.decided_until)
            && latest.zip(self.due).is_none_or(|(latest, due)| latest >= due)
    }

    /// Whether the escalation `after` the first message is due at `at`.
    pub fn escalates(&self, after: SignedDuration, at: Timestamp) -> bool {
        self.intervals(after, at) > 0 && !self.has_escalated(after)
    }

    /// Whether the escalation `after` the first message has been decided.
    pub fn has_escalated(&self, after: SignedDuration) -> bool {
        self.intervals(after, self.decided_until) > 0
    }

    /// Returns the state after the decision at `at`.
    pub(super) fn decided(self, times: &FollowUpTimes, at: Timestamp) -> Self {
        let reminders = times.remind.iter().filter_map(|every| {
            let number = i32::try_from(self.intervals(*every, at)).ok()?.checked_add(1)?;
            self.notified_at.checked_add(every.checked_mul(number)?).ok()
        });
        let escalations = times.escalate.iter().filter_map(|after| self.notified_at.checked_add(*after).ok());
        let due = reminders.chain(escalations.filter(|due| *due > at)).min();
        Self { decided_until: at, due, ..self }
    }

    /// Returns the state with a decision at `due` or before; unchanged if that is `None`.
    #[must_use]
    pub(super) fn no_later_than(self, due: Option<Timestamp>) -> Self {
        Self { due: self.due.into_iter().chain(due).min(), ..self }
    }

    /// Returns the number of whole intervals from the first message to `at`.
    fn intervals(&self, length: SignedDuration, at: Timestamp) -> i64 {
        at.duration_since(self.notified_at).as_secs().max(0) / length.as_secs().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    #[test]
    fn reminders_come_at_each_multiple_once_and_several_missed_ones_are_one() {
        let times = FollowUpTimes { remind: vec![MINUTE * 20], escalate: vec![MINUTE * 30] };
        let mut state = FollowUp::new(at(0), Some(MINUTE * 20));
        let (mut reminded, mut escalated) = (Vec::new(), Vec::new());
        for minute in [19, 20, 21, 30, 40, 41, 99, 100, 101] {
            if state.reminds(MINUTE * 20, at(minute)) {
                reminded.push(minute);
            }
            if state.escalates(MINUTE * 30, at(minute)) {
                escalated.push(minute);
            }
            state = state.decided(&times, at(minute));
        }
        assert_eq!((reminded, escalated), (vec![20, 40, 99, 100], vec![30]));
        assert!(state.has_escalated(MINUTE * 30) && !state.has_escalated(MINUTE * 102));
        assert_eq!(state.due, Some(at(120)));
    }

    #[test]
    fn reminders_before_the_next_decision_are_left_out_and_escalations_are_not() {
        let state = FollowUp { due: Some(at(50)), ..FollowUp::new(at(0), None) };
        let reminds = |minute| state.reminds(MINUTE * 20, at(minute));
        assert_eq!([50, 59, 60, 99].map(reminds), [false, false, true, true]);
        assert!(
            FollowUp { due: Some(at(60)), ..state }.reminds(MINUTE * 20, at(60)),
            "the end is no part of it"
        );
        assert!(state.escalates(MINUTE * 30, at(50)));
    }

    #[test]
    fn the_next_decision_is_the_earliest_of_all_rules_and_there_is_none_without_one() {
        let times = FollowUpTimes { remind: vec![MINUTE * 60], escalate: vec![MINUTE * 90, MINUTE * 10] };
        let state = FollowUp::new(at(0), None);
        assert_eq!(state.due, None);
        let due = |minute| state.decided(&times, at(minute)).due;
        assert_eq!([due(5), due(10), due(60), due(95)], [10, 60, 90, 120].map(|minute| Some(at(minute))));
        assert_eq!(state.decided(&FollowUpTimes::default(), at(5)).due, None);
    }
}
