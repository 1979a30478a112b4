//! Functions in a crate that denies every lint which ever complained about such an attribute (cases 51 and 53).
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused,
    unused_qualifications,
    unused_results,
    unit_bindings,
    let_underscore_drop,
    single_use_lifetimes,
    unused_lifetimes,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    trivial_casts,
    closure_returning_async_block,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::cargo,
    clippy::implicit_return,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::unwrap_in_result,
    clippy::panic,
    clippy::panic_in_result_fn,
    clippy::let_unit_value,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unreachable,
    clippy::exit,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::blanket_clippy_restriction_lints,
    clippy::default_numeric_fallback,
    clippy::else_if_without_else,
    clippy::exhaustive_structs,
    clippy::indexing_slicing,
    clippy::infinite_loop,
    clippy::integer_division,
    clippy::items_after_statements,
    clippy::min_ident_chars,
    clippy::missing_docs_in_private_items,
    clippy::missing_inline_in_public_items,
    clippy::missing_trait_methods,
    clippy::mod_module_files,
    clippy::multiple_unsafe_ops_per_block,
    clippy::needless_raw_strings,
    clippy::pattern_type_mismatch,
    clippy::pub_use,
    clippy::ref_patterns,
    clippy::renamed_function_params,
    clippy::same_name_method,
    clippy::semicolon_inside_block,
    clippy::single_call_fn,
    clippy::std_instead_of_core,
    clippy::string_slice,
    clippy::tests_outside_test_module,
    clippy::undocumented_unsafe_blocks,
    clippy::wildcard_imports,
    clippy::enum_glob_use,
    clippy::large_futures,
    clippy::redundant_closure_call
)]
#![expect(clippy::multiple_crate_versions, clippy::cargo_common_metadata, reason = "not about this crate")]

extern crate alloc;

use alloc::boxed::Box;
use alloc::string::String;
use core::future::{self, Future};
use core::pin::Pin;

/// Counts what was done.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Rows.
    pub rows: u8,
    /// Bytes.
    pub bytes: u8,
}

/// Returns nothing.
#[inline]
#[crons::monitor(interval = "1 hour", max_runtime = "2h", owner = "team:ops")]
pub fn unit() {}

/// Returns early.
///
/// # Errors
/// If the text is no number.
#[inline]
#[crons::monitor(schedule = "@daily", heartbeat = true)]
pub fn result(text: &str) -> Result<u8, String> {
    let number: u8 = match text.parse() {
        Ok(number) => number,
        Err(_) => return Err(String::from(text)),
    };
    return Ok(number);
}

/// Finds nothing.
#[must_use]
#[inline]
#[crons::monitor(on_none = "error")]
pub fn option(numbers: &[u8]) -> Option<&u8> {
    return numbers.first();
}

/// Assigns to an argument.
#[must_use]
#[inline]
#[crons::monitor(slug = concat!("assign", "ed"))]
pub fn assigned(mut totals: Totals) -> u8 {
    totals.rows = totals.bytes;
    return totals.rows;
}

/// Awaits.
///
/// # Errors
/// Never.
#[inline]
#[crons::monitor(on_cancel = "ignore")]
pub async fn asynchronous(text: &str) -> Result<&str, String> {
    future::ready(()).await;
    return Ok(text);
}

/// Returns nothing, later.
#[inline]
#[crons::monitor]
pub async fn asynchronous_unit() {
    future::ready(()).await;
}

/// The body never returns.
#[inline]
#[crons::monitor]
pub async fn never() -> ! {
    loop {
        future::pending::<()>().await;
    }
}

/// Returns an opaque future.
#[inline]
#[crons::monitor]
pub fn opaque(number: u8) -> impl Future<Output = u8> + Send {
    return future::ready(number);
}

/// Returns a boxed future.
#[must_use]
#[inline]
#[crons::monitor]
pub fn boxed(number: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    return Box::pin(future::ready(number));
}

/// Returns a future of a type with a name, later.
#[inline]
#[crons::monitor]
pub async fn handed_over(number: u8) -> future::Ready<u8> {
    future::ready(()).await;
    return future::ready(number);
}

/// Returns a boxed future, later.
#[inline]
#[crons::monitor]
pub async fn boxed_later(number: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    future::ready(()).await;
    return Box::pin(future::ready(number));
}

/// Returns an opaque future, later.
#[inline]
#[crons::monitor]
pub async fn opaque_later(number: u8) -> impl Future<Output = u8> + Send {
    future::ready(()).await;
    return future::ready(number);
}

/// Begins with items.
#[inline]
#[crons::monitor]
pub async fn items_first() -> u8 {
    use core::cmp;
    #[derive(Clone, Copy)]
    struct Row(u8);
    const FIRST: Row = Row(1);
    future::ready(()).await;
    return cmp::max(FIRST.0, 2);
}

/// Begins with an item and uses arguments.
#[must_use]
#[inline]
#[crons::monitor]
pub fn item_before_arguments(mut rows: u8, name: String) -> String {
    const MORE: u8 = 1;
    rows = rows.saturating_add(MORE);
    return if rows > MORE { name } else { String::new() };
}

/// Takes large arguments.
#[inline]
#[crons::monitor]
pub async fn large(data: [u8; 4096]) -> Option<u8> {
    future::ready(()).await;
    return data.first().copied();
}

impl Totals {
    /// Adds one.
    #[must_use]
    #[inline]
    #[crons::monitor(slug = "more")]
    pub fn more(mut self) -> Self {
        self.rows = self.rows.saturating_add(1);
        return self;
    }

    /// Begins with an item.
    #[must_use]
    #[inline]
    #[crons::monitor(slug = "item-in-a-method")]
    pub async fn item_in_a_method(mut self) -> Self {
        const MORE: u8 = 1;
        future::ready(()).await;
        self.rows = self.rows.saturating_add(MORE);
        return self;
    }

    /// Looks.
    #[inline]
    #[crons::monitor(slug = "look")]
    pub async fn look(&self) -> u8 {
        future::ready(()).await;
        return self.rows;
    }
}
