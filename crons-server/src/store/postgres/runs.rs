//! Lists of runs that are read from a place on, at a cost that does not depend on how many runs lie before it.

use super::parameter::{micros, text};
use super::reader::{PostgresReader, monitor_id, page};
use super::rows::{self, CHECK_IN};
use crate::store::error::StoreError;
use crate::store::views::{Page, RunPlace, RunView};

impl PostgresReader {
    pub(super) fn runs_of(
        &self,
        slug: &str,
        environment: Option<&str>,
        after: Option<RunPlace>,
        limit: u32,
    ) -> Result<Option<Page<RunView>>, StoreError> {
        // The index of each environment is read from the place on, as far as its rows could be on the page.
        let sql = format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM environments e
             CROSS JOIN LATERAL (SELECT * FROM check_ins WHERE environment_id = e.id
                 AND (date_added, id) < ($3, $4) ORDER BY date_added DESC, id DESC LIMIT $5) c
             JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id = $1 AND ($2 IS NULL OR e.name = $2)
             ORDER BY c.date_added DESC, c.id DESC LIMIT $5"
        );
        let (started, arrival) =
            after.map_or((i64::MAX, i64::MAX), |place| (micros(place.started), place.arrival_seq));
        self.read(|session| {
            let Some(monitor) = monitor_id(session, slug)? else { return Ok(None) };
            let one_more = i64::from(limit) + 1;
            let found =
                session.query(&sql, &[&monitor, &environment.map(text), &started, &arrival, &one_more])?;
            let decode = |found: &[tokio_postgres::Row]| {
                let views = found.iter().map(|row| rows::skip_unreadable(self.check_in_view(row)));
                let runs = views.filter_map(Result::transpose).map(|view| {
                    let (arrival_seq, run) = view?;
                    Ok(RunView { place: RunPlace { started: run.check_in.date_added, arrival_seq }, run })
                });
                runs.collect()
            };
            page(found, limit, decode).map(Some)
        })
    }
}
