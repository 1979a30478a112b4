//! The ways to watch a job, and what the server makes of it: `cargo run --example quickstart`.
//!
//! The example starts the embedded server if `SENTRY_DSN` is not set; otherwise the check-ins go there. With `-- --keep` the
//! server stays up, to look at its page.

mod quickstart {
    pub(crate) mod embedded;
    pub(crate) mod jobs;
}

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use quickstart::embedded::Embedded;
use quickstart::jobs;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .init();
    let embedded = match std::env::var("SENTRY_DSN") {
        Ok(dsn) if !dsn.trim().is_empty() => None,
        _ => Some(Embedded::start().await?),
    };
    let options = crons::ClientOptions::default();
    let crons = crons::try_init(match &embedded {
        Some(server) => options.dsn(server.dsn()).environment("quickstart"),
        None => options,
    })?;

    say("Eight jobs run now; one of them panics, and says so below.");
    jobs::run_all().await?;
    if let Some(server) = &embedded {
        // Open runs are dated when they arrive, so they arrive before the clock moves on.
        crons::flush_async(Duration::from_secs(10)).await;
        server.show().await?;
    } else {
        say("The jobs ran; their check-ins went to SENTRY_DSN. Sentry shows them under Insights > Crons.");
    }

    let stats = crons.close(Duration::from_secs(10));
    if let Some(server) = embedded {
        if std::env::args().any(|argument| argument == "--keep") {
            say("It is kept running; end it by Ctrl-C.");
            tokio::signal::ctrl_c().await?;
        }
        server.stop().await?;
    }
    if stats.all_delivered() {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("Not everything was delivered: {stats:?}. The warnings above say why."));
    Ok(ExitCode::FAILURE)
}

#[expect(clippy::print_stdout, reason = "an example talks to who runs it")]
fn say(text: &str) {
    println!("{text}");
}
