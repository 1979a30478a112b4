//! Runs by time: the marks of timelines, and the runs of a bucket.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::reader::SqliteReader;
use super::rows::{self, CHECK_IN, Micros};
use crate::domain::{PROJECT, Status};
use crate::store::error::StoreError;
use crate::store::limits::DURATION_SAMPLES;
use crate::store::view_rows::{self, FAILED, IS_FAILED, MARK, reaches_into};
use crate::store::views::{Activity, Buckets, CheckInView, RunMark};

impl SqliteReader {
    pub(super) fn activity_of(
        &self,
        slugs: &[String],
        buckets: Buckets,
    ) -> Result<Vec<Activity>, StoreError> {
        let slugs = serde_json::json!(slugs).to_string();
        self.read(|connection| {
            let mut environments = connection.prepare_cached(
                "SELECT e.id, m.slug, e.name FROM monitors m JOIN environments e ON e.monitor_id = m.id
                 WHERE m.project = ?1 AND m.slug IN (SELECT value FROM json_each(?2)) ORDER BY m.slug, e.name",
            )?;
            let rows = environments.query_map(params![PROJECT.cast_signed(), slugs], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
            })?;
            let mut found = Vec::new();
            for row in rows {
                // A name that cannot be read is that of an environment that no list has.
                let Ok((id, monitor_slug, environment)) = row else { continue };
                let runs = marks(connection, id, buckets)?;
                let durations_ms = durations(connection, id)?;
                found.push(Activity { monitor_slug, environment, runs, durations_ms });
            }
            Ok(found)
        })
    }

    pub(super) fn check_ins_between(
        &self,
        slug: &str,
        environment: Option<&str>,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<CheckInView>, StoreError> {
        self.read(|connection| {
            // Failures are found by an index of their own: there may be thousands of other runs between them.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHECK_IN}, e.name, e.id FROM monitors m JOIN environments e ON e.monitor_id = m.id
                 JOIN check_ins c ON c.id IN (
                     SELECT id FROM (SELECT id FROM check_ins WHERE environment_id = e.id AND {IS_FAILED}
                         AND date_added >= ?4 AND date_added < ?5 ORDER BY date_added, id LIMIT ?6)
                     UNION ALL
                     SELECT id FROM (SELECT id FROM check_ins WHERE environment_id = e.id
                         AND date_added >= ?4 AND date_added < ?5 ORDER BY date_added, id LIMIT ?6))
                 JOIN configs k ON k.id = c.config_id
                 WHERE m.project = ?1 AND m.slug = ?2 AND (?3 IS NULL OR e.name = ?3)
                 ORDER BY NOT c.{IS_FAILED}, c.date_added, c.id LIMIT ?6"
            ))?;
            let key = params![PROJECT.cast_signed(), slug, environment, Micros(since), Micros(until), limit];
            let found = statement.query_map(key, |row| Ok(self.check_in_view(row)?.1))?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }
}

/// The marks of an environment. Each is found by a seek of its own, so that the runs between them cost nothing.
fn marks(connection: &Connection, environment: i64, buckets: Buckets) -> Result<Vec<RunMark>, StoreError> {
    let mut marks: BTreeMap<(Timestamp, usize), RunMark> = BTreeMap::new();
    let mut failed = vec![false; buckets.count as usize];
    // The index is named, as SQLite's own choice depends on the number of columns of the table.
    let mut next_failure = connection.prepare_cached(&format!(
        "SELECT {MARK} FROM check_ins INDEXED BY check_ins_failed WHERE environment_id = ?1 AND status = ?2 AND {IS_FAILED}
         AND date_added >= ?3 AND date_added < ?4 ORDER BY date_added LIMIT 1"
    ))?;
    let until = Micros(buckets.until());
    for (order, status) in FAILED.into_iter().enumerate() {
        let mut from = 0;
        while from < buckets.count {
            let key = params![environment, status.as_str(), Micros(buckets.start(from)), until];
            let Some(found) = next_failure.query_row(key, mark).optional()? else { break };
            let Some(number) = buckets.number(found.started) else { break };
            if let Some(failed) = failed.get_mut(number as usize) {
                *failed = true;
            }
            marks.insert((found.started, order), found);
            from = number + 1;
        }
    }
    let mut next = connection.prepare_cached(&format!(
        "SELECT {MARK} FROM check_ins WHERE environment_id = ?1 AND date_added >= ?2 AND date_added < ?3
         ORDER BY date_added LIMIT 1"
    ))?;
    let mut next_ok = connection.prepare_cached(&format!(
        "SELECT {MARK} FROM check_ins WHERE environment_id = ?1 AND date_added >= ?2 AND date_added < ?3 AND status = 'ok'
         ORDER BY date_added LIMIT 1"
    ))?;
    let order = FAILED.len();
    let mut from = 0;
    while from < buckets.count {
        if failed.get(from as usize).copied().unwrap_or_default() {
            from += 1;
            continue;
        }
        let key = params![environment, Micros(buckets.start(from)), until];
        let Some(mut found) = next.query_row(key, mark).optional()? else { break };
        let Some(number) = buckets.number(found.started) else { break };
        if !failed.get(number as usize).copied().unwrap_or_default() {
            if found.status == Status::InProgress {
                let key = params![environment, Micros(found.started), Micros(buckets.start(number + 1))];
                found = next_ok.query_row(key, mark).optional()?.unwrap_or(found);
            }
            marks.insert((found.started, order), found);
        }
        from = number + 1;
    }
    let mut before = connection.prepare_cached(&format!(
        "SELECT {MARK} FROM check_ins WHERE environment_id = ?1 AND date_added < ?2 ORDER BY date_added DESC LIMIT 1"
    ))?;
    let reaching = before.query_row(params![environment, Micros(buckets.since)], mark).optional()?;
    if let Some(mark) = reaching.filter(|mark| reaches_into(mark, buckets.since)) {
        marks.insert((mark.started, order), mark);
    }
    Ok(marks.into_values().collect())
}

/// The durations of the newest finished runs, the newest first.
fn durations(connection: &Connection, environment: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT duration_ms FROM (SELECT duration_ms, status FROM check_ins WHERE environment_id = ?1
         ORDER BY date_added DESC, id DESC LIMIT ?2) WHERE duration_ms IS NOT NULL AND status IN ('ok', 'error')",
    )?;
    let found = statement.query_map(params![environment, DURATION_SAMPLES], |row| row.get(0))?;
    Ok(found.filter_map(Result::ok).collect())
}

fn mark(row: &Row<'_>) -> rusqlite::Result<RunMark> {
    view_rows::mark(row, 0)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    const WINDOW: Buckets =
        Buckets { since: Timestamp::UNIX_EPOCH, length: SignedDuration::from_secs(1_000), count: 100 };

    /// A database with a monitor that ran as often in each bucket; every third run failed, in one of three ways.
    fn open(runs_of_bucket: u32) -> (tempfile::TempDir, SqliteReader) {
        let config = r#"{"schedule":{"type":"crontab","value":"0 0 * * *"}}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             INSERT INTO monitors VALUES (1, randomblob(16), 1, 'job', 1, 1, '{config}', NULL, 0, NULL, NULL, 0, 'code', 0);
             INSERT INTO environments VALUES (1, 1, 'production', 'error', 0, 0, 0, 0, 0, 0);
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 100 * {runs_of_bucket} - 1)
             INSERT INTO check_ins (guid, environment_id, status, duration_ms, date_added, date_updated, date_clock, config_id)
             SELECT randomblob(16), 1, CASE i % 9 WHEN 1 THEN 'error' WHEN 4 THEN 'missed' WHEN 7 THEN 'timeout' ELSE 'ok' END,
                 5, i * (1000000000 / {runs_of_bucket}), 0, 0, 1 FROM n;"
        );
        filled(&rows)
    }

    #[test]
    fn the_cost_of_a_timeline_does_not_depend_on_the_history() {
        let steps_beside = |runs: u32| {
            let (_folder, reader) = open(runs);
            let steps = Steps::of(&mut reader.connection());
            let found = reader.activity_of(&["job".to_owned()], WINDOW).unwrap();
            assert_eq!(found[0].runs.len(), 300, "three kinds of failures in each bucket");
            let read = steps.count();
            steps.reset();
            assert!(reader.all_summaries().unwrap()[0].environments[0].failing.is_some());
            (read, steps.count())
        };
        let (few, many) = (steps_beside(10), steps_beside(1_000));
        assert!(many.0 <= few.0 + few.0 / 10, "{many:?} steps for 100,000 runs, {few:?} for 1,000");
        assert!(many.1 <= few.1 + few.1 / 10, "{many:?} steps for 100,000 runs, {few:?} for 1,000");
    }
}
