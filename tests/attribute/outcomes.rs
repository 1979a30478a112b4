//! Tests of the table in the docs of `crons::Outcome`: the outcome of the values of a job, for attribute, closure and future.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::ops::ControlFlow;
use std::process::{Command, ExitCode, ExitStatus, Output};

use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, Outcome, monitor};

fn last(check_ins: &[CheckIn]) -> &'static str {
    check_ins.last().unwrap().status.as_str()
}

fn failed_child() -> ExitStatus {
    Command::new("false").status().unwrap()
}

fn fine_child() -> ExitStatus {
    Command::new("true").status().unwrap()
}

fn output() -> Output {
    Command::new("false").output().unwrap()
}

/// The status that annotated functions report for such a value. Sync and async ones report the same.
macro_rules! by_attribute {
    ($type:ty, $value:expr) => {{
        #[crons::monitor(slug = "job")]
        fn plain() -> $type {
            $value
        }
        #[crons::monitor(slug = "job")]
        async fn future() -> $type {
            $value
        }
        #[crons::monitor(slug = "job")]
        fn boxed() -> std::pin::Pin<Box<dyn Future<Output = $type>>> {
            Box::pin(async { $value })
        }
        let check_ins = [
            with_captured_check_ins(plain).check_ins,
            pollster::block_on(with_captured_check_ins_async(future())).check_ins,
            pollster::block_on(with_captured_check_ins_async(boxed())).check_ins,
        ];
        let [plain, future, boxed] = check_ins.each_ref().map(|check_ins| last(check_ins));
        assert_eq!((plain, plain), (future, boxed), "{}", stringify!($type));
        plain
    }};
}

/// The status that a closure and a future report for such a value, which is the same.
macro_rules! by_type_parameter {
    ($type:ty, $value:expr) => {{
        let closure = with_captured_check_ins(|| monitor("job").run(|| -> $type { $value }));
        let future: $type = $value;
        let future = monitor("job").run_async(async { future });
        let future = pollster::block_on(with_captured_check_ins_async(future));
        assert_eq!(last(&closure), last(&future), "{}", stringify!($type));
        last(&closure)
    }};
}

macro_rules! rows {
    ($($type:ty: $value:expr => $attribute:literal, $run:literal;)+) => {
        $(
            assert_eq!(by_attribute!($type, $value), $attribute, "attribute: {}", stringify!($value));
            assert_eq!(by_type_parameter!($type, $value), $run, "run: {}", stringify!($value));
        )+
    };
}

struct Rejected(usize);

impl Outcome for Rejected {
    fn failed(&self) -> bool {
        self.0 > 0
    }
}

/// An error without text, not even by `Debug`.
struct Silent;

type Aliased<T> = Result<T, Silent>;

#[test]
fn what_a_value_says_of_its_run() {
    rows! {
        (): () => "ok", "ok";
        Result<Silent, Silent>: Ok(Silent) => "ok", "ok";
        Aliased<u8>: Err(Silent) => "error", "error";
        io::Result<()>: Err(io::Error::other("full")) => "error", "error";
        ExitCode: ExitCode::SUCCESS => "ok", "ok";
        ExitCode: ExitCode::from(3) => "error", "error";
        ExitStatus: fine_child() => "ok", "ok";
        ExitStatus: failed_child() => "error", "error";
        Output: output() => "error", "error";
        io::Result<ExitCode>: Ok(ExitCode::SUCCESS) => "ok", "ok";
        io::Result<ExitCode>: Ok(ExitCode::from(3)) => "error", "error";
        Aliased<ExitStatus>: Ok(failed_child()) => "error", "error";
        Aliased<ExitStatus>: Ok(fine_child()) => "ok", "ok";
        Aliased<Output>: Ok(output()) => "error", "error";
        io::Result<Option<ExitStatus>>: Ok(Some(failed_child())) => "error", "error";
        io::Result<Option<ExitStatus>>: Ok(None) => "ok", "ok";
        Option<Result<(), Silent>>: Some(Err(Silent)) => "error", "error";
        Option<Result<(), Silent>>: Some(Ok(())) => "ok", "ok";
        Option<Result<(), Silent>>: None => "ok", "ok";
        Option<ExitCode>: Some(ExitCode::FAILURE) => "error", "error";
        Result<Option<()>, Silent>: Err(Silent) => "error", "error";
        Result<Option<()>, Silent>: Ok(None) => "ok", "ok";
        Aliased<io::Result<()>>: Ok(Err(io::Error::other("full"))) => "error", "ok";
        Aliased<Aliased<()>>: Ok(Ok(())) => "ok", "ok";
        Aliased<Option<Aliased<()>>>: Ok(Some(Err(Silent))) => "error", "ok";
        Aliased<Aliased<ExitCode>>: Ok(Ok(ExitCode::FAILURE)) => "error", "ok";
        ControlFlow<u8>: ControlFlow::Break(1) => "ok", "ok";
        ControlFlow<u8>: ControlFlow::Continue(()) => "ok", "ok";
        Rejected: Rejected(1) => "error", "error";
        Rejected: Rejected(0) => "ok", "ok";
        Option<Rejected>: Some(Rejected(1)) => "error", "error";
        Aliased<Rejected>: Ok(Rejected(1)) => "error", "ok";
    }
    assert_eq!(by_attribute!(Silent, Silent), "ok");
    assert_eq!(by_attribute!(Option<u8>, None), "ok");
    assert_eq!(by_attribute!(Result<impl Sized, impl Sized>, Err::<u8, _>(Silent)), "error");
    assert_eq!(by_attribute!(Result<impl Sized, Silent>, Ok(ExitCode::FAILURE)), "error");
}

#[tokio::test]
async fn the_job_of_a_spawned_task_is_seen_through_its_join_handle() {
    #[crons::monitor(slug = "job")]
    async fn annotated() -> Result<Result<(), String>, tokio::task::JoinError> {
        tokio::spawn(async { Err("full".to_owned()) }).await
    }
    let check_ins = with_captured_check_ins_async(async { annotated().await.unwrap().unwrap_err() }).await;
    assert_eq!(last(&check_ins), "error");
}

#[test]
fn borrows_and_generic_values_may_be_in_an_ok() {
    fn generic<T>(value: T) -> Result<T, Silent> {
        monitor("job").run(|| Ok(value))
    }
    #[crons::monitor(slug = "job")]
    fn annotated<T>(value: T) -> Result<T, Silent> {
        Ok(value)
    }
    let local = String::from("x");
    assert_eq!(last(&with_captured_check_ins(|| _ = generic(&local))), "ok");
    assert_eq!(last(&with_captured_check_ins(|| _ = generic(failed_child()))), "error");
    assert_eq!(last(&with_captured_check_ins(|| _ = annotated(&local))), "ok");
    assert_eq!(last(&with_captured_check_ins(|| _ = annotated(failed_child()))), "error");
}
