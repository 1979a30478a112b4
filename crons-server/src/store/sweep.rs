//! The sweep of retention, whatever the database: reads beside the writer find rows that are too old or too many, a page at a time. The
//! writer then deletes them by row id, so that its transactions look at no other rows.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::error::StoreError;
use super::expired::{Expired, ROWS};
use super::queries::Sweep;
use super::sweep_walk::{Cutoffs, LOOKED_AT, Walk, WalkRows};
use crate::settings::Retention;

const HOURS_A_DAY: i64 = 24;

/// The statements of a sweep.
pub(super) trait SweepRows: WalkRows {
    /// The incidents with row ids after `after`, in their order, each with whether it was resolved before `before` and no message about it is
    /// kept back.
    fn incidents_after(&self, after: i64, before: i64, limit: i64) -> Result<Vec<(i64, bool)>, StoreError>;

    /// The occurrences of incidents, in the order of the row ids of the latter, which come first.
    fn occurrences_of(&self, incidents: &[i64], limit: i64) -> Result<Vec<(i64, i64)>, StoreError>;

    /// The first slug after this one that usage is stored of.
    fn slug_after(&self, slug: &str) -> Result<Option<String>, StoreError>;

    /// The last of the first hours of a slug that are before `before`, and the number of their rows, at most `limit`.
    fn usage_before(&self, slug: &str, before: i64, limit: i64) -> Result<(Option<i64>, u32), StoreError>;

    fn outages_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError>;

    fn silences_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError>;
}

/// A reader whose rows can be swept.
pub(super) trait SweepReader: Send + Sync {
    type Rows<'a>: SweepRows;

    /// Runs reads in one snapshot.
    fn read_rows<T>(
        &self,
        read: impl FnOnce(&Self::Rows<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}

/// The walk of a sweep through a database, and how far it has come.
pub(super) struct StoredSweep<R> {
    reader: Arc<R>,
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

impl<R: SweepReader> StoredSweep<R> {
    /// Begins a sweep. Row ids are positive.
    pub(super) fn begin(reader: Arc<R>, now: Timestamp, kept: Retention) -> Self {
        let cutoffs = Cutoffs {
            success_before: days_before(now, kept.success_days),
            failure_before: days_before(now, kept.failure_days),
            check_ins: kept.check_ins,
        };
        Self { reader, cutoffs, stage: Stage::Environments { after: 0, walk: None } }
    }
}

fn days_before(now: Timestamp, days: u32) -> i64 {
    let age = SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
    now.checked_sub(age).unwrap_or(Timestamp::MIN).as_microsecond()
}

impl<R: SweepReader> Sweep for StoredSweep<R> {
    fn advance(&mut self) -> Result<Option<Expired>, StoreError> {
        let mut expired = Expired::default();
        let cutoffs = self.cutoffs;
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.stage = self.reader.read_rows(|rows| match stage {
            Stage::Environments { after, walk } => environments(rows, cutoffs, after, walk, &mut expired),
            Stage::Incidents { after } => incidents(rows, cutoffs, after, &mut expired),
            Stage::Usage { after } => usage(rows, cutoffs, after, &mut expired),
            Stage::Outages => outages(rows, cutoffs, &mut expired),
            Stage::Silences => silences(rows, cutoffs, &mut expired),
            Stage::Done => Ok(Stage::Done),
        })?;
        let done = matches!(self.stage, Stage::Done) && expired.rows() == 0;
        Ok((!done).then_some(expired))
    }
}

fn environments(
    rows: &impl SweepRows,
    cutoffs: Cutoffs,
    mut after: i64,
    mut walk: Option<Walk>,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let mut looked_at = 0;
    // Walks that have not begun at the end of this step are read again in the next, as an incident may begin meanwhile.
    let mut next: VecDeque<Walk> = VecDeque::new();
    while looked_at < LOOKED_AT && expired.room() > 0 {
        if walk.is_none() && next.is_empty() {
            next = rows.walks_after(after, cutoffs)?.into();
        }
        let Some(mut current) = walk.take().or_else(|| next.pop_front()) else {
            return Ok(Stage::Incidents { after: 0 });
        };
        after = current.environment;
        let (read, done) = current.step(rows, cutoffs, expired)?;
        looked_at += read + 1;
        walk = Some(current).filter(|_| !done);
    }
    Ok(Stage::Environments { after, walk })
}

/// Finds resolved incidents that are too old and about which no message is kept back, with their occurrences. An incident with more
/// occurrences than fit is read again in the next step.
fn incidents(
    rows: &impl SweepRows,
    cutoffs: Cutoffs,
    mut after: i64,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let page = rows.incidents_after(after, cutoffs.failure_before, limit(LOOKED_AT))?;
    if page.is_empty() {
        return Ok(Stage::Usage { after: None });
    }
    let room = expired.room();
    let over: Vec<i64> = page.iter().filter(|(_, over)| *over).map(|(id, _)| *id).take(room).collect();
    // If more occurrences are stored than these, then those that are found fill the room before their incident is reached.
    let occurrences = if over.is_empty() { Vec::new() } else { rows.occurrences_of(&over, limit(room))? };
    let mut occurrences = occurrences.into_iter().peekable();
    for (id, over) in page {
        if over {
            while expired.room() > 0
                && let Some((_, occurrence)) = occurrences.next_if(|(of, _)| *of == id)
            {
                expired.occurrences.push(occurrence);
            }
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
    rows: &impl SweepRows,
    cutoffs: Cutoffs,
    mut after: Option<String>,
    expired: &mut Expired,
) -> Result<Stage, StoreError> {
    let before = cutoffs.failure_before.div_euclid(1_000_000);
    for _ in 0..ROWS {
        // Counts of no known monitor have the empty slug, which comes first.
        let slug = match &after {
            None => String::new(),
            Some(slug) => match rows.slug_after(slug)? {
                Some(next) => next,
                None => return Ok(Stage::Outages),
            },
        };
        let room = expired.room();
        let (until, found) = rows.usage_before(&slug, before, limit(room))?;
        expired.usage.extend(until.map(|until| (slug.clone(), until)));
        expired.usage_rows += found as usize;
        if found as usize == room {
            // The slug may have more rows. The next step reads it again, after these were deleted.
            return Ok(Stage::Usage { after });
        }
        after = Some(slug);
    }
    Ok(Stage::Usage { after })
}

fn outages(rows: &impl SweepRows, cutoffs: Cutoffs, expired: &mut Expired) -> Result<Stage, StoreError> {
    expired.outages = rows.outages_before(cutoffs.failure_before, limit(ROWS))?;
    Ok(if expired.outages.len() < ROWS { Stage::Silences } else { Stage::Outages })
}

fn silences(rows: &impl SweepRows, cutoffs: Cutoffs, expired: &mut Expired) -> Result<Stage, StoreError> {
    expired.silences = rows.silences_before(cutoffs.failure_before, limit(ROWS))?;
    Ok(if expired.silences.len() < ROWS { Stage::Done } else { Stage::Silences })
}

/// A number of rows as a database takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
