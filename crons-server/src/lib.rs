//! A server that speaks Sentry's check-in protocol: any Sentry SDK can send to it, and it says which jobs were missed,
//! took too long or failed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use crons_server::{Database, Server, Settings};
//!
//! let folder = tempfile::tempdir()?;
//! let settings = Settings { database: Database::sqlite(folder.path().join("crons.db")), ..Settings::default() };
//! // First the database, which may take its time; only then can clients connect.
//! let server = Server::open(&settings).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let server = server.serve(listener)?;
//! println!("SENTRY_DSN={}", server.dsn());
//! server.shutdown().await?;
//! # Ok(()) }
//! ```

// In layer order: a module uses only those above it.
mod clock;
mod mask;
mod quote;
mod ids;
mod domain;
mod alerts;
mod settings;
mod store;
mod pipeline;
mod ingest;
mod simulation;
mod http;
mod outbox;
mod retention;
mod open_server;
mod server;

pub use alerts::{
    Alerts, DeliveryError, Filter, InvalidAlerts, MatchMode, Operator, Rule, Trigger, Webhook,
    WebhookResponse,
};
pub use clock::{Clock, ManualClock};
pub use domain::PROJECT;
pub use open_server::{OpenServer, StartError};
#[doc(hidden)] // for the messages of `crons-cli`
pub use quote::quoted;
pub use server::Server;
pub use settings::{
    AdminToken, ConnectionLimits, Database, InvalidSetting, PublicKey, Quotas, RateLimit, Retention, Settings,
};
pub use simulation::{
    Action, CheckInRow, ConfigChange, EnvironmentRow, IncidentRow, OccurrenceRow, OutcomeRow, Replay, Report,
    Simulation, Ticks, TimelineEvent, parse_timeline,
};
pub use store::{StoreError, backup};
