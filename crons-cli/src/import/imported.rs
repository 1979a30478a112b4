//! The result of a translation.

/// A translation: the text to install, and a sentence about each job that was not wrapped.
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
    pub(super) reason: String,
    /// Whether the job has no schedule at all, or is wrapped already, so that leaving it is right.
    pub(super) is_expected: bool,
}

impl Left {
    pub(super) fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into(), is_expected: false }
    }

    pub(super) fn expected(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { is_expected: true, ..Self::new(place, reason) }
    }
}
