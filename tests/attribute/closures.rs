//! Tests of functions that return a closure: its signature comes from the return type, and the run ends when it is returned.

use std::panic::catch_unwind;

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::with_captured_check_ins;

#[crons::monitor]
fn inferred() -> impl Fn(&str) -> usize {
    |text| text.trim().len()
}

#[crons::monitor]
fn borrowing<'a, T: Clone + 'a>(
    all: &'a [T],
    early: bool,
) -> impl FnOnce(usize) -> Option<&'a T> + use<'a, T> {
    if early {
        assert!(crons::current_check_in_id().is_some());
    }
    move |index| all.get(index)
}

#[crons::monitor(heartbeat = true)]
fn boxing(n: u8) -> impl FnMut(&mut Vec<u8>) -> Box<dyn Fn(u8) -> u8> {
    move |all| {
        all.push(n);
        Box::new(move |more| n + more)
    }
}

#[crons::monitor]
fn panicking(n: u8) -> impl Fn() -> u8 {
    assert!(n > 0, "nothing");
    move || n
}

#[test]
fn a_closure_gets_its_signature_from_the_return_type() {
    let captured = with_captured_check_ins(|| {
        let closure = inferred();
        assert_eq!(crons::current_check_in_id(), None);
        closure(" text ")
    });
    assert_eq!((captured.value, captured.statuses()), (4, vec![InProgress, Fine]));
    let captured = with_captured_check_ins(|| borrowing(&[1, 2], true)(1).copied());
    assert_eq!((captured.value, captured.statuses()), (Some(2), vec![InProgress, Fine]));
    let captured = with_captured_check_ins(|| boxing(3)(&mut Vec::new())(4));
    assert_eq!((captured.value, captured.statuses()), (7, vec![Fine]));
}

#[test]
fn a_panic_before_the_closure_is_returned_is_an_error() {
    let captured = with_captured_check_ins(|| catch_unwind(|| panicking(0)()).is_err());
    assert_eq!((captured.value, captured.statuses()), (true, vec![InProgress, Error]));
}

#[test]
fn a_run_in_a_destructor_that_a_panic_calls_may_end_well() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            assert_eq!(panicking(1)(), 1);
        }
    }
    let captured = with_captured_check_ins(|| {
        catch_unwind(|| {
            let _cleanup = Cleanup;
            panic!("the job around");
        })
        .is_err()
    });
    assert_eq!((captured.value, captured.statuses()), (true, vec![InProgress, Fine]));
}
