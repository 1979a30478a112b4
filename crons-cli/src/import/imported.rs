//! The result of a translation.

/// The text to install, and the jobs that were not wrapped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imported {
    pub(super) text: String,
    pub(super) left: Vec<Left>,
}

/// A job that was left as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// The place of the job, such as `line 7`.
    pub(super) place: String,
    pub(super) cause: NotWrapped,
}

/// The reason why a job was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotWrapped {
    /// The job has no schedule, or is wrapped already.
    NotNeeded(String),
    /// The job would have to be wrapped by hand.
    Unable(String),
}

impl NotWrapped {
    pub(super) fn reason(&self) -> &str {
        let (Self::NotNeeded(reason) | Self::Unable(reason)) = self;
        reason
    }
}

impl From<String> for NotWrapped {
    fn from(reason: String) -> Self {
        Self::Unable(reason)
    }
}
