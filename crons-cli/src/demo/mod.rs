//! `crons demo`: a server with ninety days of invented jobs, to look at before a job is instrumented.

// The modules are in layer order: each uses only those above it.
mod jobs;
mod history;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use crons_server::{Database, RateLimit, Server, Settings, Simulation, Ticks};
use jiff::Timestamp;

use crate::serve::wait_for_signal;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Listen on this address of this machine; port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,
}

/// Serves the invented jobs from a temporary database until SIGINT or SIGTERM, then deletes it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let database = folder.path().join("demo.db");
    fill(&database, Timestamp::now())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let settings = Settings { database: Database::sqlite(database), ..Settings::default() };
        let listener = tokio::net::TcpListener::bind(arguments.listen).await.map_err(|error| {
            format!("cannot listen on {}: {error}; choose another address with --listen", arguments.listen)
        })?;
        let server = Server::open(&settings).await?.serve(listener)?;
        writeln!(
            std::io::stdout().lock(),
            "Demo: 90 days of invented jobs. Open http://{}/\n\nNothing sends to it, so its jobs will be missed from now on. Ctrl-C \
             ends it and deletes its data.",
            server.address()
        )?;
        tokio::select! {
            signal = wait_for_signal() => signal?,
            () = server.closed() => return Err("the demo has stopped because its database failed".into()),
        }
        server.shutdown().await?;
        Ok(())
    })
}

/// Writes the invented history that ends at `now` to a new file.
fn fill(database: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let mut simulation = Simulation::new(Ticks::EveryMinute, RateLimit::SENTRY)?;
    let outage = history::outage(now);
    simulation.add_outage(outage.start, outage.end)?;
    for event in history::events(now) {
        simulation.apply(event)?;
    }
    Ok(simulation.save(database)?)
}

/// Reads an address; the demo has no token, so it is one of this machine.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:9171".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("the demo has no admin token, so it listens on this machine only, such as 127.0.0.1:9171"
            .to_owned())
    }
}
