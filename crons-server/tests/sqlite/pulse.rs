//! Tests of the pulse: sent while the server is ready, and only then.

use crate::harness::{Harness, check_in, id};
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::{Pulse, Settings};
use serde_json::json;

fn settings(receiver: &Receiver) -> Settings {
    let table = json!({"url": receiver.url("/s3cret?status=up&ping="), "every": "1s", "timeout": "1s"});
    let pulse: Pulse = serde_json::from_value(table).unwrap();
    Settings { pulse: Some(pulse), ..Settings::default() }
}

/// The number of pulses with an outcome, as `/metrics` has it.
fn pulses(server: &Harness, outcome: &str) -> u64 {
    let series = format!("crons_pulses_total{{outcome=\"{outcome}\"}} ");
    let text = server.agent.get(server.url("/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    text.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or(0)
}

/// Waits until two further pulses have this outcome. The first of them may have begun before.
#[track_caller]
fn two_more(server: &Harness, outcome: &str) {
    let before = pulses(server, outcome);
    eventually(outcome, || pulses(server, outcome) >= before + 2);
}

#[test]
fn the_server_sends_a_pulse_while_it_is_well() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with("10:00:00", settings(&receiver));
    eventually("three pulses arrive", || receiver.received().len() >= 3);
    for pulse in receiver.received() {
        assert_eq!((pulse.method.as_str(), pulse.path.as_str()), ("GET", "/s3cret"));
        assert_eq!(pulse.query.as_deref(), Some("status=up&ping="));
        assert_eq!(pulse.text, "");
        assert!(pulse.headers.get("content-type").is_none());
    }
    assert_eq!((pulses(&server, "failed"), pulses(&server, "withheld")), (0, 0));
}

#[test]
fn a_server_without_the_table_sends_none_and_counts_none() {
    let server = Harness::at("10:00:00");
    let text = server.agent.get(server.url("/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(!text.contains("crons_pulses_total{"), "{text}");
}

#[cfg(unix)]
#[test]
fn no_pulse_is_sent_while_the_database_file_is_gone() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with("10:00:00", settings(&receiver));
    two_more(&server, "sent");

    let aside = server.database().with_file_name("aside.db");
    std::fs::rename(server.database(), &aside).unwrap();
    assert_eq!(server.send_now(&check_in(&id('a'), "ok")).status, 503);
    assert_eq!(server.get("/ready").status, 503);
    eventually("one is withheld", || pulses(&server, "withheld") > 0);
    let before = receiver.received().len();
    two_more(&server, "withheld");
    assert_eq!(receiver.received().len(), before, "the receiver hears nothing");

    std::fs::rename(&aside, server.database()).unwrap();
    assert_eq!(server.send_now(&check_in(&id('a'), "ok")).status, 200);
    eventually("it is sent again", || receiver.received().len() >= before + 2);
}

#[test]
fn no_pulse_is_sent_while_deadlines_are_not_evaluated() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with("10:00:00", settings(&receiver));
    two_more(&server, "sent");
    // The clock moves on, and no tick evaluates its minutes.
    server.set_clock("10:30:00");
    eventually("one is withheld", || pulses(&server, "withheld") > 0);
    let before = receiver.received().len();
    two_more(&server, "withheld");
    assert_eq!(receiver.received().len(), before);
    server.advance("10:31:00");
    eventually("it is sent again", || receiver.received().len() > before);
}

#[test]
fn a_pulse_that_is_not_accepted_is_counted_and_sent_again() {
    let mut receiver = Receiver::down();
    let server = Harness::with("10:00:00", settings(&receiver));
    two_more(&server, "failed");
    receiver.set(Mode::Redirect);
    receiver.up();
    eventually("it redirects", || receiver.received().len() >= 2);
    assert!(receiver.received().iter().all(|pulse| pulse.path == "/s3cret"), "redirects are not followed");
    two_more(&server, "failed");
    assert_eq!(pulses(&server, "sent"), 0);
    receiver.set(Mode::Answer(204));
    two_more(&server, "sent");
}
