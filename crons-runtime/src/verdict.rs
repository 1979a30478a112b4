//! Whether what an annotated function returned is a failure: for any type, by autoref specialization.
//!
//! The expansion of the attribute brings both traits into scope and asks `(&&Probe(&output)).__crons_failed()`. Method lookup
//! tries the receiver as it stands first, which fits [`ViaOutcome`]; only where the value has no [`Outcome`] does it take
//! one `&` away and find [`ViaAny`]. The types are concrete there, so `Err` is seen through aliases and `impl Trait`.
#![doc(hidden)]

use crate::Outcome;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// The answer of a value that knows: `Result`, `ExitCode`, and what else implements [`Outcome`].
pub trait ViaOutcome {
    /// Whether the run failed. The name is one that no trait of a user has.
    fn __crons_failed(&self) -> bool;
}

impl<T: Outcome> ViaOutcome for &Probe<'_, T> {
    fn __crons_failed(&self) -> bool {
        self.0.failed()
    }
}

/// The answer for all other values: whoever returns is fine.
pub trait ViaAny {
    /// No.
    fn __crons_failed(&self) -> bool;
}

impl<T> ViaAny for Probe<'_, T> {
    fn __crons_failed(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::io;
    use std::process::{ExitCode, Termination};

    use super::*;

    macro_rules! failed {
        ($output:expr) => {
            (&&Probe(&$output)).__crons_failed()
        };
    }

    struct Silent;

    struct Rejected(usize);

    impl Outcome for Rejected {
        fn failed(&self) -> bool {
            self.0 > 0
        }
    }

    #[test]
    fn an_err_is_a_failure_whatever_it_holds() {
        assert!(failed!(Err::<(), Silent>(Silent)));
        assert!(!failed!(Ok::<Silent, Silent>(Silent)));
    }

    #[test]
    fn an_err_is_seen_through_aliases_opaque_types_and_generics() {
        fn aliased() -> io::Result<u8> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn opaque() -> Result<impl Debug, impl Debug> {
            Err::<u8, _>(7)
        }
        fn generic<T, E>(output: &Result<T, E>) -> bool {
            failed!(*output)
        }
        assert!(failed!(aliased()));
        assert!(failed!(opaque()));
        assert!(generic(&Err::<(), Silent>(Silent)));
    }

    #[test]
    fn an_exit_code_is_a_failure_unless_it_is_success() {
        assert!(failed!(ExitCode::FAILURE));
        assert!(failed!(ExitCode::from(2)));
        assert!(!failed!(ExitCode::from(0)));
    }

    #[test]
    fn a_type_with_an_outcome_of_its_own_is_asked() {
        assert!(failed!(Rejected(1)));
        assert!(!failed!(Rejected(0)));
    }

    #[test]
    fn everything_else_is_a_success() {
        fn bare<T>(output: &T) -> bool {
            failed!(*output)
        }
        fn opaque() -> impl Termination {}
        assert!(!failed!(()));
        assert!(!failed!(None::<u8>));
        assert!(!failed!("text"));
        assert!(!failed!(opaque()));
        assert!(!bare(&Err::<(), Silent>(Silent)), "behind a bare `T` there is nothing to see");
    }
}
