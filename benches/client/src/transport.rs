//! CPU time of the client's thread for a check-in, beside a bare reqwest loop that posts the same body.
//!
//! Measured on 2 busy cores, medians of 7 rounds of 5,000, five runs: 22 to 34 µs, 0.81 to 1.22 of the loop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crons::{CheckIn, MonitorConfig, Slug, capture_check_in};

use crate::Result;
use crate::contenders::{OurClient, crons_options};
use crate::measure::{median, thread_time};
use crate::sink;
use crate::threads::Threads;

/// Requests of the bare loop under way at the same time.
const IN_FLIGHT: usize = 8;
const LONGEST: Duration = Duration::from_secs(120);

pub fn run(check_ins: usize, rounds: usize) -> Result<()> {
    let last = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&last);
    let address = sink::start(Duration::ZERO, move |body| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_empty() {
            seen.extend_from_slice(body);
        }
    })?;
    let before = Threads::now()?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&format!("http://key@{address}/1"))))?;
    let client = Threads::now()?.since(&before);
    ours(&client, &crons, 100)?;
    let body = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let url = format!("http://{address}/api/1/envelope/");
    println!("{check_ins} check-ins of {} bytes a round, {rounds} rounds", body.len());
    let (mut bare_costs, mut our_costs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bare_rates, mut our_rates) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (bare_cost, bare_rate) = bare(&url, &body, check_ins)?;
        let (our_cost, our_rate) = ours(&client, &crons, check_ins)?;
        ratios.push(our_cost / bare_cost);
        bare_costs.push(bare_cost);
        our_costs.push(our_cost);
        bare_rates.push(bare_rate);
        our_rates.push(our_rate);
    }
    println!("{:<26} {:>14} {:>8} {:>14}", "", "µs of CPU each", "ratio", "check-ins/s");
    println!(
        "{:<26} {:>14.1} {:>8} {:>14.0}",
        "bare reqwest, 8 in flight",
        median(bare_costs),
        "",
        median(bare_rates)
    );
    println!(
        "{:<26} {:>14.1} {:>7.2}x {:>14.0}",
        "crons",
        median(our_costs),
        median(ratios),
        median(our_rates)
    );
    println!("\n{:?}", crons.close(LONGEST));
    Ok(())
}

/// Microseconds of CPU time for each, and how many a second. Ends of runs: they are never folded together.
fn ours(client: &Threads, crons: &crons::ClientInitGuard, check_ins: usize) -> Result<(f64, f64)> {
    let config = MonitorConfig::crontab("*/5 * * * *")?.checkin_margin(5)?.max_runtime(10)?;
    let slug = Slug::parse("bench-ok")?;
    let (time, began) = (client.time()?, Instant::now());
    for _ in 0..check_ins {
        let check_in = CheckIn::ok(slug.clone()).duration(Duration::from_micros(1_500));
        capture_check_in(check_in.monitor_config(config.clone()));
    }
    if !crons.flush(LONGEST) {
        return Err("not delivered".into());
    }
    let (elapsed, time) = (began.elapsed(), client.time()? - time);
    Ok(each(time, elapsed, check_ins))
}

fn bare(url: &str, body: &[u8], check_ins: usize) -> Result<(f64, f64)> {
    let (url, body) = (url.to_owned(), body.to_vec());
    // The thread has a name, for profilers.
    let looping =
        std::thread::Builder::new().name("bare-loop".to_owned()).spawn(move || -> Result<(f64, f64)> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let client = reqwest::Client::builder().no_proxy().build()?;
            // The bare loop is connected, as the client is.
            runtime.block_on(loops(&client, &url, &body, IN_FLIGHT))?;
            let (time, began) = (thread_time(), Instant::now());
            runtime.block_on(loops(&client, &url, &body, check_ins))?;
            Ok(each(thread_time() - time, began.elapsed(), check_ins))
        });
    looping?.join().map_err(|_| "the bare loop has panicked")?
}

async fn loops(client: &reqwest::Client, url: &str, body: &[u8], check_ins: usize) -> Result<()> {
    let mut tasks = Vec::new();
    for _ in 0..IN_FLIGHT {
        let (client, url, body) = (client.clone(), url.to_owned(), body.to_vec());
        tasks.push(tokio::spawn(async move {
            for _ in 0..check_ins / IN_FLIGHT {
                let post = client.post(&url).body(body.clone());
                let post = post.header("content-type", "application/x-sentry-envelope");
                let post = post.header("user-agent", "crons.rust/0.1.0");
                let auth = "Sentry sentry_version=7, sentry_client=crons.rust/0.1.0, sentry_key=key";
                post.header("x-sentry-auth", auth).send().await?.bytes().await?;
            }
            Ok::<_, reqwest::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn each(time: Duration, elapsed: Duration, check_ins: usize) -> (f64, f64) {
    let check_ins = check_ins as f64;
    (time.as_secs_f64() * 1e6 / check_ins, check_ins / elapsed.as_secs_f64())
}
