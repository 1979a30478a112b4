//! The state that every handler shares.

use std::sync::Arc;

use crate::alerts::ResponseKeys;
use crate::blocking;
use crate::domain::{Command, CommandError, Maintenance};
use crate::http::access::Access;
use crate::http::live::Live;
use crate::mask::{self, Mask};
use crate::pipeline::{Inbox, Unavailable};
use crate::store::{Group, Queries, StoreError};

/// The queue for what comes in, and the database for what is shown.
#[derive(Clone)]
pub struct AppState {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) queries: Arc<dyn Queries>,
    /// Reads that must not wait for a long answer of `queries`: health checks, due alerts.
    pub(crate) probe: Arc<dyn Queries>,
    pub(crate) public_key: Arc<str>,
    pub(crate) dsn: Arc<str>,
    /// The rights to see pages and to use the API.
    pub(crate) access: Access,
    /// The secret from which the keys of badges are made.
    pub(crate) badge_secret: Arc<str>,
    /// The keys of the links by which people respond to messages.
    pub(crate) response_keys: ResponseKeys,
    /// Whether `/metrics` needs no token.
    pub(crate) metrics_public: bool,
    /// The maintenance windows of the configuration.
    pub(crate) maintenance: Arc<[Maintenance]>,
    /// The standing of this server among those on the database.
    pub(crate) group: Group,
    /// Locked while this server takes targets that no server sends to.
    pub(crate) leasing: Arc<tokio::sync::Mutex<()>>,
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

    /// Deletes a monitor; with `environments`, only these of it. The rows are then purged a few at a time.
    ///
    /// # Errors
    /// If the database fails; the inner error if there is no such monitor or environment.
    pub(crate) async fn delete_monitor(
        &self,
        slug: &str,
        environments: Vec<String>,
    ) -> Result<Result<(), CommandError>, Unavailable> {
        let command = Command::Delete { monitor: slug.to_owned(), environments: environments.clone() };
        if let Err(error) = self.inbox.command(command).await? {
            return Ok(Err(error));
        }
        self.inbox.deleted().notify_one();
        let slug = mask::hide(slug);
        if environments.is_empty() {
            tracing::info!(%slug, "monitor deleted");
        } else {
            let environments: Vec<_> = environments.iter().map(|name| mask::hide(name)).collect();
            tracing::info!(%slug, ?environments, "environments deleted");
        }
        Ok(Ok(()))
    }
}
