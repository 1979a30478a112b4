//! Rows of PostgreSQL that cannot be decoded are set aside and named; everything else goes on. The tests of SQLite are in
//! `tests/sqlite/unreadable.rs`.

use serde_json::json;
use uuid::Uuid;

use super::{FIRST, Open, Written, cluster};
use crate::store::{self, CheckInFilter, execute_on_postgres};
use crate::{Database, Settings};

/// Statements that damage rows of the monitor `job`, and the table that is named for it. The last value says whether check-ins of
/// `job` are refused from then on.
const DAMAGES: [(&str, &str, bool); 10] = [
    (
        r#"UPDATE monitors SET config = '{"schedule": {"type": "lunar"}}' WHERE slug = 'job'"#,
        "monitors",
        true,
    ),
    ("UPDATE monitors SET config = 'no JSON' WHERE slug = 'job'", "monitors", true),
    ("UPDATE monitors SET date_created = 9223372036854775807 WHERE slug = 'job'", "monitors", true),
    ("UPDATE monitors SET configured_by = 'nobody' WHERE slug = 'job'", "monitors", true),
    ("UPDATE environments SET status = 'purple' WHERE id = 1", "environments", true),
    ("UPDATE environments SET next_check_in = 9223372036854775807 WHERE id = 1", "environments", true),
    ("UPDATE incidents SET started_at = 9223372036854775807 WHERE environment_id = 1", "incidents", true),
    ("UPDATE incidents SET errors = -1 WHERE environment_id = 1", "incidents", true),
    (
        "UPDATE check_ins SET status = 'purple' WHERE environment_id = 1 AND status = 'error'",
        "check_ins",
        false,
    ),
    (
        r#"INSERT INTO configs (id, config) VALUES (99, '{"schedule": 7}');
           UPDATE check_ins SET config_id = 99 WHERE environment_id = 1 AND status = 'in_progress'"#,
        "check_ins",
        false,
    ),
];

/// The statuses of the check-ins of a monitor, the newest first.
fn statuses(written: &Written, slug: &str) -> Vec<&'static str> {
    let found = written.queries.check_ins(slug, &CheckInFilter::default(), FIRST).unwrap().unwrap();
    found.items.iter().map(|row| row.check_in.status.as_str()).collect()
}

/// Returns whether a row of the table is named among the processing errors.
fn is_named(written: &Written, slug: Option<&str>, table: &str) -> bool {
    let listed = written.queries.processing_errors(slug).unwrap();
    let named = |message: &str| message.starts_with("UNREADABLE_ROW") && message.contains(table);
    listed.iter().any(|row| row.errors.iter().any(|error| named(&error.message)))
}

#[test]
fn an_unreadable_row_of_postgres_is_named_and_others_go_on() {
    // The cases run on two threads, each case on a database of its own: most of their time is that of PostgreSQL.
    std::thread::scope(|scope| {
        for damages in DAMAGES.chunks(DAMAGES.len().div_ceil(2)) {
            scope.spawn(|| damages.iter().for_each(|damage| an_unreadable_row_is_named(*damage)));
        }
    });
}

fn an_unreadable_row_is_named((sql, table, refused): (&str, &str, bool)) {
    let hourly = json!({"type": "crontab", "value": "0 * * * *"});
    let Some(url) = cluster::new_database() else { return };
    let database: Database = url.parse().unwrap();
    let served = database.clone();
    let open: Open = Box::new(move || store::open(&served).unwrap());
    let written = Written::new(&Settings::default(), &open, tempfile::tempdir().unwrap());
    for (slug, failed, begun) in [("job", 1, 2), ("other", 3, 4)] {
        written.send_with(slug, "production", failed, "error", &hourly);
        written.send_with(slug, "production", begun, "in_progress", &hourly);
    }
    execute_on_postgres(&database, sql);
    written.advance("11:10:00");
    assert_eq!(statuses(&written, "other"), ["missed", "in_progress", "error"], "{sql}");
    written.send_with("other", "production", 5, "ok", &hourly);
    assert_eq!(statuses(&written, "other")[0], "ok", "{sql}");
    written.send_with("job", "production", 6, "ok", &hourly);
    let stored = written.queries.check_in("job", Uuid::from_u128(6));
    assert_eq!(stored.is_ok_and(|found| found.is_some()), !refused, "{sql}");
    // A run is noted when it is read: by a list, if not by the batches.
    drop(written.queries.check_ins("job", &CheckInFilter::default(), FIRST));
    assert!(is_named(&written, None, table), "{sql}");
    assert!(is_named(&written, Some("job"), table) || !refused, "{sql}");
    assert!(!is_named(&written, Some("other"), table), "{sql}");
    let summaries = written.queries.summaries().unwrap();
    assert!(summaries.iter().any(|monitor| monitor.slug == "other"), "{sql}");
}
