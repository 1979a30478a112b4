//! The cost of an idle client, and the time until the server sees a start.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::contenders::{OurClient, crons_options, job};
use crate::measure::{median, quantile};
use crate::sink;
use crate::threads::Threads;

const LONGEST: Duration = Duration::from_secs(30);
/// A request as long as a start.
const BODY: [u8; 500] = [b' '; 500];

pub fn idle(seconds: u64) -> Result<()> {
    let address = sink::start(Duration::ZERO, |_| ())?;
    let before = Threads::now()?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&format!("http://key@{address}/1"))))?;
    let client = Threads::now()?.since(&before);
    // The first run connects, and creates everything that is created once.
    job(1);
    crons.flush(LONGEST);
    let time = client.time()?;
    std::thread::sleep(Duration::from_secs(seconds));
    let used = client.time()? - time;
    let share = 100.0 * used.as_secs_f64() / seconds as f64;
    println!("{used:?} of CPU time in {seconds} s without a run: {share:.4} % of a core");
    crons.close(LONGEST);
    Ok(())
}

pub fn visible(runs: usize) -> Result<()> {
    let (arrive, arrived) = mpsc::channel();
    let address = sink::start(Duration::ZERO, move |_| {
        // The receiver is gone once the figures are printed.
        let _ = arrive.send(Instant::now());
    })?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&format!("http://key@{address}/1"))))?;
    let mut bare = TcpStream::connect(address)?;
    bare.set_nodelay(true)?;
    let (mut first, mut seen, mut round_trips) = (None, Vec::new(), Vec::new());
    for _ in 0..runs {
        round_trips.push(round_trip(&mut bare, address)?);
        arrived.recv_timeout(LONGEST)?;
        let began = Instant::now();
        let check_in = black_box(crons::monitor("bench-ok").start());
        let took = (arrived.recv_timeout(LONGEST)? - began).as_secs_f64() * 1e6;
        if first.is_none() {
            first = Some(took);
        } else {
            seen.push(took);
        }
        check_in.ok();
        arrived.recv_timeout(LONGEST)?;
        crons.flush(LONGEST);
    }
    println!("from start() to its arrival, {runs} runs, in µs");
    println!("{:<34} {:>8} {:>8}", "", "p50", "p99");
    let row = |name, middle, late| println!("{name:<34} {middle:>8.0} {late:>8.0}");
    let trips = (median(round_trips.clone()), quantile(round_trips, 0.99));
    let seen = (median(seen.clone()), quantile(seen, 0.99));
    row("there and back, by a bare socket", trips.0, trips.1);
    row("crons, connected", seen.0, seen.1);
    row("beyond there and back", seen.0 - trips.0, seen.1 - trips.1);
    println!("{:<34} {:>8.0}", "crons, the first, not connected", first.unwrap_or_default());
    crons.close(LONGEST);
    Ok(())
}

/// Returns the time in microseconds.
fn round_trip(stream: &mut TcpStream, host: SocketAddr) -> Result<f64> {
    let mut request =
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", BODY.len()).into_bytes();
    request.extend_from_slice(&BODY);
    let began = Instant::now();
    stream.write_all(&request)?;
    let mut answer = [0; 256];
    if stream.read(&mut answer)? == 0 {
        return Err("the sink has hung up".into());
    }
    Ok(began.elapsed().as_secs_f64() * 1e6)
}
