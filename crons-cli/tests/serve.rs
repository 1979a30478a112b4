//! `crons serve` as its users start it, talk to it and end it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

struct Server {
    process: Child,
    greeting: Vec<String>,
}

impl Server {
    fn start(database: &Path) -> Self {
        let mut process = crons(&["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(format!("sqlite:{}", database.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        // The greeting ends with the command that sends a check-in.
        let mut greeting = Vec::new();
        for line in output.lines() {
            let line = line.unwrap();
            let last = line.contains("-d '");
            greeting.push(line);
            if last {
                break;
            }
        }
        Self { process, greeting }
    }

    fn dsn(&self) -> &str {
        self.greeting.iter().find_map(|line| line.trim().strip_prefix("export SENTRY_DSN=")).unwrap()
    }

    fn url(&self, path: &str) -> String {
        let (key, host) = self.dsn().trim_start_matches("http://").split_once('@').unwrap();
        format!("http://{}{}", host.trim_end_matches("/1"), path.replace("KEY", key))
    }

    fn check_in(&self, id: u32) -> bool {
        let body = r#"{"status": "ok", "check_in_id": "ID", "monitor_config": {"schedule": {"type": "interval", "value": 1, "unit": "day"}}}"#;
        let request = ureq::post(self.url("/api/1/cron/job/KEY/")).header("content-type", "application/json");
        request.send(body.replace("ID", &format!("{id:032x}"))).is_ok_and(|answer| answer.status() == 202)
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

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn crons(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
    command.args(arguments);
    command
}

#[test]
fn the_greeting_says_all_that_is_needed_to_send_a_first_check_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(server.greeting[0].starts_with("crons listens on http://127.0.0.1:"), "{:?}", server.greeting);
    assert!(server.greeting[0].contains("crons.db"), "{:?}", server.greeting);
    // The line as printed, put into a shell.
    let curl = server.greeting[server.greeting.len() - 2..].join("\n");
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
fn the_key_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let key = |server: &Server| server.dsn().split('@').next().unwrap().to_owned();
    let first = key(&Server::start(&database));
    assert_eq!(first.len(), "http://".len() + 32);
    assert_eq!(key(&Server::start(&database)), first);
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("crons.db"));
    assert!(server.check_in(1));
    let asked = Command::new("kill").arg("-TERM").arg(server.process.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert!(server.process.wait().unwrap().success());
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_in_the_middle_of_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let mut server = Server::start(&database);
    let acknowledged = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..4_u32 {
            let (server, acknowledged) = (&server, &acknowledged);
            scope.spawn(move || {
                for number in 1.. {
                    let id = worker << 16 | number;
                    if !server.check_in(id) {
                        break;
                    }
                    acknowledged.lock().unwrap().push(format!("{id:032x}"));
                }
            });
        }
        while acknowledged.lock().unwrap().len() < 200 {
            std::thread::yield_now();
        }
        // SIGKILL: nothing gets a chance to tidy up.
        let pid = server.process.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    });
    server.process.wait().unwrap();
    let stored = Server::start(&database).stored();
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged check-ins are gone", lost.len(), acknowledged.len());
}

fn refusal(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = crons(arguments).output().unwrap();
    assert!(!status.success(), "{arguments:?} was accepted");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("crons.db").display());
    let a_folder = format!("sqlite:{}", folder.path().display());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, part) in [
        (vec!["serve", "--listen", "0.0.0.0:0", "--database", &database], "listen on 127.0.0.1 or [::1]"),
        (vec!["serve", "--listen", &taken, "--database", &database], "choose another by --listen"),
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
