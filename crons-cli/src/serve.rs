//! `crons serve`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crons_server::{ConnectionLimits, Server};
use tracing_appender::non_blocking::NonBlockingBuilder;

use crate::config_file;
use crate::settings::Config;

/// The arguments of the command. All are texts: `Config` parses them, so that a message is the same as for crons.toml, and never
/// repeats a secret.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Read settings from this file, which flags and variables override; `crons config` prints a template
    /// [default: ./crons.toml, if it exists]
    #[arg(long, value_name = "FILE", env = "CRONS_CONFIG", value_parser = config_file::path_parser())]
    config: Option<PathBuf>,
    /// Listen on this address and port; port 0 takes any free port. An address that other machines can reach requires an admin
    /// token [default: 127.0.0.1:9170]
    #[arg(long, value_name = "ADDRESS", env = "CRONS_LISTEN")]
    listen: Option<String>,
    /// Store check-ins in this database; the file is created if it does not exist [default: sqlite:crons.db]
    #[arg(long, value_name = "URL", env = "CRONS_DATABASE")]
    database: Option<String>,
    /// Public key that clients send, the part of the DSN before the `@` [default: a random key, stored in the database]
    #[arg(long, value_name = "PUBLIC_KEY", env = "CRONS_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Token that opens the pages and the API, at least 16 characters. Other users of this machine can see flags, so prefer the
    /// variable or crons.toml
    #[arg(long, value_name = "TOKEN", env = "CRONS_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Whether `/metrics` needs no admin token: true or false [default: false]
    #[arg(long, value_name = "BOOL", env = "CRONS_METRICS_PUBLIC", num_args = 0..=1, default_missing_value = "true")]
    metrics_public: Option<String>,
    /// Link to the pages at this address in alerts; the address under which people reach the server [default: no links]
    #[arg(long, value_name = "URL", env = "CRONS_PUBLIC_URL")]
    public_url: Option<String>,
    /// Whether alerts may be sent to addresses of private networks: true or false [default: false]
    #[arg(long, value_name = "BOOL", env = "CRONS_ALLOW_PRIVATE_TARGETS", num_args = 0..=1, default_missing_value = "true")]
    allow_private_targets: Option<String>,
    /// Accept this many check-ins per minute from one environment of a monitor; `off` accepts any number [default: 6]
    #[arg(long, value_name = "NUMBER", env = "CRONS_RATE_LIMIT")]
    rate_limit: Option<String>,
    /// Let check-ins create up to this many monitors [default: 1500]
    #[arg(long, value_name = "NUMBER", env = "CRONS_MAX_MONITORS")]
    max_monitors: Option<String>,
    /// Let check-ins create up to this many environments of one monitor [default: 1000]
    #[arg(long, value_name = "NUMBER", env = "CRONS_MAX_ENVIRONMENTS")]
    max_environments: Option<String>,
}

/// Merges the settings: flags override variables, which override the file, which overrides the defaults. Returns them with the path
/// of the file, if one was read.
///
/// # Errors
/// If a setting is wrong; the text lists all that are.
fn resolve(arguments: Arguments) -> Result<(Config, Option<PathBuf>), String> {
    let Arguments {
        config: named,
        listen,
        database,
        key,
        admin_token,
        metrics_public,
        public_url,
        allow_private_targets,
        rate_limit,
        max_monitors,
        max_environments,
    } = arguments;
    let mut config = Config::default();
    let mut faults = Vec::new();
    let file = config_file::find(named.as_deref())?.map(|(path, text)| {
        faults = config_file::apply(&path, &text, &mut config);
        path
    });
    faults.extend(config.override_with([
        ("listen", listen),
        ("database", database),
        ("key", key),
        ("admin_token", admin_token),
        ("metrics_public", metrics_public),
        ("public_url", public_url),
        ("allow_private_targets", allow_private_targets),
        ("rate_limit", rate_limit),
        ("max_monitors", max_monitors),
        ("max_environments", max_environments),
    ]));
    // The check is skipped after another fault, which may be the cause: a token that was refused is not set.
    if faults.is_empty() {
        faults.extend(config.exposure_error());
    }
    if faults.is_empty() { Ok((config, file)) } else { Err(faults.join("\n       ")) }
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (config, file) = resolve(arguments)?;
    // The log may have a slow reader: the server goes on until 128,000 lines wait, then it waits. Dropping the guard gives the reader a
    // second.
    let (log, _guard) = NonBlockingBuilder::default().lossy(false).finish(std::io::stderr());
    tracing_subscriber::fmt()
        .with_writer(log)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::INFO)
        .init();
    // The usual soft limit of 1,024 files is for programs that use `select`; each connection needs a file.
    if let Err(error) = rlimit::increase_nofile_limit(ConnectionLimits::OPEN_FILES) {
        tracing::warn!(%error, "the limit of open files cannot be raised; the server accepts fewer connections");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (listen, database) = (config.listen, &config.settings.database);
        let is_new = database.file().is_some_and(|path| !path.exists());
        let failed = |error| format!("cannot start with {database}: {error}");
        // A signal that arrives between the two waits for it is not lost.
        let mut signal = std::pin::pin!(wait_for_signal());
        // The database is opened before the socket: migrating an old one may take minutes, and clients that connect would time out.
        let server = tokio::select! {
            opened = Server::open(&config.settings) => opened.map_err(failed)?,
            signal = &mut signal => {
                signal?;
                // Opening cannot be interrupted. To end it here is safe: each migration is a transaction.
                std::process::exit(0)
            }
        };
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| format!("cannot listen on {listen}: {error}; choose another address with --listen"))?;
        let server = server.serve(listener).map_err(failed)?;
        print_banner(&server, &config, file.as_deref(), is_new)?;
        tokio::select! {
            signal = &mut signal => signal?,
            () = server.closed() => return Err("the server has stopped because its database failed; the log above has the reason".into()),
        }
        server.shutdown().await?;
        Ok(())
    })
}

/// Prints the address, who can reach it, the DSN, and a command that sends a first check-in. The admin token is never printed.
fn print_banner(server: &Server, config: &Config, file: Option<&Path>, is_new: bool) -> std::io::Result<()> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let reach =
        if config.is_local() { "only this machine can reach it" } else { "other machines can reach it" };
    let database = match config.settings.database.file() {
        Some(path) => absolute(path).display().to_string(),
        None => config.settings.database.to_string(),
    };
    let mut output = std::io::stdout().lock();
    writeln!(
        output,
        "crons listens on http://{}/  ({reach}; check-ins are stored in {}{})",
        server.address(),
        database,
        if is_new { ", a new file" } else { "" },
    )?;
    if config.settings.admin_token.is_some() {
        writeln!(
            output,
            "The pages and the API require the admin token: enter it on the sign-in page; programs send it as `Authorization: Bearer ..`."
        )?;
    }
    if !config.is_local() {
        writeln!(
            output,
            "Connections to this address are not encrypted: put a proxy that speaks HTTPS in front of it."
        )?;
    }
    if config.listen.ip().is_unspecified() {
        writeln!(
            output,
            "On other machines, replace the address in the DSN below by the name of this machine."
        )?;
    }
    if let Some(file) = file {
        writeln!(output, "Settings were read from {}.", absolute(file).display())?;
    }
    // The host of the DSN: a server that listens on 0.0.0.0 is reached by another address.
    let (dsn, key) = (server.dsn(), server.public_key());
    let host = dsn.split(['@', '/']).nth(3).unwrap_or_default();
    writeln!(
        output,
        "\n\
         \x20   export SENTRY_DSN={dsn}\n\
         \n\
         Send a check-in now:\n\
         \n\
         \x20   curl \"http://{host}/api/1/cron/hello/{key}/\" -H \"Content-Type: application/json\" \\\n\
         \x20       -d '{{\"status\": \"ok\", \"monitor_config\": {{\"schedule\": {{\"type\": \"crontab\", \"value\": \"*/5 * * * *\"}}}}}}'\n",
    )
}

/// Waits for SIGINT, or on Unix for SIGTERM.
pub(crate) async fn wait_for_signal() -> std::io::Result<()> {
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
