//! `cargo run --release --bin disabled`: what a run costs without a DSN, beside a bare call.

use std::hint::black_box;
use std::time::Instant;

const CALLS: u32 = 20_000_000;

#[inline(never)]
fn bare(n: u64) -> Result<u64, String> {
    Ok(black_box(n) + 1)
}

#[inline(never)]
#[crons::monitor(slug = "job", schedule = "@daily")]
fn watched(n: u64) -> Result<u64, String> {
    Ok(black_box(n) + 1)
}

/// Nanoseconds for each call; the best of five.
fn measure(call: impl Fn(u64) -> Result<u64, String>) -> f64 {
    let once = || {
        let started = Instant::now();
        for n in 0..u64::from(CALLS) {
            let _ = black_box(call(n));
        }
        started.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let _crons = crons::init(crons::ClientOptions::new().dsn(""));
    let (bare, watched) = (measure(bare), measure(watched));
    println!(
        "bare {bare:.2} ns, watched {watched:.2} ns: {:.2} ns more, {:.1} times",
        watched - bare,
        watched / bare
    );
}
