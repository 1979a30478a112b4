//! Several servers on one database of PostgreSQL, by one clock: together they store the rows that a single server stores.

use std::collections::BTreeSet;

use crons_server::{RateLimit, Settings};
use serde_json::{Value, json};

use crate::harness::*;
use crate::openapi;
use crate::receiver::{Mode, Receiver};

/// Three servers on a database; `None` if this machine has no PostgreSQL.
fn three(time: &str, settings: Settings) -> Option<[Harness; 3]> {
    let first = Harness::on_postgres(time, settings)?;
    let (second, third) = (first.node(), first.node());
    Some([first, second, third])
}

/// The generator of a timeline: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The time of a second after ten o'clock.
fn clock(second: u64) -> String {
    format!("10:{:02}:{:02}", second / 60, second % 60)
}

/// A timeline of twelve minutes: times, and check-ins of three jobs in two environments.
fn timeline(seed: u64) -> Vec<(String, Value)> {
    let mut numbers = Numbers(seed);
    let mut second = 0;
    let mut all = Vec::new();
    while second < 720 {
        let (job, run) = (numbers.below(3), numbers.below(4));
        let status = ["in_progress", "ok", "error"][usize::try_from(numbers.below(3)).unwrap()];
        let id = format!("{:032x}", (job + 1) * 1_000 + second / 240 * 10 + run + 1);
        let mut sent = check_in(&id, status);
        sent["monitor_slug"] = json!(format!("job-{job}"));
        sent["environment"] = json!(["production", "staging"][usize::try_from(run % 2).unwrap()]);
        sent["monitor_config"] = json!({"schedule": {"type": "interval", "value": 2 + job, "unit": "minute"},
            "checkin_margin": 1, "max_runtime": 2, "failure_issue_threshold": 1 + job % 2, "recovery_threshold": 1});
        if numbers.below(4) == 0 {
            sent.as_object_mut().unwrap().remove("monitor_config");
        }
        all.push((clock(second), sent));
        second += numbers.below(30);
    }
    all
}

/// Returns what a server shows of its monitors, without the ids that it made itself.
fn shown(server: &Harness) -> Vec<Value> {
    let mut shown = Vec::new();
    for job in 0..3 {
        let mut rows = vec![server.monitor(&format!("job-{job}"))];
        rows.extend(server.check_ins(&format!("job-{job}")));
        rows.extend(server.api(&format!("/monitors/job-{job}/incidents/")).as_array().unwrap().clone());
        shown.extend(rows);
    }
    for value in &mut shown {
        without_ids(value);
    }
    shown
}

fn without_ids(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, value| {
                let is_made =
                    value.as_str().is_some_and(|text| text.len() == 36 && !text.starts_with("0000"));
                !(is_made && key != "message")
            });
            object.values_mut().for_each(without_ids);
        }
        Value::Array(values) => values.iter_mut().for_each(without_ids),
        _ => {}
    }
}

#[test]
fn a_timeline_dealt_out_over_three_nodes_gives_the_rows_of_one() {
    // The servers wait for each other most of the time.
    std::thread::scope(|scope| {
        for seed in [1, 2, 3] {
            scope.spawn(move || timeline_gives_the_rows_of_one(seed));
        }
    });
}

fn timeline_gives_the_rows_of_one(seed: u64) {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    let one = Harness::at("10:00:00");
    let mut dealer = Numbers(seed + 100);
    for (time, check_in) in timeline(seed) {
        one.send(&time, &check_in);
        nodes[0].advance(&time);
        nodes[usize::try_from(dealer.below(3)).unwrap()].send_now(&check_in);
    }
    one.advance("10:14:00");
    nodes[1].advance("10:14:00");
    let (expected, found) = (shown(&one), shown(&nodes[2]));
    assert!(expected.len() > 30, "seed {seed}: {expected:?}");
    assert_eq!(found.len(), expected.len(), "seed {seed}");
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn a_begin_on_one_node_and_its_end_on_another_are_one_run() {
    for (first, second, status) in [("in_progress", "ok", "ok"), ("ok", "in_progress", "ok")] {
        let Some(nodes) = three("10:00:00", Settings::default()) else { return };
        assert_eq!(nodes[1].send_now(&check_in(&id('a'), first)).error, None);
        assert_eq!(nodes[2].send_now(&check_in(&id('a'), second)).error, None);
        assert_eq!(nodes[0].statuses("job"), [status], "{first}, then {second}");
    }
}

#[test]
fn an_end_waits_on_one_node_for_the_begin_that_another_takes() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    let mut end = check_in(&id('a'), "error");
    end.as_object_mut().unwrap().remove("monitor_config");
    nodes[1].send_now(&end);
    nodes[2].send_now(&check_in(&id('a'), "in_progress"));
    assert_eq!(nodes[0].statuses("job"), ["error"]);
}

#[test]
fn check_ins_that_all_nodes_receive_at_once_are_stored_once_each() {
    let settings = Settings { rate_limit: RateLimit::OFF, ..Settings::default() };
    let Some(nodes) = three("10:00:00", settings) else { return };
    let send = |node: &Harness, job: u64, run: u64| {
        // Each run is reported by all six senders: the first 20 under one job, the others under three.
        let mut sent = check_in(&format!("{run:032x}"), "error");
        sent["monitor_slug"] = json!(format!("job-{job}"));
        sent["environment"] = json!(["production", "staging"][usize::try_from(run % 2).unwrap()]);
        u64::from(node.send_now(&sent).error.is_none())
    };
    let accepted: u64 = std::thread::scope(|scope| {
        let senders = (0..6_u64).map(|sender| {
            let node = &nodes[usize::try_from(sender % 3).unwrap()];
            scope.spawn(move || {
                (1..=40).map(|run| send(node, if run <= 20 { 0 } else { sender % 3 }, run)).sum::<u64>()
            })
        });
        senders.collect::<Vec<_>>().into_iter().map(|sender| sender.join().unwrap()).sum()
    });
    let count = |sql: &str| nodes[0].execute(sql).parse::<u64>().unwrap();
    assert_eq!(count("SELECT count(*) FROM check_ins"), 40, "of 240 that were sent");
    assert_eq!(accepted, 40, "a run that has ended takes no other end");
    assert_eq!(
        count("SELECT count(*) FROM (SELECT FROM incidents GROUP BY environment_id HAVING count(*) > 1) i"),
        0
    );
    assert_eq!(count("SELECT sum(errors) FROM incidents"), 40, "each failure counts once");
    assert_eq!(count("SELECT sum(count) FROM usage"), 240);
}

#[test]
fn the_rate_limit_counts_what_all_nodes_receive() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    for (minute, number) in [(0, 0), (1, 0), (1, 5)] {
        nodes[0].advance(&format!("10:0{minute}:{:02}", number * 6));
        for run in 0..9_u32 {
            let id = format!("{:032x}", minute * 100 + number * 10 + run + 1);
            nodes[usize::try_from(run % 3).unwrap()].send_now(&check_in(&id, "ok"));
        }
    }
    assert_eq!(nodes[0].statuses("job").len(), 12, "six in each of two minutes");
}

#[test]
fn a_deadline_is_evaluated_once_and_its_message_is_sent_once() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let alerts = json!({"webhook": {"ops": {"url": receiver.url("/")}},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"], "group_wait": "0s"}]});
    let settings = Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() };
    let Some(nodes) = three("10:00:00", settings) else { return };
    let every_minute = json!({"schedule": {"type": "crontab", "value": "* * * * *"}, "checkin_margin": 1});
    nodes[1].send_now(&with(&id('a'), "ok", &every_minute));
    nodes[2].advance("10:05:00");
    assert_eq!(nodes[0].statuses("job"), ["ok", "missed", "missed", "missed", "missed"]);
    nodes[0].advance("10:05:10");
    nodes[0].send_now(&with(&id('b'), "ok", &every_minute));
    // Opened, three more failures, resolved.
    let messages = eventually(|| Some(receiver.received()).filter(|messages| messages.len() >= 5));
    let keys: BTreeSet<&str> = messages.iter().map(|message| message.header("webhook-id")).collect();
    assert_eq!((messages.len(), keys.len()), (5, 5), "each message is sent once");
    assert_eq!(nodes[1].alerts().len(), 5);
}

#[test]
fn no_deadline_is_evaluated_before_all_nodes_have_stored_what_they_received() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    let every_minute = json!({"schedule": {"type": "crontab", "value": "* * * * *"}, "checkin_margin": 1});
    nodes[1].send_now(&with(&id('a'), "ok", &every_minute));
    let micros = |time: &str| instant(time).as_microsecond();
    // A node that has received something which it has not stored yet.
    nodes[0].execute(&format!(
        "INSERT INTO nodes (name, expires_at, is_transfer, watermark) VALUES ('slow', 'infinity', FALSE, {})",
        micros("10:01:30")
    ));
    std::thread::scope(|scope| {
        let advance = scope.spawn(|| nodes[1].advance("10:03:00"));
        let passed =
            format!("SELECT bool_and(watermark >= {}) FROM nodes WHERE name <> 'slow'", micros("10:02:00"));
        eventually(|| (nodes[0].execute(&passed) == "t").then_some(()));
        assert_eq!(nodes[2].statuses("job"), ["ok"], "10:02 is not evaluated");
        assert_eq!(
            nodes[0].execute("SELECT evaluated_through FROM evaluation"),
            micros("10:01:00").to_string()
        );
        nodes[0].execute(&format!("UPDATE nodes SET watermark = {} WHERE name = 'slow'", micros("10:03:00")));
        advance.join().unwrap();
    });
    assert_eq!(nodes[2].statuses("job"), ["ok", "missed", "missed"]);
}

#[test]
fn each_node_evaluates_its_slice_and_one_what_the_others_leave() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    let every_minute = json!({"schedule": {"type": "crontab", "value": "* * * * *"}, "checkin_margin": 1});
    for job in 1..=12 {
        let mut sent = with(&format!("{job:032x}"), "ok", &every_minute);
        sent["monitor_slug"] = json!(format!("job-{job}"));
        nodes[0].send_now(&sent);
    }
    // A fourth node, which has the duty and does nothing.
    nodes[0].execute(&format!(
        "INSERT INTO nodes (name, expires_at, is_transfer, watermark) VALUES ('idle', 'infinity', FALSE, {});
         UPDATE duties SET node = (SELECT id FROM nodes WHERE name = 'idle') WHERE name = 'deadlines';
         UPDATE evaluation SET evaluated_through = {}",
        instant("11:00:00").as_microsecond(),
        instant("10:01:00").as_microsecond()
    ));
    let missed = "SELECT count(*) FROM check_ins WHERE status = 'missed'";
    let of_idle = "SELECT count(*) FROM check_ins c JOIN environments e ON e.id = c.environment_id
        WHERE c.status = 'missed' AND e.monitor_id % 4 = 3";
    std::thread::scope(|scope| {
        let advance = scope.spawn(|| nodes[1].advance("10:02:00"));
        eventually(|| (nodes[0].execute(missed) == "9").then_some(()));
        assert_eq!(nodes[0].execute(of_idle), "0", "the slices of three of four nodes");
        assert_eq!(
            nodes[0].execute("SELECT evaluated_through FROM evaluation"),
            instant("10:01:00").as_microsecond().to_string()
        );
        nodes[0].execute("DELETE FROM nodes WHERE name = 'idle'");
        advance.join().unwrap();
    });
    assert_eq!((nodes[0].execute(missed), nodes[0].execute(of_idle)), ("12".to_owned(), "3".to_owned()));
}

#[test]
fn what_a_person_says_to_one_node_holds_on_all() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    nodes[0].send_now(&check_in(&id('a'), "ok"));
    let muted = nodes[1].put(&format!("{API}/monitors/job/"), &json!({"isMuted": true}));
    assert_eq!(muted.status, 200, "{muted:?}");
    nodes[2].send_now(&check_in(&id('b'), "error"));
    assert_eq!(nodes[0].environment("job")["isMuted"], true);
    assert_eq!(nodes[1].delete(&format!("{API}/monitors/job/")).status, 202);
    assert_eq!(nodes[2].get(&format!("{API}/monitors/job/")).status, 404);
}

#[test]
fn each_node_shows_all_of_them() {
    let Some(nodes) = three("10:00:00", Settings::default()) else { return };
    for (place, node) in nodes.iter().enumerate() {
        let is_there = |node: &Value| node["watermark"] == api("10:00:00") && node["isGone"] == false;
        let shown = eventually(|| {
            let nodes = node.api("/nodes/").as_array().unwrap().clone();
            Some(nodes).filter(|nodes| nodes.len() == 3 && nodes.iter().all(is_there))
        });
        openapi::check_list(node, "/nodes/", &json!(shown));
        let is_this: Vec<bool> = shown.iter().map(|node| node["isThis"] == true).collect();
        assert_eq!(is_this, [place == 0, place == 1, place == 2]);
        let duties: Vec<&Value> = shown.iter().flat_map(|node| node["duties"].as_array().unwrap()).collect();
        assert_eq!(duties, ["deadlines", "housekeeping"]);
        let page = node.page();
        assert!(
            page.contains("Servers on this database") && page.matches("(this one)").count() == 1,
            "{page}"
        );
        let metrics = node.get("/metrics").body;
        let metrics = metrics.as_str().unwrap();
        assert!(metrics.contains("crons_nodes 3\n"), "{metrics}");
        let watermark =
            format!("crons_low_watermark_timestamp_seconds {}.0\n", instant("10:00:00").as_second());
        assert!(metrics.contains(&watermark), "{metrics}");
        assert_eq!(node.get("/ready").status, 200);
    }
}

#[test]
fn the_duties_of_a_node_that_ends_go_on_elsewhere() {
    let Some([mut first, mut second, third]) = three("10:00:00", Settings::default()) else { return };
    first.send_now(&check_in(&id('a'), "ok"));
    first.stop();
    second.stop();
    third.advance("11:02:00");
    assert_eq!(third.statuses("job"), ["ok", "missed"]);
}
