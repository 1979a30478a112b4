//! Tests of a `slug` that is no literal: it is validated once, at the start, and whatever is wrong with it the job runs.

use crons::CheckIn;
use crons::test::with_captured_check_ins;

use crate::support::child;
use crate::support::log::Log;

const NIGHTLY: &str = "nightly-backup";

const fn of_region(eu: bool) -> &'static str {
    if eu { "sync-eu" } else { "sync-us" }
}

#[crons::monitor(slug = NIGHTLY)]
fn by_constant() {}

#[crons::monitor(slug = concat!(env!("CARGO_PKG_NAME"), "-", "import"), interval = "1 hour")]
fn by_macros() {}

#[crons::monitor(slug = of_region(true))]
async fn by_call() {}

#[crons::monitor(slug = concat!("Sync ", "All!"))]
fn stored_otherwise() -> u8 {
    7
}

#[crons::monitor(slug = concat!("?", "!"))]
fn nothing_left() -> u8 {
    7
}

fn slugs(check_ins: &[CheckIn]) -> Vec<&str> {
    check_ins.iter().map(|check_in| check_in.monitor_slug.as_str()).collect()
}

#[test]
fn a_slug_may_be_a_constant_expression_and_is_judged_once() {
    if !child::is_alone() {
        return;
    }
    let log = Log::install();
    let check_ins = with_captured_check_ins(|| {
        by_constant();
        by_macros();
        pollster::block_on(by_call());
    });
    let of_each = ["nightly-backup", "crons-import", "sync-eu"];
    assert_eq!(slugs(&check_ins), of_each.map(|slug| [slug; 2]).concat());
    assert_eq!(log.text(), "", "there is nothing wrong with these");

    for _ in 0..2 {
        let check_ins = with_captured_check_ins(|| assert_eq!(stored_otherwise(), 7));
        assert_eq!(slugs(&check_ins), ["sync-all"; 2], "as the server stores it");
        let check_ins = with_captured_check_ins(|| assert_eq!(nothing_left(), 7));
        assert_eq!(slugs(&check_ins), [""; 0], "the job ran unwatched");
    }
    let said = log.text();
    let [stored, nothing] = *said.lines().collect::<Vec<_>>() else { panic!("two errors expected: {said}") };
    assert!(
        stored.contains("ERROR")
            && stored.contains("slug=Sync All! stored=sync-all at=tests/attribute/slug.rs:")
    );
    assert!(nothing.contains("ERROR") && nothing.contains("the job runs unwatched"), "{nothing}");
}
