//! Rows that retention does not keep, as many as one transaction deletes.

/// The most rows that one transaction deletes. Ids are random, so each row writes another page of their index: 500 rows delayed check-ins
/// by more than 50 ms.
pub(super) const ROWS: usize = 100;

/// The rows that a step of a sweep has found, by row id.
#[derive(Debug, Clone, Default)]
pub struct Expired {
    pub(super) check_ins: Vec<i64>,
    /// The start of the newest of `check_ins`, in microseconds: a run that reuses a row id is newer.
    pub(super) newest: i64,
    pub(super) occurrences: Vec<i64>,
    pub(super) incidents: Vec<i64>,
    pub(super) outages: Vec<i64>,
    pub(super) silences: Vec<i64>,
    /// The last hour, included, to delete of each slug.
    pub(super) usage: Vec<(String, i64)>,
    pub(super) usage_rows: usize,
}

impl Expired {
    /// The number of rows to delete.
    pub fn rows(&self) -> usize {
        let ids = [&self.check_ins, &self.occurrences, &self.incidents, &self.outages, &self.silences];
        ids.iter().map(|ids| ids.len()).sum::<usize>() + self.usage_rows
    }

    /// The number of rows that still fit.
    pub(super) fn room(&self) -> usize {
        ROWS.saturating_sub(self.rows())
    }
}
