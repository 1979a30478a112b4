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
mod object;
mod json;
mod ids;
mod lifecycle;
mod alerts;
mod limits;
mod settings;
mod store;
mod said;
mod log;
mod judge;
mod minutes;
mod inbox;
mod consumer;
mod refusal;
mod paths;
mod query;
mod access;
mod state;
mod outbox;
mod ingest;
mod timeline;
mod report;
mod simulation;
mod replay;
mod housekeeping;
mod api;
mod pages;
mod waiting;
mod connections;
mod app;
mod open_server;
mod server;

pub use alerts::{Alerts, Answer, Combine, Filter, InvalidAlerts, Match, NotSent, On, Rule, Webhook};
pub use clock::{Clock, ManualClock};
pub use limits::Limits;
pub use open_server::{OpenServer, StartError};
pub use replay::{ConfigChange, Replay};
pub use report::{CheckInRow, EnvironmentRow, IncidentRow, OccurrenceRow, OutcomeRow, Report};
pub use server::Server;
pub use settings::{AdminToken, Caps, Database, InvalidSetting, PublicKey, RateLimit, Retention, Settings};
pub use simulation::{Simulation, Ticks};
pub use store::{StoreError, backup};
pub use timeline::{Action, TimelineEvent, parse_timeline};

/// The only project there is.
pub const PROJECT: u64 = 1;
