//! `crons serve`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;

use crons_server::{Database, PublicKey, Server, Settings};

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address and port to listen on, such as 127.0.0.1:9170; this machine only, port 0 for any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9170", env = "CRONS_LISTEN", value_parser = loopback)]
    listen: SocketAddr,
    /// Where check-ins are kept; the file is made if it is not there.
    #[arg(long, value_name = "URL", default_value = "sqlite:crons.db", env = "CRONS_DATABASE")]
    database: Database,
    /// The public key that clients show; made once and kept if left out.
    #[arg(long, value_name = "PUBLIC_KEY", env = "CRONS_KEY", hide_env_values = true)]
    key: Option<PublicKey>,
}

/// An address of this machine: there is no way to keep strangers out yet.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    let address: SocketAddr =
        numeric.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:9170")?;
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err("other machines could reach it, and this version has no way to keep strangers out: listen on 127.0.0.1 or \
         [::1], behind a proxy that does"
        .to_owned())
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { listen, database, key } = arguments;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::INFO)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| format!("cannot listen on {listen}: {error}; choose another by --listen"))?;
        let made = !database.path().exists();
        let settings = Settings { database: database.clone(), public_key: key, ..Settings::default() };
        let server = Server::start(&settings, listener)
            .map_err(|error| format!("cannot start with {database}: {error}"))?;
        greet(&server, &database, made)?;
        tokio::select! {
            signal = wait_for_signal() => signal?,
            () = server.failed() => return Err("the database has failed for good; the log above says why".into()),
        }
        server.shutdown().await?;
        Ok(())
    })
}

/// All that is needed to send a first check-in.
fn greet(server: &Server, database: &Database, made: bool) -> std::io::Result<()> {
    let (address, key) = (server.address(), server.public_key());
    let path = database.path();
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    writeln!(
        std::io::stdout().lock(),
        "crons listens on http://{address}/  (this machine only; check-ins are kept in {}{})\n\
         \n\
         \x20   export SENTRY_DSN={}\n\
         \n\
         Send a check-in now:\n\
         \n\
         \x20   curl \"http://{address}/api/1/cron/hello/{key}/\" -H \"Content-Type: application/json\" \\\n\
         \x20       -d '{{\"status\": \"ok\", \"monitor_config\": {{\"schedule\": {{\"type\": \"crontab\", \"value\": \"*/5 * * * *\"}}}}}}'\n",
        file.display(),
        if made { ", made just now" } else { "" },
        server.dsn(),
    )
}

async fn wait_for_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
