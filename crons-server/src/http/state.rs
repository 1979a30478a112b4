//! What every handler may use.

use std::sync::Arc;

use crate::mask::Mask;
use crate::pipeline::Inbox;
use crate::store::{Reader, StoreError};

/// The handlers' tools: the queue for what comes in, the database for what is shown.
#[derive(Clone)]
pub struct App {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) reader: Arc<Reader>,
    /// For what must not wait for a long answer of the other one: probes, and the sender of alerts.
    pub(crate) probe: Arc<Reader>,
    pub(crate) public_key: Arc<str>,
    pub(crate) dsn: Arc<str>,
    /// Hides the public key.
    pub(crate) mask: Mask,
}

impl App {
    /// Reads from the database, on a thread that may wait for it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        on(Arc::clone(&self.reader), read).await
    }

    /// The same, for short questions that must not wait for long answers.
    pub(crate) async fn probe<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        on(Arc::clone(&self.probe), read).await
    }
}

/// Reads from the database by this connection, on a thread that may wait for it.
pub(crate) async fn on<T: Send + 'static>(
    reader: Arc<Reader>,
    read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let read = tokio::task::spawn_blocking(move || read(&reader)).await;
    read.unwrap_or_else(|panicked| Err(StoreError::unavailable(panicked)))
}
