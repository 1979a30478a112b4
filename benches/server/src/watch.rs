//! Observations from outside a server: rows that are committed, and answers to check-ins.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::wire::{Client, Request};
use crate::{Result, clock};

/// The time between two looks at the database: far less than any goal, and little of the machine.
const GLANCE: Duration = Duration::from_micros(500);
/// The time between two check-ins of others.
const BEAT: Duration = Duration::from_millis(20);
/// Monitors that send them, and how many of them may wait for an answer: if that many do, more would show nothing new.
const OTHERS: usize = 50;
const WAITING: usize = 500;
/// The time after which an idle connection is not used again: the server closes it after a while.
const IDLE: Duration = Duration::from_secs(5);

/// Looks at the newest check-in, all the time.
pub struct Watch {
    shared: Arc<(AtomicI64, AtomicBool)>,
    thread: JoinHandle<Result<Vec<(i64, f64)>>>,
}

impl Watch {
    pub fn start(database: &Path) -> Result<Self> {
        let connection = reader(database)?;
        let shared = Arc::new((AtomicI64::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let mut newest = connection.prepare("SELECT max(id) FROM check_ins")?;
            let mut seen = Vec::new();
            while !theirs.1.load(Ordering::Relaxed) {
                let id = newest.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0);
                if seen.last().is_none_or(|(last, _)| *last != id) {
                    seen.push((id, clock::now()));
                    theirs.0.store(id, Ordering::Relaxed);
                }
                std::thread::sleep(GLANCE);
            }
            Ok(seen)
        });
        Ok(Self { shared, thread })
    }

    /// The id of the newest row, which is no less than their number.
    pub fn newest(&self) -> i64 {
        self.shared.0.load(Ordering::Relaxed)
    }

    /// Returns for each missed check-in, in order, when it could be seen, in seconds after the minute in which it was evaluated.
    pub fn stop(self, database: &Path) -> Result<Vec<f64>> {
        self.shared.1.store(true, Ordering::Relaxed);
        let seen = self.thread.join().map_err(|_| "the watch has panicked")??;
        let connection = reader(database)?;
        let mut missed =
            connection.prepare("SELECT id, date_clock FROM check_ins WHERE status = 'missed' ORDER BY id")?;
        let rows = missed.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as f64 / 1e6)))?;
        let mut delays = Vec::new();
        for row in rows {
            let (id, minute): (i64, f64) = row?;
            // A check-in that was never seen came after the last look.
            let Some((_, at)) = seen.get(seen.partition_point(|(seen, _)| *seen < id)) else { break };
            delays.push(at - minute);
        }
        Ok(delays)
    }
}

/// Returns the number of missed check-ins.
pub fn missed(database: &Path) -> Result<usize> {
    let count = "SELECT count(*) FROM check_ins WHERE status = 'missed'";
    Ok(usize::try_from(reader(database)?.query_row(count, [], |row| row.get::<_, i64>(0))?)?)
}

fn reader(database: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Sends a check-in of another monitor every 20 ms until told to stop, whether those before are answered or not. The runs have other ids at each `place`.
/// Returns when each was due, in seconds since 1970, and how many milliseconds later it was answered.
///
/// # Errors
/// If one answer is not a plain success.
pub async fn check_in_steadily(
    server: SocketAddr,
    place: u64,
    stop: Arc<AtomicBool>,
) -> Result<Vec<(f64, f64)>> {
    let idle: Arc<Mutex<Vec<(Instant, Client)>>> = Arc::default();
    let mut under_way: JoinSet<Result<(f64, f64)>> = JoinSet::new();
    let mut answered = Vec::new();
    let mut beat = tokio::time::interval(BEAT);
    for number in 0_usize.. {
        let due = beat.tick().await;
        while let Some(done) = under_way.try_join_next() {
            answered.push(done??);
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if under_way.len() >= WAITING {
            continue;
        }
        // The schedule is not due meanwhile.
        let mut request = Request::new(server, "ok", "0 0 1 1 *");
        request.set(1 + number % OTHERS, (place << 32) | (u64::try_from(number)? + 1));
        let idle = Arc::clone(&idle);
        under_way.spawn(async move {
            let at = clock::now() - due.elapsed().as_secs_f64();
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut client = match kept {
                Some((used, client)) if used.elapsed() < IDLE => client,
                _ => Client::connect(server).await?,
            };
            client.send(&request).await?;
            let taken = Instant::now().duration_since(due).as_secs_f64() * 1e3;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), client));
            Ok((at, taken))
        });
    }
    while let Some(done) = under_way.join_next().await {
        answered.push(done??);
    }
    Ok(answered)
}
