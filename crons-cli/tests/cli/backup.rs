//! Tests of `crons backup` while `crons serve` writes the database, and of the lock on that file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::support::{Server, run, serve, sqlite};

/// Runs `crons backup`. Returns whether it succeeded, and its output.
pub fn backup(database: &Path, file: &Path) -> (bool, String) {
    let finished = run(&["backup", file.to_str().unwrap(), "--database", &sqlite(database)], "");
    (finished.success, finished.stdout + &finished.stderr)
}

/// The number of jobs that check in.
const JOBS: u32 = 7;

fn job(id: u32) -> String {
    format!("job-{}", id % JOBS)
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
                    assert!(server.check_in(&job(id), id));
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
            let (well, printed) = backup(&database, &to.join("copy.db"));
            assert!(well && printed.contains("was copied to") && printed.contains("bytes)"), "{printed}");
            assert_eq!(files(&to), ["copy.db"], "and nothing else is left");
            copies.push((to.join("copy.db"), before));
        }
        done.store(true, Ordering::SeqCst);
    });
    for (copy, before) in copies {
        let restored = Server::start(&copy);
        let stored: HashSet<u32> = (0..JOBS).flat_map(|number| restored.stored(&job(number))).collect();
        let lost: Vec<&u32> = before.iter().filter(|id| !stored.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?} of {} are not in the copy", before.len());
        assert_eq!(restored.key(), server.key());
        assert!(restored.check_in(&job(0), 1 << 30));
        assert_eq!(restored.get("/monitors/").as_array().unwrap().len(), JOBS as usize);
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
    // A database of SQLite with one table, `bookmarks`.
    let bookmarks: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "tests", "data", "bookmarks.sqlite"].iter().collect();
    std::fs::copy(bookmarks, path("other.db")).unwrap();
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
        let (copied, printed) = backup(from, &to);
        assert!(!copied, "{} to {}: {printed}", from.display(), to.display());
        for part in parts {
            assert!(printed.contains(part), "{} to {}: {printed}", from.display(), to.display());
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
    let printed = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    for part in ["crons.db is served by another server already", "end that one, or use another file"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert!(first.check_in("job", 1));
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    assert!(Server::start(&database).check_in("job", 2));
}

#[cfg(feature = "postgres")]
#[test]
fn a_database_of_postgresql_is_left_to_its_own_program() {
    let arguments = ["backup", "copy.db", "--database", "postgres://crons:hunter2@127.0.0.1:1/crons"];
    let output = crate::support::crons(&arguments).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("pg_dump --format=custom --schema=crons --file=copy.db") && !text.contains("hunter2"),
        "{text}"
    );
}
