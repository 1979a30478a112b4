//! For any silences and runs, every incident is told as a model of the rules says: the same events at the same times.

use crons_types::{CheckInId, CheckInStatus, Minutes, Schedule, Slug};
use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::{CheckInEvent, ConfigPatch, ConfigUpdate, Filter, NewSilence, SilenceEnd};
use crate::pipeline::evaluate::evaluate_minute;
use crate::settings::{RateLimit, Settings};
use crate::store::{MemoryDatabase, Pass, Queries};

/// A step of a timeline, which has one in each minute.
#[derive(Debug, Clone, Copy)]
enum Step {
    Fails,
    IsWell,
    /// A silence of this many minutes, for the job or for another one.
    Silence(u32, bool),
    /// The silence with this number, counted from the first, ends if there is one.
    End(usize),
    Nothing,
}

/// The second of a minute at which its step happens.
const SECOND: i64 = 20;

fn at(minute: usize, second: i64) -> Timestamp {
    let minutes = i64::try_from(minute).unwrap() * 60;
    Timestamp::from_second(1_717_408_800 + minutes + second).unwrap()
}

/// The model: what people know of each incident, and what they are still owed.
#[derive(Default)]
struct Model {
    silences: Vec<(Timestamp, Timestamp, bool)>,
    is_open: bool,
    is_known: bool,
    owed_end: bool,
    told: Vec<(&'static str, Timestamp)>,
}

impl Model {
    fn is_silent(&self, at: Timestamp) -> bool {
        self.silences.iter().any(|(from, to, is_ours)| *is_ours && *from <= at && at < *to)
    }

    fn minute(&mut self, at: Timestamp) {
        if self.is_silent(at) {
            return;
        }
        if std::mem::take(&mut self.owed_end) {
            self.told.push(("resolved", at));
        }
        if self.is_open && !self.is_known {
            self.is_known = true;
            self.told.push(("opened", at));
        }
    }

    fn step(&mut self, step: Step, at: Timestamp) {
        let is_silent = self.is_silent(at);
        match step {
            Step::Fails => {
                if !is_silent {
                    self.told.push((if self.is_open && self.is_known { "failure" } else { "opened" }, at));
                }
                self.is_known = !is_silent || self.is_open && self.is_known;
                self.is_open = true;
            }
            Step::IsWell if self.is_open => {
                if self.is_known && is_silent {
                    self.owed_end = true;
                } else if self.is_known {
                    self.told.push(("resolved", at));
                }
                (self.is_open, self.is_known) = (false, false);
            }
            Step::Silence(minutes, is_ours) => {
                let end = at + SignedDuration::from_mins(i64::from(minutes));
                self.silences.push((at, end, is_ours));
            }
            Step::End(number) => {
                if let Some((_, end, _)) = self.silences.get_mut(number).filter(|(_, end, _)| *end > at) {
                    *end = at;
                }
            }
            Step::IsWell | Step::Nothing => {}
        }
    }
}

fn check_in(number: usize, status: CheckInStatus, received: Timestamp) -> ReceivedCheckIn {
    let patch = ConfigPatch {
        schedule: Schedule::interval("1 year").unwrap(),
        checkin_margin: None,
        max_runtime: None,
        timezone: None,
        failure_issue_threshold: None,
        recovery_threshold: None,
        owner: None,
        owner_refused: None,
    };
    let event = CheckInEvent {
        project: crate::PROJECT,
        monitor_slug: Slug::parse("job").unwrap(),
        environment: "production".to_owned(),
        check_in_id: CheckInId::from_bytes((number as u128 + 1).to_be_bytes()),
        status,
        duration_ms: None,
        note: None,
        config: Some(ConfigUpdate::Valid(Box::new(patch))),
        received,
        trace: None,
        spelling: None,
        remarks: Vec::new(),
    };
    ReceivedCheckIn {
        monitor_slug: Some(event.monitor_slug.clone()),
        environment: event.environment.clone(),
        received,
        payload: String::new(),
        parsed: Ok(event),
    }
}

/// The messages of a timeline, by the code of the server, each with the time at which it was decided.
fn told(steps: &[Step]) -> Vec<(String, Timestamp)> {
    let alerts = serde_json::json!({"webhook": {"ops": {"url": "http://127.0.0.1:1/"}},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"]}]});
    let alerts = serde_json::from_value(alerts).unwrap();
    let settings = Settings { rate_limit: RateLimit::OFF, alerts, ..Settings::default() };
    let mut made = 0_u128;
    let new_id = move || {
        made += 1;
        Uuid::from_u128(made << 64)
    };
    let (mut store, mut processor) = (MemoryDatabase::default(), Processor::new(&settings, new_id));
    let (mut silences, mut events) = (Vec::new(), Vec::new());
    for (minute, step) in steps.iter().enumerate() {
        let done =
            evaluate_minute(&mut store, &mut processor, at(minute, 0), true, &[Pass::ALL], 100, &mut events)
                .unwrap();
        assert!(done);
        let now = at(minute, SECOND);
        let mut command = |given: Command| apply_command(&mut store, &mut processor, &given, now).unwrap();
        match *step {
            Step::Fails | Step::IsWell => {
                let status =
                    if matches!(step, Step::Fails) { CheckInStatus::Error } else { CheckInStatus::Ok };
                let received = check_in(minute, status, now);
                let mut verdicts = Vec::new();
                apply_check_ins(&mut store, &mut processor, &[&received], None, &mut events, &mut verdicts)
                    .unwrap();
            }
            Step::Silence(minutes, is_ours) => {
                let pattern = if is_ours { "jo*" } else { "other" };
                let new = NewSilence {
                    matchers: vec![Filter::pattern("monitor.slug", pattern).unwrap()],
                    starts_at: None,
                    end: SilenceEnd::After(Minutes::try_from(minutes).unwrap()),
                    by: "ana".to_owned(),
                    why: "migration".to_owned(),
                };
                let silence = new.accept(Uuid::from_u128(minute as u128), now).unwrap();
                silences.push(silence.id);
                command(Command::CreateSilence(Box::new(silence))).unwrap();
            }
            Step::End(number) => {
                if let Some(id) = silences.get(number) {
                    // The command is refused if the silence is over; in the model it has no effect then.
                    let _ = command(Command::EndSilence(*id));
                }
            }
            Step::Nothing => {}
        }
    }
    let alerts = store.alerts(1_000).unwrap();
    alerts.into_iter().rev().map(|alert| (alert.event, alert.created)).collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Fails),
        2 => Just(Step::IsWell),
        2 => (1..12_u32, prop::bool::weighted(0.8)).prop_map(|(minutes, is_ours)| Step::Silence(minutes, is_ours)),
        1 => (0..6_usize).prop_map(Step::End),
        3 => Just(Step::Nothing),
    ]
}

proptest! {
    #[test]
    fn every_incident_is_told_as_the_rules_say_and_no_event_of_a_silence_earlier(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut model = Model::default();
        for (minute, step) in steps.iter().enumerate() {
            model.minute(at(minute, 0));
            model.step(*step, at(minute, SECOND));
        }
        let expected: Vec<_> =
            model.told.iter().map(|(event, at)| ((*event).to_owned(), *at)).collect();
        prop_assert_eq!(told(&steps), expected);
    }
}
