//! Tests that a run costs the thread of its job no allocation while the client sends.

use std::time::Duration;

use crons::{ClientOptions, Request, Response, SendFuture, Transport};

use crate::allocations;
use crate::support::child;

/// Accepts every request.
struct Sink;

impl Transport for Sink {
    fn send(&self, _: Request) -> SendFuture {
        Box::pin(async { Ok(Response::new(200)) })
    }
}

#[crons::monitor(slug = "job", schedule = "@daily", timezone = "Europe/Vienna", owner = "team:ops")]
fn job(n: u8) -> Result<u8, String> {
    Ok(n)
}

fn runs(count: u16) {
    for n in 0..count {
        assert!(job(n.to_le_bytes()[0]).is_ok());
    }
}

#[test]
fn a_run_allocates_nothing_on_the_thread_of_its_job() {
    if !child::is_alone() {
        return;
    }
    let options = ClientOptions::new()
        .dsn("http://key@127.0.0.1:9/1")
        .max_check_ins_per_minute(crons::MaxCheckIns::Unlimited)
        .transport(Sink);
    let crons = crons::init(options);
    // The first runs allocate what is made once, and room for all the check-ins below: the inbox grows by doubling.
    runs(10_000);
    assert!(crons.flush(Duration::from_secs(30)));
    let before = allocations::so_far();
    runs(10_000);
    let allocated = allocations::so_far() - before;
    assert!(allocated < 50, "{allocated} allocations in 10,000 runs");
    assert!(crons.close(Duration::from_secs(30)).all_delivered());
}
