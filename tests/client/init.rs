//! Tests of the set-up, which never fails a program, and says what is wrong.

use crons::{CheckIn, CheckInId, ClientOptions, InitError, InvalidDsn, Slug, capture_check_in, monitor};

use crate::support::one_at_a_time;

#[test]
fn without_a_dsn_the_job_runs_and_nothing_is_sent() {
    let _one = one_at_a_time();
    let crons = crons::init(ClientOptions::new().dsn(""));
    assert!(!crons.is_enabled() && crons.error().is_none());
    assert_eq!(monitor("job").run(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(crons::stats(), crons::Stats::default());
}

#[test]
fn ids_are_handed_back_without_a_client() {
    let _one = one_at_a_time();
    let slug = Slug::parse("job").unwrap();
    let given = CheckInId::from_bytes([7; 16]);
    assert_eq!(capture_check_in(CheckIn::ok(slug.clone()).check_in_id(given)), given);
    assert_ne!(capture_check_in(CheckIn::ok(slug.clone())), capture_check_in(CheckIn::ok(slug)));
    let guard = monitor("job").start();
    assert_eq!(guard.id(), guard.id());
    guard.ok();
}

#[test]
fn a_malformed_dsn_disables_and_says_which_part_is_wrong() {
    let _one = one_at_a_time();
    for (dsn, part) in [
        ("nonsense", InvalidDsn::NoUrl),
        ("ftp://key@host/1", InvalidDsn::Scheme),
        ("https://host/1", InvalidDsn::PublicKey),
        ("https://@host/1", InvalidDsn::PublicKey),
        ("https://key@host", InvalidDsn::Project),
        ("https://key@host/", InvalidDsn::Project),
        ("https://key@host/abc", InvalidDsn::Project),
        ("https://key@/1", InvalidDsn::Host),
        ("https://key@host:99999/1", InvalidDsn::Port),
    ] {
        let crons = crons::init(ClientOptions::new().dsn(dsn));
        assert!(!crons.is_enabled());
        assert!(
            matches!(crons.error(), Some(InitError::Dsn(refused)) if *refused == part),
            "{dsn}: {crons:?}"
        );
        monitor("job").run(|| ());
        assert!(crons::try_init(ClientOptions::new().dsn(dsn)).is_err());
    }
}

#[test]
fn an_environment_that_the_server_would_drop_is_refused() {
    let _one = one_at_a_time();
    for environment in ["a/b", "a\nb", &"x".repeat(65)] {
        let options = ClientOptions::new().dsn("http://key@127.0.0.1:9/1").environment(environment);
        assert!(matches!(crons::try_init(options), Err(InitError::Environment(_))), "{environment:?}");
    }
}

#[test]
fn a_second_init_is_refused_while_the_first_guard_lives() {
    let _one = one_at_a_time();
    let options =
        || ClientOptions::new().dsn("http://key@127.0.0.1:9/1").shutdown_timeout(std::time::Duration::ZERO);
    let first = crons::init(options());
    let second = crons::init(options());
    assert!(matches!(second.error(), Some(InitError::AlreadyInitialized)));
    drop(second);
    assert!(first.is_enabled());
    drop(first);
    assert!(crons::init(options()).is_enabled(), "after the first guard is gone it may begin again");
}

#[test]
fn keys_are_not_shown_by_debug() {
    let options = ClientOptions::new().dsn("http://topsecret@127.0.0.1:9/1");
    assert!(!format!("{options:?}").contains("topsecret"));
}

#[test]
fn a_dsn_alone_is_enough_and_a_limit_of_nothing_is_refused() {
    let _one = one_at_a_time();
    assert!(crons::init("http://key@127.0.0.1:9/1").is_enabled());
    let options = ClientOptions::from("http://key@127.0.0.1:9/1").max_check_ins_per_minute(0);
    let refused = crons::try_init(options).unwrap_err();
    assert!(matches!(refused, InitError::NothingPerMinute), "{refused}");
    assert_eq!(crons::release_name!(), concat!("crons@", env!("CARGO_PKG_VERSION")));
}
