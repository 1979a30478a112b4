//! The table of open connections. When it is full, the connection that has been idle for longest is evicted for a new one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep};

use crate::log_throttle::LogThrottle;

/// The part of all connections, one in sixteen, whose sockets are reserved for evicted connections, which close theirs a moment later.
const EVICTION_RESERVE: usize = 16;
/// The pause before the next look for a connection to evict, if no connection has become idle meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The instant from which a connection can be evicted, and a number that no other connection has.
type EvictionKey = (Instant, u64);

/// The open connections, in the order in which they would be evicted.
pub struct ConnectionTable {
    capacity: usize,
    /// The time for which an answer protects its connection from eviction.
    answer: Duration,
    /// The permits for sockets, one each.
    sockets: Arc<Semaphore>,
    /// Notified when a connection has become idle.
    became_idle: Notify,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    last_number: u64,
    /// The drop of its sender evicts a connection.
    open: BTreeMap<EvictionKey, oneshot::Sender<Infallible>>,
    full_warning: LogThrottle,
}

/// A connection that was admitted: its slot, the permit of its socket, and the signal of its eviction.
pub struct Admitted {
    pub slot: Arc<Slot>,
    /// The permit of the socket, to be dropped after it.
    pub socket: OwnedSemaphorePermit,
    /// Ends when the connection is evicted.
    pub evicted: oneshot::Receiver<Infallible>,
}

impl ConnectionTable {
    pub fn new(capacity: usize, answer: Duration) -> Arc<Self> {
        let sockets = Arc::new(Semaphore::new(capacity));
        Arc::new(Self { capacity, answer, sockets, became_idle: Notify::new(), slots: Mutex::default() })
    }

    /// Waits until there is room for one more connection; evicts an idle one if the table is full.
    pub async fn admit(self: &Arc<Self>) -> Admitted {
        loop {
            while self.is_full() && self.evict_longest_idle() {}
            tokio::select! {
                biased;
                Ok(socket) = Arc::clone(&self.sockets).acquire_owned() => return self.enter(socket),
                () = self.became_idle.notified() => {}
                () = sleep(RETRY_INTERVAL) => {}
            }
        }
    }

    /// Evicts the connection that has been idle for longest. `false`: all connections wait for their answers.
    pub fn evict_longest_idle(&self) -> bool {
        let mut slots = self.lock();
        let now = Instant::now();
        let Some(longest) = slots.open.first_entry().filter(|longest| longest.key().0 <= now) else {
            return false;
        };
        longest.remove();
        if slots.full_warning.is_due() {
            let connections = slots.open.len();
            tracing::warn!(
                connections,
                "there are as many connections as there may be: those that have been idle for longest are closed"
            );
        }
        true
    }

    fn is_full(&self) -> bool {
        self.lock().open.len() >= self.capacity - self.capacity / EVICTION_RESERVE
    }

    fn enter(self: &Arc<Self>, socket: OwnedSemaphorePermit) -> Admitted {
        let (sender, evicted) = oneshot::channel();
        let mut slots = self.lock();
        slots.last_number += 1;
        let key = (Instant::now(), slots.last_number);
        slots.open.insert(key, sender);
        let slot = Slot {
            table: Arc::clone(self),
            key: Mutex::new(key),
            answered: AtomicBool::new(false),
            streaming: AtomicBool::new(false),
        };
        Admitted { slot: Arc::new(slot), socket, evicted }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's slot in the table; its drop frees it.
pub struct Slot {
    table: Arc<ConnectionTable>,
    key: Mutex<EvictionKey>,
    /// Whether an answer was handed over and is not yet written as a whole.
    answered: AtomicBool,
    /// Whether the answer is a stream, which is never written as a whole.
    streaming: AtomicBool,
}

impl Slot {
    /// Protects the connection for the time of an answer: a request has been read to its end.
    ///
    /// # Errors
    /// If the connection was evicted before; the request must not be executed then.
    pub fn answering(&self) -> Result<(), Evicted> {
        self.answered.store(false, Ordering::Relaxed);
        self.streaming.store(false, Ordering::Relaxed);
        if self.move_to(Instant::now() + self.table.answer) { Ok(()) } else { Err(Evicted) }
    }

    /// Notes that there is an answer to be written.
    pub fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Notes that the answer is a stream: each part that the client takes protects the connection anew for the time of an answer.
    pub fn streaming(&self) {
        self.streaming.store(true, Ordering::Relaxed);
    }

    /// Notes that everything was written. After an answer, the connection is idle.
    pub fn written(&self) {
        if self.streaming.load(Ordering::Relaxed) {
            self.move_to(Instant::now() + self.table.answer);
            return;
        }
        if self.answered.swap(false, Ordering::Relaxed) && self.move_to(Instant::now()) {
            self.table.became_idle.notify_one();
        }
    }

    /// Lets the connection be evicted from `instant` on; `false` if it has been evicted.
    fn move_to(&self, instant: Instant) -> bool {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = self.table.lock();
        let Some(sender) = slots.open.remove(&*key) else { return false };
        key.0 = instant;
        slots.open.insert(*key, sender);
        true
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let key = self.key.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.table.lock().open.remove(key);
    }
}

/// The error of a request over a connection that was evicted before the request was complete.
#[derive(Debug)]
pub struct Evicted;

impl fmt::Display for Evicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was closed in favour of another")
    }
}

impl std::error::Error for Evicted {}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const ANSWER: Duration = Duration::from_secs(60);

    fn is_evicted(admitted: &mut Admitted) -> bool {
        admitted.evicted.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_is_evicted_and_who_is_answered_stays() {
        let table = ConnectionTable::new(3, ANSWER);
        let mut first = table.admit().await;
        let mut second = table.admit().await;
        let mut third = table.admit().await;
        first.slot.answering().unwrap();
        second.slot.answering().unwrap();
        advance(Duration::from_secs(1)).await;
        second.slot.answered();
        second.slot.written();
        // The third came after the second did, but has waited for longer since.
        assert!(table.evict_longest_idle());
        assert!(is_evicted(&mut third));
        assert!(third.slot.answering().is_err());
        assert!(table.evict_longest_idle());
        assert!(is_evicted(&mut second));
        assert!(!table.evict_longest_idle());
        assert!(!is_evicted(&mut first));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_one_waits_for_an_answer_to_be_written() {
        let table = ConnectionTable::new(1, ANSWER);
        let Admitted { slot, socket, evicted } = table.admit().await;
        slot.answering().unwrap();
        let next = tokio::spawn({
            let table = Arc::clone(&table);
            async move { table.admit().await }
        });
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        slot.answered();
        slot.written();
        evicted.await.unwrap_err();
        drop(socket);
        next.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_stays_as_long_as_its_client_reads() {
        let table = ConnectionTable::new(2, ANSWER);
        let mut stream = table.admit().await;
        stream.slot.answering().unwrap();
        stream.slot.streaming();
        stream.slot.answered();
        for _ in 0..10 {
            advance(ANSWER / 2).await;
            stream.slot.written();
            assert!(!table.evict_longest_idle());
        }
        let mut idle = table.admit().await;
        assert!(table.evict_longest_idle());
        assert!(is_evicted(&mut idle) && !is_evicted(&mut stream));
        advance(ANSWER).await;
        assert!(table.evict_longest_idle());
        assert!(is_evicted(&mut stream));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_protects_for_a_while_only() {
        let table = ConnectionTable::new(1, ANSWER);
        let Admitted { slot, socket, evicted } = table.admit().await;
        let before = Instant::now();
        slot.answering().unwrap();
        slot.answered();
        let leave = async {
            evicted.await.unwrap_err();
            drop(socket);
        };
        let (_, ()) = tokio::join!(table.admit(), leave);
        assert!((ANSWER..ANSWER + 2 * RETRY_INTERVAL).contains(&before.elapsed()), "{:?}", before.elapsed());
    }
}
