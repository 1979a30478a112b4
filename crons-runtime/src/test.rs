//! For tests: what would have been sent, without a network. Feature `test`.
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

use std::sync::Arc;

use crons_types::{CheckIn, Environment};

use crate::client::{Captured, Client};
use crate::current;
use crate::writer::Origin;

/// Runs `f` and returns the check-ins captured on this thread meanwhile, all of them, in order.
///
/// Scoped to the thread: parallel tests do not see each other, and neither does what `f` spawns elsewhere. The environment
/// is `production`.
pub fn with_captured_check_ins<R>(f: impl FnOnce() -> R) -> Vec<CheckIn> {
    let client = client();
    current::with(Arc::clone(&client), f);
    client.take_captured()
}

/// As [`with_captured_check_ins`], for a future: what is captured while it is polled, on whatever thread.
pub async fn with_captured_check_ins_async<F: Future>(future: F) -> Vec<CheckIn> {
    let client = client();
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| current::with(Arc::clone(&client), || future.as_mut().poll(context)))
        .await;
    // A combinator may keep futures that lost a race until it is dropped itself: they are reported, too.
    current::with(Arc::clone(&client), || drop(future));
    client.take_captured()
}

#[expect(clippy::expect_used, reason = "the name is valid")]
fn client() -> Arc<Client> {
    let environment = Environment::parse(Environment::DEFAULT).expect("a valid name");
    Arc::new(Client::Captured(Captured::new(Origin { environment, release: None })))
}
