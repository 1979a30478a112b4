//! `crons doctor`: finds out whether check-ins from this machine reach the server, and says what to do if they do not.

// In layer order: a module uses only those above it.
mod finding;
mod settings;
#[cfg(unix)]
mod spool;
mod network;
mod no_reply;
mod answer;
mod clock;
mod probe;

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use crons_runtime::__doctor::DiagnosticClient;
use crons_runtime::ClientOptions;
use crons_types::{Environment, Slug};

use self::finding::{Finding, Findings, State};
use crate::output::Painter;
use crate::span::positive_span;

/// The arguments of the command.
#[derive(clap::Args)]
#[command(
    after_help = "The probe is the start of a run of a monitor that nobody knows, without a configuration: the server makes no monitor \
    of it. A crons server lists it among its refused payloads.\n\nExit code 1: check-ins from here are lost, or the clock, the time zone or the \
    monitor is wrong."
)]
pub(crate) struct Arguments {
    /// DSN of the server [default: `SENTRY_DSN`].
    #[arg(long, value_name = "DSN")]
    dsn: Option<String>,
    /// Environment of the check-ins [default: `SENTRY_ENVIRONMENT`, else production].
    #[arg(short, long, value_name = "NAME")]
    environment: Option<Environment>,
    /// Probe this monitor, with a run that succeeds at once. It counts as a run of its environment, which is made if there is none.
    #[arg(long, value_name = "SLUG")]
    monitor: Option<Slug>,
    /// Time zone of schedules, to be checked too.
    #[arg(long, value_name = "TZ")]
    timezone: Option<String>,
    /// Wait this long for an answer.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = positive_span)]
    timeout: Duration,
    /// Exit with code 1 for warnings, too.
    #[arg(long)]
    strict: bool,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Checks everything that a check-in needs, and prints the findings. Returns whether there is no fault; with `--strict`, whether there is no
/// warning either.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let findings = examine(arguments);
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{:#}", findings.json())?;
    } else {
        write!(output, "{}", findings.render(Painter::stdout()))?;
    }
    Ok(findings.faults() == 0 && !(arguments.strict && findings.count(State::Warning) > 0))
}

fn examine(arguments: &Arguments) -> Findings {
    let Arguments { dsn, environment, monitor, timezone, timeout, .. } = arguments;
    let mut findings = Vec::new();
    findings.extend(settings::switch());
    let (found, finding) = settings::dsn(dsn.as_deref());
    findings.push(finding);
    let (environment, finding) = settings::environment(environment.as_ref(), monitor.is_some());
    findings.push(finding);
    findings.extend(settings::release());
    findings.extend(settings::time_zones(timezone.as_deref()));
    if let Some(found) = &found {
        let options = ClientOptions::new()
            .dsn(found.written.clone())
            .environment(environment.as_str())
            .request_timeout(*timeout)
            .spool("");
        match DiagnosticClient::new(options) {
            Ok(client) => {
                let path = network::path(&client, &found.dsn);
                let is_found = path.iter().all(|finding| finding.state != State::Fault);
                findings.extend(path);
                if is_found {
                    findings.extend(probe::probe(&client, &found.dsn, monitor.as_ref()));
                } else {
                    findings
                        .push(Finding::skipped("probe", "nothing is sent, as the server cannot be found"));
                }
            }
            Err(error) => findings.push(settings::refused(&error)),
        }
    } else {
        findings.push(Finding::skipped("probe", "nothing is sent, as there is no server to send to"));
    }
    #[cfg(unix)]
    findings.push(spool::spool(found.as_ref().map(|found| &found.dsn)));
    Findings(findings)
}
