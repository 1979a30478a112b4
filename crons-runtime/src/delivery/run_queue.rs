//! What waits to be sent, each run in its own lane: reports about the same run go one after the other, those of different
//! runs may travel together. No clock, no I/O, no thread.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use slab::Slab;

use crate::record::queued::{Links, QueueState, QueuedCheckIn, RunEvent};

/// The place of a record, until it is [settled](RunQueues::settle).
pub(crate) type Index = u32;

const NONE: Index = Links::NONE.next;
/// Room for so many is kept when all is sent.
const KEPT: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct RunQueues {
    records: Slab<QueuedCheckIn>,
    /// The first record of each run. It holds indices only, as a million runs may wait.
    heads: HashTable<Index>,
    hasher: RandomState,
    /// First come, first served. What was taken out of turn is passed over.
    ready: VecDeque<Index>,
}

/// What became of a record on arrival.
#[derive(Debug)]
pub(crate) enum PushOutcome {
    /// It waits.
    New,
    /// The begin of its run was still here, captured at `at`, and is now its end.
    Folded { index: Index, at: Instant },
    /// The begin of its run was still here. `begin` is removed, and nothing of the run is sent.
    Withdrawn { index: Index, begin: QueuedCheckIn },
    /// The record has taken the place of a keep-alive that had not been sent.
    Replaced,
    /// There is nothing to withdraw: the begin is on the wire, or the server knows it, or it was dropped before.
    Ignored,
}

impl RunQueues {
    /// Takes in a record. A begin that has not been on the wire is folded into the end of its run. A skipped run is
    /// withdrawn: no more of it is sent, whether or not its begin has been.
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
        // The nil id means "whichever run began last": two reports with it need not be about the same one.
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

    /// Removes the begin of the run of `skip`, or marks it as not to be sent again if it is on the wire.
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

    /// The next one whose turn it is; to be followed by [`fly`](Self::fly), [`hold`](Self::hold) or [`settle`](Self::settle).
    pub(crate) fn pop(&mut self) -> Option<Index> {
        while let Some(index) = self.ready.pop_front() {
            if at(&self.records, index).is_some_and(|record| record.queue_state == QueueState::Ready) {
                return Some(index);
            }
        }
        None
    }

    /// It goes on the wire.
    pub(crate) fn mark_in_flight(&mut self, index: Index) {
        if let Some(record) = self.get_mut(index) {
            record.queue_state = QueueState::InFlight;
            record.attempted = true;
        }
    }

    /// Its turn is put off, until [`release`](Self::release).
    pub(crate) fn delay(&mut self, index: Index) {
        if let Some(record) = self.get_mut(index) {
            record.queue_state = QueueState::Delayed;
        }
    }

    /// Its turn comes, after all who wait.
    pub(crate) fn requeue(&mut self, index: Index) {
        if let Some(record) = self.records.get_mut(index as usize) {
            record.queue_state = QueueState::Ready;
            self.ready.push_back(index);
        }
    }

    /// It will not go again: what follows in its run may go. Returns the record.
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

    /// Folds a begin that had no answer into the end of its run, if that waits behind it. Returns the epoch of the end.
    pub(crate) fn fold_into_next(&mut self, index: Index) -> Option<u32> {
        let opener = self.get(index).filter(|record| record.is_start() && !record.id.is_nil())?;
        let Links { next, tail } = opener.links;
        self.get(next).filter(|record| !record.is_start())?;
        let closer = self.records.try_remove(next as usize)?;
        let (rest, epoch) = (closer.links.next, closer.epoch);
        if let Some(opener) = self.get_mut(index) {
            // The server may know of the begin, so the end has to arrive all the same.
            opener.must_deliver = opener.attempted && closer.must_deliver;
            opener.end(closer);
            opener.links = Links { next: rest, tail: if tail == next { index } else { tail } };
        }
        Some(epoch)
    }

    /// Whether a check-in of the same run is here.
    pub(crate) fn has_run_of(&self, record: &QueuedCheckIn) -> bool {
        let is_same = |head: &Index| is_same_run(self.get(*head), Some(record));
        self.heads.find(self.hash(record), is_same).is_some()
    }

    /// Whether someone's turn has come.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many are waiting or on the wire.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    fn hash(&self, record: &QueuedCheckIn) -> u64 {
        hash_of(&self.hasher, record)
    }

    /// Removes the last record of a run, which is not on the wire, and returns it.
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
            // A storm is over: its memory goes back.
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

/// By the id, which is random; by the slug, too, where it is not.
fn hash_of(hasher: &RandomState, record: &QueuedCheckIn) -> u64 {
    hasher.hash_one((record.id, &record.monitor.slug))
}

fn is_same_run(one: Option<&QueuedCheckIn>, other: Option<&QueuedCheckIn>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.id == other.id && one.monitor.slug == other.monitor.slug,
        _ => false,
    }
}
