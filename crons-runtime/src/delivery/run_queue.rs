//! A queue for each run: check-ins of one run are sent one after the other, those of different runs at the same time. No clock, no I/O, no
//! thread.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use slab::Slab;

use crate::record::event::RunEvent;
use crate::record::queued::{Links, QueueState, QueuedCheckIn};

/// The index of a record in the slab, valid until it is [settled](RunQueues::settle).
pub(crate) type Index = u32;

const NONE: Index = Links::NONE.next;
/// The number of records for which memory is kept when all are sent.
const KEPT: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct RunQueues {
    records: Slab<QueuedCheckIn>,
    /// The first record of each run, as an index: a million runs may wait.
    heads: HashTable<Index>,
    hasher: RandomState,
    /// Records whose turn has come, in order of arrival. Those that are no longer `Ready` are skipped.
    ready: VecDeque<Index>,
}

/// The effect of [`RunQueues::push`].
#[derive(Debug)]
pub(crate) enum PushOutcome {
    /// The record was queued.
    New,
    /// The start of its run, captured at `at`, had not been sent and was turned into the end.
    Folded { index: Index, at: Instant },
    /// The start of its run had not been sent. It was removed, and nothing of the run is sent.
    Withdrawn { index: Index, begin: QueuedCheckIn },
    /// The record has taken the place of a keep-alive that had not been sent.
    Replaced,
    /// The start was not withdrawn: it is being sent, or was sent or dropped before.
    Ignored,
}

impl RunQueues {
    /// Queues a record. A start that was never sent is folded into the end of its run. A skipped run is withdrawn: nothing more of it is
    /// sent, whether or not its start was.
    pub(crate) fn push(&mut self, record: QueuedCheckIn) -> PushOutcome {
        if record.event == RunEvent::Skipped {
            return self.withdraw(&record);
        }
        let hash = self.hash(&record);
        let Self { records, heads, hasher, ready } = self;
        let entry = heads.entry(
            hash,
            |head| is_same_run(at(records, *head), Some(&record)),
            |head| at(records, *head).map_or(0, |record| hash_of(hasher, record)),
        );
        let head = match entry {
            Entry::Occupied(head) => *head.get(),
            Entry::Vacant(entry) => {
                let index = insert(records, record, QueueState::Ready);
                entry.insert(index);
                ready.push_back(index);
                return PushOutcome::New;
            }
        };
        let tail = at(records, head).map_or(NONE, |first| first.links.tail);
        if let Some(last) = records.get_mut(tail as usize).filter(|last| last.is_unsent_keep_alive()) {
            last.replace(record);
            return PushOutcome::Replaced;
        }
        // The nil id means "the run that started last", so two records with it may be about different runs.
        let opener = records
            .get_mut(tail as usize)
            .filter(|last| last.is_start() && !last.attempted && !last.id.is_nil() && !record.is_start());
        if let Some(opener) = opener {
            let at = opener.at();
            opener.end(record);
            return PushOutcome::Folded { index: tail, at };
        }
        let index = insert(records, record, QueueState::Chained);
        if let Some(last) = records.get_mut(tail as usize) {
            last.links.next = index;
        }
        if let Some(first) = records.get_mut(head as usize) {
            first.links.tail = index;
        }
        PushOutcome::New
    }

    /// Removes the start of the run of `skip`. If it is being sent, it is marked as not to be sent again.
    fn withdraw(&mut self, skip: &QueuedCheckIn) -> PushOutcome {
        let hash = self.hash(skip);
        let Self { records, heads, .. } = self;
        let head = heads.find(hash, |head| is_same_run(at(records, *head), Some(skip))).copied();
        let Some(head) = head else { return PushOutcome::Ignored };
        let tail = at(records, head).map_or(NONE, |first| first.links.tail);
        match records.get_mut(tail as usize).filter(|last| last.is_start() && !last.id.is_nil()) {
            Some(begin) if begin.queue_state == QueueState::InFlight => {
                begin.queue_state = QueueState::Abandoned;
                PushOutcome::Ignored
            }
            Some(begin) if begin.queue_state != QueueState::Abandoned => self
                .remove_last(head, tail)
                .map_or(PushOutcome::Ignored, |begin| PushOutcome::Withdrawn { index: tail, begin }),
            _ => PushOutcome::Ignored,
        }
    }

    pub(crate) fn get(&self, index: Index) -> Option<&QueuedCheckIn> {
        at(&self.records, index)
    }

    pub(crate) fn get_mut(&mut self, index: Index) -> Option<&mut QueuedCheckIn> {
        self.records.get_mut(index as usize)
    }

    /// Takes the next record whose turn has come, to be followed by [`mark_in_flight`](Self::mark_in_flight), [`delay`](Self::delay) or
    /// [`settle`](Self::settle).
    pub(crate) fn pop(&mut self) -> Option<Index> {
        while let Some(index) = self.ready.pop_front() {
            if at(&self.records, index).is_some_and(|record| record.queue_state == QueueState::Ready) {
                return Some(index);
            }
        }
        None
    }

    /// Marks a record as being sent.
    pub(crate) fn mark_in_flight(&mut self, index: Index) {
        if let Some(record) = self.get_mut(index) {
            record.queue_state = QueueState::InFlight;
            record.attempted = true;
        }
    }

    /// Puts off the turn of a record until [`requeue`](Self::requeue).
    pub(crate) fn delay(&mut self, index: Index) {
        if let Some(record) = self.get_mut(index) {
            record.queue_state = QueueState::Delayed;
        }
    }

    /// Moves a record to the back of the ready queue.
    pub(crate) fn requeue(&mut self, index: Index) {
        if let Some(record) = self.records.get_mut(index as usize) {
            record.queue_state = QueueState::Ready;
            self.ready.push_back(index);
        }
    }

    /// Removes a record that is not sent again, so that the next one of its run may be sent. Returns it.
    pub(crate) fn settle(&mut self, index: Index) -> Option<QueuedCheckIn> {
        let settled = at(&self.records, index)?;
        let (hash, Links { next, tail }) = (self.hash(settled), settled.links);
        let Self { records, heads, ready, .. } = self;
        let entry = heads.find_entry(hash, |head| *head == index);
        match (entry, records.get_mut(next as usize)) {
            (Ok(mut head), Some(following)) => {
                *head.get_mut() = next;
                following.links.tail = tail;
                following.queue_state = QueueState::Ready;
                ready.push_back(next);
            }
            (Ok(head), None) => {
                head.remove();
            }
            (Err(_), _) => {}
        }
        self.remove(index)
    }

    /// Folds a start that had no answer into the end of its run. Returns the epoch of the end; `None` if no end waits behind it.
    pub(crate) fn fold_into_next(&mut self, index: Index) -> Option<u32> {
        let opener = self.get(index).filter(|record| record.is_start() && !record.id.is_nil())?;
        let Links { next, tail } = opener.links;
        self.get(next).filter(|record| !record.is_start())?;
        let closer = self.records.try_remove(next as usize)?;
        let (rest, epoch) = (closer.links.next, closer.epoch);
        if let Some(opener) = self.get_mut(index) {
            // The server may have taken the start, so the end has to arrive all the same.
            opener.must_deliver = opener.attempted && closer.must_deliver;
            opener.end(closer);
            opener.links = Links { next: rest, tail: if tail == next { index } else { tail } };
        }
        Some(epoch)
    }

    /// Returns whether a check-in of the same run is in the queues.
    pub(crate) fn has_run_of(&self, record: &QueuedCheckIn) -> bool {
        let is_same = |head: &Index| is_same_run(self.get(*head), Some(record));
        self.heads.find(self.hash(record), is_same).is_some()
    }

    /// Returns whether a record can be sent now.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The number of records that wait or are being sent.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    fn hash(&self, record: &QueuedCheckIn) -> u64 {
        hash_of(&self.hasher, record)
    }

    /// Removes the last record of a run, which is not being sent, and returns it.
    fn remove_last(&mut self, head: Index, last: Index) -> Option<QueuedCheckIn> {
        if head == last {
            return self.settle(last);
        }
        let mut before = head;
        while let Some(record) = self.records.get_mut(before as usize) {
            if record.links.next == last {
                record.links.next = NONE;
                break;
            }
            before = record.links.next;
        }
        if let Some(first) = self.records.get_mut(head as usize) {
            first.links.tail = before;
        }
        self.remove(last)
    }

    fn remove(&mut self, index: Index) -> Option<QueuedCheckIn> {
        let removed = self.records.try_remove(index as usize);
        if self.records.is_empty() && self.records.capacity() > KEPT {
            // The memory that a burst of check-ins has taken is released.
            self.records.shrink_to_fit();
            self.heads.shrink_to(KEPT, |_| 0);
            self.ready = VecDeque::new();
        }
        removed
    }
}

fn at(records: &Slab<QueuedCheckIn>, index: Index) -> Option<&QueuedCheckIn> {
    records.get(index as usize)
}

fn insert(records: &mut Slab<QueuedCheckIn>, mut record: QueuedCheckIn, queue_state: QueueState) -> Index {
    let entry = records.vacant_entry();
    // The inbox lets in far fewer than there are indices.
    let index = u32::try_from(entry.key()).unwrap_or(NONE);
    record.queue_state = queue_state;
    record.links = Links { next: NONE, tail: index };
    entry.insert(record);
    index
}

/// Hashes the id, and the slug too: an id that was made by hand may be used for several monitors.
fn hash_of(hasher: &RandomState, record: &QueuedCheckIn) -> u64 {
    hasher.hash_one((record.id, &record.monitor.slug))
}

fn is_same_run(one: Option<&QueuedCheckIn>, other: Option<&QueuedCheckIn>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.id == other.id && one.monitor.slug == other.monitor.slug,
        _ => false,
    }
}
