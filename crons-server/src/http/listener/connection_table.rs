//! Which connections make us wait, and since when: if there is no room for a new one, the longest has to go.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep};

/// A connection that is told to go holds its socket a moment longer; this part of the room is kept for such.
const LEAVING: usize = 16;
/// How often room is looked for if nothing has changed but the time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How often the log may say the same.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// From when on a connection may be closed in favour of another, and a number that no other has.
type Turn = (Instant, u64);

/// All connections, in the order in which they would be closed.
pub struct WaitingList {
    most: usize,
    /// How long an answer keeps its connection from being closed.
    answer: Duration,
    /// One permit for each socket.
    room: Arc<Semaphore>,
    /// A connection may be closed that could not be before.
    changed: Notify,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    numbers: u64,
    /// A connection is told to go by dropping the sender.
    open: BTreeMap<Turn, oneshot::Sender<Infallible>>,
    no_room: Seldom,
}

/// What a connection holds: its place in the list, its room, and the end that it may be told.
pub struct Admitted {
    pub place: Arc<Place>,
    /// To be dropped after the socket.
    pub room: OwnedSemaphorePermit,
    pub told_to_go: oneshot::Receiver<Infallible>,
}

impl WaitingList {
    pub fn new(most: usize, answer: Duration) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(most));
        Arc::new(Self { most, answer, room, changed: Notify::new(), turns: Mutex::default() })
    }

    /// Waits for room, and makes it if somebody can go.
    pub async fn admit(self: &Arc<Self>) -> Admitted {
        loop {
            while self.is_full() && self.close_longest() {}
            tokio::select! {
                biased;
                Ok(room) = Arc::clone(&self.room).acquire_owned() => return self.enter(room),
                () = self.changed.notified() => {}
                () = sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Tells the connection to go that has made us wait for longest. Whether there was one.
    pub fn close_longest(&self) -> bool {
        let mut turns = self.lock();
        let now = Instant::now();
        let Some(longest) = turns.open.first_entry().filter(|longest| longest.key().0 <= now) else {
            return false;
        };
        longest.remove();
        if turns.no_room.is_due() {
            let connections = turns.open.len();
            tracing::warn!(
                connections,
                "no more fit: those that have kept us waiting for longest are closed"
            );
        }
        true
    }

    fn is_full(&self) -> bool {
        self.lock().open.len() >= self.most - self.most / LEAVING
    }

    fn enter(self: &Arc<Self>, room: OwnedSemaphorePermit) -> Admitted {
        let (sender, told_to_go) = oneshot::channel();
        let mut turns = self.lock();
        turns.numbers += 1;
        let turn = (Instant::now(), turns.numbers);
        turns.open.insert(turn, sender);
        let place =
            Place { list: Arc::clone(self), turn: Mutex::new(turn), answered: AtomicBool::new(false) };
        Admitted { place: Arc::new(place), room, told_to_go }
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the list, which it leaves when this is dropped.
pub struct Place {
    list: Arc<WaitingList>,
    turn: Mutex<Turn>,
    /// There is an answer, but the system does not have all of it.
    answered: AtomicBool,
}

impl Place {
    /// A request has been read to its end: now the client waits for us.
    pub fn answering(&self) -> Result<(), ToldToGo> {
        self.answered.store(false, Ordering::Relaxed);
        if self.move_to(Instant::now() + self.list.answer) { Ok(()) } else { Err(ToldToGo) }
    }

    /// There is an answer, to be written.
    pub fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// All has been written that there was: after an answer we wait for the client.
    pub fn written(&self) {
        if self.answered.swap(false, Ordering::Relaxed) && self.move_to(Instant::now()) {
            self.list.changed.notify_one();
        }
    }

    /// Whether it still has a place.
    fn move_to(&self, instant: Instant) -> bool {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut turns = self.list.lock();
        let Some(sender) = turns.open.remove(&*turn) else { return false };
        turn.0 = instant;
        turns.open.insert(*turn, sender);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let turn = self.turn.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.list.lock().open.remove(turn);
    }
}

/// The connection has been told to go, and what came over it last must not be done.
#[derive(Debug)]
pub struct ToldToGo;

impl fmt::Display for ToldToGo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was closed in favour of another")
    }
}

impl std::error::Error for ToldToGo {}

/// What must not fill the log, however often it happens.
#[derive(Default)]
pub struct Seldom(Option<Instant>);

impl Seldom {
    pub fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.0.is_none_or(|said| now - said >= SAY_AGAIN);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const ANSWER: Duration = Duration::from_secs(60);

    fn is_told_to_go(admitted: &mut Admitted) -> bool {
        admitted.told_to_go.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_longest_goes_and_who_is_answered_stays() {
        let list = WaitingList::new(3, ANSWER);
        let mut first = list.admit().await;
        let mut second = list.admit().await;
        let mut third = list.admit().await;
        first.place.answering().unwrap();
        second.place.answering().unwrap();
        advance(Duration::from_secs(1)).await;
        second.place.answered();
        second.place.written();
        // The third came after the second did, but has waited for longer since.
        assert!(list.close_longest());
        assert!(is_told_to_go(&mut third));
        assert!(third.place.answering().is_err());
        assert!(list.close_longest());
        assert!(is_told_to_go(&mut second));
        assert!(!list.close_longest());
        assert!(!is_told_to_go(&mut first));
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_one_waits_for_an_answer_to_be_written() {
        let list = WaitingList::new(1, ANSWER);
        let Admitted { place, room, told_to_go } = list.admit().await;
        place.answering().unwrap();
        let next = tokio::spawn({
            let list = Arc::clone(&list);
            async move { list.admit().await }
        });
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        place.answered();
        place.written();
        told_to_go.await.unwrap_err();
        drop(room);
        next.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_keeps_its_room_for_a_while_only() {
        let list = WaitingList::new(1, ANSWER);
        let Admitted { place, room, told_to_go } = list.admit().await;
        let before = Instant::now();
        place.answering().unwrap();
        place.answered();
        let leave = async {
            told_to_go.await.unwrap_err();
            drop(room);
        };
        let (_, ()) = tokio::join!(list.admit(), leave);
        assert!((ANSWER..ANSWER + 2 * LOOK_AGAIN).contains(&before.elapsed()), "{:?}", before.elapsed());
    }
}
