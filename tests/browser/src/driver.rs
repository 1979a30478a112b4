//! The process of Chromium's driver.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The time that the driver has to start on a busy machine.
const START: Duration = Duration::from_secs(30);

const MISSING: &str = "the browser tests need Chromium and its driver: `tests/browser/run` installs both, on Debian by \
    `apt-get install chromium chromium-driver`; CRONS_CHROMEDRIVER names a driver elsewhere";

/// A driver on a free port of its own. Its drop ends the process.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    pub(crate) async fn start() -> Self {
        let program = std::env::var("CRONS_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; {MISSING}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                // The line is "ChromeDriver was started successfully on port 40571.".
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    return port.trim_end_matches('.').parse().unwrap();
                }
            }
            panic!("{program} ended before it listened; {MISSING}")
        };
        let port = tokio::time::timeout(START, port).await.unwrap();
        // The pipe stays open and is read, so that the driver never waits for it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { process, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn stop(mut self) {
        // The process has ended already if this fails.
        let _ = self.process.kill().await;
    }
}
