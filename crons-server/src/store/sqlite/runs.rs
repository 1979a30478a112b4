//! Lists of runs that are read from a place on, at a cost that does not depend on how many runs lie before it.

use rusqlite::params;

use super::reader::{SqliteReader, monitor_id, page};
use super::rows::CHECK_IN;
use crate::store::error::StoreError;
use crate::store::views::{Page, RunPlace, RunView};

impl SqliteReader {
    pub(super) fn runs_of(
        &self,
        slug: &str,
        environment: Option<&str>,
        after: Option<RunPlace>,
        limit: u32,
    ) -> Result<Option<Page<RunView>>, StoreError> {
        self.read(|connection| {
            let Some(monitor) = monitor_id(connection, slug)? else { return Ok(None) };
            // The index of each environment is read from the place on, as far as its rows could be on the page.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHECK_IN}, e.name, e.id FROM environments e
                 JOIN check_ins c ON c.id IN (SELECT id FROM check_ins WHERE environment_id = e.id
                     AND (date_added, id) < (?3, ?4) ORDER BY date_added DESC, id DESC LIMIT ?5)
                 JOIN configs k ON k.id = c.config_id
                 WHERE e.monitor_id = ?1 AND (?2 IS NULL OR e.name = ?2)
                 ORDER BY c.date_added DESC, c.id DESC LIMIT ?5"
            ))?;
            let (started, arrival) = after
                .map_or((i64::MAX, i64::MAX), |place| (place.started.as_microsecond(), place.arrival_seq));
            let key = params![monitor, environment, started, arrival, i64::from(limit) + 1];
            let found = statement.query_map(key, |row| {
                let (arrival_seq, run) = self.check_in_view(row)?;
                Ok(RunView { place: RunPlace { started: run.check_in.date_added, arrival_seq }, run })
            })?;
            page(found, limit).map(Some)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    /// Returns the steps of SQLite's virtual machine to read ten runs in the middle of `runs`.
    fn steps_among(runs: i64) -> u64 {
        let config = r#"{"schedule":{"type":"crontab","value":"* * * * *"},"checkin_margin":null,"max_runtime":null,
            "timezone":null,"failure_issue_threshold":null,"recovery_threshold":null}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             INSERT INTO monitors SELECT 1, randomblob(16), 1, 'job', 1, 1, config, NULL, 0, NULL, NULL, 0, 'code', 0 FROM configs;
             INSERT INTO environments VALUES (1, 1, 'production', 'ok', 0, 0, 0, 0, 0, 0);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {runs})
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id)
             SELECT randomblob(16), 1, 'ok', i, i, i, 1 FROM n"
        );
        let (_folder, reader) = filled(&rows);
        let middle = jiff::Timestamp::from_microsecond(runs / 2).unwrap();
        let place = RunPlace { started: middle, arrival_seq: runs / 2 };
        let steps = Steps::of(&mut reader.connection());
        let found = reader.runs_of("job", Some("production"), Some(place), 10).unwrap().unwrap();
        assert_eq!((found.items.len(), found.more), (10, true));
        assert_eq!(found.items[0].place.started.as_microsecond(), runs / 2 - 1);
        steps.count()
    }

    #[test]
    fn a_page_costs_the_same_wherever_it_is() {
        let (few, many) = (steps_among(100), steps_among(50_000));
        assert!(many <= few + 200, "{many} steps among 50,000 runs, {few} among 100");
    }
}
