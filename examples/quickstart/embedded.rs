//! The embedded server, on a clock that the example sets, and the results of the jobs in its API.

use anyhow::Context;
use crons_server::{Clock, Database, ManualClock, Server, Settings};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

/// A server on a free port of this machine, with an SQLite file in a temporary folder.
pub(crate) struct Embedded {
    server: Server,
    /// The server's clock stands here while the jobs run.
    start: Timestamp,
    /// Holds the database until the end.
    _folder: tempfile::TempDir,
}

impl Embedded {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        // The server's time is ten in the morning, so that the table below is the same each time.
        let today =
            Timestamp::now().round(jiff::TimestampRound::new().smallest(jiff::Unit::Hour).increment(24))?;
        let start = today - 14.hours();
        let settings = Settings {
            database: Database::sqlite(folder.path().join("crons.db")),
            clock: Clock::Manual(ManualClock::new(start)),
            ..Settings::default()
        };
        let server = Server::open(&settings).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { server: server.serve(listener)?, start, _folder: folder })
    }

    pub(crate) fn dsn(&self) -> &str {
        self.server.dsn()
    }

    /// Lets ten minutes pass on the server's clock, and prints what its API then says.
    pub(crate) async fn show(&self) -> anyhow::Result<()> {
        let later = self.start + SignedDuration::from_mins(10);
        anyhow::ensure!(self.server.advance_to(later).await, "the server could not store what is due");
        let address = self.server.address();
        let monitors = format!("http://{address}/api/0/organizations/crons/monitors/");
        let mut rows = Vec::new();
        for monitor in get(&monitors)?.as_array().context("no list of monitors")? {
            let check_ins = get(&format!("{monitors}{}/checkins/", text(&monitor["slug"])))?;
            let environment = &monitor["environments"][0];
            rows.push([
                text(&monitor["slug"]),
                text(&environment["name"]),
                text(&check_ins[0]["status"]),
                duration(&check_ins[0]["duration"]),
                schedule(&monitor["config"]),
                text(&environment["nextCheckIn"]),
            ]);
        }
        print(&rows);
        super::super::say(&format!(
            "\nThe embedded server ran on a clock of ours, moved on by ten minutes after the jobs: nothing had to wait.\n\
             Its page: http://{address}/ (add `-- --keep` to have it stay up)"
        ));
        Ok(())
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        Ok(self.server.shutdown().await?)
    }
}

fn get(url: &str) -> anyhow::Result<Value> {
    // The server answers from another thread of this runtime.
    tokio::task::block_in_place(|| Ok(ureq::get(url).call()?.body_mut().read_json()?))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn duration(milliseconds: &Value) -> String {
    milliseconds.as_i64().map_or("-".to_owned(), |milliseconds| format!("{milliseconds} ms"))
}

fn schedule(config: &Value) -> String {
    match &config["schedule"] {
        Value::String(crontab) => format!("{crontab} {}", text(&config["timezone"])),
        interval => {
            let words = format!("{} {}", interval[0], text(&interval[1]));
            crons::Interval::parse(&words).map_or(words, |interval| format!("every {interval}"))
        }
    }
}

fn print(rows: &[[String; 6]]) {
    let header =
        ["monitor", "environment", "status", "duration", "schedule", "next expected"].map(str::to_owned);
    let all = || std::iter::once(&header).chain(rows);
    let widths: [usize; 6] =
        std::array::from_fn(|column| all().map(|row| row[column].len()).max().unwrap_or(0));
    for row in all() {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        super::super::say(cells.join("  ").trim_end());
    }
}
