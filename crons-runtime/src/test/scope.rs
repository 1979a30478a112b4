//! Polls futures with a client of their own.

use std::sync::Arc;

use crate::client::client::Client;
use crate::client::global;

/// Polls `future` with `client` as that of the thread.
pub(super) async fn scoped<F: Future>(client: Arc<Client>, future: F) -> F::Output {
    let mut future = Box::pin(future);
    let output =
        std::future::poll_fn(|context| global::with(Arc::clone(&client), || future.as_mut().poll(context)))
            .await;
    // A combinator may keep futures that lost a race until it is dropped itself: they are reported, too.
    global::with(client, || drop(future));
    output
}
