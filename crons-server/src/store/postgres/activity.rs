//! Runs by time: the marks of timelines, and the runs of a bucket.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use tokio_postgres::Row;

use super::parameter::{micros, text, texts};
use super::reader::PostgresReader;
use super::rows::{self, CHECK_IN};
use super::session::Session;
use crate::domain::{PROJECT, Status};
use crate::store::error::StoreError;
use crate::store::limits::DURATION_SAMPLES;
use crate::store::view_rows::{FAILED, IS_FAILED, MARK, mark, reaches_into};
use crate::store::views::{Activity, Buckets, CheckInView, RunMark};

/// The number of columns of [`MARK`].
const MARK_COLUMNS: usize = 6;

impl PostgresReader {
    pub(super) fn activity_of(
        &self,
        slugs: &[String],
        buckets: Buckets,
    ) -> Result<Vec<Activity>, StoreError> {
        let sql = "SELECT e.id, m.slug, e.name FROM monitors m JOIN environments e ON e.monitor_id = m.id
             WHERE m.project = $1 AND m.slug = ANY($2) ORDER BY m.slug, e.name";
        self.read(|session| {
            let environments = session.query(sql, &[&PROJECT.cast_signed(), &texts(slugs)])?;
            let ids = environments.iter().map(|row| rows::get(row, 0)).collect::<Result<Vec<i64>, _>>()?;
            let mut marks = Marks { ids, ..Marks::default() };
            marks.load(session, buckets)?;
            let mut durations = durations(session, &marks.ids)?;
            let mut found = Vec::with_capacity(environments.len());
            for (row, id) in environments.iter().zip(&marks.ids) {
                found.push(Activity {
                    monitor_slug: rows::get(row, 1)?,
                    environment: rows::get(row, 2)?,
                    runs: marks.found.remove(id).unwrap_or_default().into_values().collect(),
                    durations_ms: durations.remove(id).unwrap_or_default(),
                });
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
        // Failures are found by an index of their own: there may be thousands of other runs between them.
        let sql = format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM monitors m JOIN environments e ON e.monitor_id = m.id
             CROSS JOIN LATERAL (
                 (SELECT id FROM check_ins WHERE environment_id = e.id AND {IS_FAILED}
                     AND date_added >= $4 AND date_added < $5 ORDER BY date_added, id LIMIT $6)
                 UNION
                 (SELECT id FROM check_ins WHERE environment_id = e.id
                     AND date_added >= $4 AND date_added < $5 ORDER BY date_added, id LIMIT $6)) n
             JOIN check_ins c ON c.id = n.id JOIN configs k ON k.id = c.config_id
             WHERE m.project = $1 AND m.slug = $2 AND ($3 IS NULL OR e.name = $3)
             ORDER BY NOT (c.{IS_FAILED}), c.date_added, c.id LIMIT $6"
        );
        let found = self.read(|session| {
            session.query(
                &sql,
                &[
                    &PROJECT.cast_signed(),
                    &text(slug),
                    &environment.map(text),
                    &micros(since),
                    &micros(until),
                    &i64::from(limit),
                ],
            )
        })?;
        self.check_in_views(&found)
    }
}

/// The marks of environments, which few statements find for all: each mark by a seek of its own, so that the runs between them cost nothing.
#[derive(Default)]
struct Marks {
    ids: Vec<i64>,
    /// By environment, the marks by start and kind.
    found: HashMap<i64, BTreeMap<(Timestamp, usize), RunMark>>,
}

impl Marks {
    fn load(&mut self, session: Session<'_>, buckets: Buckets) -> Result<(), StoreError> {
        let (since, until) = (micros(buckets.since), micros(buckets.until()));
        let length = i64::try_from(buckets.length.as_micros()).unwrap_or(i64::MAX).max(1);
        let mut failed = HashSet::new();
        let statuses = texts(FAILED.iter().map(|status| status.as_str()));
        // Each step seeks behind the bucket of the mark before.
        let place = "date_added < $4 ORDER BY date_added, id LIMIT 1";
        let next = "date_added >= $3 + ((m.date_added - $3) / $5 + 1) * $5";
        let sql = format!(
            "WITH RECURSIVE mark AS (
                 SELECT n.*, k.environment_id FROM unnest($1) k (environment_id)
                 CROSS JOIN unnest($2) s (status) CROSS JOIN LATERAL (
                     SELECT {MARK} FROM check_ins WHERE environment_id = k.environment_id AND status = s.status
                     AND {IS_FAILED} AND date_added >= $3 AND {place}) n
                 UNION ALL
                 SELECT n.*, m.environment_id FROM mark m CROSS JOIN LATERAL (
                     SELECT {MARK} FROM check_ins WHERE environment_id = m.environment_id AND status = m.status
                     AND {IS_FAILED} AND {next} AND {place}) n)
             SELECT * FROM mark"
        );
        for row in &session.query(&sql, &[&self.ids, &statuses, &since, &until, &length])? {
            let (environment, found) = environment_mark(row)?;
            let order = FAILED.iter().position(|status| *status == found.status).unwrap_or_default();
            failed.insert((environment, buckets.number(found.started)));
            self.insert(environment, order, found);
        }
        let sql = format!(
            "WITH RECURSIVE mark AS (
                 SELECT n.*, k.environment_id FROM unnest($1) k (environment_id) CROSS JOIN LATERAL (
                     SELECT {MARK} FROM check_ins WHERE environment_id = k.environment_id
                     AND date_added >= $3 AND {place}) n
                 UNION ALL
                 SELECT n.*, m.environment_id FROM mark m CROSS JOIN LATERAL (
                     SELECT {MARK} FROM check_ins WHERE environment_id = m.environment_id AND {next} AND {place}) n)
             SELECT m.*, n.* FROM mark m LEFT JOIN LATERAL (
                 SELECT {MARK} FROM check_ins WHERE environment_id = m.environment_id AND status = $2
                 AND date_added >= m.date_added AND date_added < $3 + ((m.date_added - $3) / $5 + 1) * $5
                 AND {place}) n ON m.status = 'in_progress'"
        );
        let ok = text(Status::Ok.as_str());
        for row in &session.query(&sql, &[&self.ids, &ok, &since, &until, &length])? {
            let (environment, first) = environment_mark(row)?;
            // A bucket that begins with a run in progress has the first successful one instead, if there is one.
            let success: Option<i64> = rows::maybe(row, MARK_COLUMNS + 2)?;
            let found = if success.is_some() { mark(row, MARK_COLUMNS + 1)? } else { first };
            if !failed.contains(&(environment, buckets.number(first.started))) {
                self.insert(environment, FAILED.len(), found);
            }
        }
        let sql = format!(
            "SELECT n.*, k.environment_id FROM unnest($1) k (environment_id) CROSS JOIN LATERAL (
                 SELECT {MARK} FROM check_ins WHERE environment_id = k.environment_id
                 AND date_added < $2 ORDER BY date_added DESC, id DESC LIMIT 1) n"
        );
        for row in &session.query(&sql, &[&self.ids, &since])? {
            let (environment, found) = environment_mark(row)?;
            if reaches_into(&found, buckets.since) {
                self.insert(environment, FAILED.len(), found);
            }
        }
        Ok(())
    }

    fn insert(&mut self, environment: i64, order: usize, mark: RunMark) {
        self.found.entry(environment).or_default().insert((mark.started, order), mark);
    }
}

/// A mark, and the row id of its environment behind it.
fn environment_mark(row: &Row) -> Result<(i64, RunMark), StoreError> {
    Ok((rows::get(row, MARK_COLUMNS)?, mark(row, 0)?))
}

/// The durations of the newest finished runs of each environment, the newest first.
fn durations(session: Session<'_>, environments: &Vec<i64>) -> Result<HashMap<i64, Vec<i64>>, StoreError> {
    let sql = "SELECT k.id, n.duration_ms FROM unnest($1) k (id) CROSS JOIN LATERAL (
             SELECT id, date_added, duration_ms, status FROM check_ins WHERE environment_id = k.id
             ORDER BY date_added DESC, id DESC LIMIT $2) n
         WHERE n.duration_ms IS NOT NULL AND n.status IN ('ok', 'error')
         ORDER BY k.id, n.date_added DESC, n.id DESC";
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in &session.query(sql, &[environments, &i64::from(DURATION_SAMPLES)])? {
        found.entry(rows::get(row, 0)?).or_default().push(rows::get(row, 1)?);
    }
    Ok(found)
}
