//! A server before it listens: its database is open, and its alerts can be sent.

use std::net::SocketAddr;

use jiff::Timestamp;
use uuid::Uuid;

use crate::alerts::{DeliveryError, PrivateTargets, PulseClient, ResponseKeys, Sender};
use crate::outbox::last_delivered;
use crate::pipeline::{self, DigestTimes, TargetHealth};
use crate::settings::Settings;
use crate::store::{self, OpenDatabase, ProofView, StoreError};

/// A server whose database is open and up to date, and that does not listen yet; made by
/// [`Server::open`](crate::Server::open).
pub struct OpenServer {
    pub(crate) settings: Settings,
    pub(crate) database: OpenDatabase,
    pub(crate) public_key: String,
    pub(crate) sender: Sender,
    pub(crate) pulse: Option<PulseClient>,
    /// The secret from which the keys of badges are made.
    pub(crate) badge_secret: String,
    /// The keys of the links by which people respond to messages.
    pub(crate) response_keys: ResponseKeys,
    /// Whether rows of deleted monitors are still to be purged.
    pub(crate) has_deleted: bool,
    /// The last delivery of an alert by a server before this one.
    pub(crate) last_delivered: Option<Timestamp>,
    pub(crate) last_drill: Option<Timestamp>,
    /// `None` if there are no digests.
    pub(crate) digest_times: Option<DigestTimes>,
    /// The newest drill that reached all of its targets.
    pub(crate) last_proof: Option<ProofView>,
    /// The health of targets.
    pub(crate) targets: TargetHealth,
}

/// Leaves the key out.
impl std::fmt::Debug for OpenServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenServer").field("database", &self.settings.database).finish_non_exhaustive()
    }
}

impl OpenServer {
    /// Opens the database on the calling thread.
    ///
    /// # Errors
    /// If the database cannot be used, or alerts cannot be sent as they are configured.
    pub(crate) fn open(settings: &Settings) -> Result<Self, StartError> {
        Self::with(store::open(&settings.database)?, settings)
    }

    /// Prepares a server on an open database.
    ///
    /// # Errors
    /// If the database fails, or alerts or the pulse cannot be sent as they are configured.
    pub(crate) fn with(mut database: OpenDatabase, settings: &Settings) -> Result<Self, StartError> {
        let mut settings = settings.clone();
        if let Some(clock) = database.store.group().clock() {
            settings.clock = settings.clock.corrected_by(clock);
        }
        let private =
            if settings.allow_private_targets { PrivateTargets::Allowed } else { PrivateTargets::Refused };
        let sender =
            Sender::new(&settings.alerts, private, settings.clock.clone()).map_err(StartError::Alerts)?;
        let pulse = settings.pulse.as_ref().map(|pulse| sender.pulse_client(pulse));
        let pulse = pulse.transpose().map_err(StartError::Alerts)?;
        for warning in settings.alerts.warnings() {
            tracing::warn!("{warning}");
        }
        let mut transaction = database.store.begin()?;
        let public_key = match &settings.public_key {
            Some(key) => key.as_str().to_owned(),
            None => transaction.setting("public_key", &Uuid::new_v4().simple().to_string())?,
        };
        let badge_secret = transaction.setting("badge_secret", &Uuid::new_v4().simple().to_string())?;
        let link_secret = transaction.setting("link_secret", &Uuid::new_v4().simple().to_string())?;
        transaction.resume_alerts(settings.clock.now())?;
        let targets = pipeline::stored_health(&mut *transaction, &settings.alerts)?;
        let last_drill = pipeline::last_drill(&mut *transaction)?;
        let now = settings.clock.now();
        let digest = settings.alerts.digest();
        let digest_times = digest.map(|_| pipeline::digest_times(&mut *transaction, now)).transpose()?;
        transaction.commit()?;
        let last_proof = database.queries.last_proof()?;
        let has_deleted = database.queries.has_deleted()?;
        let last_delivered = last_delivered(&*database.queries)?;
        Ok(Self {
            settings,
            database,
            public_key,
            sender,
            pulse,
            badge_secret,
            response_keys: ResponseKeys::new(&link_secret),
            has_deleted,
            last_delivered,
            last_drill,
            digest_times,
            last_proof,
            targets,
        })
    }
}

/// The reason why a server could not start or stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be used.
    Store(StoreError),
    /// The socket or a thread cannot be used.
    Io(std::io::Error),
    /// The socket can be reached by other machines, and there is no admin token.
    NotLoopback(SocketAddr),
    /// Alerts, or the pulse, cannot be sent.
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
