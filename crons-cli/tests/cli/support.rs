//! Runs `crons`, and a server of it that ends with its test.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A command of `crons`, without the environment variables of the machine that begin with `CRONS_`.
pub fn crons(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CRONS_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// The result of a command.
pub struct Finished {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `crons` with this standard input.
pub fn run(arguments: &[&str], input: &str) -> Finished {
    let mut command = crons(arguments);
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Fails if the command has ended already, because its arguments are wrong.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The URL of a database file.
pub fn sqlite(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// A server on this file and any free port, without a rate limit.
pub fn serve(database: &Path) -> Command {
    let database = sqlite(database);
    crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", &database])
}

/// A server that is killed at the end of a test.
pub struct Server {
    pub process: Child,
    pub banner: String,
}

impl Server {
    pub fn start(database: &Path) -> Self {
        let mut command = serve(database);
        command.stderr(Stdio::null());
        Self::spawn(command)
    }

    /// Starts a server and reads its banner.
    pub fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        // The banner ends with the command that sends a check-in.
        let mut banner = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            banner.push(line.unwrap());
            if banner.last().is_some_and(|line| line.contains("-d '")) {
                break;
            }
        }
        Self { process, banner: banner.join("\n") }
    }

    pub fn dsn(&self) -> &str {
        self.banner.lines().find_map(|line| line.trim().strip_prefix("export SENTRY_DSN=")).unwrap()
    }

    pub fn key(&self) -> &str {
        self.dsn().split(['@', '/']).nth(2).unwrap()
    }

    /// The URL of a path, in which `KEY` stands for the public key.
    pub fn url(&self, path: &str) -> String {
        let host = self.dsn().split(['@', '/']).nth(3).unwrap();
        format!("http://{host}{}", path.replace("KEY", self.key()))
    }

    /// Reads a path of the API.
    pub fn get(&self, path: &str) -> Value {
        let url = self.url(&format!("/api/0/organizations/crons{path}"));
        ureq::get(url).call().unwrap().body_mut().read_json().unwrap()
    }

    /// Sends a successful run with this id. Returns whether the server acknowledged it.
    pub fn check_in(&self, slug: &str, id: u32) -> bool {
        check_in(&self.url(&format!("/api/1/cron/{slug}/KEY/")), id)
    }

    /// The ids of all stored runs of a monitor.
    pub fn stored(&self, slug: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        for page in 0.. {
            let rows = self.get(&format!("/monitors/{slug}/checkins/?cursor=100:{}:0", page * 100));
            let rows = rows.as_array().unwrap();
            ids.extend(rows.iter().map(|row| {
                let id = row["id"].as_str().unwrap().replace('-', "");
                u32::from_str_radix(&id[24..], 16).unwrap()
            }));
            if rows.len() < 100 {
                break;
            }
        }
        ids
    }
}

/// Sends a successful run with this id to a check-in URL. Returns whether the server acknowledged it.
pub fn check_in(url: &str, id: u32) -> bool {
    let body = format!(
        r#"{{"status": "ok", "check_in_id": "{id:032x}", "monitor_config": {{"schedule": {{"type": "interval", "value": 1, "unit": "day"}}}}}}"#
    );
    let answer = ureq::post(url).header("content-type", "application/json").send(body);
    answer.is_ok_and(|answer| {
        assert_eq!(answer.headers().get("x-sentry-error"), None);
        answer.status() == 202
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
