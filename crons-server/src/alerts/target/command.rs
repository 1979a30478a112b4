//! A target that is a command of this machine: its table, and a run with a message.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::http_client::DeliveryError;
use super::keys::{is_of_server, timeout_of};
use super::response::{TargetResponse, Verdict};
use crate::alerts::error::InvalidAlerts;
use crate::alerts::escape::Markup;
use crate::alerts::payload::Message;
use crate::alerts::text;
use crate::quote::quoted;

/// The number of bytes of output that are kept: the last ones.
const MAX_OUTPUT: usize = 1024;
/// The time that output has to arrive after the command has ended. A process that it left behind may hold the pipe for ever.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// A target of alerts that is a command: a table `[command.NAME]`. No page and no route of the API makes one. `Debug` hides its
/// arguments.
#[derive(Clone, Deserialize)]
#[serde(try_from = "CommandTable")]
pub struct CommandTarget {
    /// The program and its arguments.
    run: Vec<String>,
    timeout: Duration,
}

impl CommandTarget {
    /// Returns the path or name of the program.
    pub fn program(&self) -> &str {
        self.run.first().map_or("", String::as_str)
    }

    /// Runs the command with a message: `body` on its input, and the facts in its environment.
    ///
    /// # Errors
    /// If it cannot be started, or does not end in time. Then it is killed, with the processes that it has started.
    pub(super) async fn send(&self, message: &Message, body: &str) -> Result<TargetResponse, DeliveryError> {
        let begin = Instant::now();
        let failed =
            |error: io::Error| DeliveryError(format!("cannot run {}: {error}", quoted(self.program())));
        let mut child = self.start(message).map_err(failed)?;
        let group = Group::of(&child);
        let input = child.stdin.take().map(|mut input| {
            let body = body.to_owned();
            // A command need not read its input: the error of a closed pipe does not matter.
            tokio::spawn(async move { input.write_all(body.as_bytes()).await })
        });
        let output = Output::default();
        let readers = [
            child.stdout.take().map(|out| output.collect(out)),
            child.stderr.take().map(|out| output.collect(out)),
        ];
        let Ok(status) = tokio::time::timeout(self.timeout, child.wait()).await else {
            drop(group);
            return Err(DeliveryError(format!(
                "{} did not end within {} s and was killed; its output ends in {}; give it more time with `timeout`",
                quoted(self.program()),
                self.timeout.as_secs_f64(),
                quoted(output.tail().trim()),
            )));
        };
        let status = status.map_err(failed)?;
        group.release();
        input.inspect(JoinHandle::abort);
        let all_read = async {
            for reader in readers.into_iter().flatten() {
                let _ = reader.await;
            }
        };
        let _ = tokio::time::timeout(OUTPUT_TIMEOUT, all_read).await;
        let verdict = if status.success() { Verdict::Accepted } else { Verdict::NotNow };
        let advice = if status.success() {
            "the message was delivered"
        } else {
            "the command has failed; its output may have the reason; the server tries again for a day"
        };
        let (body, elapsed) = (output.tail(), begin.elapsed());
        Ok(TargetResponse { verdict, status: words(status), body, elapsed, retry_after: None, advice })
    }

    fn start(&self, message: &Message) -> io::Result<Child> {
        let (program, arguments) =
            self.run.split_first().ok_or_else(|| io::Error::other("there is no program"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The settings of the server, some of which are secrets, are not the command's.
        for (name, _) in std::env::vars_os() {
            if is_of_server(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.envs(variables(message)).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

impl fmt::Debug for CommandTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandTarget")
            .field("program", &self.program())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Returns the environment variables with the facts of a message.
fn variables(message: &Message) -> BTreeMap<&'static str, String> {
    let headline = text::headline(message, Markup::Verbatim);
    let details = text::details(message, Markup::Verbatim, "\n", 8_000);
    let mut variables = BTreeMap::from([
        ("CRONS_ALERT_ID", message.id.to_string()),
        ("CRONS_EVENT", message.event.as_str().to_owned()),
        ("CRONS_MONITOR", message.monitor.slug.clone()),
        ("CRONS_ENVIRONMENT", message.environment.clone()),
        ("CRONS_INCIDENT", message.incident.id.to_string()),
        ("CRONS_FINGERPRINT", message.fingerprint.clone()),
        ("CRONS_TITLE", headline.clone()),
        ("CRONS_TEXT", format!("{headline}\n{details}")),
    ]);
    if let Some(links) = &message.links {
        variables.insert("CRONS_WHY_URL", links.why.clone());
        variables.insert("CRONS_MONITOR_URL", links.monitor.clone());
        variables.extend(links.acknowledge.clone().map(|page| ("CRONS_ACKNOWLEDGE_URL", page)));
    }
    // No variable can hold a zero byte, which would keep the command from being started.
    for value in variables.values_mut() {
        value.retain(|character| character != '\0');
    }
    variables
}

/// Returns the end of a command in words: `exit code 3`, `signal 9`.
fn words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

/// The processes of a command. Its drop kills them.
struct Group(Option<u32>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// Lets the processes run that the command has left behind.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) =
            self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// The last bytes of a command's output.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Reads a stream to its end, so that the command never waits for a reader, and keeps the last bytes.
    fn collect(&self, mut stream: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut part = vec![0; 8 * 1024];
            while let Ok(read @ 1..) = stream.read(&mut part).await {
                let mut kept = output.0.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&part[..read]);
                let surplus = kept.len().saturating_sub(MAX_OUTPUT);
                kept.drain(..surplus);
            }
        })
    }

    fn tail(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// A target as it is written in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with run, and perhaps timeout")]
struct CommandTable {
    run: Vec<String>,
    timeout: Option<String>,
}

impl TryFrom<CommandTable> for CommandTarget {
    type Error = InvalidAlerts;

    fn try_from(CommandTable { run, timeout }: CommandTable) -> Result<Self, InvalidAlerts> {
        if run.first().is_none_or(String::is_empty) {
            return Err(InvalidAlerts(
                "run: it names no program; write a list with a program and its arguments, such as [\"/usr/local/bin/page\", \"ops\"]"
                    .to_owned(),
            ));
        }
        Ok(Self { run, timeout: timeout_of(timeout.as_deref())? })
    }
}
