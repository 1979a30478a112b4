#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use crons_macros::{main, monitor};
#[doc(inline)]
pub use crons_runtime::*;

#[doc(hidden)]
pub use crons_runtime::__private;
