//! What retention does not keep: the part of it that one transaction deletes.

/// Rows that one transaction deletes, at most. Ids are random, so each of them writes a page of their index: 500 of them held
/// check-ins for more than 50 ms.
pub(super) const ROWS: usize = 100;

/// Row ids that a plan has found, for one transaction to delete.
#[derive(Debug, Clone, Default)]
pub struct Expired {
    pub(super) check_ins: Vec<i64>,
    /// When the newest of `check_ins` began, in microseconds: a run that reuses a row id is newer.
    pub(super) newest: i64,
    pub(super) occurrences: Vec<i64>,
    pub(super) incidents: Vec<i64>,
    pub(super) outages: Vec<i64>,
    /// Usage of each slug up to this hour, included.
    pub(super) usage: Vec<(String, i64)>,
    pub(super) usage_rows: usize,
}

impl Expired {
    /// The number of rows to delete.
    pub fn rows(&self) -> usize {
        let ids = [&self.check_ins, &self.occurrences, &self.incidents, &self.outages];
        ids.iter().map(|ids| ids.len()).sum::<usize>() + self.usage_rows
    }

    /// How many more rows fit.
    pub(super) fn room(&self) -> usize {
        ROWS.saturating_sub(self.rows())
    }
}
