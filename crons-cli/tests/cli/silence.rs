//! `crons silence` against a running server.

use serde_json::{Value, json};

use super::listener::Listener;
use super::support::{Finished, Server, run};

fn ask(server: &Server, arguments: &[&str]) -> Finished {
    let url = server.url("");
    run(&[&["silence"], arguments, &["--url", &url]].concat(), "")
}

#[test]
fn the_clock_of_the_server_decides_which_silences_have_ended() {
    let silence = |id: &str, status: &str, ends_at: &str| json!({"id": id, "status": status, "ends_at": ends_at, "matchers": []});
    // By the clock of this machine, the first one has ended and the last one has not.
    let silences = json!([
        silence("runs", "active", "2001-01-01T00:00:00Z"),
        silence("waits", "pending", "2001-01-02T00:00:00Z"),
        silence("over", "ended", "2999-01-01T00:00:00Z"),
    ]);
    let is_asked_for_all = |line: &str| !line.contains("since");
    let server =
        Listener::json(move |line| if is_asked_for_all(line) { silences.clone() } else { json!([]) });
    let url = format!("http://{}/", server.address);
    let list = |more: &[&str]| run(&[&["silence", "list", "--url", &url], more].concat(), "").stdout;
    let open = list(&[]);
    assert!(open.contains("runs") && open.contains("waits") && !open.contains("over"), "{open}");
    assert!(list(&["--all"]).contains("over"));
}

#[test]
fn a_silence_that_no_monitor_matches_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(server.check_in("nightly-backup", 1));
    for (arguments, is_told) in [
        (&["nightly-*"][..], false),
        (&["zzz*"], true),
        (&["nightly-*", "--environment", "staging"], true),
        (&["*", "--owner", "team:ops", "--json"], true),
    ] {
        let made = ask(&server, &[arguments, &["--for", "1h", "--why", "x"]].concat());
        assert!(made.success, "{arguments:?}: {}", made.stderr);
        assert_eq!(
            made.stderr.contains("no monitor matches this silence now"),
            is_told,
            "{arguments:?}: {}",
            made.stderr
        );
    }
}

#[test]
fn names_and_reasons_cannot_turn_the_direction_of_a_line() {
    let name = "a\u{202e}b\u{2066}c\u{9b}d";
    let silence = json!({"id": "1", "status": "active", "ends_at": "2999-01-01T00:00:00Z", "by": name, "why": name,
        "matchers": [{"key": "environment", "match": "equals", "value": name}]});
    let monitor = json!({"slug": name, "environments": [{"name": name, "status": "ok"}]});
    let listener = Listener::json(move |line| match line {
        line if line.starts_with("post") => silence.clone(),
        line if line.contains("silences") => json!([silence]),
        _ => json!([monitor]),
    });
    let url = format!("http://{}", listener.address);
    for arguments in [&["list"][..], &["silence", "list"], &["silence", "a", "--for", "1h", "--why", "x"]] {
        let printed = run(&[arguments, &["--url", &url]].concat(), "").stdout;
        assert!(printed.contains("a\u{fffd}b\u{fffd}c\u{fffd}d"), "{arguments:?}: {printed}");
        assert!(!printed.contains(['\u{202e}', '\u{2066}', '\u{9b}']), "{arguments:?}: {printed:?}");
    }
}

#[test]
fn silences_are_made_listed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(ask(&server, &["list"]).stdout.starts_with("There is no silence; "));

    let made = ask(
        &server,
        &[
            "nightly-*",
            "--for",
            "2h",
            "--why",
            "migration",
            "--by",
            "ana",
            "--environment",
            "production",
            "--owner",
            "team:ops",
        ],
    );
    assert!(made.success, "{}", made.stderr);
    assert!(
        made.stdout.starts_with("silenced until ") && made.stdout.contains("crons silence end "),
        "{}",
        made.stdout
    );
    assert!(
        made.stdout.contains("monitor.slug nightly-*, environment production, owner team:ops"),
        "{}",
        made.stdout
    );
    let stored = server.get("/silences/");
    let silence = &stored[0];
    assert_eq!(
        (&silence["by"], &silence["why"], &silence["status"]),
        (&json!("ana"), &json!("migration"), &json!("active"))
    );
    let filter =
        |key: &str, operator: &str, value: &str| json!({"key": key, "match": operator, "value": value});
    assert_eq!(
        silence["matchers"],
        json!([
            filter("monitor.slug", "matches pattern", "nightly-*"),
            filter("environment", "equals", "production"),
            filter("owner", "equals", "team:ops"),
        ])
    );
    let id = silence["id"].as_str().unwrap();

    let later = ask(
        &server,
        &[
            "job",
            "--from",
            "2099-01-01T00:00:00Z",
            "--until",
            "2099-01-01T02:00:00+01:00",
            "--why",
            "move",
            "--by",
            "ben",
        ],
    );
    assert!(!later.success && later.stderr.contains("more than a year ahead"), "{}", later.stderr);

    let listed = ask(&server, &["list"]);
    assert!(
        listed.stdout.starts_with("STATE ")
            && listed.stdout.contains("\nactive ")
            && listed.stdout.contains(id),
        "{}",
        listed.stdout
    );
    let printed: Value = serde_json::from_str(&ask(&server, &["list", "--json"]).stdout).unwrap();
    assert_eq!(printed, stored);

    let ended = ask(&server, &["end", id]);
    assert!(ended.success && ended.stdout.starts_with(&format!("{id} has ended: ")), "{}", ended.stderr);
    assert!(ask(&server, &["list"]).stdout.starts_with("There is no silence; "));
    let all: Value = serde_json::from_str(&ask(&server, &["list", "--all", "--json"]).stdout).unwrap();
    assert_eq!((&all[0]["id"], &all[0]["status"]), (&json!(id), &json!("ended")));
    let again = ask(&server, &["end", id]);
    assert!(!again.success && again.stderr.contains("there is nothing to end"), "{}", again.stderr);
}

#[test]
fn a_silence_without_an_end_or_a_reason_is_refused_before_it_is_sent() {
    for (arguments, reason) in [
        (&["job", "--why", "x"][..], "--for"),
        (&["job", "--for", "2h"], "--why"),
        (&["--for", "2h", "--why", "x"], "PATTERN"),
        (&["job", "--for", "soon", "--why", "x"], "invalid value 'soon'"),
        (&["job", "--for", "2h", "--until", "2099-01-01T00:00:00Z", "--why", "x"], "cannot be used with"),
        (&["job", "--until", "tomorrow", "--why", "x"], "write a date, a time and an offset"),
        (&["end", "nightly"], "`crons silence list` prints the ids"),
    ] {
        let refused = run(&[&["silence"], arguments].concat(), "");
        assert!(!refused.success && refused.stdout.is_empty(), "{arguments:?}");
        assert!(refused.stderr.contains(reason), "{arguments:?}: {}", refused.stderr);
    }
}
