//! `crons backup` while `crons serve` writes the database, and the lock on that file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../crons-server/tests/harness/sqlite.rs"]
mod sqlite;

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

struct Server {
    process: Child,
    host: String,
    key: String,
}

impl Server {
    fn start(database: &Path) -> Self {
        let mut process = serve(database).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // Reads the whole banner: a server whose output is closed early would fail to print it.
        let mut dsn = None;
        for line in BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap) {
            dsn = dsn.or(line.trim().strip_prefix("export SENTRY_DSN=http://").map(str::to_owned));
            if line.contains("-d '") {
                break;
            }
        }
        let dsn = dsn.unwrap();
        let (key, host) = dsn.trim_end_matches("/1").split_once('@').unwrap();
        Self { process, host: host.to_owned(), key: key.to_owned() }
    }

    fn check_in(&self, id: u32) {
        let body = format!(
            r#"{{"status": "ok", "check_in_id": "{id:032x}", "monitor_config": {{"schedule": {{"type": "interval", "value": 1, "unit": "day"}}}}}}"#
        );
        let url = format!("http://{}/api/1/cron/job-{}/{}/", self.host, id % 7, self.key);
        let answer = ureq::post(url).header("content-type", "application/json").send(body).unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("x-sentry-error")), (202, None));
    }

    fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/api/0/organizations/crons{path}", self.host);
        ureq::get(url).call().unwrap().body_mut().read_json().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
    command.args(["serve", "--rate-limit", "off", "--listen", "127.0.0.1:0", "--database"]);
    command.arg(format!("sqlite:{}", database.display()));
    command
}

/// Runs `crons backup`. Returns whether it succeeded, and its output.
fn backup(database: &Path, file: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
    command.arg("backup").arg(file).arg("--database").arg(format!("sqlite:{}", database.display()));
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_copy_has_every_check_in_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let server = Server::start(&database);
    let acknowledged = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    let mut copies = Vec::new();
    std::thread::scope(|scope| {
        for worker in 0..2_u32 {
            let (server, acknowledged, done) = (&server, &acknowledged, &done);
            scope.spawn(move || {
                for number in 1.. {
                    let id = worker << 16 | number;
                    server.check_in(id);
                    acknowledged.lock().unwrap().push(id);
                    if done.load(Ordering::SeqCst) {
                        break;
                    }
                }
            });
        }
        for number in 1..=3_usize {
            while acknowledged.lock().unwrap().len() < number * 50 {
                std::thread::yield_now();
            }
            let before = acknowledged.lock().unwrap().clone();
            // The path has characters that a URL would not have.
            let to = folder.path().join(format!("copies of ü {number}"));
            std::fs::create_dir(&to).unwrap();
            let (well, said) = backup(&database, &to.join("copy.db"));
            assert!(well && said.contains("was copied to") && said.contains("bytes)"), "{said}");
            assert_eq!(files(&to), ["copy.db"], "and nothing else is left");
            copies.push((to.join("copy.db"), before));
        }
        done.store(true, Ordering::SeqCst);
    });
    for (copy, before) in copies {
        let file = sqlite::File::open(&copy);
        assert_eq!(file.text("PRAGMA integrity_check"), "ok");
        let ids = file.text("SELECT group_concat(hex(guid)) FROM check_ins");
        let stored: HashSet<u32> =
            ids.split(',').map(|id| u32::from_str_radix(&id[24..], 16).unwrap()).collect();
        let lost: Vec<&u32> = before.iter().filter(|id| !stored.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?} of {} are not in the copy", before.len());
        drop(file);
        let restored = Server::start(&copy);
        assert_eq!(restored.key, server.key);
        restored.check_in(1 << 30);
        assert_eq!(restored.get("/monitors/").as_array().unwrap().len(), 7);
        // The copy is a moment old, so its server lists that gap as an outage.
        assert_eq!(restored.get("/outages/").as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_failed_copy_is_explained_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let database = path("crons.db");
    drop(Server::start(&database));
    std::fs::write(path("there"), "keep me").unwrap();
    std::fs::write(path("text.db"), "no database, but long enough for its header: ".repeat(20)).unwrap();
    std::fs::write(path("empty.db"), "").unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    sqlite::File::open(&path("other.db")).execute("CREATE TABLE bookmarks (url TEXT)");
    let before = files(folder.path());
    for (from, to, parts) in [
        (&database, path("there"), ["there is there already", "choose another name"]),
        (&database, path("folder"), ["folder is there already", "choose another name"]),
        (&database, path("nowhere/copy.db"), ["was not copied", "nowhere"]),
        (&path("missing.db"), path("copy.db"), ["missing.db was not copied", "there is no such file"]),
        (&path("folder"), path("copy.db"), ["folder was not copied", "there is no such file"]),
        (&path("text.db"), path("copy.db"), ["text.db was not copied", "not a database"]),
        (&path("empty.db"), path("copy.db"), ["empty.db was not copied", "no database of crons"]),
        (&path("other.db"), path("copy.db"), ["other.db was not copied", "no database of crons"]),
    ] {
        let (copied, said) = backup(from, &to);
        assert!(!copied, "{} to {}: {said}", from.display(), to.display());
        for part in parts {
            assert!(said.contains(part), "{} to {}: {said}", from.display(), to.display());
        }
        assert_eq!(files(folder.path()), before, "{} to {}", from.display(), to.display());
    }
    assert_eq!(std::fs::read_to_string(path("there")).unwrap(), "keep me");
}

#[test]
fn a_second_server_on_a_file_is_refused_while_one_runs() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let mut first = Server::start(&database);
    let refused = serve(&database).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    for part in ["crons.db is served by another server already", "end that one, or use another file"] {
        assert!(said.contains(part), "{said}");
    }
    first.check_in(1);
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    Server::start(&database).check_in(2);
}
