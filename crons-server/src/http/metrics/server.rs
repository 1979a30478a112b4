//! The figures of the server itself.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::pipeline::{COMMIT_BOUNDS, Figures};
use crate::store::Node;

/// Writes the figures of the server.
#[derive(Debug)]
pub(super) struct ServerFigures {
    pub(super) figures: Figures,
    pub(super) queued: usize,
    /// The servers on the database; empty if no other one can use it.
    pub(super) nodes: Vec<Node>,
}

impl Collector for ServerFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Figures {
            ticks,
            last_tick,
            evaluated_through,
            commits,
            commits_within,
            commit_time,
            last_commit,
            check_ins,
            alerts_delivered,
            alerts_failed,
            alerts_expired,
            last_attempt: _,
            last_delivered,
            targets,
            last_proof,
            pulses,
            // Pages show it, and the API lists all outages.
            last_outage: _,
        } = &self.figures;
        let encoder = &mut encoder;
        let help = "Check-ins by outcome and reason since the start of the server";
        let mut metric = encoder.encode_descriptor("check_ins", help, None, MetricType::Counter)?;
        for ((outcome, reason), count) in check_ins {
            let labels = [("outcome", outcome.as_str()), ("reason", reason)];
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        let queued = i64::try_from(self.queued).unwrap_or(i64::MAX);
        let help = "Check-ins, ticks and commands that wait for the database";
        encoder.encode_descriptor("queue_length", help, None, MetricType::Gauge)?.encode_gauge(&queued)?;
        if !self.nodes.is_empty() {
            let nodes = i64::try_from(self.nodes.len()).unwrap_or(i64::MAX);
            let help = "Servers on the database";
            encoder.encode_descriptor("nodes", help, None, MetricType::Gauge)?.encode_gauge(&nodes)?;
            let help = "Time before which all servers have stored what they received";
            instant(
                encoder,
                "low_watermark_timestamp",
                help,
                self.nodes.iter().filter_map(|node| node.watermark).min(),
            )?;
        }
        let help = "Clock ticks processed since the start of the server";
        encoder
            .encode_descriptor("ticks", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, u64>(ticks, None)?;
        instant(encoder, "last_tick_timestamp", "Time of the last clock tick", *last_tick)?;
        let help = "The last minute whose deadlines are evaluated";
        instant(encoder, "evaluated_through_timestamp", help, *evaluated_through)?;
        let mut buckets: Vec<(f64, u64)> = COMMIT_BOUNDS
            .iter()
            .zip(commits_within)
            .map(|(bound, count)| (bound.as_secs_f64(), *count))
            .collect();
        buckets.push((f64::INFINITY, commits.saturating_sub(commits_within.iter().sum())));
        encoder
            .encode_descriptor(
                "commit_duration",
                "Time from the start of a batch until it is durable",
                Some(&Unit::Seconds),
                MetricType::Histogram,
            )?
            .encode_histogram::<NoLabelSet>(commit_time.as_secs_f64(), *commits, &buckets, None)?;
        let help = "Time from the start of the last batch until it was durable";
        let took = last_commit.map(|commit| commit.took.as_secs_f64());
        gauge(encoder, "last_commit_duration", help, took)?;
        let help = "Time of the newest input that is durable";
        instant(encoder, "last_commit_timestamp", help, last_commit.map(|commit| commit.at))?;
        let help = "Attempts to send alerts: delivered, failed (sent again), expired (given up)";
        let mut metric = encoder.encode_descriptor("alerts", help, None, MetricType::Counter)?;
        for (outcome, count) in
            [("delivered", alerts_delivered), ("failed", alerts_failed), ("expired", alerts_expired)]
        {
            metric
                .encode_family(&[("outcome", outcome)])?
                .encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        let help = "Time at which a target accepted an alert for the last time";
        instant(encoder, "last_alert_delivered_timestamp", help, *last_delivered)?;
        let help = "Whether the target has accepted no alert since an attempt failed";
        let mut metric = encoder.encode_descriptor("alert_target_failing", help, None, MetricType::Gauge)?;
        for (target, failing) in targets {
            metric
                .encode_family(&[("target", target.as_str())])?
                .encode_gauge(&i64::from(failing.is_some()))?;
        }
        let help = "Time at which a drill reached the last of its targets";
        instant(encoder, "alert_path_proven_timestamp", help, last_proof.map(|proof| proof.at))?;
        let help = "Time that this drill took";
        let took = last_proof.map(|proof| proof.took.as_secs_f64());
        gauge(encoder, "alert_path_proof_duration", help, took)?;
        let help = "Pulses: sent, failed (not accepted), withheld (the server was not ready)";
        let mut metric = encoder.encode_descriptor("pulses", help, None, MetricType::Counter)?;
        for (outcome, count) in pulses {
            metric
                .encode_family(&[("outcome", outcome.as_str())])?
                .encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        Ok(())
    }
}

/// Writes an instant in seconds since 1970; nothing for `None`.
fn instant(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    instant: Option<Timestamp>,
) -> fmt::Result {
    gauge(encoder, name, help, instant.map(|instant| instant.as_duration().as_secs_f64()))
}

/// Writes a number of seconds; nothing for `None`.
fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: Option<f64>) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?.encode_gauge(&value)
}
