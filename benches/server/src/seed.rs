//! A database with many monitors: made by the server itself, with one monitor, of which copies are made here.

use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;

use crate::Result;
use crate::clock;
use crate::process::Crons;
use crate::wire::{Client, Request};

/// Creates monitors that are expected every minute, each with one healthy environment.
pub async fn seed(crons: &Crons, database: &Path, monitors: usize) -> Result<()> {
    let server = crons.serve(database, Stdio::inherit())?;
    let first = Request::new(server.address, "ok", "* * * * *");
    Client::connect(server.address).await?.send(&first).await?;
    server.stop()?;
    let mut connection = open(database)?;
    let transaction = connection.transaction()?;
    // The columns are named: others, which were added later, keep their defaults.
    transaction.execute(
        "INSERT INTO monitors (guid, project, slug, enabled, upserting, config, owner, date_created)
         WITH RECURSIVE copies (number) AS
         (SELECT 1 UNION ALL SELECT number + 1 FROM copies WHERE number + 1 < ?1)
         SELECT randomblob(16), project, printf('seed-%07d', number), enabled, upserting, config, owner, date_created
         FROM copies, (SELECT * FROM monitors WHERE id > 0 LIMIT 1) WHERE ?1 > 1",
        [i64::try_from(monitors)?],
    )?;
    transaction.execute(
        "INSERT INTO environments (monitor_id, name, status, muted, date_created, last_check_in)
         SELECT m.id, e.name, e.status, e.muted, e.date_created, e.last_check_in
         FROM monitors m, (SELECT * FROM environments LIMIT 1) e WHERE m.id > 0 AND m.id <> e.monitor_id",
        [],
    )?;
    Ok(transaction.commit()?)
}

/// Gives all environments a run each 15 minutes of the days from `first` to `last` before the present, of which one in 50 failed.
pub fn history(database: &Path, first: u32, last: u32) -> Result<()> {
    let mut connection = open(database)?;
    let transaction = connection.transaction()?;
    let now = (clock::now() * 1e6) as i64;
    transaction.execute(
        "INSERT INTO check_ins (guid, environment_id, status, duration_ms, date_added, date_updated, date_clock, config_id, reported)
         WITH RECURSIVE runs (number) AS (SELECT 96 * ?1 UNION ALL SELECT number + 1 FROM runs WHERE number + 1 < 96 * ?2)
         SELECT randomblob(16), e.id, iif((number * 7 + e.id) % 50 = 0, 'error', 'ok'), 1000 + (number * 37 + e.id) % 5000,
             ?3 - (number + 1) * 900000000, ?3 - (number + 1) * 900000000, ?3 - (number + 1) * 900000000, k.id, 'ok'
         FROM runs, environments e, (SELECT min(id) AS id FROM configs) k WHERE e.monitor_id > 0",
        rusqlite::params![first, last, now],
    )?;
    // The runs are not due while pages are measured.
    transaction.execute(
        "UPDATE environments SET next_check_in = ?1, next_check_in_latest = ?1",
        [now + 86_400_000_000],
    )?;
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Gives the monitor of this slug so many runs, one a minute before the present, of which one in 50 failed.
pub fn runs(database: &Path, slug: &str, runs: u32) -> Result<()> {
    let connection = open(database)?;
    let now = (clock::now() * 1e6) as i64;
    connection.execute(
        "INSERT INTO check_ins (guid, environment_id, status, duration_ms, date_added, date_updated, date_clock, config_id, reported)
         WITH RECURSIVE runs (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM runs WHERE number + 1 < ?1)
         SELECT randomblob(16), e.id, iif(number % 50 = 0, 'error', 'ok'), 1000 + number * 37 % 5000,
             ?2 - (number + 1) * 60000000, ?2 - (number + 1) * 60000000, ?2 - (number + 1) * 60000000, k.id, 'ok'
         FROM runs, (SELECT min(id) AS id FROM configs) k,
             (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id WHERE m.slug = ?3) e",
        rusqlite::params![runs, now, slug],
    )?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Has all of them expected in the minute before this instant, at which they count as missed.
pub fn expect(database: &Path, deadline: f64) -> Result<()> {
    let connection = open(database)?;
    let micros = |seconds: f64| (seconds * 1e6) as i64;
    connection.execute(
        "UPDATE environments SET last_check_in = ?1, next_check_in = ?2, next_check_in_latest = ?3",
        [micros(deadline - 120.0), micros(deadline - 60.0), micros(deadline)],
    )?;
    // The server shall find a file of its usual shape, not a log as large as that.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    if clock::now() > deadline - 5.0 {
        return Err("this machine has taken too long to write the deadlines".into());
    }
    Ok(())
}

fn open(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}
