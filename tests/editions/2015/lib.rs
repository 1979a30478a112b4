//! The attribute in edition 2015 (case 54), which has no `async` and reads paths from the root of the crate.
#![deny(warnings)]
#![cfg(test)]
#![allow(bare_trait_objects, deprecated, clippy::all)]

extern crate crons;

use std::future::{ready, Future};
use std::pin::Pin;

#[crons::monitor(slug = "job", schedule = "@daily", timezone = "UTC", max_runtime = 3)]
fn job(n: u8) -> Result<u8, Box<std::error::Error>> {
    let three: u8 = "3".parse()?;
    Ok(n + three)
}

#[crons::monitor(on_none = "error", heartbeat = true)]
fn option(mut n: Option<u8>) -> Option<u8> {
    n = n.map(|n| n + 1);
    n
}

#[crons::monitor]
fn boxed<'a>(n: &'a u8) -> Pin<Box<Future<Output = u8> + 'a>> {
    Box::pin(ready(*n))
}

#[crons::monitor]
fn opaque() -> impl Future<Output = u8> {
    ready(3)
}

struct Job;

impl Job {
    #[crons::monitor(slug = "method")]
    fn method(&self) -> Result<u8, u8> {
        let three = r#try!(Ok::<u8, u8>(3));
        Ok(three)
    }
}

mod inner {
    #[::crons::monitor(crate = crons)]
    pub fn inner() {}
}

#[test]
fn jobs_run() {
    assert_eq!(job(1).ok(), Some(4));
    assert_eq!(option(Some(1)), Some(2));
    assert_eq!(Job.method(), Ok(3));
    drop((boxed(&1), opaque()));
    inner::inner();
}
