//! The error of setting up HTTP.

use std::error::Error;

/// The reason for which the HTTP transport could not be set up.
pub(crate) enum ConnectError {
    /// Certificates of authorities cannot be used.
    Certificates {
        /// The option or the variable of the environment that names them.
        origin: &'static str,
        /// The fault.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The HTTP client could not be built.
    Start(Box<dyn Error + Send + Sync>),
}
