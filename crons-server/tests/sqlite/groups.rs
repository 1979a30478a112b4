//! Groups of messages on a server, by the held clock: many failures are few messages, and none is lost.

use std::collections::BTreeMap;

use crate::harness::{Harness, check_in};
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::Settings;
use serde_json::{Value, json};

/// Rules with a webhook `ops` for all events.
fn rules(receiver: &Receiver) -> Value {
    json!({"webhook": {"ops": {"url": receiver.url("/ops"), "timeout": "60s"}},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"]}]})
}

/// A check-in of a job that is expected each hour.
fn of(slug: &str, number: usize, status: &str) -> Value {
    let mut check_in = check_in(&format!("{number:032x}"), status);
    check_in["monitor_slug"] = json!(slug);
    check_in
}

/// The messages that were taken: event, and the slugs of the members; of a message about a single event, its slug alone.
fn taken(receiver: &Receiver) -> Vec<(String, Vec<String>)> {
    let taken = receiver.received().into_iter().filter(|message| message.status == Some(200));
    let slug = |value: &Value| value["monitor"]["slug"].as_str().unwrap().to_owned();
    taken
        .map(|message| {
            let body = message.body;
            let members = body["members"].as_array().map(|members| members.iter().map(slug).collect());
            (body["event"].as_str().unwrap().to_owned(), members.unwrap_or_else(|| vec![slug(&body)]))
        })
        .collect()
}

fn group(event: &str, slugs: &[&str]) -> (String, Vec<String>) {
    (event.to_owned(), slugs.iter().map(|slug| (*slug).to_owned()).collect())
}

#[test]
fn failures_within_the_wait_are_one_message_and_so_are_their_recoveries() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let settings = Settings {
        alerts: serde_json::from_value(rules(&receiver)).unwrap(),
        public_url: Some("https://crons.example".parse().unwrap()),
        ..Settings::default()
    };
    let server = Harness::with("10:00:00", settings);
    server.send("10:00:01", &of("etl-a", 1, "error"));
    server.send("10:00:20", &of("etl-b", 2, "error"));
    server.send("10:00:30", &of("etl-c", 3, "error"));
    assert_eq!(receiver.received().len(), 0, "they wait");
    server.advance("10:00:31");
    eventually("they are sent", || !receiver.received().is_empty());
    assert_eq!(taken(&receiver), [group("opened", &["etl-a", "etl-b", "etl-c"])]);
    eventually("all are delivered", || server.alerts().iter().all(|alert| alert["status"] == "delivered"));

    let message = &receiver.received()[0];
    let body = &message.body;
    assert_eq!(message.header("webhook-id"), body["id"]);
    assert_eq!(body["text"], "3 jobs failed since 2024-06-03 10:00 UTC: `etl-a`, `etl-b`, `etl-c`.");
    assert_eq!(body["links"]["monitor"], "https://crons.example/");
    assert_eq!(body["members"][1]["links"]["monitor"], "https://crons.example/monitors/etl-b");
    let stored: Vec<_> = server.alerts().iter().map(|alert| alert["id"].clone()).collect();
    let members: Vec<_> = (0..3).map(|place| body["members"][place]["id"].clone()).collect();
    assert_eq!(members, stored, "each is a row of its own");

    server.send("10:10:00", &of("etl-b", 4, "ok"));
    server.send("10:10:10", &of("etl-a", 5, "ok"));
    server.send("10:10:20", &of("etl-x", 6, "error"));
    server.advance("10:11:00");
    eventually("they are sent, too", || receiver.received().len() == 3);
    assert_eq!(taken(&receiver)[1..], [group("resolved", &["etl-b", "etl-a"]), group("opened", &["etl-x"])]);
    assert_eq!(receiver.received()[1].body["text"], "2 jobs recovered: `etl-b`, `etl-a`.");
}

#[test]
fn without_a_wait_each_event_is_a_message_as_before() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut rules = rules(&receiver);
    rules["alert"][0]["group_wait"] = json!("off");
    let server = Harness::with_alerts("10:00:00", rules);
    server.send("10:00:01", &of("etl-a", 1, "error"));
    server.send("10:00:01", &of("etl-b", 2, "error"));
    eventually("they are sent", || receiver.received().len() == 2);
    assert_eq!(taken(&receiver), [group("opened", &["etl-a"]), group("opened", &["etl-b"])]);
    assert!(receiver.received().iter().all(|message| message.body.get("members").is_none()));
}

#[test]
fn a_group_that_is_not_taken_is_sent_again_as_it_was() {
    let receiver = Receiver::in_mode(Mode::Answer(503));
    let server = Harness::with_alerts("10:00:00", rules(&receiver));
    server.send("10:00:01", &of("etl-a", 1, "error"));
    server.send("10:00:02", &of("etl-b", 2, "error"));
    server.advance("10:00:31");
    let attempts = |number: u64| server.alerts()[0]["attempts"].as_u64() >= Some(number);
    eventually("it is tried", || attempts(1));
    server.send("10:00:31", &of("etl-c", 3, "error"));
    receiver.set(Mode::Answer(200));
    server.advance("10:02:00");
    eventually("all are sent", || taken(&receiver).len() == 2);
    assert_eq!(taken(&receiver), [group("opened", &["etl-a", "etl-b"]), group("opened", &["etl-c"])]);
    let messages = receiver.received();
    assert_eq!(
        messages[0].body["id"], messages[1].body["id"],
        "the receiver can tell that it is a repetition"
    );
}

/// The members of each message that came, by their number.
fn sizes(receiver: &Receiver) -> Vec<usize> {
    let members = |body: &Value| body["members"].as_array().map_or(1, Vec::len);
    receiver.received().iter().map(|message| members(&message.body)).collect()
}

/// Advances the clock by two minutes, after which everything that waits is due.
fn advance(server: &Harness, now: &mut jiff::Timestamp) {
    *now += jiff::SignedDuration::from_mins(2);
    server.advance(&now.to_string());
}

#[test]
fn a_group_whose_content_is_refused_arrives_in_parts() {
    let receiver = Receiver::in_mode(Mode::Answer(413));
    let server = Harness::with_alerts("10:00:00", rules(&receiver));
    for number in 0..3 {
        server.send("10:00:01", &of(&format!("etl-{number}"), number, "error"));
    }
    let mut now = crate::harness::instant("10:00:31");
    eventually("each is alone", || {
        advance(&server, &mut now);
        sizes(&receiver).iter().rev().take(3).all(|size| *size == 1) && receiver.received().len() > 3
    });
    assert_eq!(sizes(&receiver)[..2], [3, 1], "half of three is one");
    receiver.set(Mode::Answer(200));
    eventually("each arrives", || {
        advance(&server, &mut now);
        let mut slugs: Vec<_> = taken(&receiver).into_iter().flat_map(|(_, slugs)| slugs).collect();
        slugs.sort();
        slugs == ["etl-0", "etl-1", "etl-2"]
    });
}

#[test]
fn a_group_whose_sender_or_address_is_refused_stays_whole() {
    for status in [401, 404] {
        let receiver = Receiver::in_mode(Mode::Answer(status));
        let server = Harness::with_alerts("10:00:00", rules(&receiver));
        for number in 0..4 {
            server.send("10:00:01", &of(&format!("etl-{number}"), number, "error"));
        }
        let mut now = crate::harness::instant("10:00:31");
        eventually("it is tried thrice", || {
            advance(&server, &mut now);
            receiver.received().len() >= 3
        });
        receiver.set(Mode::Answer(200));
        eventually("it arrives", || {
            advance(&server, &mut now);
            !taken(&receiver).is_empty()
        });
        assert!(sizes(&receiver).iter().all(|size| *size == 4), "{status}: {:?}", sizes(&receiver));
    }
}

#[test]
fn a_group_that_failed_often_is_halved_from_its_full_size() {
    let receiver = Receiver::in_mode(Mode::Answer(503));
    let server = Harness::with_alerts("10:00:00", rules(&receiver));
    for number in 0..8 {
        server.send("10:00:01", &of(&format!("etl-{number}"), number, "error"));
    }
    let mut now = crate::harness::instant("10:00:31");
    eventually("it is tried twenty times", || {
        advance(&server, &mut now);
        receiver.received().len() >= 20
    });
    receiver.set(Mode::Answer(413));
    let refused = || receiver.received().iter().position(|message| message.status == Some(413));
    eventually("it is refused", || {
        advance(&server, &mut now);
        refused().is_some()
    });
    receiver.set(Mode::Answer(200));
    eventually("all arrive", || {
        advance(&server, &mut now);
        server.alerts().iter().all(|alert| alert["status"] == "delivered")
    });
    let (sizes, refused) = (sizes(&receiver), refused().unwrap());
    assert!(sizes[..=refused].iter().all(|size| *size == 8), "{sizes:?}");
    assert_eq!(sizes[refused + 1], 4, "{sizes:?}");
}

#[test]
fn a_member_that_is_never_taken_ends_alone_and_the_others_arrive() {
    let receiver = Receiver::in_mode(Mode::Poison("etl-5"));
    let server = Harness::with_alerts("10:00:00", rules(&receiver));
    for number in 0..8 {
        server.send("10:00:01", &of(&format!("etl-{number}"), number, "error"));
    }
    let mut now = crate::harness::instant("10:00:31");
    let waiting = || {
        let waiting = server.alerts().into_iter().filter(|alert| alert["status"] == "waiting");
        waiting.map(|alert| alert["id"].clone()).collect::<Vec<_>>()
    };
    eventually("the others arrive", || {
        advance(&server, &mut now);
        waiting().len() == 1
    });
    let before = receiver.received().len();
    eventually("it is tried again", || {
        advance(&server, &mut now);
        receiver.received().len() > before
    });
    let repeated = receiver.received().split_off(before);
    assert!(repeated.iter().all(|message| waiting() == [message.body["id"].clone()]));
    let mut slugs: Vec<_> = taken(&receiver).into_iter().flat_map(|(_, slugs)| slugs).collect();
    slugs.sort();
    assert_eq!(slugs, ["etl-0", "etl-1", "etl-2", "etl-3", "etl-4", "etl-6", "etl-7"]);
    assert!(before < 12, "{:?}", sizes(&receiver));
}

#[test]
fn a_message_that_goes_at_once_takes_those_before_it_along() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut rules = rules(&receiver);
    rules["alert"] = json!([
        {"on": ["opened"], "to": ["ops"]},
        {"on": ["resolved"], "to": ["ops"], "group_wait": "off"},
    ]);
    let server = Harness::with_alerts("10:00:00", rules);
    server.send("10:00:01", &of("etl-a", 1, "error"));
    server.send("10:00:02", &of("etl-b", 2, "error"));
    server.send("10:00:05", &of("etl-a", 3, "ok"));
    eventually("the recovery does not wait", || receiver.taken() == ["opened", "resolved"]);
    assert_eq!(taken(&receiver)[0], group("opened", &["etl-a", "etl-b"]));
    server.send("10:00:10", &of("etl-a", 4, "error"));
    assert_eq!(server.post("/api/0/organizations/crons/alerts/drill/", &[], b"").status, 202);
    eventually("neither does a drill", || receiver.taken()[2..] == ["opened", "drill"]);
}

/// The number of environments whose run is missed in one minute.
const MANY: usize = 10_000;
const MONITORS: usize = 20;
/// The number of threads that send the check-ins. The server commits what waits together, so more of them need fewer commits.
const SENDERS: usize = 32;

#[test]
fn a_storm_is_a_handful_of_messages_and_a_kill_loses_no_member() {
    let (receiver, chat) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(200)));
    let mut rules = rules(&receiver);
    rules["slack"] = json!({"team": {"url": chat.url("/team")}});
    rules["alert"][0]["to"] = json!(["ops", "team"]);
    let mut server = Harness::with_alerts("10:00:00", rules);
    std::thread::scope(|scope| {
        for part in 0..SENDERS {
            let server = &server;
            scope.spawn(move || {
                for number in (part..MANY).step_by(SENDERS) {
                    let mut check_in = of(&format!("job-{}", number % MONITORS), number + 1, "ok");
                    check_in["environment"] = json!(format!("environment-{}", number / MONITORS));
                    assert_eq!(server.send_now(&check_in).status, 200);
                }
            });
        }
    });
    receiver.set(Mode::Hang);
    server.advance("11:01:29");
    assert_eq!((receiver.received().len(), chat.received().len()), (0, 0));
    server.advance("11:01:30");
    eventually("the first is on its way", || !receiver.received().is_empty());
    server.kill();
    receiver.set(Mode::Answer(200));
    server.start("11:01:31");
    // The old dispatcher may see the receiver's 503 before it ends; its next attempt is at most a second later.
    server.advance("11:01:33");

    let members = || {
        let mut members: BTreeMap<String, usize> = BTreeMap::new();
        for message in receiver.received().iter().filter(|message| message.status == Some(200)) {
            for member in message.body["members"].as_array().unwrap() {
                *members.entry(member["fingerprint"].to_string()).or_default() += 1;
            }
        }
        members
    };
    // A copy of all that was received takes long, so the rows are counted meanwhile.
    let left = || server.file().number("SELECT count(*) FROM alerts WHERE delivered_at IS NULL");
    let mut before = left();
    while before > 0 {
        eventually("more are delivered", || left() < before);
        before = left();
    }
    assert_eq!(members().len(), MANY);
    assert!(members().values().all(|count| *count == 1), "of those that were taken, none twice");
    assert!(receiver.received().len() <= 12, "{}", receiver.received().len());
    let texts: Vec<_> = chat.received().iter().map(|message| message.text.clone()).collect();
    assert!(texts.len() <= 2, "{}", texts.len());
    assert!(
        texts[0].contains("FAILING: 20 jobs missed since 2024-06-03 11:00 UTC: job-")
            && texts[0].contains("(500 environments)"),
        "{}",
        texts[0]
    );
    assert!(texts[0].contains(" more\\n") || texts[0].contains(" more\""), "{}", texts[0]);
}
