//! The floor: the work that every monitor of a run has to do.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_queue::ArrayQueue;

/// A record of about the size of a check-in.
type Record = [u8; 200];

/// The interval at which the receiving thread polls.
const POLL: Duration = Duration::from_millis(1);

/// A queue to a thread that polls, so that the caller does not wake it.
pub trait HandOff: Default + Send + Sync + 'static {
    fn push(&self, record: Record);
    fn drain(&self);
    fn is_empty(&self) -> bool;
}

pub struct Polled(ArrayQueue<Record>);

impl Default for Polled {
    fn default() -> Self {
        Self(ArrayQueue::new(16_384))
    }
}

impl HandOff for Polled {
    fn push(&self, record: Record) {
        // A batch is smaller than the queue.
        let _ = self.0.push(record);
    }

    fn drain(&self) {
        while let Some(record) = self.0.pop() {
            black_box(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The two vectors take turns, so that none is allocated in the steady state.
#[derive(Default)]
pub struct Swapped {
    shared: Mutex<Vec<Record>>,
    drained: Mutex<Vec<Record>>,
}

impl HandOff for Swapped {
    fn push(&self, record: Record) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    fn drain(&self) {
        let mut drained = self.drained.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *drained, &mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner));
        for record in drained.drain(..) {
            black_box(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

pub struct Floor<H: HandOff> {
    hand_off: Arc<H>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<H: HandOff> Floor<H> {
    pub fn start() -> Self {
        let (hand_off, ended) = (Arc::new(H::default()), Arc::new(AtomicBool::new(false)));
        let (from, end) = (Arc::clone(&hand_off), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                from.drain();
                std::thread::sleep(POLL);
            }
        });
        Self { hand_off, ended, thread: Some(thread) }
    }

    /// A run: an id, the wall clock, a record; the length, another record.
    pub fn run(&self) {
        let mut record = [0; 200];
        record[..16].copy_from_slice(&rand::random::<u128>().to_ne_bytes());
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        record[16..32].copy_from_slice(&wall.as_nanos().to_ne_bytes());
        let began = Instant::now();
        self.hand_off.push(black_box(record));
        super::unwatched(1);
        record[32..48].copy_from_slice(&began.elapsed().as_nanos().to_ne_bytes());
        self.hand_off.push(black_box(record));
    }

    pub fn settle(&self) {
        while !self.hand_off.is_empty() {
            std::thread::sleep(POLL);
        }
    }
}

impl<H: HandOff> Drop for Floor<H> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
