//! Thousands of deadlines in one minute: check-ins do not wait for all of them, and none is judged twice or out of order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use harness::{Harness, check_in, eventually};
use rusqlite::OpenFlags;
use serde_json::{Value, json};

/// A check-in of one of many monitors, all expected each hour.
fn of_many(number: usize, run: usize, status: &str) -> Value {
    let mut check_in = check_in(&format!("{run:016x}{number:016x}"), status);
    check_in["monitor_slug"] = json!(format!("job-{}", number % MONITORS));
    check_in["environment"] = json!(format!("environment-{}", number / MONITORS));
    check_in
}

const MONITORS: usize = 20;
/// More than are judged in one transaction, by far.
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

/// The statuses of each environment, oldest first.
fn histories(server: &Harness) -> Vec<Vec<String>> {
    let connection =
        rusqlite::Connection::open_with_flags(server.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection
        .prepare("SELECT group_concat(status, ' ' ORDER BY id) FROM check_ins GROUP BY environment_id")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|row| row.unwrap().split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn in_a_storm_of_misses_check_ins_are_answered_between_parts_and_come_after_their_own_miss() {
    let server = storm();
    server.set_clock("11:01:00");
    // One that comes first of all in the minute, and then many while the others are judged.
    let late: Vec<usize> = (0..MANY).rev().step_by(100).collect();
    let mut answered_before_the_end = 0;
    for number in &late {
        assert_eq!(server.send_now(&of_many(*number, 2, "ok")).status, 200);
        let judged = histories(&server).iter().filter(|history| history.len() > 1).count();
        answered_before_the_end += usize::from(judged < MANY);
    }
    assert!(answered_before_the_end > 0, "they waited for all {MANY}");
    let histories = eventually(|| {
        let all = histories(&server);
        all.iter().all(|history| history.len() > 1).then_some(all)
    });
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
fn what_a_server_that_was_killed_in_a_storm_had_not_judged_is_judged_by_the_next() {
    let mut server = storm();
    server.set_clock("11:01:00");
    assert_eq!(server.send_now(&of_many(0, 2, "ok")).status, 200);
    server.kill();
    server.start("11:20:00");
    let histories = eventually(|| {
        let all = histories(&server);
        all.iter().all(|history| history.len() > 1).then_some(all)
    });
    for history in histories {
        assert_eq!(history[..2], ["ok", "missed"], "its deadline was not in the outage");
    }
}

#[test]
fn of_a_page_of_misses_the_one_that_cannot_be_stored_is_left_out_and_no_other() {
    let server = storm();
    let trigger = "CREATE TRIGGER refuses BEFORE INSERT ON check_ins WHEN NEW.environment_id = 7 AND NEW.status = 'missed'
                   BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    rusqlite::Connection::open(server.database()).unwrap().execute_batch(trigger).unwrap();
    server.advance("11:01:00");
    let missed = histories(&server).iter().filter(|history| history[..] == ["ok", "missed"]).count();
    assert_eq!(missed, MANY - 1);
}
