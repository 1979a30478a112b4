//! `crons serve`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crons_server::{ConnectionLimits, Server};

use crate::config_file;
use crate::settings::Config;

/// The command's own arguments. Texts, so that whatever is wrong is said as it is for crons.toml, and no secret is shown.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// File of settings, as `crons config` prints one; ./crons.toml if it is there. Flags and variables win over it.
    #[arg(long, value_name = "FILE", env = "CRONS_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on, port 0 for any that is free; one that other machines can reach needs an admin token
    /// [default: 127.0.0.1:9170]
    #[arg(long, value_name = "ADDRESS", env = "CRONS_LISTEN")]
    listen: Option<String>,
    /// Where check-ins are kept; the file is made if it is not there [default: sqlite:crons.db]
    #[arg(long, value_name = "URL", env = "CRONS_DATABASE")]
    database: Option<String>,
    /// The public key that clients show; made once and kept if left out.
    #[arg(long, value_name = "PUBLIC_KEY", env = "CRONS_KEY", hide_env_values = true)]
    key: Option<String>,
    /// What opens pages and API, 16 characters or more. Other users of this machine can see flags: better set the variable
    /// or crons.toml.
    #[arg(long, value_name = "TOKEN", env = "CRONS_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Check-ins that are taken of one monitor environment in a minute, or `off` [default: 6]
    #[arg(long, value_name = "NUMBER", env = "CRONS_RATE_LIMIT")]
    rate_limit: Option<String>,
    /// Monitors that clients can make [default: 1500]
    #[arg(long, value_name = "NUMBER", env = "CRONS_MAX_MONITORS")]
    max_monitors: Option<String>,
    /// Environments that clients can make of one monitor [default: 1000]
    #[arg(long, value_name = "NUMBER", env = "CRONS_MAX_ENVIRONMENTS")]
    max_environments: Option<String>,
}

/// What is set: by flags, by variables, in the file, by default. Comes with the file that was read.
fn resolve(arguments: Arguments) -> Result<(Config, Option<PathBuf>), String> {
    let Arguments {
        config: named,
        listen,
        database,
        key,
        admin_token,
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
    for (key, text) in [
        ("listen", listen),
        ("database", database),
        ("key", key),
        ("admin_token", admin_token),
        ("rate_limit", rate_limit),
        ("max_monitors", max_monitors),
        ("max_environments", max_environments),
    ] {
        if let Some(Err(error)) = text.map(|text| config.set(key, &text)) {
            let (flag, variable) = (key.replace('_', "-"), key.to_ascii_uppercase());
            faults.push(format!("--{flag} or CRONS_{variable}: {error}"));
        }
    }
    // Of what is wrong already, this may be a consequence.
    if faults.is_empty() {
        faults.extend(config.exposure_error());
    }
    if faults.is_empty() { Ok((config, file)) } else { Err(faults.join("\n       ")) }
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (config, file) = resolve(arguments)?;
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::INFO)
        .init();
    // The usual limit is low for the sake of programs of the last century.
    if let Err(error) = rlimit::increase_nofile_limit(ConnectionLimits::OPEN_FILES) {
        tracing::warn!(%error, "the limit of open files cannot be raised; fewer connections are served");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let (listen, database) = (config.listen, &config.settings.database);
        let made = database.file().is_some_and(|path| !path.exists());
        let failed = |error| format!("cannot start with {database}: {error}");
        // Before the socket is there: a client that connects while an old database is migrated would wait in vain.
        let server = Server::open(&config.settings).await.map_err(failed)?;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| format!("cannot listen on {listen}: {error}; choose another by --listen"))?;
        let server = server.serve(listener).map_err(failed)?;
        print_banner(&server, &config, file.as_deref(), made)?;
        tokio::select! {
            signal = wait_for_signal() => signal?,
            () = server.failed() => return Err("the database has failed for good; the log above says why".into()),
        }
        server.shutdown().await?;
        Ok(())
    })
}

/// Who can reach what, and all that is needed to send a first check-in. The admin token is known to whoever set it.
fn print_banner(server: &Server, config: &Config, file: Option<&Path>, made: bool) -> std::io::Result<()> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let reach = if config.is_local() { "this machine only" } else { "open to other machines" };
    let database = match config.settings.database.file() {
        Some(path) => absolute(path).display().to_string(),
        None => config.settings.database.to_string(),
    };
    let mut output = std::io::stdout().lock();
    writeln!(
        output,
        "crons listens on http://{}/  ({reach}; check-ins are kept in {}{})",
        server.address(),
        database,
        if made { ", made just now" } else { "" },
    )?;
    if config.settings.admin_token.is_some() {
        writeln!(output, "Pages and API ask for the admin token: as the password, with any user name.")?;
    }
    if !config.is_local() {
        writeln!(
            output,
            "What is sent here is not encrypted: let a proxy that speaks HTTPS stand before it."
        )?;
    }
    if config.listen.ip().is_unspecified() {
        writeln!(output, "On other machines, write this one's name where the DSN below has an address.")?;
    }
    if let Some(file) = file {
        writeln!(output, "Settings are those of {}.", absolute(file).display())?;
    }
    // The address as the DSN has it: nobody sends to 0.0.0.0.
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
