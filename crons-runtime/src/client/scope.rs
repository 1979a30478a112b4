//! Scopes: parts of the program that report to a client of their own instead of the global one.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::client::client::Client;
use crate::client::destination::Destination;
use crate::client::global::{self, ActiveScope};

thread_local! {
    /// The clients of the scopes that this thread is in, the innermost last.
    static SCOPES: RefCell<Vec<Client>> = const { RefCell::new(Vec::new()) };
}

/// The client of the innermost scope that this thread is in.
fn innermost() -> Option<Client> {
    // A thread that is ending has lost its scopes.
    SCOPES.try_with(|scopes| scopes.borrow().last().cloned()).ok().flatten()
}

/// The destination for check-ins of this thread. `None` if it has no client, or a disabled one.
pub(crate) fn destination() -> Option<Arc<Destination>> {
    if !global::is_active() {
        return None;
    }
    if let Some(client) = innermost() {
        return client.destination().map(Arc::clone);
    }
    let destination = global::destination();
    if destination.is_none() {
        global::warn_uninitialized();
    }
    destination
}

impl Client {
    /// The client that this thread reports to: of the innermost [`scope`](Self::scope), else of [`init`](crate::init). Disabled if there is
    /// none.
    ///
    /// Carries a scope on to other threads and to spawned tasks, in code that does not know whose scope it is:
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// fn import_all() {
    ///     let client = crons::Client::current();
    ///     let importing = std::thread::spawn(move || client.scope(|| crons::monitor("import").run(|| ())));
    ///     importing.join().unwrap();
    /// }
    ///
    /// # #[cfg(feature = "test")]
    /// let captured = crons::test::with_captured_check_ins(import_all);
    /// # #[cfg(feature = "test")]
    /// assert_eq!(captured.check_ins.len(), 2);
    /// ```
    pub fn current() -> Self {
        innermost().unwrap_or_else(|| Self::borrowed(global::destination()))
    }

    /// Runs `f`, and returns its value. Runs that begin on this thread meanwhile report to this client, those of annotated functions
    /// included.
    ///
    /// Scopes nest; the innermost counts. Other threads are not in the scope: enter it there, by a clone. If the client is disabled,
    /// nothing is reported.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Leave {
            _active: ActiveScope,
        }
        impl Drop for Leave {
            fn drop(&mut self) {
                // The handle may be the last one, and deliver: not while the scopes are borrowed.
                let left = SCOPES.try_with(|scopes| scopes.borrow_mut().pop());
                drop(left);
            }
        }
        let active = ActiveScope::enter();
        if SCOPES.try_with(|scopes| scopes.borrow_mut().push(self.clone())).is_err() {
            return f();
        }
        let _leave = Leave { _active: active };
        f()
    }

    /// Wraps a future so that it is in the scope of this client wherever it is polled, and dropped. What it spawns is not in the scope.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// # async fn import() {}
    /// # async fn spawn(client: &crons::Client) -> Result<(), tokio::task::JoinError> {
    /// tokio::spawn(client.scope_async(import())).await
    /// # }
    /// ```
    pub fn scope_async<F: Future>(&self, future: F) -> ScopedFuture<F> {
        ScopedFuture { future: Some(future), client: self.clone() }
    }
}

pin_project_lite::pin_project! {
    /// A future that reports to a client of its own; made by [`Client::scope_async`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct ScopedFuture<F> {
        // `None` when it is being dropped.
        #[pin]
        future: Option<F>,
        client: Client,
    }

    impl<F> PinnedDrop for ScopedFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            // A combinator may keep futures that lost a race until it is dropped itself: what they report then is in the scope, too.
            let mut this = this.project();
            this.client.scope(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for ScopedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.future.as_pin_mut() {
            Some(future) => this.client.scope(|| future.poll(context)),
            None => Poll::Pending,
        }
    }
}

impl<F: fmt::Debug> fmt::Debug for ScopedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedFuture").field("future", &self.future).finish_non_exhaustive()
    }
}
