//! The silences and the kept back messages that a batch loads.

use jiff::Timestamp;
use uuid::Uuid;

use super::rows::{NewRows, event, keys};
use super::{instant, on_every_store};
use crate::domain::{BatchKeys, Filter, Silence, Silenced, Withheld};
use crate::store::{Changes, PageRequest};

fn silence(number: u128, ends_at: &str) -> Silence {
    Silence {
        id: Uuid::from_u128(number),
        matchers: vec![Filter::pattern("monitor.slug", "Nightly-*").unwrap()],
        starts_at: instant("10:00:00"),
        ends_at: instant(ends_at),
        by: "ana".to_owned(),
        why: "migration".to_owned(),
        created_at: instant("09:00:00"),
        ended_at: None,
    }
}

fn changes(silences: &[Silence]) -> Changes {
    let mut changes = Changes::default();
    changes.snapshot.changed_silences = silences.to_vec();
    changes
}

#[test]
fn a_batch_loads_the_silences_that_end_after_its_time_and_the_one_that_it_names() {
    on_every_store(|opened| {
        let (short, long) = (silence(1, "11:00:00"), silence(2, "12:00:00"));
        opened.commit(&changes(&[short.clone(), long.clone()]));
        opened.crash();
        let after = |at: &str| BatchKeys { silences_after: Some(instant(at)), ..BatchKeys::default() };
        let mut loaded = |keys: &BatchKeys| opened.load(keys).silences.made.to_vec();
        assert_eq!(loaded(&BatchKeys::default()), []);
        assert_eq!(loaded(&after("10:59:59")), [short.clone(), long.clone()]);
        assert_eq!(loaded(&after("11:00:00")), std::slice::from_ref(&long));
        let named = BatchKeys { silence: Some(short.id), ..after("11:00:00") };
        assert_eq!(loaded(&named), [short.clone(), long.clone()]);

        let ended = Silence { ended_at: Some(instant("10:30:00")), ..long.clone() };
        opened.commit(&changes(std::slice::from_ref(&ended)));
        assert_eq!(opened.load(&after("10:45:00")).silences.made.to_vec(), std::slice::from_ref(&short));
        let first = PageRequest { skip: 0, limit: 10 };
        assert_eq!(opened.queries().silences(Timestamp::MIN, first).unwrap().items, [ended, short]);
    });
}

#[test]
fn a_resolved_incident_is_loaded_with_a_check_in_only_while_its_message_is_due() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let job = rows.monitor("job");
        let environment = rows.environment(job, "a");
        for (number, until, pending) in [(1, "10:05:00", true), (2, "10:20:00", true), (3, "10:05:00", false)]
        {
            let incident = rows.incident(environment, number, 1);
            let value = &mut rows.snapshot.incidents[incident].row.value;
            value.resolved_at = Some(instant("10:04:00"));
            let silence = Silenced { until: instant(until), by: "ana".to_owned(), why: "move".to_owned() };
            value.withheld = Some(Withheld { silence, pending });
        }
        rows.snapshot.environments[environment].open_incident = None;
        opened.commit(&rows.changes());
        let wanted = event("job", "a", 7, crons_types::CheckInStatus::Ok);
        let mut loaded = |overdue_until: Option<&str>| -> Vec<u128> {
            let overdue_until = overdue_until.map(instant);
            let snapshot =
                opened.load(&BatchKeys { overdue_until, ..keys(std::slice::from_ref(&wanted), false) });
            snapshot.incidents.iter().map(|row| row.row.value.guid.as_u128()).collect()
        };
        assert_eq!(loaded(None), []);
        assert_eq!(loaded(Some("10:04:00")), []);
        assert_eq!(loaded(Some("10:06:00")), [1]);
    });
}
