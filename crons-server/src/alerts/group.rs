//! Groups of messages: failures or recoveries of several jobs that one message tells together, as they came within a short time and have a
//! common cause.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::attempt::DueAlert;
use super::facts::EventName;
use super::payload::Message;
use crate::domain::truncate_to_minute;

/// A message to send: one that is stored, or one that stands for several.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The id that the receiver sees.
    pub(super) key: Uuid,
    pub(super) body: String,
    /// The ids of the rows, the first of which was due.
    pub(super) ids: Vec<i64>,
}

/// Returns the message with which `head` is sent. `waiting` are the messages to its target that come after it, in their order; at most
/// `most` are sent as one.
///
/// A message joins if it waits for others, too, came before the wait of the head was over, was tried as often, has a common cause, and
/// overtakes no message about its own job.
pub(super) fn outgoing(head: &DueAlert, waiting: &[DueAlert], most: usize) -> Outgoing {
    let alone = || Outgoing { key: head.key, body: head.body.clone(), ids: vec![head.id] };
    let (Some(until), Ok(first)) = (head.group_until, serde_json::from_str::<Message>(&head.body)) else {
        return alone();
    };
    let cause = Cause::of(&first);
    let (mut members, mut ids) = (Vec::new(), vec![head.id]);
    let mut keys = vec![head.key];
    let mut passed_over: HashSet<String> = HashSet::new();
    for alert in waiting {
        let Ok(message) = serde_json::from_str::<Message>(&alert.body) else { continue };
        let joins = ids.len() < most
            && alert.group_until.is_some()
            && alert.created_at <= until
            && alert.attempts == head.attempts
            && kind(&message) == kind(&first)
            && Cause::of(&message).is_common(&cause)
            && !passed_over.contains(&message.fingerprint);
        if joins {
            ids.push(alert.id);
            keys.push(alert.key);
            members.push(message);
        } else {
            passed_over.insert(message.fingerprint);
        }
    }
    if members.is_empty() {
        return alone();
    }
    let key = id_of(&keys);
    match serde_json::to_string(&Message::group(first, members, key)) {
        Ok(body) => Outgoing { key, body, ids },
        Err(_) => alone(),
    }
}

/// Returns an id that is made of others. That of a group is the same for the same messages, so that a receiver recognises a repetition, and
/// another as soon as one more message has joined.
pub(super) fn id_of(keys: &[Uuid]) -> Uuid {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    for key in keys {
        digest.update(key.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finish().as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Messages of one kind only are told together. A further failure is told as a failure.
fn kind(message: &Message) -> (bool, bool, bool) {
    let event = message.event;
    (event == EventName::Resolved, event == EventName::Reminder, message.escalated)
}

/// The facts by which messages have a common cause.
struct Cause {
    owner: Option<String>,
    /// The slug up to its last `-`, `.` or `/`.
    prefix: Option<String>,
    environment: String,
    minute: Timestamp,
}

impl Cause {
    fn of(message: &Message) -> Self {
        let slug = message.monitor.slug.as_str();
        Self {
            owner: message.monitor.owner.clone(),
            prefix: slug.rfind(['-', '.', '/']).filter(|at| *at > 0).map(|at| slug[..at].to_owned()),
            environment: message.environment.clone(),
            minute: truncate_to_minute(message.at),
        }
    }

    fn is_common(&self, other: &Self) -> bool {
        self.environment == other.environment
            || self.minute == other.minute
            || self.owner.is_some() && self.owner == other.owner
            || self.prefix.is_some() && self.prefix == other.prefix
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::alerts::payload::tests::event;
    use crate::domain::IncidentEventKind::{self, Failure, Opened, Resolved};

    /// A message that was decided so many seconds after noon and waits for half a minute.
    fn alert(id: i64, kind: IncidentEventKind, slug: &str, environment: &str, second: i64) -> DueAlert {
        let mut event = event(kind);
        event.at = Timestamp::from_second(1_717_416_000 + second).unwrap();
        event.monitor.slug = crons_types::Slug::parse(slug).unwrap();
        event.monitor.owner = None;
        event.monitor.guid = Uuid::from_u128(slug.bytes().map(u128::from).sum());
        environment.clone_into(&mut event.environment.name);
        let key = Uuid::from_u128(id.unsigned_abs().into());
        DueAlert {
            id,
            key,
            target: "ops".to_owned(),
            body: serde_json::to_string(&Message::new(&event, key, None)).unwrap(),
            created_at: event.at,
            attempts: 0,
            next_attempt_at: event.at,
            group_until: Some(Timestamp::from_second(1_717_416_000 + second + 30).unwrap()),
            refused: false,
            is_drill: false,
        }
    }

    fn joined(alerts: &[DueAlert]) -> Vec<i64> {
        outgoing(&alerts[0], &alerts[1..], 100).ids
    }

    #[test]
    fn messages_join_that_came_in_time_and_have_a_common_cause() {
        let with = |other: DueAlert| joined(&[alert(1, Opened, "etl-load", "a", 50), other]).len();
        assert_eq!(with(alert(2, Opened, "backup", "b", 59)), 2, "the minute");
        assert_eq!(with(alert(2, Opened, "backup", "b", 61)), 1, "nothing");
        assert_eq!(with(alert(2, Failure, "backup", "a", 80)), 2, "the environment");
        assert_eq!(with(alert(2, Opened, "etl-sum", "b", 80)), 2, "the prefix");
        assert_eq!(with(alert(2, Opened, "etl", "b", 80)), 1, "a slug without a prefix");
        assert_eq!(with(alert(2, Opened, "etl-sum", "a", 81)), 1, "it came too late");
        assert_eq!(with(alert(2, Resolved, "etl-sum", "a", 51)), 1, "a recovery is another message");
        assert_eq!(with(DueAlert { group_until: None, ..alert(2, Opened, "etl-sum", "a", 51) }), 1);
        assert_eq!(with(DueAlert { attempts: 1, ..alert(2, Opened, "etl-sum", "a", 51) }), 1);
        let owned = |id, slug, second| {
            let mut alert = alert(id, Opened, slug, slug, second);
            alert.body = alert.body.replace("\"owner\":null", "\"owner\":\"team:ops\"");
            alert
        };
        assert_eq!(joined(&[owned(1, "x", 50), owned(2, "y", 61)]), [1, 2], "the owner");
    }

    #[test]
    fn no_message_overtakes_another_of_its_job() {
        let alerts = [
            alert(1, Opened, "a", "p", 0),
            alert(2, Opened, "b", "p", 1),
            alert(3, Resolved, "a", "p", 2),
            alert(4, Opened, "a", "p", 3),
            alert(5, Opened, "c", "p", 4),
            alert(6, Resolved, "b", "p", 5),
        ];
        assert_eq!(joined(&alerts), [1, 2, 5]);
        assert_eq!(joined(&alerts[2..]), [3, 6], "and not before it is told that `b` fails");
    }

    #[test]
    fn a_group_has_an_id_of_its_members_and_one_alone_is_as_it_is_stored() {
        let alerts = [1, 2, 3].map(|id| alert(id, Opened, &format!("job-{id}"), "p", 0));
        let all = outgoing(&alerts[0], &alerts[1..], 100);
        assert_eq!(all.key, outgoing(&alerts[0], &alerts[1..], 100).key, "a repetition");
        assert_ne!(all.key, outgoing(&alerts[0], &alerts[1..], 2).key);
        let body: Value = serde_json::from_str(&all.body).unwrap();
        assert_eq!(body["id"], all.key.to_string());
        let ids: Vec<_> = body["members"].as_array().unwrap().iter().map(|member| &member["id"]).collect();
        assert_eq!(ids, alerts.each_ref().map(|alert| Value::from(alert.key.to_string())).each_ref());
        let alone = outgoing(&alerts[0], &alerts[1..], 1);
        assert_eq!((alone.key, &alone.body), (alerts[0].key, &alerts[0].body));
    }

    proptest! {
        #[test]
        fn sending_all_groups_sends_each_message_once_and_those_of_a_job_in_order(
            made in prop::collection::vec((0..4_u8, any::<bool>(), 0..3_i64), 1..40), most in 1..9_usize,
        ) {
            let (mut second, mut queue) = (0, Vec::new());
            for (id, (job, fails, pause)) in (1..).zip(made) {
                second += pause * 10;
                let kind = if fails { Opened } else { Resolved };
                queue.push((job, alert(id, kind, &format!("job-{job}"), "p", second)));
            }
            let jobs: std::collections::HashMap<_, _> = queue.iter().map(|(job, alert)| (alert.id, *job)).collect();
            let mut waiting: Vec<DueAlert> = queue.into_iter().map(|(_, alert)| alert).collect();
            let all: Vec<i64> = waiting.iter().map(|alert| alert.id).collect();
            let mut sent = Vec::new();
            while let Some((head, behind)) = waiting.split_first() {
                let ids = outgoing(head, behind, most).ids;
                prop_assert!(ids.len() <= most);
                waiting.retain(|alert| !ids.contains(&alert.id));
                sent.extend(ids);
            }
            for job in 0..4 {
                let of_job: Vec<_> = sent.iter().filter(|id| jobs[id] == job).collect();
                prop_assert!(of_job.is_sorted(), "{of_job:?}");
            }
            sent.sort_unstable();
            prop_assert_eq!(sent, all);
        }
    }
}
