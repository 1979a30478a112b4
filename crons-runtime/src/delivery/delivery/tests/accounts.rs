//! Tests that every check-in is accounted for, in any order of events.

use super::*;

/// A step of a server and a program that behave in any order.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start(u8),
    End(usize, RunEvent),
    Pass(u16),
    Hurry,
}

fn steps() -> impl proptest::strategy::Strategy<Value = (Vec<Step>, Vec<u16>)> {
    use proptest::prelude::*;
    let event = prop::sample::select(vec![RunEvent::Ok, RunEvent::Error, RunEvent::Skipped]);
    let step = prop_oneof![
        (0_u8..4).prop_map(Step::Start),
        (any::<usize>(), event).prop_map(|(job, event)| Step::End(job, event)),
        (0_u16..40_000).prop_map(Step::Pass),
        Just(Step::Hurry),
    ];
    let status = prop::sample::select(vec![0, 0, 200, 200, 200, 202, 400, 429, 503]);
    (prop::collection::vec(step, 0..60), prop::collection::vec(status, 1..40))
}

proptest::proptest! {
    #[test]
    fn whatever_the_server_does_everything_is_accounted_for((steps, statuses) in steps(), retry: bool, grace in 0_u64..3) {
        let mut answers = statuses.into_iter().cycle();
        let options = DeliveryOptions { coalesce: SECOND * u32::try_from(grace).unwrap(), retry_server_errors: retry, ..options() };
        let mut world = World::new(options, move |_| match answers.next() {
            None | Some(0) => Err(refused()),
            Some(status) => Ok(Response::new(status)),
        });
        let mut jobs = Vec::new();
        for step in steps {
            match step {
                Step::Start(slug) => {
                    let mut monitor = keep_alive::monitor(["a", "b", "c", "d"][usize::from(slug)], 2);
                    monitor.keep_alive = slug == 3;
                    jobs.push(world.start_of(monitor));
                }
                Step::End(job, event) => if !jobs.is_empty() {
                    let job = jobs.swap_remove(job % jobs.len());
                    world.capture(&job, event);
                },
                Step::Pass(millis) => world.pass(Duration::from_millis(u64::from(millis))),
                Step::Hurry => world.delivery.expedite(0),
            }
            world.stats();
        }
        // Runs that do not end would be kept alive for a week.
        for job in jobs.iter().filter(|job| job.monitor.keep_alive) {
            world.capture(job, RunEvent::Ok);
        }
        world.pass(MINUTE * 60 * 48);
        assert_eq!(world.stats().queued, 0, "all is settled in the end");
        assert_eq!(world.delivery.earliest_epoch(), u32::MAX);
        let mut ended = HashSet::new();
        for (id, event) in &world.requests {
            assert!(*event != RunEvent::KeepAlive || !ended.contains(id), "a keep-alive follows the end of its run");
            if matches!(event, RunEvent::Ok | RunEvent::Error) {
                ended.insert(*id);
            }
        }
        for slug in ["a", "b", "c", "d"] {
            let times: Vec<Duration> =
                world.arrived.iter().filter(|(of, ..)| of == slug).map(|(.., at)| *at).collect();
            for (number, at) in times.iter().enumerate() {
                assert!(times[number..].iter().filter(|other| **other < *at + MINUTE).count() <= 6);
            }
        }
    }
}
