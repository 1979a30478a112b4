//! Errors of `init`.

use std::fmt;

use crons_types::{InvalidDsn, InvalidEnvironment};

#[cfg(feature = "http")]
use crate::wire::connect_error::ConnectError;
use crate::wire::transport::write_chain;

/// The reason for which the client could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitError {
    /// No DSN is set: neither [`ClientOptions::dsn`](crate::ClientOptions::dsn) nor `SENTRY_DSN` names one.
    NoDsn,
    /// [`ClientOptions::max_check_ins_per_minute`](crate::ClientOptions::max_check_ins_per_minute) is zero.
    NothingPerMinute,
    /// The DSN is malformed.
    Dsn(InvalidDsn),
    /// The server would refuse the environment.
    Environment(InvalidEnvironment),
    /// A variable of the environment, named here, is not UTF-8.
    NotUnicode(&'static str),
    /// `SENTRY_CRONS` says neither `on` nor `off`.
    InvalidSwitch(String),
    /// A [`ClientInitGuard`](crate::ClientInitGuard) of an earlier `init` is still alive.
    AlreadyInitialized,
    /// The feature `http` is off and no [`Transport`](crate::Transport) was given.
    NoTransport,
    /// Certificates of authorities cannot be used.
    Certificates {
        /// The option or the variable of the environment that names them.
        origin: &'static str,
        /// The fault of the certificates.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The HTTP client or the worker's thread could not be set up.
    Startup(Box<dyn std::error::Error + Send + Sync>),
}

#[cfg(feature = "http")]
impl From<ConnectError> for InitError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Certificates { origin, cause } => Self::Certificates { origin, cause },
            ConnectError::Start(cause) => Self::Startup(cause),
        }
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDsn => f.write_str("there is no DSN: set SENTRY_DSN to watch the jobs of this program"),
            Self::NothingPerMinute => f.write_str(
                "max_check_ins_per_minute is 0, which would send nothing: write 1 or more, MaxCheckIns::Unlimited, or disable the \
                 client by SENTRY_CRONS=off",
            ),
            Self::Dsn(refused) => write!(f, "{refused}"),
            Self::Environment(refused) => write!(f, "{refused}"),
            Self::NotUnicode(name) => write!(f, "{name} is not UTF-8; set it to plain text or unset it"),
            Self::InvalidSwitch(value) => {
                write!(f, "SENTRY_CRONS: {value:?} is neither `on` nor `off`; write one of them or unset it")
            }
            Self::AlreadyInitialized => f.write_str(
                "crons is already initialized; drop the guard of the first `init` before the second",
            ),
            Self::NoTransport => f.write_str(
                "there is no transport; turn on the feature `http` or give one by `ClientOptions::transport`",
            ),
            Self::Certificates { origin, cause } => {
                write!(f, "{origin}: ")?;
                write_chain(f, &**cause)
            }
            Self::Startup(cause) => {
                f.write_str("the client could not be started: ")?;
                write_chain(f, &**cause)
            }
        }
    }
}

impl std::error::Error for InitError {}
