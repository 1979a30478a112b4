//! Tests of `crons serve` as a process: its banner, its start and end, and that a kill loses nothing.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use super::backup::backup;
use super::support::{Server, check_in, run, serve, sqlite};

#[test]
fn the_banner_has_a_command_that_sends_a_first_check_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    let lines: Vec<&str> = server.banner.lines().collect();
    assert!(lines[0].starts_with("crons listens on http://127.0.0.1:"), "{}", server.banner);
    assert!(lines[0].contains("crons.db"), "{}", server.banner);
    // Runs the last two lines as printed in a shell.
    let curl = lines[lines.len() - 2..].join("\n");
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
    assert_eq!(server.get("/monitors/hello/")["environments"][0]["status"], "ok");
}

#[cfg(unix)]
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

/// Sends SIGTERM.
#[cfg(unix)]
fn terminate(process: &Child) {
    assert!(Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().unwrap().success());
}

/// Ends a server as soon as it has printed its first line. Returns its log, which a thread writes: a kill could lose its end.
#[cfg(unix)]
fn stop_once_it_listens(mut process: Child) -> String {
    let mut banner = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut banner).unwrap();
    assert!(banner.starts_with("crons listens on"), "{banner}");
    // A signal that arrives before the server waits for one has no effect, so more follow.
    while process.try_wait().unwrap().is_none() {
        terminate(&process);
        std::thread::sleep(Duration::from_millis(10));
    }
    String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap()
}

#[test]
fn the_public_key_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let first = Server::start(&database).key().to_owned();
    assert_eq!(first.len(), 32);
    assert_eq!(Server::start(&database).key(), first);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_server_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("crons.db"));
    assert!(server.check_in("job", 1));
    terminate(&server.process);
    assert!(server.process.wait().unwrap().success());
}

/// The number of times that the server is killed under load.
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
                        acknowledged.lock().unwrap().push(id);
                    }
                });
            }
            while acknowledged.lock().unwrap().len() < enough {
                std::thread::yield_now();
            }
            // The signal is SIGKILL, which the server cannot handle.
            server.process.kill().unwrap();
        });
        server.process.wait().unwrap();
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > KILLS as usize, "there was no load: {}", acknowledged.len());
    // A copy reads every page of the file, so it fails if one is damaged.
    let copy = folder.path().join("copy.db");
    let (copied, output) = backup(&database, &copy);
    assert!(copied, "{output}");
    for database in [database, copy] {
        let server = Server::start(&database);
        let stored: HashSet<u32> = server.stored("job").into_iter().collect();
        let lost = acknowledged.iter().filter(|id| !stored.contains(*id)).count();
        assert_eq!(lost, 0, "of {} acknowledged check-ins", acknowledged.len());
        // Rows that cannot be read would be listed here.
        assert_eq!(server.get("/processing-errors/"), serde_json::json!([]));
    }
}

#[test]
fn wrong_settings_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = sqlite(&folder.path().join("crons.db"));
    let a_folder = sqlite(folder.path());
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
        let finished = run(&arguments, "");
        assert!(!finished.success && finished.stderr.contains(part), "{arguments:?}: {}", finished.stderr);
    }
}

#[test]
fn ready_tells_by_its_exit_code_whether_the_server_works() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("crons.db");
    let server = Server::start(&database);
    let url = server.url("");
    let ready = |more: &[&str]| run(&[&["ready", "--url", &url], more].concat(), "");
    let finished = ready(&[]);
    assert_eq!((finished.success, finished.stdout.as_str()), (true, "ready\n"), "{}", finished.stderr);
    assert_eq!(ready(&["--json"]).stdout, "{\n  \"status\": \"ready\"\n}\n");
    std::fs::rename(&database, folder.path().join("moved.db")).unwrap();
    let finished = ready(&[]);
    assert!(!finished.success && finished.stdout.is_empty());
    assert!(finished.stderr.starts_with("crons: the database cannot be read"), "{}", finished.stderr);
    drop(server);
    let finished = ready(&[]);
    assert!(
        !finished.success && finished.stderr.contains("start it with `crons serve`"),
        "{}",
        finished.stderr
    );
}

#[test]
fn the_first_start_does_not_announce_that_its_new_file_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve(&folder.path().join("crons.db"));
    command.stderr(Stdio::piped());
    let mut server = Server::spawn(command);
    let stderr = server.process.stderr.take().unwrap();
    server.process.kill().unwrap();
    let log = std::io::read_to_string(stderr).unwrap();
    assert!(!log.contains("rewritten"), "{log}");
}
