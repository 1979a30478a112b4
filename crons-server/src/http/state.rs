//! The state that every handler shares.

use std::sync::Arc;

use crate::blocking;
use crate::http::access::Access;
use crate::http::live::Live;
use crate::mask::Mask;
use crate::pipeline::Inbox;
use crate::store::{Queries, StoreError};

/// The queue for what comes in, and the database for what is shown.
#[derive(Clone)]
pub struct AppState {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) queries: Arc<dyn Queries>,
    /// Reads that must not wait for a long answer of `queries`: health checks, due alerts.
    pub(crate) probe: Arc<dyn Queries>,
    pub(crate) public_key: Arc<str>,
    pub(crate) dsn: Arc<str>,
    /// Who may see pages and use the API.
    pub(crate) access: Access,
    /// The secret from which the keys of badges are made.
    pub(crate) badge_secret: Arc<str>,
    /// Whether `/metrics` needs no token.
    pub(crate) metrics_public: bool,
    /// The streams of live pages.
    pub(crate) live: Arc<Live>,
    /// Hides the public key.
    pub(crate) mask: Mask,
}

impl AppState {
    /// Reads from the database on a thread that may block.
    ///
    /// # Errors
    /// If the read fails.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Queries) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        blocking::read(&self.queries, read).await
    }
}
