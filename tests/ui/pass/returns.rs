#![deny(warnings)]

use std::io;
use std::pin::Pin;
use std::process::{ExitCode, Termination};

struct Silent;

#[crons::monitor]
fn unit() {}

#[crons::monitor]
fn result_without_debug(fail: bool) -> Result<(), Silent> {
    if fail {
        return Err(Silent);
    }
    Ok(())
}

#[crons::monitor]
fn alias(path: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(text)
}

#[crons::monitor]
fn exit_code() -> ExitCode {
    ExitCode::FAILURE
}

#[crons::monitor]
fn termination() -> impl Termination {}

#[crons::monitor]
fn opaque(n: u8) -> Result<impl Iterator<Item = u8>, Silent> {
    if n == 0 {
        return Err(Silent);
    }
    Ok(0..n)
}

#[crons::monitor]
fn nested() -> Result<Result<u8, Silent>, Silent> {
    Ok(Err(Silent))
}

#[crons::monitor]
fn coerced() -> Box<dyn Fn() -> u8> {
    Box::new(|| 3)
}

#[crons::monitor]
fn opaque_in_a_trait_object() -> Box<dyn Iterator<Item = impl std::fmt::Debug>> {
    Box::new([1, 2].into_iter())
}

#[crons::monitor]
fn opaque_in_a_boxed_future() -> Pin<Box<dyn Future<Output = Result<impl std::fmt::Debug, ()>>>> {
    Box::pin(async { Ok(1) })
}

macro_rules! returning {
    ($name:ident, $output:ty) => {
        #[crons::monitor]
        fn $name() -> $output {
            std::process::exit(0)
        }
    };
}

returning!(never_by_a_macro, !);

#[crons::monitor]
fn never(code: u8) -> ! {
    std::process::exit(code.into())
}

#[crons::monitor]
async fn never_async() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

#[crons::monitor]
async fn never_with_an_argument(served: String, mut left: Vec<u8>) -> ! {
    left.clear();
    drop((served, left));
    std::future::ready(()).await;
    std::process::exit(0)
}

fn main() {
    unit();
    let _ = (result_without_debug(true), alias("nowhere"), exit_code(), termination(), nested().is_ok());
    assert_eq!(opaque(3).map_or(0, Iterator::count), 3);
    assert_eq!(coerced()(), 3);
    assert_eq!(opaque_in_a_trait_object().count(), 2);
    drop((never_async(), never_with_an_argument(String::new(), Vec::new()), opaque_in_a_boxed_future()));
    let _ = never_by_a_macro as fn() -> _;
    never(0);
}
