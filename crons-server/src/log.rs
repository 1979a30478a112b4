//! The thread that writes the log: whoever owns the database does not wait for whoever reads that.

use std::sync::mpsc::{SendError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::said::Said;

/// Batches that may wait to be written; beyond it the sender does.
const WAITING: usize = 2;

/// The senders' end. When it is dropped, all that was said has been written.
pub(crate) struct Log {
    said: Option<SyncSender<Vec<Said>>>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (said, batches) = sync_channel::<Vec<Said>>(WAITING);
        let thread = std::thread::Builder::new().name("crons-log".to_owned());
        let thread = thread.spawn(move || batches.into_iter().flatten().for_each(|said| said.log()))?;
        Ok(Self { said: Some(said), thread: Some(thread) })
    }

    /// Has it written, after all that was said before.
    pub(crate) fn say(&self, mut said: Vec<Said>) {
        // To wake a thread for nothing would cost a check-in more than all else.
        said.retain(|said| !said.is_quiet());
        if let Some(log) = self.said.as_ref().filter(|_| !said.is_empty())
            && let Err(SendError(said)) = log.send(said)
        {
            said.iter().for_each(Said::log);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.said.take());
        // One that has panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
