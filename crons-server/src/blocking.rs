//! Reads of the database, which block, from code that must not.

use std::sync::Arc;

use crate::store::{Queries, StoreError};

/// Runs a read on a thread that may block.
///
/// # Errors
/// If the read fails or panics.
pub(crate) async fn read<T: Send + 'static>(
    queries: &Arc<dyn Queries>,
    read: impl FnOnce(&dyn Queries) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let queries = Arc::clone(queries);
    run(move || read(&*queries)).await
}

/// Runs anything that reads on a thread that may block.
///
/// # Errors
/// If `work` fails or panics.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panicked| Err(StoreError::unavailable(panicked)))
}
