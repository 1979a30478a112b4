//! For tests: what would have been sent, without a network. Feature `test`.
//!
//! [`with_captured_check_ins`] shows what a job reports:
//!
//! ```
//! # use crons_runtime as crons;
//! use crons::test::with_captured_check_ins;
//! use crons::{CheckInStatus, monitor};
//!
//! let check_ins = with_captured_check_ins(|| monitor("rotate-logs").run(|| ()));
//! let statuses: Vec<CheckInStatus> = check_ins.iter().map(|check_in| check_in.status).collect();
//! assert_eq!(statuses, [CheckInStatus::InProgress, CheckInStatus::Ok]);
//! ```
//!
//! [`TestClient`] goes further: it shows what arrives, at a server that misbehaves as told, on a clock that the test holds.

// In layer order: a module uses only those above it.
mod scope;
mod captured;
mod simulated;
mod test_client;

use std::sync::Arc;

use crons_types::{CheckIn, Environment};

use crate::client::client::Client;
use crate::client::global;
use crate::wire::encode::Defaults;
use captured::Captured;
use scope::scoped;

pub use simulated::TestServer;
pub use test_client::TestClient;

/// Runs `f` and returns the check-ins captured on this thread meanwhile, all of them, in order.
///
/// Scoped to the thread: parallel tests do not see each other, and neither does what `f` spawns elsewhere. The environment
/// is `production`.
pub fn with_captured_check_ins<R>(f: impl FnOnce() -> R) -> Vec<CheckIn> {
    let captured = captured();
    global::with(client(&captured), f);
    captured.take()
}

/// As [`with_captured_check_ins`], for a future: what is captured while it is polled, on whatever thread.
pub async fn with_captured_check_ins_async<F: Future>(future: F) -> Vec<CheckIn> {
    let captured = captured();
    scoped(client(&captured), future).await;
    captured.take()
}

#[expect(clippy::expect_used, reason = "the name is valid")]
fn captured() -> Arc<Captured> {
    let environment = Environment::parse(Environment::DEFAULT).expect("a valid name");
    Arc::new(Captured::new(Defaults { environment, release: None }))
}

fn client(captured: &Arc<Captured>) -> Arc<Client> {
    let sink: Arc<Captured> = Arc::clone(captured);
    Arc::new(Client::Sink(sink))
}
