//! The verdict on a run that came to its end, from the value of its job.
#![doc(hidden)]

use std::fmt::{Debug, Display};

use crate::run::outcome::{Outcome, failed, nested_result};

/// The outcome of a run that came to its end.
#[derive(Clone, Copy)]
pub enum Verdict<'a> {
    /// Success.
    Success,
    /// The run failed; the value does not say why.
    Failed,
    /// The run failed by an `Err` that implements `Display`.
    Display(&'a dyn Display),
    /// The run failed by an `Err` that implements `Debug` only.
    Debug(&'a dyn Debug),
    /// The run failed by a `None` under `on_none = "error"`.
    NoneIsError,
    /// Success; the value is a future that no run covers.
    UnmonitoredFuture,
    /// Success; the value may hide an `Err`, in a `Result` of this type that cannot be looked into.
    HiddenResult(&'static str),
}

impl<'a> Verdict<'a> {
    /// Combines the verdicts on a value, on the value inside it, and on the value inside that: the innermost failure, which says most. A
    /// future inside a value is ignored.
    #[must_use]
    pub fn innermost(outer: Self, inner: Self, innermost: Self) -> Self {
        let says = |verdict: &Verdict<'a>| !matches!(verdict, Self::Success | Self::UnmonitoredFuture);
        [innermost, inner].into_iter().find(says).unwrap_or(outer)
    }
}

/// The verdict on the value of a closure or a future, whose type is a parameter.
pub(crate) fn verdict_of<R: Outcome>(output: &R) -> Verdict<'_> {
    if failed(output) {
        return Verdict::Failed;
    }
    nested_result::<R>().map_or(Verdict::Success, Verdict::HiddenResult)
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
