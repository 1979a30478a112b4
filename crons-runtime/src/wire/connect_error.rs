//! Why there is no HTTP client.

use std::error::Error;

/// Why the HTTP transport could not be set up.
pub(crate) enum ConnectError {
    /// Certificates of authorities cannot be used.
    Certificates {
        /// The option or the variable of the environment that names them.
        origin: &'static str,
        /// What is wrong with them.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The HTTP client could not be built.
    Start(Box<dyn Error + Send + Sync>),
}
