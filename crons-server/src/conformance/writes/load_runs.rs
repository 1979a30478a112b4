//! Conformance of the runs that a batch is given: those that check-ins name, the open ones that began last, and history.

use crons_types::CheckInStatus::{Error, Ok as Success};

use super::rows::{NewRows, event, keys, runs};
use super::{instant, on_every_store};
use crate::domain::{BatchKeys, EnvironmentStatus, Status};

#[test]
fn a_run_of_another_environment_is_loaded_with_its_place() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let (job, other) = (rows.monitor("job"), rows.monitor("other"));
        rows.environment(job, "a");
        let elsewhere = rows.environment(other, "b");
        rows.run(elsewhere, 1, Status::Ok, "10:00:00");
        opened.commit(&rows.changes());
        let loaded = opened.load(&keys(&[event("job", "a", 1, Success)], false));
        let [run] = &loaded.runs[..] else { panic!("{:?}", loaded.runs) };
        assert_eq!(run.environment, Err("monitor `other`, environment `b`".to_owned()));
    });
}

#[test]
fn a_check_in_without_an_id_is_given_the_last_open_runs() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let [a, b] = ["a", "b"].map(|name| rows.environment(monitor, name));
        rows.run(a, 4, Status::InProgress, "10:00:05");
        rows.run(a, 3, Status::InProgress, "10:00:05");
        rows.run(a, 2, Status::InProgress, "10:00:00");
        rows.run(a, 1, Status::Ok, "10:00:09");
        rows.run(b, 5, Status::InProgress, "10:00:09");
        opened.commit(&rows.changes());
        let nameless = || event("job", "a", 0, Success);
        let mut load = |events: &[_]| runs(&opened.load(&keys(events, false)));
        assert_eq!(load(&[nameless()]), [3], "of two with the same start, the later arrival");
        assert_eq!(load(&[nameless(), nameless()]), [3, 4], "each may end one");
        assert_eq!(load(&[nameless(), event("job", "a", 1, Success)]), [1, 3, 4]);
        assert_eq!(load(&[nameless(), event("job", "b", 0, Success)]), [3, 5]);
    });
}

#[test]
fn open_runs_are_loaded_that_are_overdue_or_that_a_command_ends() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let [b, a] = ["b", "a"].map(|name| rows.environment(monitor, name));
        for (environment, number, status, deadline) in [
            (a, 1, Status::InProgress, Some("10:10:00")),
            (a, 2, Status::InProgress, Some("10:10:01")),
            (a, 3, Status::Ok, Some("10:10:00")),
            (a, 4, Status::InProgress, None),
            (b, 5, Status::InProgress, Some("10:05:00")),
        ] {
            let run = rows.run(environment, number, status, "10:00:00");
            rows.snapshot.runs[run].row.value.timeout_at = deadline.map(instant);
            rows.snapshot.runs[run].row.value.unheard = number == 4;
        }
        opened.commit(&rows.changes());
        let until = instant("10:10:00");
        let of_check_in = keys(&[event("job", "a", 9, Error)], false);
        assert_eq!(runs(&opened.load(&of_check_in)), [0_u128; 0]);
        let overdue = BatchKeys { overdue_until: Some(until), ..of_check_in };
        assert_eq!(runs(&opened.load(&overdue)), [1], "only of environments of the batch");
        let command =
            BatchKeys { monitors: vec!["job".to_owned()], as_of: Some(until), ..BatchKeys::default() };
        let loaded = opened.load(&command);
        assert_eq!(runs(&loaded), [1, 4, 5]);
        let every = BatchKeys { all_open_runs: true, ..command };
        assert_eq!(runs(&opened.load(&every)), [1, 2, 4, 5]);
        let names: Vec<_> = loaded.environments.iter().map(|row| row.row.value.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    });
}

#[test]
fn history_is_as_long_as_the_threshold_up_to_each_run() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let environment = rows.environment(monitor, "a");
        rows.snapshot.environments[environment].row.value.status = EnvironmentStatus::Error;
        for (number, status, start) in [
            (1, Status::Error, "10:00:00"),
            (2, Status::Missed, "10:01:00"),
            (3, Status::InProgress, "10:02:00"),
            (4, Status::Ok, "10:03:00"),
            (5, Status::Missed, "10:04:00"),
            (6, Status::Timeout, "10:04:00"),
            (7, Status::Unknown, "10:05:00"),
        ] {
            rows.run(environment, number, status, start);
        }
        rows.incident(environment, 70, 1);
        opened.commit(&rows.changes());
        let mut load = |number| {
            let batch = [event("job", "a", number, Success), event("job", "a", 99, Error)];
            let loaded = opened.load(&keys(&batch, false));
            assert_eq!((loaded.incidents.len(), loaded.environments[0].open_incident), (1, Some(0)));
            let mut finished: Vec<_> =
                loaded.environments[0].finished.iter().map(|run| run.guid.as_u128()).collect();
            finished.sort_unstable();
            finished
        };
        assert_eq!(load(98), [4, 5, 6], "the last two, and the last that was reported");
        assert_eq!(load(3), [1, 2, 4, 5, 6], "and the two before the run that is named");
    });
}
