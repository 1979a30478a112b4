//! What the value that an annotated function returned says of its run: for any type, by autoref specialization.
//!
//! The expansion of the attribute brings all traits of [`by_type`] into scope and asks `(&&&&&Probe(&output))` for its
//! `__crons_verdict()`. Method lookup tries the receiver as it stands first, then takes one `&` away at a time, and so
//! finds the first trait whose bounds the type meets, from [`ViaDisplay`](by_type::ViaDisplay) down to
//! [`ViaAny`](by_type::ViaAny). The types are concrete there, so `Err` is seen through aliases and `impl Trait`.
#![doc(hidden)]

use std::fmt::{Debug, Display};

use crate::outcome::{Outcome, failed};

/// How a run ended that came to its end.
#[derive(Clone, Copy)]
pub enum Verdict<'a> {
    /// Well.
    Fine,
    /// Not well; the value does not say why.
    Failed,
    /// With an `Err`, which says why.
    Display(&'a dyn Display),
    /// With an `Err` that only programmers can read.
    Debug(&'a dyn Debug),
    /// With a `None`, which is a failure by `on_none = "error"`.
    None,
    /// With a `None`, which means by `on_none = "ignore"` that nothing happened.
    Nothing,
    /// With a future, whose own end nobody watches.
    Future,
}

impl Debug for Verdict<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fine => "Fine",
            Self::Failed => "Failed",
            Self::Display(_) => "Display(..)",
            Self::Debug(_) => "Debug(..)",
            Self::None => "None",
            Self::Nothing => "Nothing",
            Self::Future => "Future",
        })
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// One trait for each kind of value, from the most telling. Their method has a name that no trait of a user has.
pub mod by_type {
    use super::{Debug, Display, Outcome, Probe, Verdict, failed};

    /// A `Result` whose `Err` can be shown.
    pub trait ViaDisplay<'a> {
        /// Shows the `Err`.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T, E: Display> ViaDisplay<'a> for &&&&Probe<'a, Result<T, E>> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            self.0.as_ref().err().map_or(Verdict::Fine, |error| Verdict::Display(error))
        }
    }

    /// A `Result` whose `Err` can be printed for programmers.
    pub trait ViaDebug<'a> {
        /// Prints the `Err`.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T, E: Debug> ViaDebug<'a> for &&&Probe<'a, Result<T, E>> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            self.0.as_ref().err().map_or(Verdict::Fine, |error| Verdict::Debug(error))
        }
    }

    /// A value that knows: any other `Result`, `ExitCode`, and what else implements [`Outcome`].
    pub trait ViaOutcome<'a> {
        /// Asks the value.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T: Outcome> ViaOutcome<'a> for &&Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            if failed(self.0) { Verdict::Failed } else { Verdict::Fine }
        }
    }

    /// A future that the attribute could not see in the signature.
    pub trait ViaFuture<'a> {
        /// The run has only begun.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T: Future> ViaFuture<'a> for &Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            Verdict::Future
        }
    }

    /// All other values: whoever returns is fine.
    pub trait ViaAny<'a> {
        /// It is fine.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T> ViaAny<'a> for Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            Verdict::Fine
        }
    }
}

/// What `on_none` is about.
#[diagnostic::on_unimplemented(
    message = "`on_none` is for functions that return an `Option`, and this one returns `{Self}`",
    label = "there is no `None` in `{Self}`",
    note = "`Option<_>` and `Result<Option<_>, _>` can be `None`, also behind an alias; leave `on_none` out for all others"
)]
pub trait Optional {
    /// Whether there is nothing.
    fn is_none(&self) -> bool;
}

impl<T> Optional for Option<T> {
    fn is_none(&self) -> bool {
        self.is_none()
    }
}

impl<T, E> Optional for Result<Option<T>, E> {
    fn is_none(&self) -> bool {
        matches!(self, Ok(None))
    }
}

/// The verdict on `output` where a `None` has one of its own.
pub fn judge_none<'a>(output: &impl Optional, none: Verdict<'a>, otherwise: Verdict<'a>) -> Verdict<'a> {
    if output.is_none() { none } else { otherwise }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::process::{ExitCode, Termination};

    use super::by_type::*;
    use super::*;

    /// The verdict, with what it would say of the failure.
    macro_rules! judged {
        ($output:expr) => {
            match (&&&&&Probe(&$output)).__crons_verdict() {
                Verdict::Display(error) => format!("display: {error}"),
                Verdict::Debug(error) => format!("debug: {error:?}"),
                other => format!("{other:?}"),
            }
        };
    }

    struct Silent;

    #[derive(Debug)]
    struct Spelled;

    struct Rejected(usize);

    impl Outcome for Rejected {
        fn failed(&self) -> bool {
            self.0 > 0
        }
    }

    #[test]
    fn an_err_is_a_failure_whatever_it_holds_and_says_what_it_can() {
        assert_eq!(judged!(Err::<(), Silent>(Silent)), "Failed");
        assert_eq!(judged!(Err::<Silent, Spelled>(Spelled)), "debug: Spelled");
        assert_eq!(judged!(Err::<Silent, &str>("full")), "display: full");
        assert_eq!(
            judged!(Err::<(), Box<dyn std::error::Error + Send + Sync>>("full".into())),
            "display: full"
        );
        assert_eq!(judged!(Ok::<Silent, Silent>(Silent)), "Fine");
        assert_eq!(judged!(Ok::<Silent, String>(Silent)), "Fine");
    }

    #[test]
    fn an_err_is_seen_through_aliases_opaque_types_and_generics() {
        fn aliased() -> io::Result<u8> {
            Err(io::Error::other("full"))
        }
        fn opaque() -> Result<impl Debug, impl Debug> {
            Err::<u8, _>(7)
        }
        fn generic<T, E>(output: &Result<T, E>) -> String {
            judged!(*output)
        }
        fn shown<T, E: Display>(output: &Result<T, E>) -> String {
            judged!(*output)
        }
        assert_eq!(judged!(aliased()), "display: full");
        assert_eq!(judged!(opaque()), "debug: 7");
        assert_eq!(generic(&Err::<(), &str>("full")), "Failed");
        assert_eq!(shown(&Err::<(), &str>("full")), "display: full");
    }

    #[test]
    fn an_exit_code_is_a_failure_unless_it_is_success() {
        assert_eq!(judged!(ExitCode::FAILURE), "Failed");
        assert_eq!(judged!(ExitCode::from(2)), "Failed");
        assert_eq!(judged!(ExitCode::from(0)), "Fine");
    }

    #[test]
    fn a_type_with_an_outcome_of_its_own_is_asked() {
        assert_eq!(judged!(Rejected(1)), "Failed");
        assert_eq!(judged!(Rejected(0)), "Fine");
    }

    #[test]
    fn a_future_is_seen_where_the_signature_hid_it() {
        assert_eq!(judged!(std::future::ready(1)), "Future");
        assert_eq!(judged!(Box::pin(std::future::ready(1))), "Future");
    }

    #[test]
    fn everything_else_is_a_success() {
        fn bare<T>(output: &T) -> String {
            judged!(*output)
        }
        fn opaque() -> impl Termination {}
        assert_eq!(judged!(()), "Fine");
        assert_eq!(judged!(None::<u8>), "Fine");
        assert_eq!(judged!("text"), "Fine");
        assert_eq!(judged!(opaque()), "Fine");
        assert_eq!(bare(&Err::<(), Silent>(Silent)), "Fine", "behind a bare `T` there is nothing to see");
    }

    #[test]
    fn a_none_is_judged_where_that_was_asked_for() {
        let judged = |output: &Option<u8>| format!("{:?}", judge_none(output, Verdict::None, Verdict::Fine));
        assert_eq!(judged(&None), "None");
        assert_eq!(judged(&Some(1)), "Fine");
        assert!(Ok::<Option<u8>, Silent>(None).is_none());
        let none = Err::<Option<u8>, Silent>(Silent).is_none();
        assert!(!none);
    }
}
