//! The sweep of retention: reads beside the writer find rows that are too old or too many, a page at a time. The writer then deletes them
//! by row id, so that its transactions look at no other rows.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::SqliteTransaction;
use super::deletion::DELETED;
use super::expired::{Cutoffs, LOOKED_AT, limit};
use super::reader::SqliteReader;
use super::retention_walk::Walk;
use crate::domain::PROJECT;
use crate::settings::Retention;
use crate::store::error::StoreError;
use crate::store::expired::{Expired, ROWS};
use crate::store::queries::Sweep;

/// The number of pages that one transaction returns to the file system: 1 MiB.
const PAGES: u32 = 256;
const HOURS_A_DAY: i64 = 24;

/// The walk of a sweep through an SQLite file, and how far it has come.
struct SqliteSweep {
    reader: Arc<SqliteReader>,
    cutoffs: Cutoffs,
    stage: Stage,
}

/// The table that a sweep has come to, and the row.
#[derive(Debug)]
enum Stage {
    /// Runs and occurrences of each environment, in the order of row ids.
    Environments {
        after: i64,
        walk: Option<Walk>,
    },
    /// Incidents that are over.
    Incidents {
        after: i64,
    },
    /// The usage, by slug; `None` before the first one.
    Usage {
        after: Option<String>,
    },
    Outages,
    Silences,
    Done,
}

impl SqliteReader {
    pub(super) fn begin_sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep> {
        let cutoffs = Cutoffs {
            success_before: days_before(now, kept.success_days),
            failure_before: days_before(now, kept.failure_days),
            check_ins: kept.check_ins,
        };
        let stage = Stage::Environments { after: DELETED, walk: None };
        Box::new(SqliteSweep { reader: self, cutoffs, stage })
    }
}

fn days_before(now: Timestamp, days: u32) -> i64 {
    let age = SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
    now.checked_sub(age).unwrap_or(Timestamp::MIN).as_microsecond()
}

impl Sweep for SqliteSweep {
    fn advance(&mut self) -> Result<Option<Expired>, StoreError> {
        let mut expired = Expired::default();
        let cutoffs = self.cutoffs;
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.stage = self.reader.read(|connection| match stage {
            Stage::Environments { after, walk } => {
                environments(connection, cutoffs, after, walk, &mut expired)
            }
            Stage::Incidents { after } => incidents(connection, cutoffs, after, &mut expired),
            Stage::Usage { after } => usage(connection, cutoffs, after, &mut expired),
            Stage::Outages => outages(connection, cutoffs, &mut expired),
            Stage::Silences => silences(connection, cutoffs, &mut expired),
            Stage::Done => Ok(Stage::Done),
        })?;
        let done = matches!(self.stage, Stage::Done) && expired.rows() == 0;
        Ok((!done).then_some(expired))
    }
}

fn environments(
    connection: &Connection,
    cutoffs: Cutoffs,
    mut after: i64,
    mut walk: Option<Walk>,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let mut looked_at = 0;
    while looked_at < LOOKED_AT && expired.room() > 0 {
        let mut current = match walk.take() {
            Some(walk) => walk,
            None => match Walk::next(connection, after)? {
                Some(walk) => walk,
                None => return Ok(Stage::Incidents { after: 0 }),
            },
        };
        after = current.environment;
        let (rows, done) = current.step(connection, cutoffs, expired)?;
        looked_at += rows + 1;
        walk = Some(current).filter(|_| !done);
    }
    Ok(Stage::Environments { after, walk })
}

/// Finds resolved incidents that are too old and about which no message is kept back, with their occurrences. An incident with more
/// occurrences than fit is read again in the next step.
fn incidents(
    connection: &Connection,
    cutoffs: Cutoffs,
    mut after: i64,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let page: Vec<(i64, bool)> = connection
        .prepare_cached(
            "SELECT id, coalesce(resolved_at < ?2, 0) AND NOT withheld_pending FROM incidents WHERE id > ?1 ORDER BY id LIMIT ?3",
        )?
        .query_map(params![after, cutoffs.failure_before, limit(LOOKED_AT)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    if page.is_empty() {
        return Ok(Stage::Usage { after: None });
    }
    for (id, over) in page {
        if over {
            let room = expired.room();
            let mut statement =
                connection.prepare_cached("SELECT id FROM occurrences WHERE incident_id = ?1 LIMIT ?2")?;
            let occurrences = statement.query_map(params![id, limit(room)], |row| row.get(0))?;
            expired.occurrences.extend(occurrences.collect::<Result<Vec<i64>, _>>()?);
            if expired.room() == 0 {
                break;
            }
            expired.incidents.push(id);
        }
        after = id;
    }
    Ok(Stage::Incidents { after })
}

/// Finds counts of hours that are too old, by the primary key: from slug to slug, and from hour to hour of each.
fn usage(
    connection: &Connection,
    cutoffs: Cutoffs,
    mut after: Option<String>,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let (project, before) = (PROJECT.cast_signed(), cutoffs.failure_before.div_euclid(1_000_000));
    for _ in 0..ROWS {
        let next: Option<String> = connection
            .prepare_cached("SELECT slug FROM usage WHERE project = ?1 AND slug > ?2 ORDER BY slug LIMIT 1")?
            .query_row(params![project, after.as_deref().unwrap_or_default()], |row| row.get(0))
            .optional()?;
        // Counts of no known monitor have the empty slug, which comes first.
        let slug = match (&after, next) {
            (None, _) => String::new(),
            (Some(_), Some(next)) => next,
            (Some(_), None) => return Ok(Stage::Outages),
        };
        let room = expired.room();
        let (until, rows): (Option<i64>, u32) = connection
            .prepare_cached(
                "SELECT max(hour), count(*) FROM (SELECT hour FROM usage WHERE project = ?1 AND slug = ?2
                 AND hour < ?3 ORDER BY hour LIMIT ?4)",
            )?
            .query_row(params![project, slug, before, limit(room)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        expired.usage.extend(until.map(|until| (slug.clone(), until)));
        expired.usage_rows += rows as usize;
        if rows as usize == room {
            // The slug may have more rows. The next step reads it again, after these were deleted.
            return Ok(Stage::Usage { after });
        }
        after = Some(slug);
    }
    Ok(Stage::Usage { after })
}

fn outages(connection: &Connection, cutoffs: Cutoffs, expired: &mut Expired) -> Result<Stage, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM outages WHERE until < ?1 LIMIT ?2")?;
    let found = statement.query_map(params![cutoffs.failure_before, limit(ROWS)], |row| row.get(0))?;
    expired.outages = found.collect::<Result<_, _>>()?;
    Ok(if expired.outages.len() < ROWS { Stage::Silences } else { Stage::Outages })
}

fn silences(connection: &Connection, cutoffs: Cutoffs, expired: &mut Expired) -> Result<Stage, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM silences WHERE coalesce(ended_at, ends_at) < ?1 LIMIT ?2")?;
    let found = statement.query_map(params![cutoffs.failure_before, limit(ROWS)], |row| row.get(0))?;
    expired.silences = found.collect::<Result<_, _>>()?;
    Ok(if expired.silences.len() < ROWS { Stage::Done } else { Stage::Silences })
}

impl SqliteTransaction<'_> {
    pub(super) fn free_pages(&self) -> Result<bool, StoreError> {
        let free: u32 = self.transaction.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        if free > 0 {
            let mut statement = self.transaction.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut freed = statement.query([])?;
            // The statement frees a page for each row that it returns.
            while freed.next()?.is_some() {}
        }
        // A file without incremental vacuum, which could not be rewritten when it was opened, never shrinks.
        let left: u32 = self.transaction.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        Ok(0 < left && left < free)
    }
}
