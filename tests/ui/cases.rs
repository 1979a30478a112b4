//! The numbered cases that an attribute on functions must handle, and where each is proven. A test checks that the proof is there.

use std::path::Path;

/// The number, what it is about, the file, and a word of it.
const CASES: [(u8, &str, &str, &str); 61] = [
    (1, "no return type", "tests/ui/pass/returns.rs", "fn unit()"),
    (2, "an error without Debug", "tests/ui/pass/returns.rs", "fn result_without_debug"),
    (3, "Result behind an alias", "tests/attribute/synchronous.rs", "fn anyhow()"),
    (4, "Option, and what a None means", "tests/attribute/none.rs", "a_none_is_a_success_unless"),
    (5, "ExitCode", "tests/attribute/synchronous.rs", "an_exit_code_other_than_success"),
    (6, "impl Termination", "tests/ui/pass/returns.rs", "fn termination()"),
    (7, "early return and question marks", "tests/ui/pass/bodies.rs", "fn question_marks"),
    (8, "labels", "tests/ui/pass/bodies.rs", "fn labelled"),
    (9, "inference through Box<dyn Error>", "tests/ui/pass/bodies.rs", "fn inferred_default"),
    (11, "a wrong tail is shown at the tail", "tests/ui/fail/wrong-return-type.rs", "fn"),
    (12, "a borrow of self", "tests/ui/pass/methods.rs", "fn field(&mut self) -> &mut u8"),
    (13, "a borrow of an argument", "tests/ui/pass/arguments.rs", "fn borrowed("),
    (14, "the same, async", "tests/ui/pass/methods.rs", "async fn lookup"),
    (16, "mut arguments", "tests/ui/pass/arguments.rs", "fn fields_assigned"),
    (17, "patterns", "tests/ui/pass/arguments.rs", "fn patterns("),
    (18, "an unused argument", "tests/ui/fail/unused-argument-is-told-once.rs", "fn"),
    (19, "cfg on arguments", "tests/ui/pass/arguments.rs", "fn conditional"),
    (20, "impl Iterator", "tests/ui/pass/signatures.rs", "fn opaque_captures_all"),
    (22, "a function that never returns", "tests/ui/pass/returns.rs", "fn never("),
    (24, "generics, HRTB, impl Fn", "tests/ui/pass/arguments.rs", "fn generic<"),
    (25, "explicit lifetimes", "tests/ui/pass/signatures.rs", "fn several_lifetimes"),
    (26, "any self", "tests/ui/pass/receivers.rs", "fn by_pinned_arc"),
    (27, "methods of trait impls", "tests/ui/pass/receivers.rs", "fn deref_mut"),
    (28, "default methods, and ones without a body", "tests/ui/fail/on-a-method-without-body.rs", "fn run"),
    (30, "under async_trait", "tests/shapes/tests/stacked.rs", "under_async_trait_the_future"),
    (31, "on an impl block", "tests/ui/fail/on-an-async-trait-impl.rs", "impl Nightly"),
    (32, "impl Future", "tests/attribute/asynchronous.rs", "fn opaque"),
    (34, "BoxFuture", "tests/shapes/tests/stacked.rs", "the_box_future_of_futures"),
    (35, "streams", "tests/ui/fail/on-a-stream.rs", "Stream"),
    (36, "const fn", "tests/ui/fail/on-a-const-fn.rs", "const fn"),
    (
        37,
        "unsafe fn, and the warning about it",
        "tests/ui/fail/unsafe-operation-is-told-once.rs",
        "unsafe fn",
    ),
    (38, "extern \"C\"", "tests/ui/pass/signatures.rs", "fn unsafe_foreign"),
    (39, "items that are no function", "crons-macros/src/tests.rs", "an_item_that_is_no_function_is_named"),
    (40, "recursion", "tests/attribute/asynchronous.rs", "async_recursion_opens"),
    (41, "dead code", "tests/ui/fail/dead-code-is-told-once.rs", "fn"),
    (42, "other attributes", "tests/shapes/tests/stacked.rs", "other_attributes_stay"),
    (44, "test, above and below", "tests/shapes/tests/stacked.rs", "above_tokio_test"),
    (45, "tokio::main, above and below", "tests/shapes/tests/stacked.rs", "main_may_stand"),
    (46, "tracing::instrument, above and below", "tests/shapes/tests/stacked.rs", "instrument_may_stand"),
    (47, "shadowed names", "tests/ui/pass/hygiene.rs", "mod crons {}"),
    (48, "another name for the crate", "tests/renamed/src/lib.rs", "crate = c"),
    (51, "lints on deny", "tests/shapes/src/lib.rs", "clippy::nursery"),
    (51, "lints as of the bare function", "tests/shapes/tests/lints.rs", "a_monitored_function_is_told"),
    (53, "forbid(unsafe_code), no_implicit_prelude", "tests/ui/pass/hygiene.rs", "no_implicit_prelude"),
    (54, "editions", "tests/editions/2015/lib.rs", "edition 2015"),
    (55, "a half-typed body", "tests/ui/fail/body-half-typed.rs", "let m = ;"),
    (56, "no slug", "tests/attribute/synchronous.rs", "the_slug_is_the_name"),
    (57, "a slug that is none", "tests/ui/fail/slug-not-normal.rs", "slug"),
    (58, "a crontab that is none", "tests/ui/fail/schedule-six-fields.rs", "schedule"),
    (59, "what Sentry accepts", "crons-types/tests/crontab_accept.rs", "jsonl"),
    (60, "keys", "crons-macros/src/tests.rs", "a_key_that_is_meant_is_suggested"),
    (61, "expressions", "tests/attribute/slug.rs", "a_slug_may_be_a_constant_expression"),
    (62, "zones", "tests/ui/fail/timezone-misspelled.rs", "timezone"),
    (63, "panics", "tests/attribute/panics.rs", "a_panic_is_an_error"),
    (64, "a future that is dropped", "tests/attribute/cancel.rs", "the_loser_of_a_select"),
    (65, "a future that is never polled", "tests/attribute/cancel.rs", "a_future_that_is_never_polled"),
    (66, "other threads, and futures that are not Send", "tests/ui/pass/futures.rs", "Rc<u8>"),
    (67, "no DSN", "tests/attribute/disabled.rs", "without_a_dsn_a_run_allocates_nothing"),
    (68, "one slug for two functions", "tests/registry.rs", "slug=shared"),
    (69, "the documented signature", "crons-macros/src/tests/expansion.rs", "the_signature_stays"),
    (70, "the size of a future", "tests/attribute/size.rs", "a_guard_is_all_that_is_added"),
];

#[test]
fn each_case_is_where_it_is_said_to_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (number, about, file, word) in CASES {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(text.contains(word), "case {number}, {about}: no {word:?} in {file}");
    }
}
