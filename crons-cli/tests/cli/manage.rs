//! Tests of commands that change monitors, against a running server, and of their messages when there is none.

use std::io::BufRead;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::listener::Listener;
use super::support::{Finished, Server, run};

/// A server with the monitor `job` in `production`.
fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(server.check_in("job", 1));
    (folder, server)
}

fn ask(server: &Server, arguments: &[&str]) -> Finished {
    let url = server.url("");
    run(&[arguments, &["--url", &url]].concat(), "")
}

#[test]
fn monitors_are_muted_disabled_enabled_and_deleted() {
    let (_folder, server) = server();
    let monitor = || server.get("/monitors/job/");
    for (arguments, text, key, value) in [
        (&["mute", "job"][..], "job is muted: ", "/isMuted", json!(true)),
        (&["unmute", "job"], "job is not muted: ", "/isMuted", json!(false)),
        (
            &["mute", "job", "--environment", "production"],
            "job, environment production is muted: ",
            "/environments/0/isMuted",
            json!(true),
        ),
        (&["disable", "job"], "job is disabled: ", "/status", json!("disabled")),
        (&["enable", "job"], "job is enabled: ", "/status", json!("active")),
    ] {
        let finished = ask(&server, arguments);
        assert!(finished.success && finished.stdout.starts_with(text), "{arguments:?}: {}", finished.stderr);
        assert_eq!(monitor().pointer(key), Some(&value), "{arguments:?}");
    }
    let printed: Value = serde_json::from_str(&ask(&server, &["unmute", "job", "--json"]).stdout).unwrap();
    assert_eq!(printed, monitor());

    let deleted = ask(&server, &["delete", "job", "--environment", "production"]);
    assert!(deleted.success && deleted.stdout.contains("no environment production"), "{}", deleted.stderr);
    assert_eq!(monitor()["environments"], json!([]));
    let deleted = ask(&server, &["delete", "job", "--json"]);
    let printed: Value = serde_json::from_str(&deleted.stdout).unwrap();
    assert_eq!(printed, json!({"slug": "job", "environments": [], "deleted": true}));
    assert_eq!(server.get("/monitors/"), json!([]));
}

#[test]
fn the_list_has_all_pages_and_no_colours_in_a_pipe() {
    let (_folder, server) = server();
    for number in 2..=120 {
        assert!(server.check_in(&format!("job-{number}"), number));
    }
    let listed = ask(&server, &["list"]);
    assert!(listed.success && listed.stdout.lines().count() == 121, "{}", listed.stderr);
    assert!(listed.stdout.contains("\nok     job-119  production   ") && !listed.stdout.contains('\u{1b}'));
    let printed: Value = serde_json::from_str(&ask(&server, &["list", "--json"]).stdout).unwrap();
    assert_eq!(printed.as_array().unwrap().len(), 120);
}

#[test]
fn a_watched_list_is_printed_again_when_it_has_changed() {
    let (_folder, server) = server();
    let mut command = super::support::crons(&["list", "--watch", "--json", "--url", &server.url("")]);
    let mut watch = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()[0]["isMuted"], false);
    assert!(ask(&server, &["mute", "job"]).success);
    assert_eq!(next()[0]["isMuted"], true);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn a_run_is_explained_in_the_words_of_the_api() {
    let (_folder, server) = server();
    let id = server.get("/monitors/job/checkins/")[0]["id"].as_str().unwrap().to_owned();
    let derived = server.get(&format!("/explanations/{id}/"));
    let explained = ask(&server, &["explain", &id]);
    assert!(explained.success, "{}", explained.stderr);
    assert_eq!(explained.stdout, derived["text"].as_str().unwrap());
    assert!(explained.stdout.starts_with("job, environment production: the run of "), "{}", explained.stdout);
    let printed: Value = serde_json::from_str(&ask(&server, &["explain", &id, "--json"]).stdout).unwrap();
    assert_eq!(printed, derived);
    let advised = ask(&server, &["explain", "job"]);
    assert!(advised.stdout.starts_with("job, environment production: no advice; "), "{}", advised.stderr);
}

#[test]
fn a_refusal_says_why_and_changes_nothing() {
    let (_folder, server) = server();
    let before = server.get("/monitors/job/");
    for (arguments, reason) in [
        (&["mute", "jobb"][..], "there is no monitor \"jobb\""),
        (&["mute", "job", "--environment", "dev"], "environment \"dev\""),
        (&["delete", "job", "--environment", "dev"], "nothing was deleted"),
        (&["explain", "00000000-0000-0000-0000-0000000000ff"], "no check-in and no incident 00000000-"),
        (&["explain", "jobb"], "there is no monitor \"jobb\""),
        (&["explain", "no slug"], "or write the id of a check-in"),
        (&["delete", ".."], "invalid value '..'"),
        (&["delete", ""], "invalid value ''"),
        (&["disable", "job", "--environment", "dev"], "unexpected argument '--environment'"),
        (&["mute", "job", "--environment", ""], "environment: \"\" is refused"),
        (&["delete", "job", "--environment", ""], "environment: \"\" is refused"),
        (&["mute", "job", "--url", "example.com"], "no URL"),
        (&["mute", "job", "--token", "a b"], "characters that no token has"),
    ] {
        let finished =
            if arguments.contains(&"--url") { run(arguments, "") } else { ask(&server, arguments) };
        assert!(!finished.success && finished.stdout.is_empty(), "{arguments:?}");
        assert!(finished.stderr.contains(reason), "{arguments:?}: {}", finished.stderr);
    }
    assert_eq!(server.get("/monitors/job/"), before);
}

#[test]
fn a_server_that_wants_a_token_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = super::support::serve(&folder.path().join("crons.db"));
    command.args(["--admin-token", "open-sesame-0123456789"]).stderr(std::process::Stdio::null());
    let server = Server::spawn(command);
    assert!(server.check_in("job", 1));
    for (token, success, text) in [
        (None, false, "asks for a token; set CRONS_TOKEN"),
        (Some("wrong-sesame-9876543210"), false, "does not accept the token"),
        (Some("open-sesame-0123456789"), true, ""),
    ] {
        let url = server.url("");
        let mut command = super::support::crons(&["mute", "job"]);
        command.env("CRONS_URL", url);
        if let Some(token) = token {
            command.env("CRONS_TOKEN", token);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), success, "{stderr}");
        assert!(stderr.contains(text) && !stderr.contains("sesame"), "{stderr}");
    }
}

#[test]
fn tokens_are_made_listed_and_revoked_with_the_admin_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = super::support::serve(&folder.path().join("crons.db"));
    command.args(["--admin-token", "open-sesame-0123456789"]).stderr(std::process::Stdio::null());
    let server = Server::spawn(command);
    assert!(server.check_in("job", 1));
    let by = |token: &str, arguments: &[&str]| {
        let mut command = super::support::crons(arguments);
        let output = command.env("CRONS_URL", server.url("")).env("CRONS_TOKEN", token).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let admin = "open-sesame-0123456789";
    let (made, read, stderr) = by(admin, &["token", "create", "dashboard"]);
    assert!(made, "{stderr}");
    let read = read.trim();
    let (_, write, _) = by(admin, &["token", "create", "deploy", "--scope", "write", "--json"]);
    let write: Value = serde_json::from_str(&write).unwrap();
    let write = write["token"].as_str().unwrap();
    for (token, arguments, success) in [
        (read, &["list"][..], true),
        (read, &["mute", "job"], false),
        (write, &["mute", "job"], true),
        (write, &["token", "list"], false),
        (write, &["token", "create", "more"], false),
    ] {
        let (done, _, stderr) = by(token, arguments);
        assert_eq!(done, success, "{arguments:?}: {stderr}");
        assert!(!stderr.contains(token), "{stderr}");
    }
    let (_, listed, _) = by(admin, &["token", "list"]);
    assert!(listed.contains("dashboard  read   ") && listed.contains("deploy     write  "), "{listed}");
    assert!(!listed.contains(read) && !listed.contains(write), "{listed}");
    let rows: Value = serde_json::from_str(&by(admin, &["token", "list", "--json"]).1).unwrap();
    assert_eq!((&rows[0]["name"], &rows[1]["scope"]), (&json!("dashboard"), &json!("write")));
    let revoked: Value =
        serde_json::from_str(&by(admin, &["token", "revoke", "dashboard", "--json"]).1).unwrap();
    assert_eq!(revoked, json!({"id": rows[0]["id"], "revoked": true}));
    let (done, _, stderr) = by(read, &["list"]);
    assert!(!done && stderr.contains("does not accept the token"), "{stderr}");
    for (revoked, reason) in [
        ("dashboard", "no token of this name or id; `crons token list` prints them"),
        // A token is not repeated where others may read it.
        (read, "no token of this name or id; `crons token list` prints them"),
        (
            "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaab",
            "no token of this name or id; `crons token list` prints them",
        ),
    ] {
        let (done, _, stderr) = by(admin, &["token", "revoke", revoked]);
        assert!(!done && stderr.contains(reason) && !stderr.contains(read), "{stderr}");
    }
}

#[test]
fn each_lack_of_an_answer_is_explained_with_what_to_do() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let answering = |answer: &str| format!("http://{}", Listener::start(answer).address);
    let page = |status: &str| {
        answering(&format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 13\r\n\r\n<html></html>"
        ))
    };
    let start = "start it with `crons serve`";
    for (url, reason, advice) in [
        (format!("http://{closed}"), "cannot be asked", start),
        (
            page("200 OK"),
            "is not the answer of a crons server",
            "set CRONS_URL to the address that `crons serve` prints",
        ),
        (page("404 Not Found"), "HTTP 404 from http://127.0.0.1:", "set CRONS_URL"),
        (
            answering("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"),
            "HTTP 404 from",
            "set CRONS_URL",
        ),
        (
            page("400 Bad Request"),
            "many that speak HTTPS answer plain HTTP like this",
            "write https:// in CRONS_URL",
        ),
        (page("403 Forbidden"), "comes from a proxy or a sign-in page", "set CRONS_URL"),
        (page("429 Too Many Requests"), "takes no more requests for now", "try again later"),
        (page("500 Internal Server Error"), "in trouble", "look at their logs"),
        (
            page("502 Bad Gateway"),
            "a proxy in front of the server gets no answer from it",
            "start the server",
        ),
        (
            answering(
                "HTTP/1.1 301 Moved\r\nlocation: https://crons.example/\r\ncontent-length: 13\r\n\r\n<html></html>",
            ),
            "redirects to \"https://crons.example/\"",
            "set CRONS_URL to the address that it redirects to",
        ),
        (answering("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{"), "was cut off", "try again"),
        (answering(""), "closed the connection without an answer", "look at its log"),
        (answering("SSH-2.0-OpenSSH_9.9\r\n"), "does not speak HTTP", "write https:// in CRONS_URL"),
        (
            answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").replace("http:", "https:"),
            "does not speak TLS",
            "write http:// in CRONS_URL",
        ),
        (
            format!("http://{}", silent.local_addr().unwrap()),
            "gave no complete answer within 500ms",
            "wait longer with --timeout",
        ),
    ] {
        let finished = run(&["mute", "job", "--timeout", "500ms", "--url", &url], "");
        assert!(!finished.success && finished.stderr.contains(reason), "{}", finished.stderr);
        assert!(finished.stderr.contains(advice), "{}", finished.stderr);
        assert_eq!(finished.stderr.contains(start), advice == start, "{}", finished.stderr);
    }
}

#[test]
fn a_server_that_hangs_holds_up_no_command_for_longer_than_its_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for command in [
        &["ready"][..],
        &["list"],
        &["tail"],
        &["explain", "job"],
        &["token", "list"],
        &["silence", "list"],
        &["alert", "drill"],
    ] {
        let began = std::time::Instant::now();
        let finished = run(&[command, &["--timeout", "200ms", "--url", &url]].concat(), "");
        assert!(
            !finished.success && finished.stderr.contains("within 200ms"),
            "{command:?}: {}",
            finished.stderr
        );
        assert!(began.elapsed() < std::time::Duration::from_secs(9), "{command:?}");
    }
}

#[test]
fn an_answer_that_no_crons_server_gives_is_no_success() {
    let id = "00000000-0000-0000-0000-0000000000ff";
    for arguments in [
        &["mute", "job"][..],
        &["unmute", "job", "--environment", "dev"],
        &["disable", "job"],
        &["enable", "job"],
        &["delete", "job"],
        &["silence", "job", "--for", "1h", "--why", "x"],
        &["silence", "end", id],
        &["token", "create", "x"],
        &["token", "revoke", id],
        &["token", "list"],
        &["explain", id],
        &["ready"],
        &["list"],
        &["tail"],
        &["tail", "job"],
    ] {
        // A token is looked for in a list first.
        let list = format!(r#"[{{"id": "{id}"}}]"#);
        let is_list = arguments.contains(&"revoke");
        let other = Listener::answering(move |line| {
            let body = if is_list && line.starts_with("get ") { &list } else { r#"{"a": 1}"# };
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        });
        let url = format!("http://{}", other.address);
        let finished = run(&[arguments, &["--url", &url]].concat(), "");
        assert!(!finished.success && finished.stdout.is_empty(), "{arguments:?}: {}", finished.stdout);
        assert!(
            finished.stderr.contains("set CRONS_URL to the address that `crons serve` prints"),
            "{arguments:?}: {}",
            finished.stderr
        );
    }
}
