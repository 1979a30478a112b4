//! The invented jobs, each with the times in which it failed.

use serde_json::{Value, json};

/// An invented job in one environment.
pub(super) struct Job {
    pub(super) slug: &'static str,
    pub(super) environment: &'static str,
    /// A crontab, or minutes for an interval.
    pub(super) schedule: Schedule,
    pub(super) timezone: &'static str,
    /// Settings of the monitor beside schedule and zone.
    pub(super) settings: Value,
    /// The shortest and the longest run, in seconds.
    pub(super) seconds: (u32, u32),
    /// The exceptions from success.
    pub(super) spells: &'static [Spell],
}

pub(super) enum Schedule {
    Crontab(&'static str),
    Minutes(u32),
}

/// A time in which runs did not succeed.
pub(super) struct Spell {
    /// The days before now at which it began and ended.
    pub(super) days: (f64, f64),
    pub(super) fate: Fate,
}

/// The course of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Ok,
    Error,
    /// The job did not start.
    Missed,
    /// The job started and reported no end.
    Hung,
}

const fn spell(from: f64, to: f64, fate: Fate) -> Spell {
    Spell { days: (from, to), fate }
}

const VIENNA: &str = "Europe/Vienna";

// The spells of jobs that had any.
const BACKUP: &[Spell] = &[spell(52.0, 51.0, Fate::Error), spell(12.0, 11.0, Fate::Missed)];
const STAGING: &[Spell] = &[spell(75.0, 73.0, Fate::Missed), spell(30.0, 27.0, Fate::Error)];
// A spell of 0.042 days, an hour, has one run of this job, which is below its threshold.
const ORDERS: &[Spell] = &[
    spell(61.0, 60.958, Fate::Error),
    spell(33.5, 33.458, Fate::Missed),
    spell(5.1, 5.0, Fate::Error),
    spell(0.6, 0.558, Fate::Error),
];
const REPORT: &[Spell] = &[spell(9.3, 9.15, Fate::Hung), spell(40.0, 39.8, Fate::Missed)];
const CLEANUP: &[Spell] = &[spell(66.0, 65.0, Fate::Error), spell(3.0, 0.0, Fate::Error)];
const LOGS: &[Spell] = &[spell(1.6, 0.0, Fate::Missed)];
const EXPORT: &[Spell] = &[spell(25.0, 0.0, Fate::Missed)];
const RATES: &[Spell] = &[spell(21.5, 19.9, Fate::Missed), spell(2.0, 1.8, Fate::Error)];

pub(super) fn jobs() -> Vec<Job> {
    let job = |slug, crontab, timezone, settings, seconds, spells| Job {
        slug,
        environment: "production",
        schedule: Schedule::Crontab(crontab),
        timezone,
        settings,
        seconds,
        spells,
    };
    vec![
        job(
            "nightly-backup",
            "0 3 * * *",
            VIENNA,
            json!({"max_runtime": 60, "checkin_margin": 10, "owner": "team:ops"}),
            (1_180, 2_300),
            BACKUP,
        ),
        Job {
            environment: "staging",
            ..job(
                "nightly-backup",
                "0 3 * * *",
                VIENNA,
                json!({"max_runtime": 60, "checkin_margin": 10, "owner": "team:ops"}),
                (240, 420),
                STAGING,
            )
        },
        job(
            "sync-orders",
            "10 * * * *",
            "UTC",
            json!({"max_runtime": 10, "checkin_margin": 2, "failure_issue_threshold": 2, "owner": "team:shop"}),
            (38, 95),
            ORDERS,
        ),
        job(
            "hourly-report",
            "5 * * * *",
            "UTC",
            json!({"max_runtime": 20, "owner": "user:ada"}),
            (90, 260),
            REPORT,
        ),
        job("cleanup-temp", "30 2 * * *", VIENNA, json!({"max_runtime": 15}), (12, 40), CLEANUP),
        Job {
            schedule: Schedule::Minutes(360),
            ..job("rotate-logs", "", "UTC", json!({"checkin_margin": 30, "owner": "team:ops"}), (4, 9), LOGS)
        },
        job(
            "send-invoices",
            "0 8 1 * *",
            VIENNA,
            json!({"max_runtime": 240, "owner": "team:billing"}),
            (2_400, 5_100),
            &[],
        ),
        job("renew-certificates", "0 4 * * MON", "UTC", json!({"checkin_margin": 60}), (20, 70), &[]),
        job(
            "fx-rates",
            "0 6-20 * * MON-FRI",
            "America/New_York",
            json!({"checkin_margin": 5}),
            (2, 6),
            RATES,
        ),
        job("old-export", "0 6 * * *", "UTC", json!({}), (300, 500), EXPORT),
    ]
}
