//! The silence that keeps a message back, as it is stored with the message's incident and run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The author, the reason and the end of the silence that keeps a message back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silenced {
    pub until: Timestamp,
    /// A person, or `maintenance` for a window of the configuration.
    pub by: String,
    pub why: String,
}

/// The message about an incident that a silence keeps back, or kept back last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// At its end the message is decided anew: sent, kept back by another silence, or dropped.
    pub silence: Silenced,
    /// Whether that is still to be done.
    pub pending: bool,
}

impl Withheld {
    pub(super) fn pending(silence: Silenced) -> Self {
        Self { silence, pending: true }
    }
}
