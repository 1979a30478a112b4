//! The streams of live pages: the clients that watch, and the frames that are sent to all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

use crate::pipeline::Position;

/// The frames that are kept for a slow client. A client that is further behind reads the page anew.
const BACKLOG: usize = 16;

/// The number of windows of timelines. A frame has rows for each of them, by its number.
pub(crate) const WINDOWS: usize = 4;

/// A change of the list, as it is sent to every client.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) position: Position,
    /// The slugs that changed; `None` if they are not known.
    pub(crate) monitors: Option<Vec<String>>,
    /// The rows as JSON, for each window that was watched when the frame was made.
    pub(crate) rows: [Option<Arc<str>>; WINDOWS],
}

/// The open streams, and the sender of their frames.
#[derive(Debug)]
pub(crate) struct Live {
    frames: broadcast::Sender<Arc<Frame>>,
    /// The number of streams of each window; the last number is that of single monitors.
    watching: [AtomicUsize; WINDOWS + 1],
    free: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

/// The receiver of one stream. Its drop frees the place of the stream.
#[derive(Debug)]
pub(crate) struct Watcher {
    live: Arc<Live>,
    place: usize,
    frames: broadcast::Receiver<Arc<Frame>>,
    stopped: watch::Receiver<bool>,
    _free: OwnedSemaphorePermit,
}

/// The answer of a stream that waits for its next frame.
#[derive(Debug)]
pub(crate) enum Next {
    Frame(Arc<Frame>),
    /// The watcher was too slow, and has missed frames.
    Behind,
}

impl Live {
    /// Opens `most` streams at the same time, and ends them once `stopped` is true.
    pub(crate) fn new(most: usize, stopped: watch::Receiver<bool>) -> Self {
        let free = Arc::new(Semaphore::new(most));
        Self { frames: broadcast::Sender::new(BACKLOG), watching: Default::default(), free, stopped }
    }

    /// Takes a place for frames of a window, or for the changes of single monitors (`None`). `None` if all places are taken.
    pub(crate) fn watch(self: &Arc<Self>, window: Option<usize>) -> Option<Watcher> {
        let free = Arc::clone(&self.free).try_acquire_owned().ok()?;
        let place = window.unwrap_or(WINDOWS).min(WINDOWS);
        self.watching[place].fetch_add(1, Ordering::SeqCst);
        let (frames, stopped) = (self.frames.subscribe(), self.stopped.clone());
        Some(Watcher { live: Arc::clone(self), place, frames, stopped, _free: free })
    }

    /// Returns whether a stream is open.
    pub(crate) fn is_watched(&self) -> bool {
        self.frames.receiver_count() > 0
    }

    /// Returns whether a stream of this window is open.
    pub(crate) fn is_window_watched(&self, window: usize) -> bool {
        self.watching.get(window).is_some_and(|count| count.load(Ordering::SeqCst) > 0)
    }

    /// Sends a frame to every stream.
    pub(crate) fn send(&self, frame: Frame) {
        // A send fails if the last stream has ended meanwhile.
        let _ = self.frames.send(Arc::new(frame));
    }
}

impl Watcher {
    /// Waits for the next frame; `None` once the server stops.
    pub(crate) async fn next(&mut self) -> Option<Next> {
        tokio::select! {
            biased;
            // The sender is gone if the server was dropped.
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
            frame = self.frames.recv() => match frame {
                Ok(frame) => Some(Next::Frame(frame)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Next::Behind),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.live.watching[self.place].fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame { position: "1-1".parse().unwrap(), monitors: None, rows: Default::default() }
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_stops() {
        let (stop, stopped) = watch::channel(false);
        let live = Arc::new(Live::new(2, stopped));
        let mut watcher = live.watch(Some(0)).unwrap();
        live.send(frame());
        assert!(matches!(watcher.next().await, Some(Next::Frame(_))));
        stop.send(true).unwrap();
        assert!(watcher.next().await.is_none());
        drop(stop);
        assert!(watcher.next().await.is_none());
    }

    #[tokio::test]
    async fn places_are_limited_and_given_back() {
        let (_stop, stopped) = watch::channel(false);
        let live = Arc::new(Live::new(2, stopped));
        let (first, second) = (live.watch(Some(0)), live.watch(None));
        assert!(first.is_some() && second.is_some() && live.watch(Some(0)).is_none());
        assert!(live.is_window_watched(0) && !live.is_window_watched(1));
        drop(first);
        assert!(!live.is_window_watched(0) && live.is_watched());
        assert!(live.watch(Some(1)).is_some());
    }

    #[tokio::test]
    async fn a_slow_client_is_told_that_it_has_missed_frames() {
        let (_stop, stopped) = watch::channel(false);
        let live = Arc::new(Live::new(1, stopped));
        let mut watcher = live.watch(Some(0)).unwrap();
        for _ in 0..=BACKLOG {
            live.send(frame());
        }
        assert!(matches!(watcher.next().await, Some(Next::Behind)));
        assert!(matches!(watcher.next().await, Some(Next::Frame(_))));
    }
}
