//! The order in which rows are due.

use crons_types::CheckInStatus::Error;

use super::rows::{NewRows, event};
use super::{Opened, instant, on_every_store};
use crate::domain::{
    Acknowledgement, BatchKeys, CheckInEvent, FollowUp, FollowUpsDue, Silenced, Status, Withheld,
};
use crate::store::{Changes, DueKind, Pass};

/// The names of the due environments, or the numbers of the due runs or deferred ends.
fn due(opened: &mut Opened, kind: DueKind, tick: &str, limit: usize) -> Vec<String> {
    let mut transaction = opened.begin();
    let ids = transaction.claim(kind, instant(tick), limit, Pass::ALL).unwrap();
    let name = |id: i64| {
        let mut keys = BatchKeys::default();
        match kind {
            DueKind::Withheld | DueKind::FollowUp => keys.incidents_due = vec![id],
            DueKind::Missed => keys.missed = vec![id],
            DueKind::TimedOut => keys.timed_out = vec![id],
            DueKind::Deferred => keys.expired = vec![id],
        }
        let loaded = transaction.load(&keys).unwrap();
        match kind {
            DueKind::Withheld | DueKind::FollowUp => {
                let incident = &loaded.incidents[loaded.incident_of_row(id).unwrap()];
                loaded.environments[incident.environment].row.value.name.clone()
            }
            DueKind::Missed => {
                loaded.environments[loaded.environment_of_row(id).unwrap()].row.value.name.clone()
            }
            DueKind::TimedOut => {
                loaded.runs[loaded.run_of_row(id).unwrap()].row.value.guid.as_u128().to_string()
            }
            DueKind::Deferred => {
                let rows: Vec<_> = loaded.deferred.values().flatten().collect();
                assert_eq!(rows.len(), 1);
                let number = rows[0].event.check_in_id.to_string();
                u128::from_str_radix(&number, 16).unwrap().to_string()
            }
        }
    };
    ids.into_iter().map(name).collect()
}

#[test]
fn missed_runs_are_due_by_deadline_then_by_arrival() {
    on_every_store(|opened| {
        assert_eq!(opened.begin().next_deadline().unwrap(), None);
        let mut rows = NewRows::default();
        let (job, off) = (rows.monitor("job"), rows.monitor("off"));
        rows.snapshot.monitors[off].value.enabled = false;
        for (monitor, name, deadline) in [
            (job, "late", Some("10:06:00")),
            (job, "second", Some("10:05:00")),
            (job, "also-second", Some("10:05:00")),
            (job, "first", Some("10:04:00")),
            (job, "never", None),
            (off, "disabled", Some("10:03:00")),
        ] {
            let environment = rows.environment(monitor, name);
            rows.snapshot.environments[environment].row.value.next_check_in_latest = deadline.map(instant);
        }
        opened.commit(&rows.changes());
        let mut missed = |tick: &str, limit| due(opened, DueKind::Missed, tick, limit);
        assert_eq!(missed("10:03:59", 9), [""; 0]);
        assert_eq!(missed("10:05:00", 9), ["first", "second", "also-second"]);
        assert_eq!(missed("10:05:00", 2), ["first", "second"]);
        assert_eq!(missed("10:59:00", 9), ["first", "second", "also-second", "late"]);
        assert_eq!(opened.begin().next_deadline().unwrap(), Some(instant("10:04:00")));
    });
}

#[test]
fn timed_out_runs_are_paged_by_deadline_and_due_by_begin() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let (job, off) = (rows.monitor("job"), rows.monitor("off"));
        rows.snapshot.monitors[off].value.enabled = false;
        let (on, off) = (rows.environment(job, "a"), rows.environment(off, "a"));
        for (environment, number, status, start, deadline) in [
            (on, 1, Status::InProgress, "10:03:00", "10:05:00"),
            (on, 2, Status::InProgress, "10:02:00", "10:06:00"),
            (on, 3, Status::InProgress, "10:02:00", "10:04:00"),
            (on, 4, Status::InProgress, "10:01:00", "10:07:00"),
            (on, 5, Status::Ok, "10:01:00", "10:04:00"),
            (off, 6, Status::InProgress, "10:01:00", "10:03:00"),
        ] {
            let run = rows.run(environment, number, status, start);
            rows.snapshot.runs[run].row.value.timeout_at = Some(instant(deadline));
        }
        opened.commit(&rows.changes());
        let mut timed_out = |tick: &str, limit| due(opened, DueKind::TimedOut, tick, limit);
        assert_eq!(timed_out("10:03:59", 9), [""; 0]);
        assert_eq!(timed_out("10:07:00", 9), ["4", "2", "3", "1"], "of two with the same start by arrival");
        assert_eq!(timed_out("10:07:00", 2), ["3", "1"], "the page is that of the earliest deadlines");
        assert_eq!(opened.begin().next_deadline().unwrap(), Some(instant("10:04:00")));
    });
}

#[test]
fn messages_are_due_at_the_end_of_their_silence_and_all_at_once_when_one_ends_early() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let (job, off) = (rows.monitor("job"), rows.monitor("off"));
        rows.snapshot.monitors[off].value.enabled = false;
        for (number, monitor, name, until, pending) in [
            (1, job, "late", "10:06:00", true),
            (2, job, "second", "10:05:00", true),
            (3, off, "disabled", "10:04:30", true),
            (4, job, "done", "10:03:00", false),
        ] {
            let environment = rows.environment(monitor, name);
            let incident = rows.incident(environment, number, 1);
            let silence = Silenced { until: instant(until), by: "ana".to_owned(), why: "move".to_owned() };
            rows.snapshot.incidents[incident].row.value.withheld = Some(Withheld { silence, pending });
        }
        opened.commit(&rows.changes());
        assert_eq!(due(opened, DueKind::Withheld, "10:04:29", 9), [""; 0]);
        assert_eq!(due(opened, DueKind::Withheld, "10:05:00", 9), ["disabled", "second"]);
        assert_eq!(due(opened, DueKind::Withheld, "10:59:00", 1), ["disabled"]);
        assert_eq!(opened.begin().next_deadline().unwrap(), Some(instant("10:04:30")));

        let mut changes = Changes::default();
        changes.snapshot.withheld_due = Some(instant("10:05:30"));
        opened.commit(&changes);
        assert_eq!(due(opened, DueKind::Withheld, "10:05:30", 9), ["disabled", "second", "late"]);
    });
}

#[test]
fn reminders_are_due_in_order_unless_nobody_is_to_be_told_and_all_at_once_when_rules_may_have_changed() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let (job, off) = (rows.monitor("job"), rows.monitor("off"));
        rows.snapshot.monitors[off].value.enabled = false;
        let begin = instant("10:00:00");
        for (number, monitor, name, due) in [
            (1, job, "late", Some("10:06:00")),
            (2, job, "second", Some("10:05:00")),
            (3, off, "disabled", Some("10:04:30")),
            (4, job, "muted", Some("10:04:00")),
            (5, job, "acknowledged", Some("10:03:00")),
            (6, job, "resolved", Some("10:02:00")),
            (7, job, "no rule", None),
        ] {
            let environment = rows.environment(monitor, name);
            rows.snapshot.environments[environment].row.value.muted = name == "muted";
            let incident = rows.incident(environment, number, 1);
            let incident = &mut rows.snapshot.incidents[incident].row.value;
            let acknowledgement = Acknowledgement { at: begin, by: "ana".to_owned() };
            incident.acknowledged = (name == "acknowledged").then_some(acknowledgement);
            incident.resolved_at = (name == "resolved").then_some(begin);
            let due = due.map(instant);
            incident.follow_up = Some(FollowUp { notified_at: begin, decided_until: begin, due });
        }
        opened.commit(&rows.changes());
        assert_eq!(due(opened, DueKind::FollowUp, "10:04:59", 9), [""; 0]);
        assert_eq!(due(opened, DueKind::FollowUp, "10:05:00", 9), ["second"]);
        assert_eq!(due(opened, DueKind::FollowUp, "10:59:00", 9), ["second", "late"]);
        assert_eq!(due(opened, DueKind::FollowUp, "10:59:00", 1), ["second"]);
        assert_eq!(opened.begin().next_deadline().unwrap(), Some(instant("10:05:00")));

        let mut decide_anew = |at: &str, instead_of: Option<&str>, tick: &str| {
            let mut changes = Changes::default();
            let instead_of = instead_of.map(instant);
            changes.snapshot.follow_ups_due = Some(FollowUpsDue { at: instant(at), instead_of });
            opened.commit(&changes);
            due(opened, DueKind::FollowUp, tick, 9)
        };
        assert_eq!(decide_anew("10:04:00", Some("10:06:00"), "10:04:00"), ["late"], "of one silence");
        assert_eq!(
            decide_anew("10:03:00", Some("10:09:00"), "10:04:00"),
            ["late"],
            "of a silence of no incident"
        );
        assert_eq!(decide_anew("10:04:30", None, "10:04:30"), ["second", "no rule", "late"]);
    });
}

#[test]
fn deferred_ends_are_due_oldest_first() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        for (slug, number, received) in [
            ("pear", 1, "10:00:05"),
            ("apple", 2, "10:00:05"),
            ("fig", 3, "10:00:01"),
            ("fig", 4, "10:00:06"),
        ] {
            let received = instant(received);
            rows.snapshot.defer(CheckInEvent { received, ..event(slug, "a", number, Error) });
        }
        opened.commit(&rows.changes());
        let mut deferred = |tick: &str, limit| due(opened, DueKind::Deferred, tick, limit);
        assert_eq!(deferred("10:00:00", 9), [""; 0]);
        assert_eq!(deferred("10:00:05", 9), ["3", "2", "1"], "of one batch and instant by slug");
        assert_eq!(deferred("10:00:05", 1), ["3"]);
        assert_eq!(deferred("10:01:00", 9), ["3", "2", "1", "4"]);
    });
}
