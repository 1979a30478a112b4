//! A server before it listens: its database is open, and its alerts can be sent.

use std::net::SocketAddr;

use uuid::Uuid;

use crate::alerts::{DeliveryError, Sender};
use crate::settings::{Backend, PublicKey, Settings};
use crate::store::{Reader, SqliteStore, StoreError};

/// A server whose database is open and up to date, and that does not listen yet; made by
/// [`Server::open`](crate::Server::open).
pub struct OpenServer {
    pub(crate) settings: Settings,
    pub(crate) store: SqliteStore,
    pub(crate) reader: Reader,
    pub(crate) probe: Reader,
    /// For the job that deletes what is old.
    pub(crate) sweeper: Reader,
    pub(crate) public_key: String,
    pub(crate) sender: Sender,
    /// Whether something that was deleted is still on the disk.
    pub(crate) has_deleted: bool,
}

/// Without the key.
impl std::fmt::Debug for OpenServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenServer").field("store", &self.store).finish_non_exhaustive()
    }
}

impl OpenServer {
    /// Opens the database on this thread.
    pub(crate) fn open(settings: &Settings) -> Result<Self, StartError> {
        let Backend::Sqlite(path) = settings.database.backend();
        let mut store = SqliteStore::open(path)?;
        let public_key = match &settings.public_key {
            Some(key) => PublicKey::as_str(key).to_owned(),
            None => store.setting("public_key", || Uuid::new_v4().simple().to_string())?,
        };
        let sender = Sender::new(&settings.alerts, settings.clock.clone()).map_err(StartError::Alerts)?;
        for warning in settings.alerts.warnings() {
            tracing::warn!("{warning}");
        }
        store.resume_alerts(settings.clock.now())?;
        let has_deleted = store.has_deleted()?;
        let reader = Reader::beside(&store, path)?;
        let probe = Reader::beside(&store, path)?;
        let sweeper = Reader::beside(&store, path)?;
        let settings = settings.clone();
        Ok(Self { settings, store, reader, probe, sweeper, public_key, sender, has_deleted })
    }
}

/// Why a server could not start or stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be used.
    Store(StoreError),
    /// The socket or a thread cannot.
    Io(std::io::Error),
    /// The socket is open to other machines, and there is no admin token to keep strangers out.
    NotLoopback(SocketAddr),
    /// Alerts cannot be sent.
    Alerts(DeliveryError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Alerts(error) => error.fmt(f),
            Self::NotLoopback(address) => write!(
                f,
                "{address} can be reached from other machines: set an admin token, which keeps strangers out of pages and \
                 API (`Settings::admin_token`, or `crons serve --admin-token`), or listen on 127.0.0.1 or [::1]"
            ),
        }
    }
}

impl std::error::Error for StartError {}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::io::Error> for StartError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
