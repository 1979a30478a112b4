//! A folder with a spool of its own, the commands that run in it, and what they leave behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use crons_runtime::__run::is_ignored;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
use tempfile::TempDir;

use crate::support::{Server, crons};

/// The time for which a test waits for what must happen.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct Lab {
    folder: TempDir,
}

impl Lab {
    pub fn new() -> Self {
        default_signals_in_children();
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn spool(&self) -> PathBuf {
        self.path("spool")
    }

    /// Returns a command of `crons run` that reports to no server, with these flags (the slug is one) and this job.
    pub fn command(&self, flags: &[&str], job: &[&str]) -> Command {
        let mut command = crons(&[&["run"], flags, &["--"], job].concat());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SENTRY_")) {
            command.env_remove(name);
        }
        command.env("SENTRY_CRONS", "off").env("CRONS_SPOOL", self.spool()).current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// `crons run`, reported to this DSN, with these flags and this job.
    pub fn reporting(&self, dsn: &str, flags: &[&str], job: &[&str]) -> Command {
        let mut command = self.command(flags, job);
        command.env_remove("SENTRY_CRONS").env("SENTRY_DSN", dsn);
        command
    }

    /// Runs the job to its end.
    pub fn run(&self, flags: &[&str], job: &[&str]) -> Output {
        self.command(flags, job).output().unwrap()
    }

    /// Runs a shell script to its end.
    pub fn sh(&self, flags: &[&str], script: &str) -> Output {
        self.run(flags, &["sh", "-c", script])
    }

    /// Starts a real server in this folder.
    pub fn server(&self) -> Server {
        Server::start(&self.path("crons.db"))
    }

    /// Starts the server of this DSN again, with these flags.
    pub fn server_at(&self, dsn: &str, flags: &[&str]) -> Server {
        let (address, key) = (dsn.split(['@', '/']).nth(3).unwrap(), dsn.split(['@', '/']).nth(2).unwrap());
        let database = crate::support::sqlite(&self.path("crons.db"));
        let mut serve = crons(&["serve", "--key", key, "--listen", address, "--database", &database]);
        serve.args(flags).stderr(Stdio::null());
        Server::spawn(serve)
    }
}

/// Has children start with the default actions of signals that this process ignores, as in a background job of a shell: a signal that is
/// caught is not ignored after `exec`.
fn default_signals_in_children() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT].into_iter().filter(|signal| is_ignored(*signal)) {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
        }
    });
}

/// The status, the output and the error output of a command.
pub fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Waits until `done` returns something.
pub fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file has these words; returns all of it.
pub fn until_written(path: &Path, words: &str) -> String {
    until(&format!("{words:?} in {}", path.display()), || {
        std::fs::read_to_string(path).ok().filter(|text| text.contains(words))
    })
}

/// Waits for a process to end.
pub fn wait(child: &mut Child) -> ExitStatus {
    until("the end of a process", || child.try_wait().unwrap())
}

/// Sends a signal to a process, by its number.
pub fn kill(pid: u32, signal: i32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Returns whether a process runs; a zombie does not.
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with(['Z', 'X']))
}

/// The state of a process, as a letter: `T` if it is stopped.
pub fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

/// The process id that a job has written into a file.
pub fn pid_in(path: &Path) -> u32 {
    until_written(path, "\n").trim().parse().unwrap()
}

/// The check-ins of a monitor, the newest first, as the API returns them.
pub fn check_ins(server: &Server, slug: &str) -> Vec<serde_json::Value> {
    let url = server.url(&format!("/api/0/organizations/crons/monitors/{slug}/checkins/"));
    let rows = ureq::get(url)
        .call()
        .ok()
        .map(|mut answer| answer.body_mut().read_json::<serde_json::Value>().unwrap());
    rows.and_then(|rows| rows.as_array().cloned()).unwrap_or_default()
}

/// The statuses of the check-ins of a monitor, the newest first.
pub fn statuses(server: &Server, slug: &str) -> Vec<String> {
    check_ins(server, slug).iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect()
}
