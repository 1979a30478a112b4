//! `crons serve` as a process: its banner, its end, and what it never loses or shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../crons-server/tests/harness/sqlite.rs"]
mod sqlite;

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

struct Server {
    process: Child,
    banner: Vec<String>,
}

impl Server {
    fn start(database: &Path) -> Self {
        let mut command = serve(database);
        command.stderr(Stdio::null());
        Self::start_with(command)
    }

    /// Starts a server and reads its banner.
    fn start_with(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        // The banner ends with the command that sends a check-in.
        let mut banner = Vec::new();
        for line in output.lines() {
            let line = line.unwrap();
            let last = line.contains("-d '");
            banner.push(line);
            if last {
                break;
            }
        }
        Self { process, banner }
    }

    fn dsn(&self) -> &str {
        self.banner.iter().find_map(|line| line.trim().strip_prefix("export SENTRY_DSN=")).unwrap()
    }

    fn url(&self, path: &str) -> String {
        let (key, host) = self.dsn().trim_start_matches("http://").split_once('@').unwrap();
        format!("http://{}{}", host.trim_end_matches("/1"), path.replace("KEY", key))
    }

    fn stored(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for page in 0.. {
            let path =
                format!("/api/0/organizations/crons/monitors/job/checkins/?cursor=100:{}:0", page * 100);
            let Ok(mut answer) = ureq::get(self.url(&path)).call() else { break };
            let rows: serde_json::Value = answer.body_mut().read_json().unwrap();
            let rows = rows.as_array().unwrap();
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().replace('-', "")));
            if rows.len() < 100 {
                break;
            }
        }
        ids
    }
}

/// Sends a check-in. Returns whether the server acknowledged it.
fn check_in(url: &str, id: u32) -> bool {
    let body = r#"{"status": "ok", "check_in_id": "ID", "monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "day"}}}"#;
    let request = ureq::post(url).header("content-type", "application/json");
    request.send(body.replace("ID", &format!("{id:032x}"))).is_ok_and(|answer| answer.status() == 202)
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn crons(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
    command.args(arguments);
    command
}

fn serve(database: &Path) -> Command {
    let mut command = crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database"]);
    command.arg(format!("sqlite:{}", database.display()));
    command
}

#[test]
fn the_banner_has_a_command_that_sends_a_first_check_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(server.banner[0].starts_with("crons listens on http://127.0.0.1:"), "{:?}", server.banner);
    assert!(server.banner[0].contains("crons.db"), "{:?}", server.banner);
    // Runs the line as printed in a shell.
    let curl = server.banner[server.banner.len() - 2..].join("\n");
    let Ok(sent) = Command::new("sh").arg("-c").arg(format!("{} --silent --fail", curl.trim())).status()
    else {
        eprintln!("SKIPPED: there is no shell here");
        return;
    };
    if sent.code() == Some(127) {
        eprintln!("SKIPPED: there is no curl here");
        return;
    }
    assert!(sent.success(), "{curl}");
    let mut hello = ureq::get(server.url("/api/0/organizations/crons/monitors/hello/")).call().unwrap();
    let hello: serde_json::Value = hello.body_mut().read_json().unwrap();
    assert_eq!(hello["environments"][0]["status"], "ok");
}

#[test]
fn a_migration_is_logged_and_ends_before_anything_listens() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crons-server/tests/data/schema-1.db");
    std::fs::copy(old, &database).unwrap();
    let log =
        stop_once_it_listens(serve(&database).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    for line in ["is migrated to the schema of this version", "has been migrated", "is rewritten"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    let again = serve(&database).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let log = stop_once_it_listens(again);
    assert!(!log.contains("migrated") && !log.contains("rewritten"), "{log}");
}

/// Kills a server as soon as it has printed its first line. Returns its log.
fn stop_once_it_listens(mut process: Child) -> String {
    let mut banner = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut banner).unwrap();
    assert!(banner.starts_with("crons listens on"), "{banner}");
    process.kill().unwrap();
    String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap()
}

#[test]
fn the_public_key_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let key = |server: &Server| server.dsn().split('@').next().unwrap().to_owned();
    let first = key(&Server::start(&database));
    assert_eq!(first.len(), "http://".len() + 32);
    assert_eq!(key(&Server::start(&database)), first);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_server_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("crons.db"));
    assert!(check_in(&server.url("/api/1/cron/job/KEY/"), 1));
    let asked = Command::new("kill").arg("-TERM").arg(server.process.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert!(server.process.wait().unwrap().success());
}

/// How often the server is killed under load.
const KILLS: u32 = 100;

#[test]
fn a_hundred_kills_lose_no_acknowledged_check_in() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let acknowledged = std::sync::Mutex::new(Vec::new());
    for round in 0..KILLS {
        let mut server = Server::start(&database);
        let url = server.url("/api/1/cron/job/KEY/");
        // The server is killed at another point in each round: at its start, in its first transaction, or after many.
        let enough = acknowledged.lock().unwrap().len() + (round as usize * 7) % 23;
        std::thread::scope(|scope| {
            for worker in 0..3_u32 {
                let (url, acknowledged) = (&url, &acknowledged);
                scope.spawn(move || {
                    for number in 1.. {
                        let id = (round + 1) << 16 | worker << 12 | number;
                        if !check_in(url, id) {
                            break;
                        }
                        acknowledged.lock().unwrap().push(format!("{id:032x}"));
                    }
                });
            }
            while acknowledged.lock().unwrap().len() < enough {
                std::thread::yield_now();
            }
            // SIGKILL, which the server cannot handle.
            server.process.kill().unwrap();
        });
        server.process.wait().unwrap();
    }
    let stored: HashSet<String> = Server::start(&database).stored().into_iter().collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > KILLS as usize, "there was no load: {}", acknowledged.len());
    let lost = acknowledged.iter().filter(|id| !stored.contains(*id)).count();
    assert_eq!(lost, 0, "of {} acknowledged check-ins", acknowledged.len());
    assert_eq!(sqlite::File::open(&database).text("PRAGMA integrity_check"), "ok");
}

fn refusal(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = crons(arguments).output().unwrap();
    assert!(!status.success(), "{arguments:?} was accepted");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn wrong_settings_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("crons.db").display());
    let a_folder = format!("sqlite:{}", folder.path().display());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, part) in [
        (vec!["serve", "--listen", "0.0.0.0:0", "--database", &database], "listen on 127.0.0.1 or [::1]"),
        (vec!["serve", "--listen", &taken, "--database", &database], "choose another address with --listen"),
        (vec!["serve", "--listen", "9170", "--database", &database], "such as 127.0.0.1:9170"),
        (vec!["serve", "--listen", "127.0.0.1:0", "--database", &a_folder], "unable to open database file"),
        (
            vec!["serve", "--listen", "127.0.0.1:0", "--database", "mysql:x"],
            "`sqlite:` and the path of a file",
        ),
        (vec!["serve", "--listen", "127.0.0.1:0", "--database", &database, "--key", "a b"], "1 to 64 of"),
    ] {
        let said = refusal(&arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn no_key_reaches_the_log_or_an_answer() {
    const STRANGE: &str = "5ec2e7c0de5ec2e7c0de5ec2e7c0de00";
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = serve(&folder.path().join("crons.db"));
    command.stderr(std::fs::File::create(&log).unwrap());
    let server = Server::start_with(command);
    let key = server.dsn().trim_start_matches("http://").split('@').next().unwrap().to_owned();
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
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("request refused"), "{log}");
    for key in [key.as_str(), STRANGE] {
        for line in log.lines().chain(answers.iter().map(String::as_str)) {
            assert!(!line.contains(key), "{line}");
        }
    }
}

/// Sends a request as bytes, since clients refuse such methods and headers, and returns the answer.
#[cfg(unix)]
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

#[cfg(unix)]
#[test]
#[expect(clippy::too_many_lines, reason = "a table of all places where a value may stand")]
fn the_servers_own_key_is_hidden_in_every_repeated_value() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = serve(&folder.path().join("crons.db"));
    command.stderr(std::fs::File::create(&log).unwrap());
    let server = Server::start_with(command);
    let key = server.dsn().trim_start_matches("http://").split('@').next().unwrap().to_owned();
    let dsn = format!("http://{key}@127.0.0.1/1");
    let mut answers = Vec::new();
    let mut ask = |line: &str, headers: &[&str], body: &str| {
        for key in [key.clone(), key.to_uppercase()] {
            let put = |text: &str| {
                text.replace("DSN", &dsn).replace("URL", &dsn.replace('/', "%2F")).replace("KEY", &key)
            };
            let headers: Vec<String> = headers.iter().map(|header| put(header)).collect();
            // AUTH is the key in its own place, which lets the request in.
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
        // Not a list of monitors: one whose name has the key would be listed.
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
    drop(server);
    let log = std::fs::read_to_string(log).unwrap();
    for part in [
        "request refused",
        "check-in accepted, but",
        "check-in refused",
        "held for a minute",
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
