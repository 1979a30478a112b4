//! Tests of the spool: runs and their ends survive the end of their process, and no run ends twice in different ways. Each case runs
//! this very program again as children, which are killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crons::{CheckInGuard, ClientOptions, MonitorConfig, OnExit, monitor};
use libtest_mimic::{Arguments, Failed, Trial};
use program::wait;
use serde_json::{Value, json};
use support::{Behaviour, DEADLINE, Sink, until};

/// The folder of the spool, for a child that does not read `CRONS_SPOOL`.
const SPOOL: &str = "CRONS_TEST_SPOOL";

fn main() {
    if let Some((case, dsn)) = program::case() {
        return child(&case, &dsn);
    }
    let trials = vec![
        Trial::test("a_killed_run_is_an_error_at_the_next_start", killed),
        Trial::test("an_end_that_was_not_delivered_is_sent_at_the_next_start", undelivered),
        Trial::test("each_run_has_one_verdict_however_often_it_is_killed", || {
            kills();
            Ok(())
        }),
        Trial::test("a_live_process_keeps_its_journal_to_itself", shared),
        Trial::test("several_starts_adopt_a_journal_once", adopted_once),
        Trial::test("runs_that_are_left_open_on_purpose_stay_open", left),
        Trial::test("a_run_that_a_forked_child_may_end_is_left_to_it", forked),
        Trial::test("a_line_that_is_cut_off_is_normal", cut_off),
        Trial::test("a_damaged_journal_is_set_aside_with_one_warning", damaged),
        Trial::test("a_journal_of_another_server_is_left_alone", other_server),
        Trial::test("jobs_run_and_report_if_the_spool_cannot_be_written", unwritable),
        Trial::test("a_run_that_ended_on_a_full_disk_is_not_closed_again", full_disk),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A program of one case.
fn start(case: &str, dsn: &str, folder: &Path) -> Child {
    let mut command = program::command(case, dsn);
    command.env(SPOOL, folder).env_remove("CRONS_SPOOL").env_remove("SENTRY_RELEASE");
    spawn(&mut command)
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs a case to its end. Returns its log.
fn finish(case: &str, dsn: &str, folder: &Path) -> Result<String, Failed> {
    end(start(case, dsn, folder))
}

fn end(mut child: Child) -> Result<String, Failed> {
    drop(child.stdin.take());
    // Its log is read meanwhile: a full pipe would hold the child up.
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let status = wait(&mut child)?;
    let text = log.join().unwrap()?;
    if status.success() { Ok(text) } else { Err(format!("{status}: {text}").into()) }
}

/// Waits until the child has printed a line. Returns the line.
fn line(child: &mut Child) -> String {
    let mut line = String::new();
    let mut stdout = BufReader::with_capacity(1, child.stdout.as_mut().unwrap());
    stdout.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn options(dsn: &str) -> ClientOptions {
    let options = ClientOptions::new()
        .dsn(dsn)
        .environment("staging")
        .shutdown_timeout(DEADLINE)
        .max_check_ins_per_minute(crons::MaxCheckIns::Unlimited);
    match std::env::var_os(SPOOL) {
        Some(folder) => options.spool(folder),
        None => options,
    }
}

/// Waits for the parent, which closes the pipe or kills.
fn wait_for_parent() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").unwrap();
    stdout.flush().unwrap();
}

fn child(case: &str, dsn: &str) {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    match case {
        "open" => {
            let crons = crons::init(options(dsn));
            let config = MonitorConfig::interval("10 minutes").unwrap();
            let run = monitor("job").monitor_config(config).start();
            assert!(crons.flush(DEADLINE));
            say(&run.id().to_string());
            wait_for_parent();
            std::process::abort();
        }
        "leave" => {
            let crons = crons::init(options(dsn).on_exit(OnExit::Leave));
            std::mem::forget(monitor("job").start());
            assert!(crons.flush(DEADLINE));
        }
        "run" => {
            let _crons = crons::init(options(dsn));
            monitor("other").run(|| ());
        }
        "elsewhere" => {
            let _crons = crons::init(options(dsn).environment("production"));
            monitor("other").run(|| ());
        }
        // The check-ins that are owed are delivered at the end.
        "idle" => drop(crons::init(options(dsn))),
        "hasty" => {
            let _crons = crons::init(options(dsn).shutdown_timeout(Duration::from_millis(50)));
            assert!(monitor("job").run(|| Err::<(), _>("disk full")).is_err());
        }
        "busy" => busy(dsn),
        "fork" => fork_case(dsn),
        "full" => full_disk_case(dsn),
        other => unreachable!("no such case: {other}"),
    }
}

fn taking() -> Sink {
    Sink::start(|_| Behaviour::Answer(200))
}

/// The journals of a folder.
fn journals(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "journal")).collect()
}

fn killed() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let mut child = start("open", &sink.dsn(), folder.path());
    let id = line(&mut child);
    kill(child);
    let mut off = program::command("run", &sink.dsn());
    end(spawn(off.env(SPOOL, "").env("CRONS_SPOOL", folder.path())))?;
    assert_eq!(journals(folder.path()).len(), 1, "the empty path is off, whatever the variable says");
    // The next process has another environment than the run that was killed.
    let mut next = program::command("elsewhere", &sink.dsn());
    let log = end(spawn(next.env_remove(SPOOL).env("CRONS_SPOOL", folder.path())))?;
    let check_ins = sink.check_ins();
    assert_eq!(support::statuses(&check_ins, "job"), ["in_progress", "error"]);
    let error = check_ins.iter().find(|check_in| check_in["status"] == "error").unwrap();
    assert_eq!(error["check_in_id"], id);
    assert_eq!(error["environment"], "staging");
    assert_eq!(
        error["monitor_config"]["schedule"],
        json!({"type": "interval", "value": 10, "unit": "minute"})
    );
    assert!(log.contains("runs of job were open when their processes were killed"), "{log}");
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0], "all is delivered");
    Ok(())
}

fn undelivered() -> Result<(), Failed> {
    let up = Arc::new(AtomicBool::new(false));
    let is_up = Arc::clone(&up);
    let sink =
        Sink::start(
            move |_| if is_up.load(Ordering::SeqCst) { Behaviour::Answer(200) } else { Behaviour::HangUp },
        );
    let folder = tempfile::tempdir()?;
    let log = finish("hasty", &sink.dsn(), folder.path())?;
    assert!(log.contains("in the spool, for the next start"), "{log}");
    let tried = sink.check_ins().len();
    up.store(true, Ordering::SeqCst);
    // A program without a job of its own delivers it, too.
    finish("idle", &sink.dsn(), folder.path())?;
    let delivered = &sink.check_ins()[tried..];
    assert_eq!(support::statuses(delivered, "job"), ["error"]);
    assert!(delivered[0]["duration"].as_f64().is_some(), "{delivered:?}");
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0]);
    Ok(())
}

/// Starts and ends runs until it is killed, with a few open at any time. Prints how a run ends before it reports that.
fn busy(dsn: &str) {
    let _crons = crons::init(options(dsn));
    let mut open: Vec<CheckInGuard> = Vec::new();
    let mut dice = std::process::id();
    say("ready");
    loop {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let roll = dice >> 16;
        if open.len() < 12 && roll.is_multiple_of(2) {
            open.push(monitor(format!("job-{}", roll % 7)).start());
        } else if open.len() > 3 {
            let run = open.remove(roll as usize % open.len());
            let id = run.id();
            if roll.is_multiple_of(3) {
                say(&format!("error {id}"));
                run.error();
            } else {
                say(&format!("ok {id}"));
                run.ok();
            }
        }
        if roll.is_multiple_of(5) {
            std::thread::sleep(Duration::from_micros(u64::from(roll % 2_000)));
        }
    }
}

/// The known facts about the runs of killed children.
#[derive(Default)]
struct Known {
    /// Ids with a start in a journal.
    started: BTreeSet<String>,
    /// The ends of runs, by a journal.
    journaled: BTreeMap<String, String>,
    /// The ends of runs, by their job.
    said: HashMap<String, String>,
}

impl Known {
    /// Reads the journals that a killed child has left.
    fn read(&mut self, folder: &Path) {
        for path in journals(folder) {
            for line in fs::read_to_string(path).unwrap().split_inclusive('\n').skip(1) {
                // The last line may be cut off.
                let Some(entry) = line.strip_suffix('\n') else { continue };
                let entry: Value = serde_json::from_str(&entry[9..]).unwrap();
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                if let Some(start) = entry.get("start") {
                    self.started.insert(text(&start["id"]));
                }
                if let Some(end) = entry.get("end") {
                    let (id, status) = (text(&end["id"]), text(&end["status"]));
                    let before = self.journaled.insert(id.clone(), status.clone());
                    assert!(
                        before.is_none_or(|before| before == status),
                        "{id} is journaled with two verdicts"
                    );
                }
            }
        }
    }
}

/// Kills children one after the other, each of which adopts what the one before has left.
fn kill_in_a_row(dsn: &str, folder: &Path, kills: usize, seed: usize) -> Known {
    let mut known = Known::default();
    let mut dice = seed;
    for kill_number in 0..kills {
        let mut child = start("busy", dsn, folder);
        // A quarter of the children is killed while it starts, and may be adopting.
        if kill_number % 4 > 0 {
            assert_eq!(line(&mut child), "ready");
        }
        let mut stdout = child.stdout.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            // A child may be killed in the middle of a line.
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((dice >> 33) as u64 % 80_000));
        kill(child);
        known.read(folder);
        for line in said.join().unwrap().lines() {
            if let Some((status, id)) = line.split_once(' ').filter(|(_, id)| id.len() == 32) {
                known.said.insert(id.to_owned(), status.to_owned());
            }
        }
    }
    known
}

fn kills() {
    const ROWS: usize = 4;
    // The sink loses some answers.
    let sink = Sink::start(|number| if number % 9 == 3 { Behaviour::HangUp } else { Behaviour::Answer(200) });
    let rows: Vec<_> = (0..ROWS)
        .map(|row| {
            let dsn = sink.dsn();
            std::thread::spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let known = kill_in_a_row(&dsn, folder.path(), 200 / ROWS, row);
                finish("idle", &dsn, folder.path()).unwrap();
                assert_eq!(journals(folder.path()), [] as [PathBuf; 0], "all is delivered");
                known
            })
        })
        .collect();
    let rows: Vec<Known> = rows.into_iter().map(|row| row.join().unwrap()).collect();
    let mut verdicts: HashMap<String, BTreeSet<String>> = HashMap::new();
    for check_in in sink.check_ins().iter().filter(|check_in| check_in["status"] != "in_progress") {
        let text = |key: &str| check_in[key].as_str().unwrap().to_owned();
        verdicts.entry(text("check_in_id")).or_default().insert(text("status"));
    }
    for (id, verdicts) in &verdicts {
        assert_eq!(verdicts.len(), 1, "{id} has two verdicts");
    }
    let verdict = |id: &String| verdicts.get(id).and_then(BTreeSet::first);
    let (mut died, mut ended) = (0, 0);
    for Known { started, journaled, said } in &rows {
        for id in started {
            let expected = said.get(id).map_or("error", String::as_str);
            // A process that adopts a run without an end journals an error for it, also if its job has reported another end since.
            let journaled = journaled.get(id).map(String::as_str);
            let found = verdict(id).map(String::as_str);
            assert!(found.is_some(), "{id} was journaled, and has no verdict");
            assert!(
                found == Some(expected) || found == Some("error"),
                "{id}: {found:?}, its job said {expected}"
            );
            assert!(
                journaled.is_none() || found == journaled,
                "{id}: {found:?}, its journal said {journaled:?}"
            );
            died += usize::from(!said.contains_key(id));
            ended += usize::from(found == Some("ok"));
        }
    }
    for (id, status) in rows.iter().flat_map(|row| &row.said) {
        // An end that was printed may not have been journaled; then its run died.
        let found = verdict(id);
        assert!(
            found.is_none_or(|found| found == status || found == "error"),
            "{id}: {status}, not {found:?}"
        );
    }
    assert!(died > 50 && ended > 50, "{died} runs died, {ended} ended: that proves little");
}

fn shared() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let mut one = start("open", &sink.dsn(), folder.path());
    line(&mut one);
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress"]);
    kill(one);
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "error"]);
    Ok(())
}

fn adopted_once() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let mut open: Vec<Child> = (0..3).map(|_| start("open", &sink.dsn(), folder.path())).collect();
    for child in &mut open {
        line(child);
    }
    for child in open {
        kill(child);
    }
    let starts: Vec<Child> = (0..6).map(|_| start("run", &sink.dsn(), folder.path())).collect();
    for child in starts {
        end(child)?;
    }
    let check_ins = sink.check_ins();
    assert_eq!(support::statuses(&check_ins, "job").iter().filter(|status| **status == "error").count(), 3);
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0]);
    Ok(())
}

fn left() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    finish("leave", &sink.dsn(), folder.path())?;
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0]);
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress"]);
    Ok(())
}

/// The parent is killed within a run; its child ends that run, and ends itself.
fn fork_case(dsn: &str) {
    let crons = crons::init(options(dsn));
    let run = monitor("job").start();
    assert!(crons.flush(DEADLINE));
    #[expect(unsafe_code, reason = "there is no safe fork; the child uses what glibc allows after one")]
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        monitor("childs").run(|| ());
        assert!(crons::flush(DEADLINE));
        say("forked");
        wait_for_parent();
        run.ok();
        assert!(crons::flush(DEADLINE));
        std::process::exit(0);
    }
    std::mem::forget(run);
    loop {
        std::thread::park();
    }
}

fn forked() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let mut parent = start("fork", &sink.dsn(), folder.path());
    assert_eq!(line(&mut parent), "forked");
    let child_waits = parent.stdin.take();
    parent.kill()?;
    parent.wait()?;
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress"], "its child lives");
    drop(child_waits);
    until(
        || support::statuses(&sink.check_ins(), "job") == ["in_progress", "ok"],
        || format!("{:?}", sink.check_ins()),
    );
    until(
        || {
            finish("run", &sink.dsn(), folder.path()).unwrap();
            fs::read_dir(folder.path()).unwrap().count() == 0
        },
        || "the journals of parent and child are not adopted".to_owned(),
    );
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "ok"]);
    Ok(())
}

/// A journal with a run that is open.
fn abandoned(sink: &Sink, folder: &Path) -> PathBuf {
    let mut child = start("open", &sink.dsn(), folder);
    line(&mut child);
    kill(child);
    let [journal] = journals(folder).try_into().unwrap();
    journal
}

fn cut_off() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let journal = abandoned(&sink, folder.path());
    let mut bytes = fs::read(&journal)?;
    bytes.extend_from_slice(b"deadbeef {\"end\":{\"id\":\"0123");
    fs::write(&journal, bytes)?;
    let log = finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "error"]);
    assert!(!log.contains("damaged"), "{log}");
    Ok(())
}

fn damaged() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let journal = abandoned(&sink, folder.path());
    let text = fs::read_to_string(&journal)?;
    fs::write(&journal, text.replace("\"start\"", "\"Start\""))?;
    let log = finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress"], "nobody knows how it ended");
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("damaged")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    let name = journal.file_name().unwrap().to_str().unwrap();
    assert!(
        warnings[0].contains(name) && warnings[0].contains("line 3 does not agree with its checksum"),
        "{log}"
    );
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0]);
    assert!(journal.with_extension("corrupt").exists());
    let log = finish("run", &sink.dsn(), folder.path())?;
    assert!(!log.contains("damaged"), "{log}");
    Ok(())
}

fn other_server() -> Result<(), Failed> {
    let (sink, other, folder) = (taking(), taking(), tempfile::tempdir()?);
    let journal = abandoned(&sink, folder.path());
    finish("run", &other.dsn(), folder.path())?;
    assert_eq!(support::statuses(&other.check_ins(), "job"), [] as [&str; 0]);
    assert!(journal.exists());
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "error"]);
    Ok(())
}

fn unwritable() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    // Permissions would not stop root.
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    let log = finish("run", &sink.dsn(), &file.join("spool"))?;
    assert_eq!(support::statuses(&sink.check_ins(), "other").last(), Some(&"ok"));
    assert_eq!(log.matches("the spool cannot be written").count(), 1, "{log}");
    Ok(())
}

/// A file of this process can grow no further: a write fails as on a full disk, also in the middle of a line.
fn full_disk_case(dsn: &str) {
    let crons = crons::init(options(dsn));
    let run = monitor("job").start();
    assert!(crons.flush(DEADLINE));
    let folder = PathBuf::from(std::env::var_os(SPOOL).unwrap());
    let len = fs::metadata(&journals(&folder)[0]).unwrap().len();
    let limit = libc::rlimit { rlim_cur: len + 10, rlim_max: libc::RLIM_INFINITY };
    #[expect(
        unsafe_code,
        reason = "limits the files of this process, and has the write fail instead of ending it"
    )]
    let limited = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    assert_eq!(limited, 0);
    run.ok();
    assert!(crons.flush(DEADLINE));
    say("sent");
    wait_for_parent();
    std::process::abort();
}

fn full_disk() -> Result<(), Failed> {
    let (sink, folder) = (taking(), tempfile::tempdir()?);
    let mut child = start("full", &sink.dsn(), folder.path());
    assert_eq!(line(&mut child), "sent");
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "ok"]);
    kill(child);
    finish("run", &sink.dsn(), folder.path())?;
    assert_eq!(support::statuses(&sink.check_ins(), "job"), ["in_progress", "ok"]);
    assert_eq!(journals(folder.path()), [] as [PathBuf; 0]);
    Ok(())
}
