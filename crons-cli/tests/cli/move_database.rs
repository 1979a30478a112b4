//! Tests of `crons move` between SQLite and PostgreSQL.

use std::path::Path;

use crons_server::{RateLimit, Simulation, Ticks, parse_timeline};
use serde_json::json;

use crate::cluster;
use crate::support::{Server, crons, sqlite};

/// Runs `crons move`. Returns whether it succeeded, and its output.
fn transfer(from: &str, to: &str) -> (bool, String) {
    let output = crons(&["move", "--from", from, "--to", to]).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// Fills a new file: one job fails for hours and another is missed; with a silence, notes that have U+0000, and an end that waits for its begin.
fn fill(file: &Path) {
    let config = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5, "max_runtime": 10});
    let check_in = |slug: &str, number: u32, status: &str| {
        json!({"monitor_slug": slug, "check_in_id": format!("{number:032x}"), "status": status, "monitor_config": config,
            "environment": "dev", "contexts": {"trace": {"trace_id": format!("{:032x}", number * 2)}}, "note": "a\0b"})
    };
    let mut lines = Vec::new();
    let mut add = |at: String, key: &str, value: serde_json::Value| {
        lines.push(json!({"at": at, key: value}).to_string());
    };
    for hour in 0..20 {
        let at = |second: u32| format!("2024-06-03T{hour:02}:00:{second:02}Z");
        add(at(0), "check_in", check_in("failing", 100 + hour, "error"));
        add(at(1), "check_in", check_in("slow", 200 + hour, "in_progress"));
        if hour == 0 {
            add(at(2), "check_in", check_in("missed", 300, "ok"));
            add(
                at(3),
                "check_in",
                json!({"monitor_slug": "unknown", "check_in_id": format!("{:032x}", 9), "status": "ok"}),
            );
            add(at(4), "silence", json!({"monitor": "sl*", "for": "2d", "why": "quiet"}));
        }
    }
    let mut simulation = Simulation::new(Ticks::EveryMinute, RateLimit::SENTRY).unwrap();
    for event in parse_timeline(&lines.join("\n")).unwrap() {
        simulation.apply(event).unwrap();
    }
    simulation.save(file).unwrap();
}

/// A database as a replay sees it: each run, environment and incident.
fn replayed(database: &str) -> String {
    let output = crons(&["simulate", "--from-database", database]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_database_is_moved_to_postgresql_and_back() {
    let Some(postgres) = cluster::new_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.db"), folder.path().join("second.db"));
    fill(&first);
    let (moved, text) = transfer(&sqlite(&first), &postgres);
    assert!(moved && text.contains("All rows of sqlite:"), "{text}");
    assert_eq!(replayed(&postgres), replayed(&sqlite(&first)));
    // The row of a transfer that was killed: the next one waits until it counts no more.
    let (_, schema) = postgres.rsplit_once('=').unwrap();
    cluster::shared().unwrap().execute(&format!(
        "INSERT INTO {schema}.nodes (name, expires_at, is_transfer) VALUES ('killed', clock_timestamp() + INTERVAL '2 s', TRUE)"
    ));
    let (moved, back) = transfer(&postgres, &sqlite(&second));
    assert!(moved, "{back}");
    let sums = |text: &str| {
        text.lines().filter(|line| line.contains("sha256")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sums(&text), sums(&back));
    assert!(
        sums(&text).iter().any(|line| line.starts_with("check_ins") && !line.contains(" 0 rows")),
        "{text}"
    );

    let (again, refused) = transfer(&sqlite(&first), &postgres);
    assert!(
        !again && refused.contains("it is not empty: the table monitors has rows; name a new database"),
        "{refused}"
    );
}

#[test]
fn a_server_goes_on_with_a_moved_database() {
    let Some(postgres) = cluster::new_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.db");
    let key = {
        let server = Server::start(&file);
        assert!(server.check_in("job", 1));
        let (moved, refused) = transfer(&sqlite(&file), &postgres);
        assert!(!moved && refused.contains("is served by another server already"), "{refused}");
        server.key().to_owned()
    };
    let (moved, text) = transfer(&sqlite(&file), &postgres);
    assert!(moved, "{text}");
    let mut command =
        crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", &postgres]);
    command.stderr(std::process::Stdio::null());
    let server = Server::spawn(command);
    assert_eq!(server.key(), key, "clients go on with the same DSN");
    assert!(server.check_in("job", 2));
    let mut stored = server.stored("job");
    stored.sort_unstable();
    assert_eq!(stored, [1, 2]);
    let (moved, refused) = transfer(&postgres, &sqlite(&folder.path().join("other.db")));
    assert!(!moved && refused.contains("it is in use by process "), "{refused}");
}

#[test]
fn a_wrong_source_or_target_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = sqlite(&folder.path().join("missing.db"));
    let file = folder.path().join("crons.db");
    fill(&file);
    for (from, to, text) in [
        (missing.as_str(), "sqlite:x.db", "--from: there is no file"),
        (&sqlite(&file), &sqlite(&file), "source and target are the same database; name two"),
        (&sqlite(&file), "postgres://127.0.0.1:1/crons", "no connection to PostgreSQL"),
    ] {
        let (moved, refused) = transfer(from, to);
        assert!(!moved && refused.contains(text), "{refused}");
    }
}

#[test]
fn a_source_without_rows_is_refused() {
    let Some(postgres) = cluster::new_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (moved, refused) = transfer(&postgres, &sqlite(&folder.path().join("new.db")));
    assert!(!moved && refused.contains("has no rows; name the database of a server"), "{refused}");
}
