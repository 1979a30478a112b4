//! Tests that no key is in the log or in an answer, wherever a request has it.

use super::run::lab::until_written;
use super::support::{Server, serve};

/// A server that writes its log into the file `log` of a folder.
fn logging_server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve(&folder.path().join("crons.db"));
    command.stderr(std::fs::File::create(folder.path().join("log")).unwrap());
    (folder, Server::spawn(command))
}

#[test]
fn no_key_reaches_the_log_or_an_answer() {
    const STRANGE: &str = "5ec2e7c0de5ec2e7c0de5ec2e7c0de00";
    let (folder, server) = logging_server();
    let key = server.key().to_owned();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let paths = [
        "/api/1/cronn/job/KEY/?status=ok",
        "/api/1/KEY/cron/job/",
        "/api/KEY/cron/job/?status=ok",
        "/api/KEY/envelope/",
        "/KEY",
        "/KEY/api/1/envelope/",
        "/api/0/KEY/",
        "/api/1/cron/KEY/?status=ok",
        "/api/1/cron/KEY/KEY/job/",
        "/api/1/cron//KEY/?status=ok",
        "/api/1/cron/job/KEY/",
        "/api/1/cron/job/KEY/?status=done",
        "/api/1/cron/job/KEY/?status=ok&duration=long",
        "/api/1/cron/job/?status=ok&sentry_key=KEY&sentry_key=other",
        "/api/1/cron/job/KEY/?status=ok&sentry_key=other",
        "/api/1/cron/%ff/KEY/?status=ok",
        "/api/1/unreal/KEY/",
        "/api/1/envelope/?sentry_key=KEY",
        "/api/2/store/?sentry_key=KEY",
        "/api/0/organizations/crons/incidents/?sentry_key=KEY",
        "/api/0/organizations/crons/incidents/?KEY",
        "/api/0/organizations/crons/incidents/KEY/",
        "/api/0/organizations/crons/incidents/KEYKEY/",
        "/api/0/organizations/crons/monitors/KEY/",
        "/api/0/organizations/crons/monitors/KEY/environments/KEY/",
        "/api/0/organizations/KEY/monitors/",
    ];
    let mut answers = Vec::new();
    for key in [key.as_str(), STRANGE] {
        for path in paths {
            for method in ["GET", "POST", "PUT", "HEAD"] {
                let url = server.url(&path.replace("KEY", key));
                for header in [String::new(), format!("Sentry sentry_key={key}"), format!("Basic {key}")] {
                    let request = ureq::http::Request::builder().method(method).uri(&url);
                    let request = request.header("connection", "close").header("authorization", header);
                    let mut answer = agent.run(request.body(key.to_owned()).unwrap()).unwrap();
                    let text = answer.body_mut().read_to_string().unwrap();
                    answers.push(format!("{:?} {text}", answer.headers()));
                }
            }
        }
    }
    drop(server);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("request refused"), "{log}");
    for key in [key.as_str(), STRANGE] {
        for line in log.lines().chain(answers.iter().map(String::as_str)) {
            assert!(!line.contains(key), "{line}");
        }
    }
}

/// Sends a request as bytes, since clients refuse such methods and headers, and returns the answer.
fn send(server: &Server, line: &str, headers: &[String], body: &str) -> String {
    use std::io::{Read, Write};

    let address = server.url("");
    let address = address.trim_start_matches("http://");
    let mut head = format!("{line} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:")) {
        head.push_str("host: localhost\r\n");
    }
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of all places where a value may stand")]
fn the_servers_own_key_is_hidden_in_every_repeated_value() {
    let (folder, server) = logging_server();
    let key = server.key().to_owned();
    let dsn = format!("http://{key}@127.0.0.1/1");
    let mut answers = Vec::new();
    let mut ask = |line: &str, headers: &[&str], body: &str| {
        for key in [key.clone(), key.to_uppercase()] {
            let put = |text: &str| {
                text.replace("DSN", &dsn).replace("URL", &dsn.replace('/', "%2F")).replace("KEY", &key)
            };
            let headers: Vec<String> = headers.iter().map(|header| put(header)).collect();
            // AUTH is replaced by the key in its own place, which lets the request in.
            let line = put(&line.replace("AUTH", &server.url("KEY")[server.url("").len()..]));
            answers.push((line.clone(), send(&server, &line, &headers, &put(body))));
        }
    };
    let json = "content-type: application/json";
    let config = r#"{"schedule": {"type": "crontab", "value": "0 * * * *"}}"#;
    ask("POST /api/1/cron/job/AUTH/", &[json], &format!(r#"{{"status": "ok", "monitor_config": {config}}}"#));
    for query in [
        "status=ok%26sentry_key=KEY",
        "KEY",
        "KEY=1&status=ok",
        "status=KEY",
        "status=ok&duration=KEY",
        "status=ok&check_in_id=KEYx",
        "status=ok&environment=URL",
        "status=ok&environment=KEY.",
        "status=ok&note=KEY",
        "status=ok&sentry_kye=KEY",
    ] {
        ask(&format!("GET /api/1/cron/job/AUTH/?{query}"), &[], "");
    }
    for slug in ["KEYx", "job-KEY", "URL", "%21KEY"] {
        ask(&format!("GET /api/1/cron/{slug}/AUTH/?status=ok"), &[], "");
        ask(&format!("GET /api/1/cron/{slug}/AUTH/?status=in_progress"), &[], "");
        ask(
            &format!("POST /api/1/cron/{slug}/AUTH/"),
            &[json],
            &format!(r#"{{"status": "error", "monitor_config": {config}}}"#),
        );
    }
    for (pointer, values) in [
        ("/check_in_id", &["KEYx", "DSN"][..]),
        ("/monitor_slug", &["KEYx", "DSN", "Job KEY"]),
        ("/status", &["KEY", "DSN"]),
        ("/environment", &["KEY", "KEY/", "DSN"]),
        ("/duration", &["KEY"]),
        ("/note", &["KEY", "DSN"]),
        ("/KEY", &["x"]),
        ("/timezone", &["DSN"]),
        ("/contexts/trace/trace_id", &["KEYz", "DSN"]),
        ("/monitor_config", &["DSN"]),
        ("/monitor_config/KEY", &["x"]),
        ("/monitor_config/timezone", &["KEY", "DSN"]),
        ("/monitor_config/owner", &["KEY", "DSN"]),
        ("/monitor_config/checkin_margin", &["KEY"]),
        ("/monitor_config/schedule", &["DSN"]),
        ("/monitor_config/schedule/type", &["KEY", "DSN"]),
        ("/monitor_config/schedule/value", &["KEY", "DSN", "KEY * * * *"]),
        ("/monitor_config/schedule/unit", &["KEY"]),
        ("/monitor_config/schedule/value/KEY", &["x"]),
    ] {
        for value in values {
            for slug in ["job", "another"] {
                let mut payload = serde_json::json!({"monitor_slug": slug, "status": "ok", "contexts": {"trace": {}},
                    "monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "hour"}}});
                if pointer.ends_with("schedule/value") {
                    payload["monitor_config"]["schedule"]["type"] = "crontab".into();
                }
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let parent = payload.pointer_mut(parent).unwrap();
                if parent.is_object() {
                    parent[name] = (*value).into();
                } else {
                    *parent = serde_json::json!({name: value});
                }
                let body = format!("{{\"dsn\": \"DSN\"}}\n{{\"type\": \"check_in\"}}\n{payload}\n");
                ask("POST /api/1/envelope/", &[], &body);
                ask("POST /api/1/cron/job/AUTH/?KEY&status=KEY", &[json], &payload.to_string());
            }
        }
    }
    for body in [
        "KEY\n{}",
        "{\"dsn\":\"http:/KEY@h/1\"}\n",
        "{\"dsn\":\"http://KEY@h/KEY\"}\n",
        "{\"dsn\":[\"DSN\"]}\n",
        "{\"dsn\":\"DSN\"}\nKEY\n{}\n",
        "{\"dsn\":\"DSN\"}\n{\"type\":\"KEY\"}\n{}\n",
        "{\"dsn\":\"DSN\"}\n{\"type\":\"check_in\",\"length\":\"KEY\"}\n{}\n",
        "{\"dsn\":\"DSN\"}\n{\"type\":\"check_in\"}\n\"KEY\"\n",
    ] {
        ask("POST /api/1/envelope/", &[], body);
    }
    for header in
        ["content-type: KEY", "content-encoding: KEY", "host: KEY", "origin: DSN", "x-sentry-auth: KEY"]
    {
        ask("POST /api/1/cron/job/AUTH/?status=ok", &[header], "{}");
        // The path is not the list of monitors, which would contain a monitor whose name has the key.
        ask("GET /api/0/organizations/crons/nowhere/", &[header], "");
    }
    ask("KEY /api/1/cron/job/AUTH/", &[], "");
    ask("KEY /health", &[], "");
    for (line, body) in [
        ("GET /checkins/?cursor=KEY", ""),
        ("GET /checkins/?per_page=KEY", ""),
        ("GET /usage/?since=KEY", ""),
        ("DELETE /?environment=KEY", ""),
        ("DELETE /?KEY=job", ""),
        ("PUT /", r#"{"status": "DSN"}"#),
        ("PUT /", r#"{"KEY": 1}"#),
        ("PUT /environments/KEY/", r#"{"isMuted": "KEY"}"#),
    ] {
        let (method, path) = line.split_once(' ').unwrap();
        ask(&format!("{method} /api/0/organizations/crons/monitors/job{path}"), &[json], body);
    }
    for path in
        ["/processing-errors/", "/monitors/job/processing-errors/", "/monitors/another/processing-errors/"]
    {
        ask(&format!("GET /api/0/organizations/crons{path}"), &[], "");
    }
    // The name of a monitor may have the key; the log may not.
    ask("DELETE /api/0/organizations/crons/monitors/KEYx/", &[], "");
    // The last line: a thread of its own writes the log, and the drop kills the server.
    let log = until_written(&folder.path().join("log"), "monitor deleted");
    drop(server);
    for part in [
        "request refused",
        "check-in accepted, but",
        "check-in refused",
        "deferred for a minute",
        "monitor deleted",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let leaks = |text: &str| text.to_ascii_lowercase().contains(&key);
    for (line, answer) in &answers {
        assert!(!leaks(answer), "{line}: {answer}");
    }
    for line in log.lines() {
        assert!(!leaks(line), "{line}");
    }
}
