//! HTTP: connections, routes, access control, and the handlers of ingest, API and pages.

// The modules are in layer order: each uses only those above it.
mod listener;
mod error;
mod body;
mod refusal_log;
mod paths;
mod query;
mod form;
mod session;
mod access;
mod live;
mod state;
mod authority;
mod health;
mod ingest;
mod api;
mod pages;
mod metrics;
mod badge;
mod router;

pub(crate) use access::Access;
pub(crate) use health::fault;
pub(crate) use listener::serve;
pub(crate) use live::Live;
pub(crate) use pages::send_frames;
pub(crate) use refusal_log::RefusalLog;
pub(crate) use router::Routes;
pub(crate) use state::AppState;
