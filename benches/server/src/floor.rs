//! The floor: the least that a server must do between an envelope and a durable yes. It reads what it is sent, writes
//! one row by its id, and answers when that is on the disk; it decides nothing.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::Connection;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::Result;

/// The limits, which are those of the server: the most rows in one commit, and the most that may wait for it.
const BATCH: usize = 512;
const QUEUE: usize = 4_096;

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "event_id")]
    _event_id: String,
}

#[derive(Deserialize)]
struct Item {
    r#type: String,
    length: usize,
}

#[derive(Deserialize)]
struct CheckIn {
    check_in_id: String,
    monitor_slug: String,
    status: String,
    duration: Option<f64>,
    environment: String,
    monitor_config: MonitorConfig,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and not judged")]
struct MonitorConfig {
    schedule: Schedule,
    timezone: String,
    checkin_margin: u32,
    max_runtime: u32,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and not judged")]
struct Schedule {
    r#type: String,
    value: String,
}

type Row = (CheckIn, oneshot::Sender<bool>);

/// Serves until the process ends, and says where in its first line.
pub fn serve(database: &Path) -> Result<()> {
    let (rows, queue) = mpsc::channel(QUEUE);
    let connection = open(database)?;
    std::thread::spawn(move || write(connection, queue));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(listen(rows))
}

/// Serves from the database of PostgreSQL with this URL.
pub fn serve_postgres(url: &str) -> Result<()> {
    let (rows, queue) = mpsc::channel(QUEUE);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client
            .batch_execute(
                "CREATE TABLE floor (guid TEXT PRIMARY KEY, slug TEXT, environment TEXT, status TEXT, duration FLOAT8, schedule TEXT)",
            )
            .await?;
        tokio::spawn(write_postgres(client, queue));
        listen(rows).await
    })
}

async fn listen(rows: mpsc::Sender<Row>) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("the floor listens on http://{}/", listener.local_addr()?);
    let router = Router::new().route("/api/{project}/envelope/", post(envelope)).with_state(rows);
    Ok(axum::serve(listener, router).await?)
}

async fn envelope(State(rows): State<mpsc::Sender<Row>>, body: Bytes) -> (StatusCode, String) {
    let Ok(check_in) = parse(&body) else { return (StatusCode::BAD_REQUEST, String::new()) };
    let answer = format!("{{\"id\":\"{}\"}}", check_in.check_in_id);
    let (reply, durable) = oneshot::channel();
    let queued = rows.send((check_in, reply)).await.is_ok();
    if queued && durable.await.unwrap_or(false) {
        (StatusCode::OK, answer)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, String::new())
    }
}

fn parse(body: &[u8]) -> Result<CheckIn> {
    let mut lines = body.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().ok_or("too short");
    let _: Header = serde_json::from_slice(line()?)?;
    let item: Item = serde_json::from_slice(line()?)?;
    let payload = line()?.get(..item.length).filter(|_| item.r#type == "check_in").ok_or("no check-in")?;
    Ok(serde_json::from_slice(payload)?)
}

fn open(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(
        "CREATE TABLE check_ins (guid TEXT PRIMARY KEY, slug TEXT, environment TEXT, status TEXT, duration REAL,
         schedule TEXT)",
    )?;
    Ok(connection)
}

/// Commits all rows that have arrived meanwhile, and only then answers.
fn write(mut connection: Connection, mut queue: mpsc::Receiver<Row>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
        let durable = commit(&mut connection, &batch).is_ok();
        for (_, reply) in batch.drain(..) {
            // A client that is gone needs no answer.
            let _ = reply.send(durable);
        }
    }
}

fn commit(connection: &mut Connection, batch: &[Row]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (row, _) in batch {
        transaction
            .prepare_cached(
                "INSERT INTO check_ins VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (guid) DO UPDATE SET status = excluded.status, duration = excluded.duration",
            )?
            .execute(rusqlite::params![
                row.check_in_id,
                row.monitor_slug,
                row.environment,
                row.status,
                row.duration,
                row.monitor_config.schedule.value,
            ])?;
    }
    transaction.commit()
}

/// Commits all rows that have arrived meanwhile, by one statement, and only then answers.
async fn write_postgres(client: tokio_postgres::Client, mut queue: mpsc::Receiver<Row>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let durable = commit_postgres(&client, &batch).await.is_ok();
        for (_, reply) in batch.drain(..) {
            let _ = reply.send(durable);
        }
    }
}

async fn commit_postgres(client: &tokio_postgres::Client, batch: &[Row]) -> Result<()> {
    fn column<T>(batch: &[Row], value: impl Fn(&CheckIn) -> T) -> Vec<T> {
        batch.iter().map(|(row, _)| value(row)).collect()
    }
    client
        .execute(
            "INSERT INTO floor SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::text[])
             ON CONFLICT (guid) DO UPDATE SET status = excluded.status, duration = excluded.duration",
            &[
                &column(batch, |row| row.check_in_id.clone()),
                &column(batch, |row| row.monitor_slug.clone()),
                &column(batch, |row| row.environment.clone()),
                &column(batch, |row| row.status.clone()),
                &column(batch, |row| row.duration),
                &column(batch, |row| row.monitor_config.schedule.value.clone()),
            ],
        )
        .await?;
    Ok(())
}
