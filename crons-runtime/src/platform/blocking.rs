//! Blocking calls for async code, on any executor.

/// Runs `call` on a new thread named `name`, and returns its value. `None` if the thread could not be started, or if `call` panicked.
///
/// If the returned future is dropped, `call` goes on without it.
pub(crate) async fn on_new_thread<R: Send + 'static>(
    name: &str,
    call: impl FnOnce() -> R + Send + 'static,
) -> Option<R> {
    let (done, returned) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Fails if the caller was cancelled, which then wants no value.
        let _ = done.send(call());
    });
    thread.inspect_err(|error| log!(error, %error, "the thread `{name}` cannot be started")).ok()?;
    returned.await.ok()
}
