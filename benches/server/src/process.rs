//! Servers as processes of their own, and their figures in `/proc`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;

/// The key that clients show.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// `USER_HZ`, which is 100 wherever Linux runs.
const TICK: f64 = 0.01;

/// The program that is measured.
pub struct Crons {
    binary: PathBuf,
    has_rate_limit: bool,
}

impl Crons {
    /// Returns the server of `CRONS_BIN`, or that of this repository, which is built first.
    pub fn find() -> Result<Self> {
        let binary = match std::env::var_os("CRONS_BIN") {
            Some(path) => path.into(),
            None => build()?,
        };
        let help = Command::new(&binary).args(["serve", "--help"]).output()?;
        let has_rate_limit = String::from_utf8_lossy(&help.stdout).contains("--rate-limit");
        Ok(Self { binary, has_rate_limit })
    }

    /// Starts it on a port that is free.
    pub fn serve(&self, database: &Path, log: Stdio) -> Result<Process> {
        self.serve_url(&format!("sqlite:{}", database.display()), log)
    }

    /// Starts it on a port that is free, with the database of this URL.
    pub fn serve_url(&self, database: &str, log: Stdio) -> Result<Process> {
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--key", KEY, "--database", database]);
        if self.has_rate_limit {
            // The limit for each monitor is turned off, as it is not measured.
            command.args(["--rate-limit", "off", "--max-monitors", "10000000"]);
        }
        Process::start(command.stderr(log))
    }
}

fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let arguments = ["build", "--release", "--package", "crons-cli"];
    let built = Command::new("cargo").args(arguments).current_dir(&root).status()?;
    if built.success() { Ok(target.join("release/crons")) } else { Err("crons cannot be built".into()) }
}

/// A server that runs, until this is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// The instant just before the start.
    pub started: Instant,
    /// The time from `started` to its first line.
    pub first_line: Duration,
}

impl Process {
    /// Starts a server whose first line has `http://` and its address in it.
    pub fn start(command: &mut Command) -> Result<Self> {
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let first_line = started.elapsed();
        let after = line.split_once("http://").map_or("", |(_, after)| after);
        let address = after.split(['/', ' ', '\n']).next().unwrap_or_default().parse();
        let Ok(address) = address else {
            let _ = child.kill();
            return Err(format!("the server did not start: {line:?}").into());
        };
        // The rest of its output is read, so that its pipe does not break.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(Self { child, address, started, first_line })
    }

    /// Ends the process in an orderly way.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Seconds of CPU that it has used, in hundredths.
    pub fn cpu(&self) -> Result<f64> {
        let stat = self.read("stat")?;
        // The name in parentheses may have spaces; utime and stime are the 14th and 15th field of all.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: Vec<u32> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
        Ok(ticks.iter().map(|ticks| f64::from(*ticks) * TICK).sum())
    }

    /// Returns the CPU time of its threads that are alive, as the scheduler counts it: to the nanosecond.
    pub fn fine_cpu(&self) -> Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in std::fs::read_dir(self.path("task"))? {
            // The thread may have ended meanwhile.
            let Ok(stat) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            sum += Duration::from_nanos(stat.split(' ').next().unwrap_or_default().parse()?);
        }
        Ok(sum)
    }

    /// Returns the resident memory in MB: now, and the most that it has ever been.
    pub fn memory(&self) -> Result<(f64, f64)> {
        let status = self.read("status")?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).map(str::parse::<f64>);
            kilobytes.and_then(std::result::Result::ok).unwrap_or(f64::NAN) / 1024.0
        };
        Ok((of("VmRSS:"), of("VmHWM:")))
    }

    fn path(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.child.id()).into()
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.path(name))?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
