use serde_json::{Value, json};

use super::*;
use crate::alerts::payload::tests::event;
use crate::domain::{FollowUp, IncidentEventKind};

fn alerts(rules: &Value) -> Result<Alerts, String> {
    let webhook = json!({"ops": {"url": "https://ops.example/"}, "boss": {"url": "https://boss.example/"}});
    let tables = json!({"webhook": webhook, "alert": rules});
    serde_json::from_value(tables).map_err(|error| error.to_string())
}

fn targets(rules: &Value) -> [Vec<String>; 3] {
    let alerts = alerts(rules).unwrap();
    [IncidentEventKind::Opened, IncidentEventKind::Failure, IncidentEventKind::Resolved]
        .map(|kind| alerts.targets_of(&event(kind)).into_iter().map(str::to_owned).collect())
}

#[test]
fn a_rule_sends_the_events_of_its_triggers() {
    let rule = |on: &str| targets(&json!([{"on": [on], "to": ["ops"]}])).map(|targets| targets.len());
    assert_eq!(rule("opened"), [1, 0, 0]);
    assert_eq!(rule("failure"), [1, 1, 0], "what opens an incident is a failure");
    assert_eq!(rule("resolved"), [0, 0, 1]);
}

#[test]
fn a_target_gets_an_event_once_even_if_many_rules_name_it() {
    let rules = json!([{"on": ["opened", "failure"], "to": ["ops", "ops"]}, {"on": ["failure"], "to": ["boss", "ops"]}]);
    assert_eq!(targets(&rules), [vec!["ops", "boss"], vec!["ops", "boss"], vec![]]);
}

#[test]
fn filters_must_all_match_or_any_or_there_are_none() {
    let tags = json!([{"key": "monitor.slug", "match": "sw", "value": "nightly"},
        {"key": "environment", "match": "equals", "value": "staging"}]);
    let opened = |rule: Value| targets(&json!([rule]))[0].len();
    assert_eq!(opened(json!({"on": ["opened"], "tags": tags, "to": ["ops"]})), 0);
    assert_eq!(opened(json!({"on": ["opened"], "match": "all", "tags": tags, "to": ["ops"]})), 0);
    assert_eq!(opened(json!({"on": ["opened"], "match": "any", "tags": tags, "to": ["ops"]})), 1);
    assert_eq!(opened(json!({"on": ["opened"], "match": "any", "to": ["ops"]})), 1);
}

#[test]
fn a_mistake_is_named_with_what_is_allowed() {
    for (rule, expected) in [
        (json!({"on": [], "to": ["ops"]}), "alert 1: on: it is empty"),
        (
            json!({"on": ["opened"], "to": []}),
            "alert 1: to: it is empty, so the rule sends nothing; write one or more of \"boss\", \"ops\"",
        ),
        (
            json!({"on": ["opened"], "to": ["opps"]}),
            "alert 1: to: there is no target \"opps\"; write one or more of \"boss\", \"ops\", or add a table such as [webhook.opps]",
        ),
        (
            json!({"on": ["open"], "to": ["ops"]}),
            "unknown variant `open`, expected one of `opened`, `failure`, `resolved`",
        ),
        (
            json!({"on": ["opened"], "to": ["ops"], "frequency": 5}),
            "unknown field `frequency`, expected one of `on`, `match`, `tags`, `to`, `remind`, `escalate`, `group_wait`",
        ),
        (
            json!({"on": ["resolved"], "to": ["ops"], "remind": "4h"}),
            "alert 1: remind: it is about incidents that are open, but `on` has only \"resolved\"; add \"opened\" to `on`",
        ),
        (json!({"on": ["opened"], "to": ["ops"], "remind": "soon"}), "remind: "),
        (
            json!({"on": ["opened"], "to": ["ops"], "escalate": {"after": "1h", "to": []}}),
            "alert 1: escalate: its `to` is empty",
        ),
        (
            json!({"on": ["opened"], "to": ["ops"], "escalate": {"after": "1h", "to": ["bos"]}}),
            "alert 1: escalate: there is no target \"bos\"",
        ),
        (json!({"on": ["opened"], "to": ["ops"], "escalate": {"to": ["boss"]}}), "missing field `after`"),
        (
            json!({"on": ["opened"], "to": ["ops"], "group_wait": "2h"}),
            "alert 1: group_wait: 7200 s is more than 10 minutes; write a shorter time",
        ),
        (
            json!({"on": ["opened"], "to": ["ops"], "group_wait": "soon"}),
            "group_wait: \"soon\" is not a length of time; write one from 1s to 10m, or \"off\"",
        ),
        (
            json!({"on": ["opened"], "to": ["ops"], "group_wait": 30}),
            "group_wait: 30 has no unit; write a time such as \"30s\", or \"off\"",
        ),
    ] {
        let refused = alerts(&json!([rule])).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    let none = Alerts::new(BTreeMap::new(), vec![]).unwrap();
    assert_eq!(none.warnings(), Vec::<String>::new());
}

#[test]
fn reminders_go_to_the_rule_and_escalations_and_their_end_to_the_others() {
    let rules = json!([{"on": ["opened"], "to": ["ops"], "remind": "1h", "escalate": {"after": "90m", "to": ["boss"]}}]);
    let alerts = alerts(&rules).unwrap();
    let told = |kind, decided_until: &str| {
        let mut event = event(kind);
        let [notified_at, decided_until] =
            ["10:00:00", decided_until].map(|time| format!("2024-06-03T{time}Z").parse().unwrap());
        event.incident.follow_up = Some(FollowUp { notified_at, decided_until, due: None });
        alerts.targets_of(&event).join(" ")
    };
    // The event is at 12:05.
    assert_eq!(told(IncidentEventKind::Reminder, "11:59:00"), "ops");
    assert_eq!(told(IncidentEventKind::Reminder, "12:00:00"), "");
    assert_eq!(told(IncidentEventKind::Escalated, "11:29:00"), "boss");
    assert_eq!(told(IncidentEventKind::Escalated, "11:30:00"), "");
    assert_eq!(told(IncidentEventKind::Resolved, "11:29:00"), "");
    assert_eq!(told(IncidentEventKind::Resolved, "11:30:00"), "boss");
    assert_eq!(alerts.first_follow_up(), Some(SignedDuration::from_hours(1)));
}

#[test]
fn a_message_waits_as_its_shortest_rule_says_and_not_at_services_with_incidents() {
    let tables = |waits: [Value; 2]| {
        let [first, second] =
            waits.map(|wait| json!({"on": ["opened"], "to": ["ops", "duty"], "group_wait": wait}));
        json!({"webhook": {"ops": {"url": "https://ops.example/"}}, "pagerduty": {"duty": {"routing_key": "k"}},
            "alert": [first, second]})
    };
    let waits = |first: Value, second: Value| {
        let alerts: Alerts = serde_json::from_value(tables([first, second])).unwrap();
        let event = event(IncidentEventKind::Opened);
        let decided = alerts.decide(std::slice::from_ref(&event), &mut uuid::Uuid::new_v4).unwrap();
        let wait = |until: Timestamp| until.duration_since(event.at).as_secs();
        decided.into_iter().map(|alert| (alert.target, alert.group_until.map(wait))).collect::<Vec<_>>()
    };
    let expected = |ops| vec![("ops".to_owned(), ops), ("duty".to_owned(), None)];
    assert_eq!(waits(json!("10s"), json!("1m")), expected(Some(10)));
    assert_eq!(waits(json!("10s"), json!("off")), expected(None));
    assert_eq!(waits(json!(0), json!("1m")), expected(None));
    let rule: Rule = serde_json::from_value(json!({"on": ["opened"], "to": ["ops"]})).unwrap();
    assert_eq!(rule.group_wait, Rule::GROUP_WAIT);
}

#[test]
fn unsigned_and_unused_webhooks_get_a_warning() {
    let warnings = alerts(&json!([{"on": ["opened"], "to": ["ops"]}])).unwrap().warnings();
    assert_eq!(warnings.len(), 3, "two are not signed, one is not named: {warnings:?}");
    assert!(
        warnings.iter().any(|warning| warning.starts_with("webhook `boss` gets no messages")),
        "{warnings:?}"
    );
}

#[test]
fn a_target_that_only_gets_the_digest_is_used() {
    let tables = json!({"slack": {"team": {"url": "https://ops.example/"}}, "digest": {"at": "08:00", "to": ["team"]}});
    assert_eq!(serde_json::from_value::<Alerts>(tables).unwrap().warnings(), Vec::<String>::new());
}

#[test]
fn two_targets_of_different_kinds_cannot_have_one_name() {
    let table = json!({"ops": {"url": "https://ops.example/"}});
    let refused =
        serde_json::from_value::<Alerts>(json!({"webhook": table, "slack": table})).unwrap_err().to_string();
    assert!(
        refused.contains("the name \"ops\" is that of a") && refused.contains("choose another"),
        "{refused}"
    );
    let unknown = serde_json::from_value::<Alerts>(json!({"slak": table})).unwrap_err().to_string();
    assert!(unknown.starts_with("unknown field `slak`, expected one of `webhook`, `email`"), "{unknown}");
}

#[test]
fn incidents_that_are_never_resolved_at_pagerduty_get_a_warning() {
    let warnings = |on: &[&str]| {
        let tables =
            json!({"pagerduty": {"oncall": {"routing_key": "r"}}, "alert": [{"on": on, "to": ["oncall"]}]});
        serde_json::from_value::<Alerts>(tables).unwrap().warnings()
    };
    let unresolved = warnings(&["opened", "failure"]);
    assert!(unresolved[0].starts_with("pagerduty `oncall` is not told of recoveries"), "{unresolved:?}");
    assert_eq!(warnings(&["opened", "resolved"]), Vec::<String>::new());
    // The rule that escalates tells the target of the recovery, too.
    let escalated = json!({
        "pagerduty": {"team": {"routing_key": "r"}, "oncall": {"routing_key": "r"}},
        "alert": [{"on": ["opened"], "to": ["team"], "escalate": {"after": "1h", "to": ["oncall"]}}],
    });
    let escalated = serde_json::from_value::<Alerts>(escalated).unwrap().warnings();
    assert!(escalated.len() == 1 && escalated[0].starts_with("pagerduty `team` "), "{escalated:?}");
}
