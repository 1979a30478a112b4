//! Tests that a panic is an error, and goes on unchanged.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Waker};

use crons::CheckInStatus::{Error, InProgress};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInStatus};

/// The payload of a panic, raised without the panic hook, so that the tests are quiet.
struct Payload(u8);

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

#[crons::monitor]
fn unit(n: u8) {
    resume_unwind(Box::new(Payload(n)));
}

#[crons::monitor]
fn result(n: u8) -> Result<u8, String> {
    resume_unwind(Box::new(Payload(n)))
}

#[crons::monitor]
fn never(n: u8) -> ! {
    resume_unwind(Box::new(Payload(n)))
}

#[crons::monitor(on_cancel = "ignore")]
async fn in_a_future(n: u8) {
    std::future::ready(()).await;
    resume_unwind(Box::new(Payload(n)));
}

/// The check-ins that were captured while `job` panicked with `Payload(7)`.
fn captured<R>(job: impl FnOnce(u8) -> R) -> Vec<CheckIn> {
    with_captured_check_ins(|| {
        let raised = catch_unwind(AssertUnwindSafe(|| job(7))).err();
        let payload = raised.as_ref().and_then(|raised| raised.downcast_ref::<Payload>());
        assert_eq!(payload.map(|payload| payload.0), Some(7), "the panic goes on");
    })
    .check_ins
}

#[test]
fn a_panic_is_an_error_with_a_duration_and_its_payload_goes_on() {
    let check_ins = captured(unit);
    assert_eq!(statuses(&check_ins), [InProgress, Error]);
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
    assert!(check_ins[1].duration.is_some());

    assert_eq!(statuses(&captured(result)), [InProgress, Error]);
}

#[test]
fn a_function_that_never_returns_can_still_panic() {
    let check_ins = captured(|n| never(n));
    assert_eq!(statuses(&check_ins), [InProgress, Error]);
}

#[test]
fn a_panic_in_a_future_is_an_error_whatever_on_cancel_says() {
    let check_ins = captured(|n| pollster::block_on(in_a_future(n)));
    assert_eq!(statuses(&check_ins), [InProgress, Error]);
}

#[crons::monitor]
fn outer() {
    unit(7);
}

#[test]
fn a_panic_through_nested_monitors_closes_both_from_the_inside() {
    let check_ins = captured(|_| outer());
    let told: Vec<_> = check_ins.iter().map(|one| (one.monitor_slug.as_str(), one.status)).collect();
    assert_eq!(told, [("outer", InProgress), ("unit", InProgress), ("unit", Error), ("outer", Error)]);
}

#[test]
fn the_thread_goes_on_to_monitor_after_a_panic() {
    let check_ins = pollster::block_on(with_captured_check_ins_async(async {
        for _ in 0..2 {
            assert!(catch_unwind(|| unit(7)).is_err());
        }
    }));
    assert_eq!(statuses(&check_ins), [InProgress, Error, InProgress, Error]);
}

#[crons::monitor(on_cancel = "ok")]
fn panicking_future() -> impl Future<Output = ()> {
    async {
        std::future::ready(()).await;
        resume_unwind(Box::new(Payload(1)));
    }
}

#[test]
fn a_panic_caught_before_the_drop_is_an_error_at_once() {
    let check_ins = with_captured_check_ins(|| {
        let mut context = Context::from_waker(Waker::noop());
        let mut futures: [Pin<Box<dyn Future<Output = ()>>>; 2] = [
            Box::pin(panicking_future()),
            Box::pin(crons::monitor("closure").on_cancel(crons::OnCancel::Ignore).run_async(panicking())),
        ];
        for future in &mut futures {
            assert!(catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))).is_err());
        }
        drop(futures);
    });
    assert_eq!(statuses(&check_ins), [InProgress, Error, InProgress, Error]);
}

async fn panicking() {
    std::future::ready(()).await;
    resume_unwind(Box::new(Payload(2)));
}

/// An outcome whose verdict panics.
struct Undecided;

impl crons::Outcome for Undecided {
    fn failed(&self) -> bool {
        resume_unwind(Box::new(Payload(3)))
    }
}

#[crons::monitor]
fn undecided() -> Undecided {
    Undecided
}

#[test]
fn a_panicking_outcome_is_an_error_and_the_value_is_returned() {
    let check_ins = with_captured_check_ins(|| {
        let _: Undecided = undecided();
        let _: Undecided = crons::monitor("closure").run(|| Undecided);
    });
    assert_eq!(statuses(&check_ins), [InProgress, Error, InProgress, Error]);
}
