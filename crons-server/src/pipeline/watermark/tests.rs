//! A server beside another one that has the duty of deadlines.

use crons_types::CheckInStatus;

use super::*;
use crate::pipeline::apply::apply_check_ins;
use crate::pipeline::apply::tests::{check_in, second};
use crate::settings::Settings;
use crate::store::{Progress, SqliteStore, Transaction};

/// A database on which the servers are as far as this.
struct Beside {
    store: SqliteStore,
    progress: Progress,
}

impl Store for Beside {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        self.store.begin()
    }

    fn synchronize(&mut self, _watermark: Timestamp) -> Result<Option<Progress>, StoreError> {
        Ok(Some(self.progress))
    }
}

#[test]
fn a_slice_waits_until_the_minute_before_it_is_evaluated_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let progress = Progress {
        low_watermark: second(300),
        // After an outage of all servers, the one with the duty is behind.
        evaluated_through: Some(second(180)),
        decides: false,
        slice: Slice::WHOLE,
        has_others: true,
        others_receive: true,
    };
    let store = SqliteStore::open(&folder.path().join("crons.db")).unwrap();
    let mut store = Beside { store, progress };
    let mut processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let (mut events, mut verdicts) = (Vec::new(), Vec::new());
    let received = check_in(0, Some(1), CheckInStatus::Ok, true, 0);
    apply_check_ins(&mut store, &mut processor, &[&received], None, &mut events, &mut verdicts).unwrap();
    events.clear();

    let mut watermark =
        Watermark { evaluated_through: second(240), current: second(300), ..Watermark::before(second(300)) };
    watermark.evaluate(&mut store, &mut processor, CHUNK, &mut events).unwrap();
    assert!(events.is_empty() && !watermark.has_work());

    store.progress.evaluated_through = Some(second(240));
    watermark.look_again();
    watermark.evaluate(&mut store, &mut processor, CHUNK, &mut events).unwrap();
    assert_eq!(events.len(), 1, "the slice of the minute is evaluated");
    assert_eq!(
        watermark.evaluated_through,
        second(240),
        "the server with the duty says when the minute is over"
    );
}
