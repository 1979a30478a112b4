//! The attribute in editions 2018 and 2021 (case 54).
#![deny(warnings)]
#![cfg(test)]
#![allow(clippy::allow_attributes, clippy::allow_attributes_without_reason, clippy::all)]

use std::future::{ready, Future};
use std::pin::Pin;

#[crons::monitor(slug = "job", schedule = "@daily", timezone = "UTC", max_runtime = 3)]
fn job(n: u8, gen: u8) -> Result<u8, Box<dyn std::error::Error>> {
    let three: u8 = "3".parse()?;
    Ok(n + three + gen)
}

#[crons::monitor]
async fn asynchronous(n: &u8) -> Result<&u8, Box<dyn std::error::Error + '_>> {
    let _three: u8 = "3".parse()?;
    ready(()).await;
    Ok(n)
}

#[crons::monitor(on_none = "error", heartbeat = true)]
fn option(mut n: (Option<u8>, u8)) -> Option<u8> {
    n.0 = n.0.map(|n| n + 1);
    n.0
}

/// A `mut` in a pattern makes a copy of what is otherwise borrowed, in these editions.
#[crons::monitor]
fn copied((mut a, b): &(u8, u8)) -> u8 {
    a += 1;
    a + b
}

#[crons::monitor]
fn boxed<'a>(n: &'a u8) -> Pin<Box<dyn Future<Output = u8> + 'a>> {
    Box::pin(async move { *n })
}

#[crons::monitor]
fn opaque(n: &u8) -> impl Future<Output = u8> + '_ {
    async move { *n }
}

/// An opaque type does not capture elided lifetimes, in these editions.
#[crons::monitor]
fn opaque_holds_nothing(n: &[u8], _: &str) -> impl Iterator<Item = u8> {
    let all: Vec<u8> = n.to_vec();
    all.into_iter()
}

macro_rules! made {
    ($vis:vis fn $name:ident($($argument:ident: $ty:ty),*) -> $output:ty $body:block) => {
        #[crons::monitor(slug = concat!("made-", stringify!($name)))]
        $vis fn $name($($argument: $ty),*) -> $output $body
    };
}

made! { pub fn sum(a: u8, b: u8) -> Result<u8, String> { Ok(a + b) } }

#[test]
fn jobs_run() {
    assert_eq!(copied(&(1, 2)), 4);
    assert_eq!(job(1, 2).ok(), Some(6));
    assert_eq!(pollster::block_on(asynchronous(&1)).ok(), Some(&1));
    assert_eq!(option((Some(1), 2)), Some(2));
    assert_eq!(pollster::block_on(boxed(&1)) + pollster::block_on(opaque(&2)), 3);
    assert_eq!(opaque_holds_nothing(&[1], "").count(), 1);
    assert_eq!(sum(1, 2), Ok(3));
}
