//! The error of a configuration of alerts.

/// A configuration of alerts cannot work. The message names the key, its value if that is not a secret, what is allowed, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAlerts(pub(super) String);

impl std::fmt::Display for InvalidAlerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAlerts {}
