//! Tests that rows of the database that cannot be read are set aside and named; everything else goes on.

use crate::harness::{Harness, check_in, hourly, id};
use serde_json::{Value, json};

/// Statements that damage rows of the monitor `job`, and the table that is named for it. The last value says whether check-ins of
/// `job` are refused from then on.
const DAMAGES: [(&str, &str, bool); 13] = [
    (
        "UPDATE monitors SET config = '{\"schedule\": {\"type\": \"lunar\"}}' WHERE slug = 'job'",
        "monitors",
        true,
    ),
    ("UPDATE monitors SET config = 'no JSON' WHERE slug = 'job'", "monitors", true),
    (
        "UPDATE monitors SET config = json_set(config, '$.timezone', 'Atlantis/Capital') WHERE slug = 'job'",
        "monitors",
        true,
    ),
    ("UPDATE monitors SET guid = x'00' WHERE slug = 'job'", "monitors", true),
    ("UPDATE monitors SET date_created = 9223372036854775807 WHERE slug = 'job'", "monitors", true),
    ("UPDATE environments SET status = 'purple' WHERE id = 1", "environments", true),
    ("UPDATE environments SET next_check_in = 9223372036854775807 WHERE id = 1", "environments", true),
    ("UPDATE environments SET name = CAST(x'ff' AS TEXT) WHERE id = 1", "environments", false),
    ("UPDATE incidents SET guid = x'0102' WHERE environment_id = 1", "incidents", true),
    ("UPDATE incidents SET started_at = 9223372036854775807 WHERE environment_id = 1", "incidents", true),
    (
        "UPDATE check_ins SET guid = x'03' WHERE environment_id = 1 AND status = 'in_progress'",
        "check_ins",
        false,
    ),
    (
        "UPDATE check_ins SET status = 'purple' WHERE environment_id = 1 AND status = 'error'",
        "check_ins",
        false,
    ),
    (
        "UPDATE check_ins SET config_id = (SELECT max(id) FROM configs) WHERE environment_id = 1 AND status = 'in_progress'",
        "check_ins",
        false,
    ),
];

fn report(slug: &str, letter: char, status: &str) -> Value {
    json!({"check_in_id": id(letter), "monitor_slug": slug, "status": status,
        "monitor_config": hourly(&json!({"max_runtime": 5}))})
}

/// A server with the monitors `job` and `other`: each has failed, and has an open run.
fn with_two_monitors() -> Harness {
    let server = Harness::at("10:00:00");
    for (slug, failed, open) in [("job", 'a', 'b'), ("other", 'c', 'd')] {
        assert_eq!(server.send("10:00:00", &report(slug, failed, "error")).status, 200);
        assert_eq!(server.send("10:01:00", &report(slug, open, "in_progress")).status, 200);
    }
    server
}

fn damage(server: &mut Harness, sql: &str) {
    server.stop();
    let file = server.file();
    file.execute("INSERT INTO configs (config) VALUES ('{\"schedule\": 7}')");
    assert!(file.change(sql) > 0, "{sql}");
    drop(file);
    server.start("10:01:00");
}

/// The rows that the API names in a list of processing errors.
fn named(server: &Harness, path: &str) -> Vec<String> {
    let listed = server.api(path);
    let message = |row: &Value| row["errors"][0]["message"].as_str().unwrap().to_owned();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(message)
        .filter(|message| message.starts_with("UNREADABLE_ROW"))
        .collect()
}

#[test]
fn an_unreadable_row_is_named_and_others_go_on() {
    for (sql, table, refused) in DAMAGES {
        let mut server = with_two_monitors();
        damage(&mut server, sql);
        server.advance("11:10:00");
        assert_eq!(server.statuses("other"), ["error", "timeout", "missed"], "{sql}");
        assert_eq!(server.send("11:11:00", &report("other", 'e', "ok")).status, 200, "{sql}");
        let sent = server.send("11:11:00", &report("job", 'f', "ok"));
        assert_eq!(sent.status, 200, "{sql}: {sent:?}");
        assert_eq!(sent.error.unwrap_or_default().contains("UNREADABLE_ROW"), refused, "{sql}");
        assert_eq!(server.get("/ready").status, 200, "{sql}");
        assert!(server.page().contains("other"), "{sql}");
        for path in ["/monitors/", "/monitors/other/", "/incidents/", "/monitors/job/checkins/"] {
            assert_eq!(server.get(&format!("{}{path}", crate::harness::API)).status, 200, "{sql}: {path}");
        }
        let all = named(&server, "/processing-errors/");
        assert!(
            all.iter().any(|row| row.contains(&format!("of the table `{table}` cannot be read"))),
            "{sql}: {all:?}"
        );
        let of_job = named(&server, "/monitors/job/processing-errors/");
        assert!(of_job.iter().any(|row| row.contains(&format!("`{table}`"))), "{sql}: {of_job:?}");
        assert!(named(&server, "/monitors/other/processing-errors/").is_empty(), "{sql}");
        assert!(server.sweep().is_some(), "{sql}: retention goes on");
    }
}

#[test]
fn unreadable_rows_take_no_place_on_a_page_of_deadlines() {
    // The rows are more than are evaluated in one step, and all are due before the readable monitors.
    let many = "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)";
    let monitors = "INSERT INTO monitors SELECT i, randomblob(16), 1, 'job-' || i, 1, 1, '{}', NULL, 0, NULL, NULL, 0, 'code', 0 FROM n";
    let environments = "INSERT INTO environments SELECT i, i, 'production', 'ok', 0, 0, 0, 0, 1, 0 FROM n";
    let runs = "INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, timeout_at,
        config_id) SELECT randomblob(16), i, 'in_progress', 0, 0, 0, 1, 1 FROM n";
    for inserted in [[monitors, environments].as_slice(), &[monitors, environments, runs]] {
        let mut server = with_two_monitors();
        server.stop();
        for sql in inserted {
            let (insert, select) = sql.split_once("SELECT").unwrap();
            server.file().change(&format!("{insert} {many} SELECT {select}"));
        }
        server.start("10:01:00");
        server.advance("11:10:00");
        assert_eq!(server.statuses("job"), ["error", "timeout", "missed"]);
        assert_eq!(server.statuses("other"), ["error", "timeout", "missed"]);
    }
}

#[test]
fn a_page_with_an_unreadable_row_leads_to_the_next_one() {
    let mut server = with_two_monitors();
    let newest = "UPDATE check_ins SET status = 'purple' WHERE environment_id = 1 AND status = 'in_progress'";
    damage(&mut server, newest);
    let first = server
        .agent
        .get(server.url(&format!("{}/monitors/job/checkins/?per_page=1", crate::harness::API)))
        .call();
    let first = first.unwrap();
    let link = first.headers()["link"].to_str().unwrap();
    assert!(link.contains("rel=\"next\"; results=\"true\""), "{link}");
    assert_eq!(server.statuses("job"), ["error"]);
}

#[test]
fn an_unreadable_monitor_can_be_deleted() {
    let mut server = with_two_monitors();
    damage(&mut server, "UPDATE monitors SET config = 'no JSON' WHERE slug = 'job'");
    let shown = server.get(&format!("{}/monitors/job/", crate::harness::API));
    assert!(shown.body["detail"].as_str().unwrap().contains("row 1 of the table `monitors`"), "{shown:?}");
    assert_eq!(server.delete(&format!("{}/monitors/job/", crate::harness::API)).status, 202);
    assert_eq!(server.send("11:11:00", &check_in(&id('f'), "ok")).error, None);
    assert_eq!(server.statuses("job"), ["ok"]);
}
