//! Sixty-four connections, each of which sends the begin and the end of one run after the other.

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;
use crate::process::Process;
use crate::summary::quantile;
use crate::wire::{Client, Request};

pub const CONNECTIONS: usize = 64;
pub const MONITORS: usize = 1_000;

/// The figures of one round.
#[derive(Clone, Copy)]
pub struct Round {
    pub per_second: f64,
    /// Microseconds of the server's CPU, for each request.
    pub cpu: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
}

/// The connections to one server, kept from round to round.
pub struct Load<'a> {
    server: &'a Process,
    senders: Vec<Sender>,
}

struct Sender {
    client: Client,
    begin: Request,
    end: Request,
    number: usize,
    monitors: Range<usize>,
    runs: u64,
    taken: Vec<Duration>,
}

impl<'a> Load<'a> {
    pub async fn connect(server: &'a Process) -> Result<Self> {
        Self::connect_as(server, 0, 0..MONITORS).await
    }

    /// Connects as one of several loads on the same database, by its place among them, to send check-ins of these monitors.
    pub async fn connect_as(server: &'a Process, place: usize, monitors: Range<usize>) -> Result<Self> {
        let mut senders = Vec::new();
        for number in place * CONNECTIONS..(place + 1) * CONNECTIONS {
            senders.push(Sender {
                client: Client::connect(server.address).await?,
                begin: Request::new(server.address, "in_progress", "*/10 * * * *"),
                end: Request::new(server.address, "ok", "*/10 * * * *"),
                number,
                monitors: monitors.clone(),
                runs: 0,
                taken: Vec::new(),
            });
        }
        Ok(Self { server, senders })
    }

    /// Lets all senders send for `length`.
    ///
    /// # Errors
    /// If one answer is not a plain success.
    pub async fn round(&mut self, length: Duration) -> Result<Round> {
        let (started, cpu) = (Instant::now(), self.server.cpu()?);
        let mut at_work = JoinSet::new();
        for sender in self.senders.drain(..) {
            at_work.spawn(sender.send_until(started + length));
        }
        let mut taken = Vec::new();
        while let Some(sender) = at_work.join_next().await {
            let mut sender = sender??;
            taken.append(&mut sender.taken);
            self.senders.push(sender);
        }
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), self.server.cpu()? - cpu);
        let requests = taken.len() as f64;
        let mut taken: Vec<f64> = taken.iter().map(|taken| taken.as_secs_f64() * 1e3).collect();
        Ok(Round {
            per_second: requests / seconds,
            cpu: cpu * 1e6 / requests,
            p50: quantile(&mut taken, 0.5),
            p99: quantile(&mut taken, 0.99),
        })
    }
}

impl Sender {
    async fn send_until(mut self, end: Instant) -> Result<Self> {
        while Instant::now() < end {
            let runs = usize::try_from(self.runs)?;
            let monitor = self.monitors.start + (self.number + runs * CONNECTIONS) % self.monitors.len();
            let run = (u64::try_from(self.number)? << 32) | self.runs;
            self.runs += 1;
            for request in [&mut self.begin, &mut self.end] {
                request.set(monitor, run);
                let sent = Instant::now();
                self.client.send(request).await?;
                self.taken.push(sent.elapsed());
            }
        }
        Ok(self)
    }
}
