//! `crons doctor`, against a server of ours and against each fault that a network can have.

mod network;
#[path = "../../../../tests/support/network_variables.rs"]
mod network_variables;
mod tls;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::listener::Listener;
use super::support::{Server, crons};
use network_variables::NETWORK_VARIABLES;

/// The result of the command.
struct Examined {
    is_success: bool,
    findings: Vec<Value>,
}

impl Examined {
    /// The finding about this subject.
    #[track_caller]
    fn of(&self, subject: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["check"] == subject);
        found.unwrap_or_else(|| unreachable!("no {subject} in {:#?}", self.findings))
    }

    /// Checks that the finding about this subject is a fault with these words, and that the command has failed.
    #[track_caller]
    fn is_fault(&self, subject: &str, words: &[&str]) {
        let finding = self.of(subject);
        assert_eq!(finding["state"], "fault", "{finding}");
        let text = format!("{} {}", finding["finding"], finding["advice"]);
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
        assert!(!self.is_success, "{text}");
    }
}

/// `crons doctor` with this DSN, without the variables of the machine, and with an empty spool.
fn doctor(dsn: &str, spool: &Path, arguments: &[&str]) -> Command {
    let mut command = crons(&["doctor"]);
    for name in NETWORK_VARIABLES.into_iter().chain(["SENTRY_ENVIRONMENT", "SENTRY_RELEASE", "SENTRY_CRONS"])
    {
        command.env_remove(name);
    }
    command.env("SENTRY_DSN", dsn).env("CRONS_SPOOL", spool).env("TZ", "UTC").args(arguments);
    command
}

fn examine(mut command: Command) -> Examined {
    let output = command.arg("--json").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let answer: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| unreachable!("{error}: {said}"));
    let findings = answer["findings"].as_array().unwrap().clone();
    assert_eq!(answer["ok"], findings.iter().all(|finding| finding["state"] != "fault"));
    Examined { is_success: output.status.success(), findings }
}

/// Examines a listener that answers every request like this.
fn answered(answer: &str) -> Examined {
    let folder = tempfile::tempdir().unwrap();
    let listener = Listener::start(answer);
    examine(doctor(&listener.dsn(), folder.path(), &[]))
}

#[test]
fn a_server_of_ours_takes_the_probe_and_makes_no_monitor_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    let spool = folder.path().join("spool");
    let found = examine(doctor(server.dsn(), &spool, &["--environment", "staging"]));
    assert!(found.is_success, "{:#?}", found.findings);
    assert!(found.findings.iter().all(|finding| finding["state"] == "ok"), "{:#?}", found.findings);
    assert!(found.of("server")["finding"].as_str().unwrap().contains("crons server"));
    assert_eq!(found.of("environment")["finding"], "staging, from --environment");
    let dsn = found.of("DSN")["finding"].as_str().unwrap();
    assert!(dsn.ends_with(", from SENTRY_DSN") && !dsn.contains(server.key()), "{dsn}");
    assert!(found.of("spool")["finding"].as_str().unwrap().contains("does not exist yet"));
    assert!(!spool.exists(), "nothing was written");
    assert_eq!(server.get("/monitors/"), Value::Array(Vec::new()));

    // A monitor that exists gets one successful run.
    let missing = examine(doctor(server.dsn(), &spool, &["--monitor", "nobody"]));
    missing.is_fault("monitor", &["no monitor of this slug"]);
    let output = doctor(server.dsn(), &spool, &["--monitor", "nobody"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Check-ins from here reach the server, but this is wrong: monitor."), "{text}");
    assert!(server.check_in("backup", 1));
    let known = examine(doctor(server.dsn(), &spool, &["--monitor", "backup"]));
    assert!(known.is_success, "{:#?}", known.findings);
    let environment = known.of("environment");
    assert_eq!(environment["state"], "warning", "{environment}");
    assert!(environment["finding"].as_str().unwrap().contains("--monitor reports a run of this environment"));
    let runs = server.get("/monitors/backup/checkins/");
    let statuses: Vec<&Value> = runs.as_array().unwrap().iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, ["ok", "ok"]);

    // An environment that was named is no surprise, though the monitor has none of it yet.
    let named = examine(doctor(server.dsn(), &spool, &["--monitor", "backup", "--environment", "staging"]));
    assert_eq!(named.of("environment")["state"], "ok");
    assert_eq!(server.get("/monitors/backup/")["environments"].as_array().unwrap().len(), 2);
}

#[test]
fn a_key_or_a_project_that_the_server_does_not_know_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    let key = server.dsn().replace(server.key(), "0123456789abcdef0123456789abcdef");
    examine(doctor(&key, folder.path(), &[]))
        .is_fault("probe", &["HTTP 403", "does not know this key", "copy the DSN"]);
    let project = server.dsn().replace("/1", "/7");
    examine(doctor(&project, folder.path(), &[])).is_fault("probe", &["HTTP 4"]);
}

#[test]
fn every_answer_is_explained() {
    let json = |status: &str, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
    let html = |status: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}",
            page.len()
        )
    };
    for (answer, words) in [
        (json("401 Unauthorized", "", "{}"), &["HTTP 401", "does not know this key"][..]),
        (
            json("403 Forbidden", "", r#"{"detail": "event submission rejected with_reason: ProjectId"}"#),
            &["HTTP 403", "with_reason: ProjectId"],
        ),
        (json("404 Not Found", "", "{}"), &["HTTP 404", "no such project"]),
        (json("413 Payload Too Large", "", "{}"), &["HTTP 413", "too large", "raise the limit"]),
        (json("429 Too Many Requests", "retry-after: 37\r\n", "{}"), &["HTTP 429", "no runs for 37 s"]),
        (json("429 Too Many Requests", "", "{}"), &["HTTP 429", "no runs for 1 min"]),
        (
            json(
                "429 Too Many Requests",
                "x-sentry-rate-limits: 120:monitor:key\r\nretry-after: 37\r\n",
                "{}",
            ),
            &["HTTP 429", "no runs for 2 min"],
        ),
        (json("500 Internal Server Error", "", "{}"), &["HTTP 500", "in trouble", "log"]),
        (json("502 Bad Gateway", "", "{}"), &["HTTP 502", "a proxy in front of the server"]),
        (json("400 Bad Request", "", "{}"), &["HTTP 400", "https://"]),
        (json("407 Proxy Authentication Required", "", "{}"), &["HTTP 407", "user and a password"]),
        (
            json("301 Moved Permanently", "location: https://other.example/\r\n", ""),
            &["redirects to", "https://other.example/"],
        ),
        (json("302 Found", "", ""), &["redirects to", "another address"]),
        (html("200 OK"), &["HTTP 200 with a web page", "sign-in"]),
        (html("403 Forbidden"), &["HTTP 403 with a web page"]),
        (html("404 Not Found"), &["HTTP 404 with a web page"]),
        (html("503 Service Unavailable"), &["HTTP 503", "a proxy in front of the server"]),
        // nginx, squid and CDNs refuse with pages.
        (html("400 Bad Request"), &["HTTP 400", "write https:// in the DSN"]),
        (html("407 Proxy Authentication Required"), &["HTTP 407", "user and a password"]),
        (html("413 Payload Too Large"), &["HTTP 413", "raise the limit"]),
        (html("429 Too Many Requests"), &["HTTP 429", "takes no more check-ins"]),
        (html("301 Moved Permanently"), &["redirects to"]),
        (html("418 I'm a teapot"), &["HTTP 418", "no server of check-ins answers like this"]),
        (json("200 OK", "", r#"{"hello": "world"}"#), &["no Sentry", "hello"]),
        (json("200 OK", "", "OK"), &["no Sentry", "it says"]),
        (json("200 OK", "", ""), &["no Sentry", "empty"]),
        (json("204 No Content", "", ""), &["no Sentry"]),
        (
            json("200 OK", "x-sentry-rate-limits: 60:monitor:organization\r\n", "{}"),
            &["takes no more check-ins for 1 min", "60:monitor"],
        ),
        (json("200 OK", "x-sentry-rate-limits: 60::organization\r\n", "{}"), &["takes no more check-ins"]),
        (
            json("200 OK", "x-sentry-error: project is disabled\r\n", "{}"),
            &["refuses the check-in", "project is disabled"],
        ),
    ] {
        answered(&answer).is_fault("probe", words);
    }
    for fine in [
        json("200 OK", "", "{}"),
        json("200 OK", "x-sentry-rate-limits: 60:error:organization\r\n", r#"{"id": "0"}"#),
        // The client reads no wait in these.
        json("200 OK", "x-sentry-rate-limits: soon:monitor\r\n", "{}"),
        json("200 OK", "x-sentry-rate-limits: 0:monitor\r\n", "{}"),
    ] {
        let found = answered(&fine);
        assert!(
            found.is_success && found.of("server")["finding"].as_str().unwrap().starts_with("Sentry"),
            "{:#?}",
            found.findings
        );
    }
}

#[test]
fn hostile_answers_are_shown_without_their_control_characters() {
    let listener = Listener::start("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n\u{1b}[2Jhello\n\u{7}..");
    let folder = tempfile::tempdir().unwrap();
    let output = doctor(&listener.dsn(), folder.path(), &[]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("hello") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    assert!(text.contains("Check-ins from here are lost: 1 fault."), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_answer_that_repeats_the_request_does_not_show_the_keys() {
    let echo = "x-sentry-auth: Sentry sentry_key=0123456789abcdef, sentry_secret=fedcba";
    let folder = tempfile::tempdir().unwrap();
    let plain = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{echo}", echo.len());
    let header = format!("HTTP/1.1 403 Forbidden\r\nx-sentry-error: {echo}\r\ncontent-length: 2\r\n\r\n{{}}");
    for answer in [plain, header] {
        let dsn = Listener::start(&answer).dsn().replace("key@", "0123456789abcdef:fedcba@");
        let found = examine(doctor(&dsn, folder.path(), &[]));
        found.is_fault("probe", &["it says", "sentry_key=***", "sentry_secret=***"]);
        let all = format!("{:?}", found.findings);
        assert!(!all.contains("0123456789abcdef") && !all.contains("fedcba"), "{all}");
    }
}

#[test]
fn a_file_in_the_place_of_a_folder_of_the_spool_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let listener = Listener::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    for (number, place) in ["runs", "locks"].into_iter().enumerate() {
        let spool = folder.path().join(number.to_string());
        std::fs::create_dir(&spool).unwrap();
        std::fs::write(spool.join(place), "").unwrap();
    }
    for (spool, obstacle, effect) in [
        ("file", "file", "is lost"),
        ("file/a/b", "file", "is lost"),
        ("link", "link", "is lost"),
        ("0", "0/runs", "is lost"),
        ("1", "1/locks", "--overlap` refuses"),
    ] {
        let found = examine(doctor(&listener.dsn(), &folder.path().join(spool), &[]));
        let finding = found.of("spool");
        assert_eq!(finding["state"], "warning", "{finding}");
        let words = format!("{} is no folder", folder.path().join(obstacle).display());
        let text = finding["finding"].as_str().unwrap();
        assert!(text.starts_with(&words) && text.contains(effect), "{finding}");
    }
}

#[test]
fn a_clock_that_is_more_than_a_minute_off_is_a_fault() {
    let at = |skew: i64| {
        let now = Timestamp::now() + SignedDuration::from_secs(skew);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
        Listener::start(&format!(
            "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        ))
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |skew| at(skew).dsn();
    let seen = |skew| examine(doctor(&at(skew), folder.path(), &[]));
    seen(-7_200).is_fault("clock", &["ahead of the server's", "h", "NTP"]);
    seen(600).is_fault("clock", &["behind the server's", "missed"]);
    let output = doctor(&at(600), folder.path(), &["--timezone", "Mars/Base"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.ends_with("Check-ins from here reach the server, but this is wrong: time zone, clock.\n"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
    let near = seen(30);
    assert!(near.is_success && near.of("clock")["state"] == "ok", "{:#?}", near.findings);
}

#[test]
fn wrong_settings_are_named_and_the_rest_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let none = examine(doctor("", folder.path(), &["--timezone", "Europe/Viena"]));
    none.is_fault("DSN", &["there is no DSN"]);
    assert_eq!(none.of("probe")["state"], "skipped");
    let zones: Vec<&Value> = none.findings.iter().filter(|finding| finding["check"] == "time zone").collect();
    assert_eq!((&zones[0]["state"], &zones[1]["state"]), (&Value::from("ok"), &Value::from("fault")));
    assert!(zones[1]["finding"].as_str().unwrap().contains("Europe/Vienna"), "{}", zones[1]);

    let refused = examine(doctor("https://geheim@/1", folder.path(), &[]));
    refused.is_fault("DSN", &["SENTRY_DSN: dsn"]);
    assert!(!format!("{:?}", refused.findings).contains("geheim"));

    let listener = Listener::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let mut command = doctor(&listener.dsn(), folder.path(), &[]);
    command.env("SENTRY_CRONS", "off").env("SENTRY_ENVIRONMENT", "a/b").env("SENTRY_RELEASE", "jobs@1");
    let found = examine(command);
    found.is_fault("switch", &["SENTRY_CRONS", "unset"]);
    found.is_fault("environment", &["SENTRY_ENVIRONMENT", "slashes"]);
    assert_eq!(found.of("release")["finding"], "jobs@1, from SENTRY_RELEASE");
}

#[cfg(unix)]
#[test]
fn journals_that_dead_processes_have_left_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    let spool = folder.path().join("spool");
    // Its server is down, so the run stays in the spool.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dsn = format!("http://key@{closed}/1");
    let mut run = crons(&["run", "job", "--interval", "1 hour", "--flush", "10ms", "--", "true"]);
    run.env("SENTRY_DSN", &dsn).env("CRONS_SPOOL", &spool).env_remove("SENTRY_CRONS");
    assert!(run.output().unwrap().status.success());

    let found = examine(doctor(&dsn, &spool, &[]));
    let finding = found.of("spool");
    assert_eq!(finding["state"], "warning", "{finding}");
    assert!(
        finding["finding"].as_str().unwrap().contains("1 check-in in them is owed to this server"),
        "{finding}"
    );
    let other = examine(doctor(server.dsn(), &spool, &[]));
    assert!(other.is_success);
    assert!(other.of("spool")["finding"].as_str().unwrap().contains("1 journal is for another server"));

    // A warning fails only with --strict.
    let off = |arguments: &[&str]| {
        let mut command = doctor(server.dsn(), Path::new(""), arguments);
        command.env("CRONS_SPOOL", "");
        examine(command)
    };
    assert!(off(&[]).is_success && !off(&["--strict"]).is_success);
}
