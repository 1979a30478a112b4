//! Jobs under `#[crons::monitor]`, and the client that they report to.

use std::hint::black_box;
use std::time::Duration;

use crons::{ClientOptions, Request, Response, SendFuture, Transport};

/// The destination of check-ins.
pub enum At<'a> {
    /// A transport that answers 200 at once.
    Nobody,
    Dsn(&'a str),
}

/// Returns the options of all benchmarks, without the settings that slow the client on purpose.
pub fn crons_options(at: &At<'_>) -> ClientOptions {
    let options =
        ClientOptions::new().environment("production").shutdown_timeout(Duration::ZERO).max_check_ins_per_minute(crons::MaxCheckIns::Unlimited);
    match at {
        At::Nobody => options.dsn("http://key@127.0.0.1:9/1").transport(Nobody),
        At::Dsn(dsn) => options.dsn(*dsn),
    }
}

struct Nobody;

impl Transport for Nobody {
    fn send(&self, _: Request) -> SendFuture {
        Box::pin(std::future::ready(Ok(Response::new(200))))
    }
}

/// The job without monitoring.
#[inline(never)]
pub fn unwatched(number: u64) -> u64 {
    black_box(number)
}

#[crons::monitor(slug = "bench-ok", schedule = "*/5 * * * *", checkin_margin = 5, max_runtime = 10)]
#[inline(never)]
pub fn job(number: u64) -> u64 {
    black_box(number)
}

#[crons::monitor(slug = "bench-error", schedule = "*/5 * * * *", checkin_margin = 5, max_runtime = 10)]
#[inline(never)]
pub fn job_that_fails(number: u64) -> Result<u64, u64> {
    Err(black_box(number))
}
