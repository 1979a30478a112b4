//! `crons serve`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;

use crons_server::{Database, PublicKey, Server, Settings};

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address to listen on; loopback only, port 0 for any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9170", env = "CRONS_LISTEN")]
    listen: SocketAddr,
    /// Where check-ins are kept; the file is made if it is not there.
    #[arg(long, value_name = "URL", default_value = "sqlite:crons.db", env = "CRONS_DATABASE")]
    database: Database,
    /// The public key that clients show; made once and kept if left out.
    #[arg(long, value_name = "PUBLIC_KEY", env = "CRONS_KEY", hide_env_values = true)]
    key: Option<PublicKey>,
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
        let settings = Settings { database: database.clone(), public_key: key, ..Settings::default() };
        let server = Server::start(&settings, listener)
            .map_err(|error| format!("cannot start with {database}: {error}"))?;
        greet(&server, &database)?;
        wait_for_signal().await?;
        server.shutdown().await?;
        Ok(())
    })
}

/// All that is needed to send a first check-in.
fn greet(server: &Server, database: &Database) -> std::io::Result<()> {
    let (address, key) = (server.address(), server.public_key());
    let path = database.path();
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    writeln!(
        std::io::stdout().lock(),
        "crons listens on http://{address}/  (this machine only; check-ins are kept in {})\n\
         \n\
         \x20   SENTRY_DSN={}\n\
         \n\
         Send a check-in now:\n\
         \n\
         \x20   curl \"http://{address}/api/1/cron/hello/{key}/\" -H \"Content-Type: application/json\" \\\n\
         \x20       -d '{{\"status\": \"ok\", \"monitor_config\": {{\"schedule\": {{\"type\": \"crontab\", \"value\": \"*/5 * * * *\"}}}}}}'\n",
        file.display(),
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
