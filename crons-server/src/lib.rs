#![doc = include_str!("../README.md")]

// The modules are in layer order: each uses only those above it.
mod clock;
mod mask;
mod quote;
mod signed_key;
mod ids;
mod log_throttle;
mod domain;
mod alerts;
mod settings;
mod store;
mod blocking;
mod pipeline;
mod ingest;
mod simulation;
mod http;
mod outbox;
mod pulse;
mod digest;
mod retention;
mod other_servers;
mod open_server;
mod server;
#[cfg(test)]
mod conformance;

pub use alerts::{
    Alerts, ChatTarget, CommandTarget, DeliveryError, Digest, EmailTarget, Escalation, Filter, InvalidAlerts,
    InvalidFilter, MatchMode, Operator, PrivateTargets, PublicUrl, Pulse, Rule, Target, TargetResponse,
    Trigger, Webhook, WebhookResponse,
};
#[doc(hidden)] // for the API client of `crons-cli`
pub use alerts::{chain, trusted_client};
pub use clock::{Clock, CorrectedClock, ManualClock};
pub use domain::{InvalidMaintenance, Maintenance, PROJECT};
pub use open_server::{OpenServer, StartError};
#[doc(hidden)] // for the messages of `crons-cli`
pub use quote::quoted;
pub use server::Server;
pub use settings::{
    AdminToken, ConnectionLimits, Database, Drill, InvalidSetting, PublicKey, Quotas, RateLimit, Retention,
    Settings,
};
#[doc(hidden)] // for `crons history import`
pub use simulation::{AdviceRow, ImportedRun, Rehearsed};
pub use simulation::{
    CheckInRow, ConfigChange, EnvironmentRow, IncidentRow, OccurrenceRow, OutcomeRow, Replay, Report,
    Simulation, Ticks, TimelineAction, TimelineEvent, parse_timeline,
};
#[cfg(feature = "postgres")]
pub use store::{MovedTable, move_database};
pub use store::{StoreError, UnreadableRow, backup};
