//! Why a text is no configuration of alerts.

/// Why a text is no configuration of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAlerts(pub(super) String);

impl std::fmt::Display for InvalidAlerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAlerts {}
