//! Tests of `crons::test::TestClient`: what a user's own tests can show.

use std::time::Duration;

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{TestClient, TestServer};
use crons::{ClientOptions, Response, monitor};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[crons::monitor(interval = "1 hour", max_runtime = "2h")]
fn import(fail: bool) -> Result<(), ()> {
    if fail { Err(()) } else { Ok(()) }
}

#[test]
fn a_quick_job_is_one_request_and_a_slow_one_two() {
    let client = TestClient::new();
    client.scope(|| {
        import(false).unwrap();
        client.advance(Duration::ZERO);
        client.assert_statuses("import", &[Fine]);
        let run = monitor("slow").start();
        client.advance(90 * SECOND);
        run.error();
        client.advance(Duration::ZERO);
        client.assert_statuses("slow", &[InProgress, Error]);
    });
    assert_eq!(client.check_ins()[2].duration, Some(90 * SECOND), "by the clock of the test");
    assert_eq!(client.check_ins()[0].environment.as_ref().unwrap().as_str(), "production");
}

#[test]
fn check_ins_of_an_outage_arrive_when_the_server_is_back() {
    let client = TestClient::new();
    client.set_server(TestServer::Down);
    client.scope(|| import(true)).unwrap_err();
    client.advance(60 * MINUTE);
    client.assert_statuses("import", &[]);
    client.set_server(TestServer::Up);
    client.advance(MINUTE);
    client.assert_statuses("import", &[Error]);
    assert!(client.stats().retried > 10);
}

#[test]
fn an_answer_that_is_lost_costs_a_repetition_with_the_same_id() {
    let client = TestClient::new();
    client.set_server(TestServer::LosesAnswers);
    client.scope(|| {
        import(false).unwrap();
        assert!(!crons::flush(SECOND), "nothing is settled");
    });
    client.set_server(TestServer::Up);
    client.advance(MINUTE);
    client.assert_statuses("import", &[Fine, Fine]);
    let check_ins = client.check_ins();
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
}

#[test]
fn a_limit_of_the_server_and_our_own_are_kept() {
    let client = TestClient::new();
    client.set_server(TestServer::Answers(Response::new(429).header("Retry-After", "30")));
    client.scope(|| {
        import(false).unwrap();
        client.advance(SECOND);
        client.set_server(TestServer::Up);
        import(false).unwrap();
        client.advance(SECOND);
        client.assert_statuses("import", &[]);
        assert!(client.stats().limited_until.is_some());
        client.advance(MINUTE);
        for _ in 0..10 {
            import(false).unwrap();
        }
        client.advance(SECOND);
    });
    client.assert_statuses("import", &[Fine; 6]);
    let stats = client.stats();
    assert_eq!((stats.refused, stats.dropped.rate_limited, stats.dropped.throttled), (1, 1, 4), "{stats:?}");
}

#[tokio::test]
async fn options_and_futures_work_as_in_the_real_client() {
    let options = ClientOptions::new().environment("staging").release("jobs@1").coalesce(MINUTE);
    let client = TestClient::with_options(options).unwrap();
    let job = async {
        tokio::task::yield_now().await;
        client.advance(SECOND);
    };
    client.scope_async(monitor("job").run_async(job)).await;
    client.advance(Duration::ZERO);
    client.assert_statuses("job", &[Fine]);
    let [check_in] = client.check_ins().try_into().unwrap();
    assert_eq!(check_in.environment.unwrap().as_str(), "staging");
    assert_eq!(check_in.release.as_deref(), Some("jobs@1"));
    assert_eq!(check_in.duration, Some(SECOND));
    assert!(TestClient::with_options(ClientOptions::new().environment("a/b")).is_err());
}

#[test]
#[should_panic(expected = "of `import`, ok arrived, and not nothing")]
fn an_assertion_says_what_arrived_instead() {
    let client = TestClient::new();
    client.scope(|| import(false)).unwrap();
    client.advance(Duration::ZERO);
    client.assert_statuses("import", &[]);
}

#[test]
fn a_hook_may_report_and_ask_as_in_the_real_client() {
    let options = ClientOptions::new().before_send_check_in(|check_in| {
        assert!(crons::stats().captured > 0);
        if check_in.monitor_slug.as_str() == "import" {
            monitor("from-the-hook").run(|| ());
        }
        Some(check_in)
    });
    let client = TestClient::with_options(options).unwrap();
    client.scope(|| {
        import(false).unwrap();
        client.advance(SECOND);
    });
    client.assert_statuses("from-the-hook", &[Fine]);
}

#[test]
fn a_flush_hurries_what_came_before_it_and_nothing_else() {
    let client = TestClient::with_options(ClientOptions::new().coalesce(Duration::MAX)).unwrap();
    client.scope(|| {
        let before = monitor("before").start();
        assert!(crons::flush(SECOND));
        client.assert_statuses("before", &[InProgress]);
        before.ok();
        let after = monitor("after").start();
        client.advance(SECOND);
        after.ok();
    });
    client.advance(Duration::MAX);
    client.assert_statuses("after", &[Fine]);
}
