//! The test kit, which captures check-ins instead of sending them, or sends them to a simulated server. Feature `test`.
//!
//! [`with_captured_check_ins`] shows what a job reports:
//!
//! ```
//! # use crons_runtime as crons;
//! use crons::CheckInStatus::{InProgress, Ok};
//! use crons::monitor;
//! use crons::test::with_captured_check_ins;
//!
//! let captured = with_captured_check_ins(|| monitor("rotate-logs").run(|| ()));
//! assert_eq!(captured.statuses(), [InProgress, Ok]);
//! ```
//!
//! [`TestClient`] shows what arrives at a server, on a clock that the test sets, also if the server is down, limits the client, or loses
//! answers.
//!
//! Captures and clients hold for the thread of the test. [`Client::current`](crate::Client::current) carries them on to other threads
//! and spawned tasks.

// The modules are in layer order: each uses only those above it.
mod capture_sink;
mod captured;
mod simulated;
mod test_client;

pub use captured::{Captured, with_captured_check_ins, with_captured_check_ins_async};
pub use simulated::TestServer;
pub use test_client::TestClient;
