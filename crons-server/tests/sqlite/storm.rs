//! Tests of thousands of deadlines in one minute: check-ins do not wait for all of them, and each is evaluated once and in order.

use std::collections::HashMap;

use crate::harness::{Harness, check_in, eventually};
use serde_json::{Value, json};

/// A check-in of one of many monitors, all expected each hour.
fn of_many(number: usize, run: usize, status: &str) -> Value {
    let mut check_in = check_in(&format!("{run:016x}{number:016x}"), status);
    check_in["monitor_slug"] = json!(format!("job-{}", number % MONITORS));
    check_in["environment"] = json!(format!("environment-{}", number / MONITORS));
    check_in
}

const MONITORS: usize = 20;
/// The number of environments, far more than are evaluated in one transaction.
const MANY: usize = 3_000;

fn storm() -> Harness {
    let server = Harness::at("10:00:00");
    std::thread::scope(|scope| {
        for part in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for number in (part..MANY).step_by(4) {
                    assert_eq!(server.send_now(&of_many(number, 1, "ok")).status, 200);
                }
            });
        }
    });
    server.advance("11:00:59");
    server
}

/// Returns whether every environment has missed its run: each then has an incident.
fn all_missed(server: &Harness) -> bool {
    server.api(&format!("/incidents/?cursor=100:{}:0", MANY - 1)) != json!([])
}

/// The statuses of each environment, oldest first.
fn histories(server: &Harness) -> Vec<Vec<String>> {
    let mut histories: HashMap<(usize, String), Vec<String>> = HashMap::new();
    for monitor in 0..MONITORS {
        for page in 0.. {
            let cursor = format!("100:{}:0", page * 100);
            let runs = server.api(&format!("/monitors/job-{monitor}/checkins/?cursor={cursor}"));
            let runs = runs.as_array().unwrap();
            for run in runs {
                let text = |key: &str| run[key].as_str().unwrap().to_owned();
                histories.entry((monitor, text("environment"))).or_default().insert(0, text("status"));
            }
            if runs.len() < 100 {
                break;
            }
        }
    }
    histories.into_values().collect()
}

#[test]
fn in_a_storm_check_ins_are_answered_after_their_own_miss() {
    let server = storm();
    server.set_clock("11:01:00");
    // The first check-in comes before any deadline of the minute is evaluated, and many while they are.
    let late: Vec<usize> = (0..MANY).rev().step_by(100).collect();
    let mut answered_before_the_end = 0;
    for number in &late {
        assert_eq!(server.send_now(&of_many(*number, 2, "ok")).status, 200);
        answered_before_the_end += usize::from(!all_missed(&server));
    }
    assert!(answered_before_the_end > 0, "they waited for all {MANY}");
    eventually(|| all_missed(&server).then_some(()));
    let histories = histories(&server);
    assert_eq!(histories.len(), MANY);
    let (mut missed, mut recovered) = (0, 0);
    for history in histories {
        match history.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["ok", "missed"] => missed += 1,
            ["ok", "missed", "ok"] => recovered += 1,
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!((missed, recovered), (MANY - late.len(), late.len()));
}

#[test]
fn a_storm_goes_on_after_its_server_was_killed() {
    let mut server = storm();
    server.set_clock("11:01:00");
    assert_eq!(server.send_now(&of_many(0, 2, "ok")).status, 200);
    server.kill();
    server.start("11:20:00");
    eventually(|| all_missed(&server).then_some(()));
    let histories = histories(&server);
    for history in histories {
        assert_eq!(history[..2], ["ok", "missed"], "its deadline was not in the outage");
    }
}

#[test]
fn a_miss_that_cannot_be_stored_is_left_out_alone() {
    let server = storm();
    let trigger = "CREATE TRIGGER refuses BEFORE INSERT ON check_ins WHEN NEW.environment_id = 7 AND NEW.status = 'missed'
                   BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    server.file().execute(trigger);
    server.advance("11:01:00");
    let missed = histories(&server).iter().filter(|history| history[..] == ["ok", "missed"]).count();
    assert_eq!(missed, MANY - 1);
}
