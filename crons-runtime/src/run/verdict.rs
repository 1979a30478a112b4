//! How a run ended that came to its end, and what its value says of that.
#![doc(hidden)]

use std::fmt::{Debug, Display};

/// How a run ended that came to its end.
#[derive(Clone, Copy)]
pub enum Verdict<'a> {
    /// Well.
    Success,
    /// Not well; the value does not say why.
    Failed,
    /// With an `Err`, which says why.
    Display(&'a dyn Display),
    /// With an `Err` that only programmers can read.
    Debug(&'a dyn Debug),
    /// With a `None`, which is a failure by `on_none = "error"`.
    NoneIsError,
    /// With a future, whose own end nobody watches.
    UnmonitoredFuture,
    /// With a `Result` of this type that cannot be looked into.
    HiddenResult(&'static str),
}

impl<'a> Verdict<'a> {
    /// The verdict on a value, on what is inside it, and on what is inside that: the innermost that is not well, as it says most. A
    /// future inside a value is the value's own affair.
    #[must_use]
    pub fn innermost(outer: Self, inner: Self, innermost: Self) -> Self {
        let says = |verdict: &Verdict<'a>| !matches!(verdict, Self::Success | Self::UnmonitoredFuture);
        [innermost, inner].into_iter().find(says).unwrap_or(outer)
    }
}

impl Debug for Verdict<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::Display(_) => "Display(..)",
            Self::Debug(_) => "Debug(..)",
            Self::NoneIsError => "NoneIsError",
            Self::UnmonitoredFuture => "UnmonitoredFuture",
            Self::HiddenResult(_) => "HiddenResult(..)",
        })
    }
}
