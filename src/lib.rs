#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use crons_macros::{main, monitor};
#[doc(inline)]
pub use crons_runtime::*;

#[doc(hidden)]
pub use crons_runtime::__private;
