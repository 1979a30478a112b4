//! Captured check-ins, and the functions that capture them.

use std::ops::Deref;
use std::sync::Arc;

use crons_types::{CheckIn, CheckInStatus, Environment};

use super::capture_sink::CaptureSink;
use crate::client::client::Client;
use crate::client::destination::Destination;
use crate::wire::encode::Defaults;

/// The value of a closure or a future, and the check-ins that were captured while it ran, in order. A slice of these.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::CheckInStatus::{InProgress, Ok};
/// use crons::test::with_captured_check_ins;
///
/// let captured = with_captured_check_ins(|| crons::monitor("count").run(|| Result::<_, ()>::Ok(7)));
/// assert_eq!(captured.value, Result::Ok(7));
/// assert_eq!(captured.statuses(), [InProgress, Ok]);
/// assert_eq!(captured[0].monitor_slug.as_str(), "count");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Captured<R> {
    /// The returned value.
    pub value: R,
    /// The check-ins, each as it was reported, before a start is coalesced with its end.
    pub check_ins: Vec<CheckIn>,
}

impl<R> Captured<R> {
    /// The statuses of all check-ins, in order.
    pub fn statuses(&self) -> Vec<CheckInStatus> {
        self.check_ins.iter().map(|check_in| check_in.status).collect()
    }

    /// The statuses of the check-ins of one monitor, in order.
    pub fn statuses_of(&self, slug: impl AsRef<str>) -> Vec<CheckInStatus> {
        let of_slug = self.iter().filter(|check_in| check_in.monitor_slug.as_str() == slug.as_ref());
        of_slug.map(|check_in| check_in.status).collect()
    }
}

impl<R> Deref for Captured<R> {
    type Target = [CheckIn];

    fn deref(&self) -> &[CheckIn] {
        &self.check_ins
    }
}

impl<R> IntoIterator for Captured<R> {
    type Item = CheckIn;
    type IntoIter = std::vec::IntoIter<CheckIn>;

    fn into_iter(self) -> Self::IntoIter {
        self.check_ins.into_iter()
    }
}

impl<'a, R> IntoIterator for &'a Captured<R> {
    type Item = &'a CheckIn;
    type IntoIter = std::slice::Iter<'a, CheckIn>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Runs `f`, and returns its value with the check-ins that it reported.
///
/// A [scope](crate::Client::scope): it holds for this thread, so parallel tests do not see each other. On other threads, and in tasks
/// that `f` spawns, nothing is captured until they enter the scope by [`Client::current`]:
///
/// ```
/// # use crons_runtime as crons;
/// use crons::Client;
/// use crons::test::with_captured_check_ins;
///
/// let captured = with_captured_check_ins(|| {
///     let client = Client::current();
///     let importing = std::thread::spawn(move || client.scope(|| crons::monitor("import").run(|| ())));
///     importing.join().unwrap();
/// });
/// assert_eq!(captured.check_ins.len(), 2);
/// ```
///
/// The environment of the check-ins is `production`.
pub fn with_captured_check_ins<R>(f: impl FnOnce() -> R) -> Captured<R> {
    let (client, sink) = capturing();
    let value = client.scope(f);
    Captured { value, check_ins: sink.take() }
}

/// Captures what a future reports while it is polled, on whatever thread, like [`with_captured_check_ins`] for a closure.
///
/// Spawned tasks and `spawn_blocking` are captured once they enter the scope, and have ended:
///
/// ```
/// # use crons_runtime as crons;
/// # use crons::{Client, test::with_captured_check_ins_async};
/// # async fn import() {}
/// # async fn test() {
/// let captured = with_captured_check_ins_async(async {
///     let client = Client::current();
///     tokio::spawn(client.scope_async(crons::monitor("import").run_async(import()))).await
/// })
/// .await;
/// assert_eq!(captured.check_ins.len(), 2);
/// # }
/// ```
pub async fn with_captured_check_ins_async<F: Future>(future: F) -> Captured<F::Output> {
    let (client, sink) = capturing();
    let value = client.scope_async(future).await;
    Captured { value, check_ins: sink.take() }
}

#[expect(clippy::expect_used, reason = "the name is valid")]
fn capturing() -> (Client, Arc<CaptureSink>) {
    let environment = Environment::parse(Environment::DEFAULT).expect("a valid name");
    let sink = Arc::new(CaptureSink::new(Defaults { environment, release: None }));
    let destination = Destination::Sink(sink.clone());
    (Client::borrowed(Some(Arc::new(destination))), sink)
}
