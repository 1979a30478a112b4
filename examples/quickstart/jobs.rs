//! The jobs: each is watched in another way.

use std::time::Duration;

use crons::{CheckIn, MonitorConfig, Slug, capture_check_in};

/// A sync job that succeeds.
#[crons::monitor(slug = "rotate-logs", schedule = "@hourly")]
fn rotate_logs() {
    std::thread::sleep(Duration::from_millis(20));
}

/// An async job that succeeds.
#[crons::monitor(
    slug = "nightly-backup",
    schedule = "0 3 * * MON-FRI",
    timezone = "Europe/Vienna",
    max_runtime = "2h"
)]
async fn nightly_backup() -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_millis(30)).await;
    Ok(())
}

/// A job that returns an error.
#[crons::monitor(slug = "send-invoices", schedule = "0 9 1 * *")]
fn send_invoices() -> anyhow::Result<()> {
    anyhow::bail!("the mail server is down")
}

/// A job that panics.
#[crons::monitor(slug = "train-model", interval = "1 day")]
#[expect(clippy::panic, reason = "to show what becomes of it")]
fn train_model() {
    panic!("out of memory")
}

pub(crate) async fn run_all() -> anyhow::Result<()> {
    rotate_logs();
    nightly_backup().await?;
    // The error and the panic arrive here as they would without the attribute.
    anyhow::ensure!(send_invoices().is_err());
    anyhow::ensure!(std::thread::spawn(train_model).join().is_err());

    // A closure.
    crons::monitor("sync-users").monitor_config(MonitorConfig::interval("30 minutes")?).run(|| ());

    // Check-ins by hand are for runs that begin in one process and end in another.
    let slug = Slug::parse("import-orders")?;
    let begun = CheckIn::in_progress(slug.clone()).monitor_config(MonitorConfig::interval("2 hours")?);
    let id = capture_check_in(begun);
    capture_check_in(CheckIn::ok(slug).check_in_id(id).duration(Duration::from_secs(90)));

    // The job is expected every 5 minutes, and runs only now: it will be missed.
    crons::monitor("poll-sensors").monitor_config(MonitorConfig::interval("5 minutes")?).run(|| ());

    // The run begins and never ends: it will be timed out after 5 minutes.
    let config = MonitorConfig::interval("1 day")?.max_runtime(5)?;
    capture_check_in(CheckIn::in_progress(Slug::parse("reindex-search")?).monitor_config(config));
    Ok(())
}
