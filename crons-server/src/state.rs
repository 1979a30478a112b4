//! What every handler may use.

use std::sync::Arc;

use crate::inbox::Inbox;
use crate::store::{Reader, StoreError};

/// The handlers' tools: the queue for what comes in, the database for what is shown.
#[derive(Clone)]
pub struct App {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) public_key: Arc<str>,
    pub(crate) dsn: Arc<str>,
}

impl App {
    /// Reads from the database, on a thread that may wait for it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || read(&reader)).await;
        read.unwrap_or_else(|panicked| Err(StoreError::new(panicked)))
    }
}
