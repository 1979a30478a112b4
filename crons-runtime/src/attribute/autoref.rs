//! The verdict on a run from the value that its annotated function returned: for any type, by autoref specialization.
//!
//! The expansion of the attribute brings all traits of [`by_type`] into scope and asks `(&&&&&probe)` for its `__crons_verdict()`.
//! Method lookup tries the receiver as it stands first, then takes one `&` away at a time, and so finds the first trait
//! whose bounds the type meets, from [`ViaDisplay`](by_type::ViaDisplay) down to [`ViaAny`](by_type::ViaAny). The types are
//! concrete there, so `Err` is seen through aliases and `impl Trait`. `(&&probe).__crons_inner()` finds in the same way what is
//! inside an `Ok` or a `Some`, which is asked next.
#![doc(hidden)]

use std::fmt::{Debug, Display};

use crate::run::outcome::{Outcome, exit_failed, failed, hidden_result};
use crate::run::verdict::Verdict;

/// A reference to a value whose type decides the verdict. `None` inside an `Err` or a `None`.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a, T>(Option<&'a T>);

impl<'a, T> Probe<'a, T> {
    /// A probe of `output`.
    pub fn new(output: &'a T) -> Self {
        Self(Some(output))
    }
}

/// Traits, one for each kind of value, the most specific first. Their methods have names that no trait of a user has.
pub mod by_type {
    use super::{Debug, Display, Outcome, Probe, Verdict, exit_failed, failed, hidden_result};

    /// A `Result` whose `Err` implements `Display`.
    pub trait ViaDisplay<'a> {
        /// Failure by an `Err`, with its text.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T, E: Display> ViaDisplay<'a> for &&&&Probe<'a, Result<T, E>> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            match self.0 {
                Some(Err(error)) => Verdict::Display(error),
                _ => Verdict::Success,
            }
        }
    }

    /// A `Result` whose `Err` implements `Debug`.
    pub trait ViaDebug<'a> {
        /// Failure by an `Err`, with its debug text.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T, E: Debug> ViaDebug<'a> for &&&Probe<'a, Result<T, E>> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            match self.0 {
                Some(Err(error)) => Verdict::Debug(error),
                _ => Verdict::Success,
            }
        }
    }

    /// A value that implements [`Outcome`]: any other `Result`, the exit of a program or a child, a type of the user.
    pub trait ViaOutcome<'a> {
        /// The verdict of [`Outcome::failed`].
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T: Outcome> ViaOutcome<'a> for &&Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            if self.0.is_some_and(failed) { Verdict::Failed } else { Verdict::Success }
        }
    }

    /// A future that the attribute could not see in the signature.
    pub trait ViaFuture<'a> {
        /// Success, with a warning that no run covers the future.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T: Future> ViaFuture<'a> for &Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            self.0.map_or(Verdict::Success, |_| Verdict::UnmonitoredFuture)
        }
    }

    /// Values of all other types. Behind a type parameter or an `impl Trait` there may be an exit or a `Result`.
    pub trait ViaAny<'a> {
        /// Success, unless it is a failed exit.
        fn __crons_verdict(&self) -> Verdict<'a>;
    }

    impl<'a, T> ViaAny<'a> for Probe<'a, T> {
        fn __crons_verdict(&self) -> Verdict<'a> {
            match self.0 {
                Some(value) if exit_failed(value) => Verdict::Failed,
                Some(_) => hidden_result::<T>().map_or(Verdict::Success, Verdict::HiddenResult),
                None => Verdict::Success,
            }
        }
    }

    /// A value with another inside that may have failed.
    pub trait ViaInner<'a> {
        /// The type of the value inside.
        type Inner;
        /// A probe of the value inside an `Ok` or a `Some`.
        fn __crons_inner(&self) -> Probe<'a, Self::Inner>;
    }

    impl<'a, T, E> ViaInner<'a> for &Probe<'a, Result<T, E>> {
        type Inner = T;
        fn __crons_inner(&self) -> Probe<'a, T> {
            Probe(self.0.and_then(|output| output.as_ref().ok()))
        }
    }

    impl<'a, T> ViaInner<'a> for &Probe<'a, Option<T>> {
        type Inner = T;
        fn __crons_inner(&self) -> Probe<'a, T> {
            Probe(self.0.and_then(|output| output.as_ref()))
        }
    }

    /// Values of all other types, which have no value inside.
    pub trait ViaNoInner {
        /// An empty probe.
        fn __crons_inner(&self) -> Probe<'static, ()>;
    }

    impl<T> ViaNoInner for Probe<'_, T> {
        fn __crons_inner(&self) -> Probe<'static, ()> {
            Probe(None)
        }
    }
}

/// A type that can be `None`, for `on_none`.
#[diagnostic::on_unimplemented(
    message = "`on_none` is for functions that return an `Option`, and this one returns `{Self}`",
    label = "there is no `None` in `{Self}`",
    note = "`Option<_>` and `Result<Option<_>, _>` can be `None`, also behind an alias; leave `on_none` out for all others"
)]
pub trait Optional {
    /// Returns whether the value is `None`.
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

/// Returns `none` if `output` is `None`, else `otherwise`.
pub fn verdict_on_none<'a>(output: &impl Optional, none: Verdict<'a>, otherwise: Verdict<'a>) -> Verdict<'a> {
    if output.is_none() { none } else { otherwise }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::ops::ControlFlow;
    use std::process::{ExitCode, ExitStatus, Output, Termination};

    use super::by_type::*;
    use super::*;

    /// The verdict, asked for as the attribute does, with what it would say of the failure.
    macro_rules! judged {
        ($output:expr) => {
            match &$output {
                output => {
                    let outer = Probe::new(output);
                    let inner = (&&outer).__crons_inner();
                    let innermost = (&&inner).__crons_inner();
                    match Verdict::innermost(
                        (&&&&&outer).__crons_verdict(),
                        (&&&&&inner).__crons_verdict(),
                        (&&&&&innermost).__crons_verdict(),
                    ) {
                        Verdict::Display(error) => format!("display: {error}"),
                        Verdict::Debug(error) => format!("debug: {error:?}"),
                        other => format!("{other:?}"),
                    }
                }
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
        assert_eq!(judged!(Ok::<Silent, Silent>(Silent)), "Success");
        assert_eq!(judged!(Ok::<Silent, String>(Silent)), "Success");
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
        assert_eq!(judged!(ExitCode::from(0)), "Success");
    }

    #[test]
    fn a_type_with_an_outcome_of_its_own_is_asked() {
        assert_eq!(judged!(Rejected(1)), "Failed");
        assert_eq!(judged!(Rejected(0)), "Success");
    }

    #[test]
    fn a_future_is_seen_where_the_signature_hid_it() {
        assert_eq!(judged!(std::future::ready(1)), "UnmonitoredFuture");
        assert_eq!(judged!(Box::pin(std::future::ready(1))), "UnmonitoredFuture");
    }

    #[test]
    fn everything_else_is_a_success() {
        fn bare<T>(output: &T) -> String {
            judged!(*output)
        }
        fn opaque() -> impl Termination {}
        assert_eq!(judged!(()), "Success");
        assert_eq!(judged!(None::<u8>), "Success");
        assert_eq!(judged!("text"), "Success");
        assert_eq!(judged!(opaque()), "Success");
        assert_eq!(judged!(ControlFlow::<Silent, Silent>::Break(Silent)), "Success");
        assert_eq!(bare(&Some(7)), "Success");
    }

    fn exit_status(command: &str) -> ExitStatus {
        std::process::Command::new(command).status().unwrap()
    }

    #[test]
    fn a_child_that_failed_is_a_failure_bare_and_inside() {
        let (failed, fine) = (exit_status("false"), exit_status("true"));
        let output = |status| Output { status, stdout: Vec::new(), stderr: Vec::new() };
        for (status, verdict) in [(failed, "Failed"), (fine, "Success")] {
            assert_eq!(judged!(status), verdict);
            assert_eq!(judged!(output(status)), verdict);
            assert_eq!(judged!(Ok::<_, io::Error>(status)), verdict);
            assert_eq!(judged!(Ok::<_, io::Error>(output(status))), verdict);
            assert_eq!(judged!(Some(status)), verdict);
            assert_eq!(judged!(Ok::<_, io::Error>(Some(status))), verdict);
            assert_eq!(judged!(Ok::<_, Silent>(Ok::<_, Silent>(status))), verdict);
        }
    }

    #[test]
    fn a_failure_inside_is_seen_and_says_what_it_can() {
        assert_eq!(judged!(Ok::<_, io::Error>(ExitCode::from(3))), "Failed");
        assert_eq!(judged!(Ok::<_, io::Error>(ExitCode::SUCCESS)), "Success");
        assert_eq!(judged!(Ok::<_, io::Error>(Err::<(), _>("full"))), "display: full");
        assert_eq!(judged!(Ok::<_, Silent>(Err::<Silent, _>(Spelled))), "debug: Spelled");
        assert_eq!(judged!(Ok::<_, Silent>(Err::<Silent, _>(Silent))), "Failed");
        assert_eq!(judged!(Ok::<Result<Silent, Silent>, Silent>(Ok(Silent))), "Success");
        assert_eq!(judged!(Some(Err::<(), _>("full"))), "display: full");
        assert_eq!(judged!(None::<Result<(), &str>>), "Success");
        assert_eq!(judged!(Err::<Option<()>, _>("full")), "display: full");
        assert_eq!(judged!(Ok::<Option<()>, &str>(None)), "Success");
        assert_eq!(judged!(Ok::<_, Silent>(Some(Err::<(), _>("full")))), "display: full");
        assert_eq!(judged!(Some(Ok::<_, Silent>(Err::<(), _>("full")))), "display: full");
        assert_eq!(judged!(Ok::<_, Silent>(Rejected(1))), "Failed");
        assert_eq!(judged!(Ok::<_, Silent>(std::future::ready(()))), "Success", "it may be meant to go on");
    }

    #[test]
    fn generics_see_an_exit_status_and_point_out_a_hidden_result() {
        fn bare<T>(output: &T) -> String {
            judged!(*output)
        }
        fn in_ok<T>(output: T) -> String {
            judged!(Ok::<T, Silent>(output))
        }
        fn opaque() -> impl Termination {
            ExitCode::FAILURE
        }
        assert_eq!(judged!(opaque()), "Failed");
        assert_eq!(bare(&ExitCode::FAILURE), "Failed");
        assert_eq!(in_ok(exit_status("false")), "Failed");
        assert_eq!(in_ok("text"), "Success");
        assert_eq!(bare(&Err::<(), Silent>(Silent)), "HiddenResult(..)");
        assert_eq!(in_ok(Some(Ok::<(), Silent>(()))), "HiddenResult(..)");
    }

    #[test]
    fn a_none_is_judged_where_that_was_asked_for() {
        let judged = |output: &Option<u8>| {
            format!("{:?}", verdict_on_none(output, Verdict::NoneIsError, Verdict::Success))
        };
        assert_eq!(judged(&None), "NoneIsError");
        assert_eq!(judged(&Some(1)), "Success");
        assert!(Ok::<Option<u8>, Silent>(None).is_none());
        let none = Err::<Option<u8>, Silent>(Silent).is_none();
        assert!(!none);
    }
}
