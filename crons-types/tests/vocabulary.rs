//! Tests of slugs, DSNs, ids, environments and configurations: which texts are accepted, their values, and the messages about others.

use crons_types::{
    CheckInId, Dsn, Environment, InvalidDsn, InvalidMonitorConfig, MonitorConfig, Slug, Timezone,
};

#[test]
fn slugs_become_what_the_server_stores() {
    for (written, stored) in [
        ("nightly-backup", Some("nightly-backup")),
        ("some/slug@with-weird|stuff", Some("someslugwith-weirdstuff")),
        ("My Job__Nightly ", Some("my-job__nightly")),
        ("My Job: Nightly!", Some("my-job-nightly")),
        ("  a \t - \u{b} b  ", Some("a-b")),
        ("--_a_--", Some("a")),
        ("Größe Ćwikła ﬁn", Some("groe-cwika-fin")),
        ("日本", None),
        ("!!!", None),
        ("", None),
    ] {
        assert_eq!(Slug::normalize(written).as_ref().map(Slug::as_str), stored, "{written:?}");
        assert_eq!(Slug::parse(written).is_ok(), stored == Some(written), "{written:?}");
    }
    // The decomposition makes it longer, so it is cut again.
    let cut = Slug::normalize(&format!("{}a_bcd", "ﬃ".repeat(16))).unwrap();
    assert_eq!(Slug::parse(cut.as_str()), Ok(cut));
    assert_eq!(Slug::normalize(&"a".repeat(60)).unwrap().as_str(), "a".repeat(50));
    // The cut comes first, so the text behind it does not move up.
    assert_eq!(Slug::normalize(&format!("{}b", "! ".repeat(25))), None);
}

#[test]
fn a_refused_slug_says_what_it_would_become() {
    let said = |written: &str| Slug::parse(written).unwrap_err().to_string();
    assert!(
        said("Has Space!").starts_with("slug: \"Has Space!\" would be stored as `has-space`: write that")
    );
    assert!(said("").starts_with("slug: it is empty"));
    assert!(said("!!!").starts_with("slug: nothing of \"!!!\" would be left"));
    assert!(said(&"a".repeat(10_000)).len() < 400);
}

#[test]
fn dsns_give_the_address_of_the_envelope_endpoint() {
    for (dsn, url) in [
        ("https://k@host:8443/prefix/42", "https://host:8443/prefix/api/42/envelope/"),
        ("https://k@o1.ingest.de.sentry.io/42", "https://o1.ingest.de.sentry.io/api/42/envelope/"),
        ("https://k@o1.ingest.de.sentry.io:443/42", "https://o1.ingest.de.sentry.io/api/42/envelope/"),
        ("http://k:secret@127.0.0.1:80/1", "http://127.0.0.1/api/1/envelope/"),
        ("HTTP://k@[::1]:9170/1/", "http://[::1]:9170/api/1/envelope/"),
        (" https://k:@h/a/b/c/1// ", "https://h/a/b/c/api/1/envelope/"),
        ("https://k@h///1", "https://h/api/1/envelope/"),
        ("https://k@h//1", "https://h/api/1/envelope/"),
        ("https://k@h//a///b//1", "https://h/a/b/api/1/envelope/"),
        ("\u{FEFF}https://k@h/1\r\n", "https://h/api/1/envelope/"),
        ("https://k@h/envelope/1", "https://h/envelope/api/1/envelope/"),
    ] {
        let dsn: Dsn = dsn.parse().unwrap_or_else(|error| panic!("{dsn}: {error}"));
        assert_eq!(dsn.envelope_url(), url);
    }
    let dsn: Dsn = "https://k:secret@host/1".parse().unwrap();
    assert_eq!((dsn.public_key(), dsn.secret_key(), dsn.project_id()), ("k", Some("secret"), "1"));
    assert!(!format!("{dsn:?} {dsn}").contains("secret"));
    assert_eq!(dsn.to_string().parse::<Dsn>().unwrap().to_string(), dsn.to_string());
}

#[test]
fn a_dsn_has_a_host_without_and_an_authority_with_the_port() {
    for (dsn, host, authority) in [
        ("https://k@sentry.example/1", "sentry.example", "sentry.example"),
        ("http://k@localhost:9000/1", "localhost", "localhost:9000"),
        ("http://k@127.0.0.1:80/1", "127.0.0.1", "127.0.0.1"),
        ("http://k@[::1]:9000/1", "::1", "[::1]:9000"),
        ("http://k@[::1]/1", "::1", "[::1]"),
    ] {
        let dsn: Dsn = dsn.parse().unwrap();
        assert_eq!((dsn.host(), dsn.authority()), (host, authority));
    }
}

#[test]
fn a_malformed_dsn_names_the_wrong_part_and_hides_the_key() {
    for (dsn, part) in [
        ("", InvalidDsn::NoUrl),
        ("key@host/1", InvalidDsn::NoUrl),
        ("ftp://key@host/1", InvalidDsn::Scheme),
        ("https://host/1", InvalidDsn::PublicKey),
        ("https://:secret@host/1", InvalidDsn::PublicKey),
        ("https://k\"ey@host/1", InvalidDsn::PublicKey),
        ("https://key@host", InvalidDsn::Project),
        ("https://key@host/abc", InvalidDsn::Project),
        ("https://key@host//", InvalidDsn::Project),
        ("https://key@/1", InvalidDsn::Host),
        ("https://key@a@b/1", InvalidDsn::Host),
        ("https://key@::1/1", InvalidDsn::Host),
        ("https://key@ho<st/1", InvalidDsn::Host),
        ("https://key@host/a<b/1", InvalidDsn::Character),
        ("https://key@host/a\\b/1", InvalidDsn::Character),
        ("https://key@[zz]/1", InvalidDsn::Host),
        ("https://key@%zz/1", InvalidDsn::Host),
        ("https://key@256.1.1.1/1", InvalidDsn::Host),
        ("https://key@a..b/1", InvalidDsn::Host),
        ("https://key:sec\"ret@host/1", InvalidDsn::SecretKey),
        ("https://key@host:+80/1", InvalidDsn::Port),
        ("https://key@host:0/1", InvalidDsn::Port),
        ("https://key@host:x/1", InvalidDsn::Port),
        ("https://key@host/1?x", InvalidDsn::Character),
        ("https://key@ho st/1", InvalidDsn::Character),
        ("https://key@host/1\r\nX: y", InvalidDsn::Character),
    ] {
        let refused = dsn.parse::<Dsn>().unwrap_err();
        assert_eq!(refused, part, "{dsn:?}");
        assert!(!refused.to_string().contains("key@"), "{refused}");
    }
}

#[test]
fn the_everyday_faults_of_a_dsn_are_named_with_what_to_do() {
    for (dsn, part, words) in [
        ("\"https://key@host/1\"", InvalidDsn::Quoted, "quotes"),
        (" 'https://key@host/1' ", InvalidDsn::Quoted, "leave them out"),
        ("`https://key@host/1`", InvalidDsn::Quoted, "quotes"),
        ("<https://key@host/1>", InvalidDsn::Quoted, "quotes"),
        ("\u{201C}https://key@host/1\u{201D}", InvalidDsn::Quoted, "quotes"),
        ("https://key@host/1\"", InvalidDsn::Quoted, "quotes"),
        ("\"\"", InvalidDsn::Quoted, "quotes"),
        ("key@host/1", InvalidDsn::NoUrl, "begin with `https://`"),
        ("//key@host/1", InvalidDsn::NoUrl, "begin with `https://`"),
        ("https//key@host/1", InvalidDsn::NoUrl, "begin with `https://`"),
        ("https:/key@host/1", InvalidDsn::NoUrl, "begin with `https://`"),
        ("https:key@host/1", InvalidDsn::NoUrl, "begin with `https://`"),
        ("${SENTRY_DSN}", InvalidDsn::NoUrl, "begin with `https://`"),
        ("SENTRY_DSN=https://key@host/1", InvalidDsn::Scheme, "`https://`"),
        ("https://key@host/my-project", InvalidDsn::Project, "not the name of the project"),
        ("https://key@host", InvalidDsn::Project, "project id"),
        ("https://key@host/1/envelope/", InvalidDsn::Endpoint, "leave out `/api`"),
        ("https://key@host/api/1/envelope/", InvalidDsn::Endpoint, "leave out `/api`"),
        ("https://host/api/1/envelope/?sentry_key=key", InvalidDsn::Endpoint, "endpoint"),
        ("https://host/api/1/security/?sentry_key=key", InvalidDsn::Endpoint, "endpoint"),
        ("https://host/api/1/cron/job/key/", InvalidDsn::Endpoint, "endpoint"),
        ("https://host/1", InvalidDsn::PublicKey, "public key"),
    ] {
        let refused = dsn.parse::<Dsn>().unwrap_err();
        assert_eq!(refused, part, "{dsn:?}");
        let said = refused.to_string();
        assert!(said.contains(words) && said.contains("https://<public key>@<host>/<project id>"), "{said}");
        assert!(!said.contains("key@host"), "{said}");
    }
}

#[test]
fn ids_are_read_in_every_form_of_a_uuid_and_written_in_one() {
    let id: CheckInId = "7F0A1C52-9f0e-4c1b-8a55-0d6f1b2c3d4e".parse().unwrap();
    assert_eq!(id.to_string(), "7f0a1c529f0e4c1b8a550d6f1b2c3d4e");
    assert_eq!(id.to_string().parse::<CheckInId>().unwrap(), id);
    assert!("0".repeat(32).parse::<CheckInId>().unwrap().is_nil());
    for same in [
        "{7f0a1c52-9f0e-4c1b-8a55-0d6f1b2c3d4e}",
        "{7F0A1C529F0E4C1B8A550D6F1B2C3D4E}",
        "urn:uuid:7f0a1c52-9f0e-4c1b-8a55-0d6f1b2c3d4e",
        "URN:UUID:7f0a1c529f0e4c1b8a550d6f1b2c3d4e",
    ] {
        assert_eq!(same.parse::<CheckInId>(), Ok(id), "{same}");
    }
    for refused in [
        "{7f0a1c52-9f0e-4c1b-8a55-0d6f1b2c3d4e",
        "7f0a1c52-9f0e-4c1b-8a55-0d6f1b2c3d4e}",
        "{{7f0a1c529f0e4c1b8a550d6f1b2c3d4e}}",
        "{urn:uuid:7f0a1c529f0e4c1b8a550d6f1b2c3d4e}",
        "urn:uuid:{7f0a1c529f0e4c1b8a550d6f1b2c3d4e}",
        "urn:7f0a1c529f0e4c1b8a550d6f1b2c3d4e",
        "{}",
        "",
        "1",
        "+f0a1c529f0e4c1b8a550d6f1b2c3d4e",
        "7f0a1c529f0e4c1b8a550d6f1b2c3d4g",
        "é".repeat(16).as_str(),
    ] {
        assert!(refused.parse::<CheckInId>().is_err(), "{refused}");
    }
}

#[test]
fn environments_that_the_server_would_drop_are_refused() {
    assert!(Environment::parse(&"é".repeat(64)).is_ok());
    for refused in ["", " ", "a/b", "a\nb", "a\rb", "a\u{c}b", &"x".repeat(65)] {
        assert!(Environment::parse(refused).is_err(), "{refused:?}");
    }
}

#[test]
fn zones_need_their_exact_names_and_near_misses_are_named() {
    for known in ["UTC", "Europe/Vienna", "US/Arizona", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
        assert!(Timezone::parse(known).is_ok(), "{known}");
    }
    for (written, meant) in [
        ("europe/vienna", "`Europe/Vienna`"),
        ("Europe/Viena", "`Europe/Vienna`"),
        ("vienna", "`Europe/Vienna`"),
        ("Buenos Aires", "`America/Argentina/Buenos_Aires`"),
        ("Mars/Olympus", "an IANA name"),
        ("Factory", "an IANA name"),
        ("", "an IANA name"),
        ("CEST", "`CET`"),
        ("PDT", "an IANA name"),
    ] {
        let said = Timezone::parse(written).unwrap_err().to_string();
        assert!(said.contains(meant), "{said}");
    }
}

#[test]
fn values_beyond_the_servers_limits_are_refused_with_advice() {
    type Setter = fn(MonitorConfig) -> Result<MonitorConfig, InvalidMonitorConfig>;
    let cases: [(Setter, &str); 10] = [
        (|c| c.checkin_margin(0), "checkin_margin: "),
        (
            |c| c.checkin_margin(40_321),
            "checkin_margin: 40321 minutes is not in 1–40320; the server would cut it down",
        ),
        (|c| c.checkin_margin("1 month"), "checkin_margin: "),
        (|c| c.max_runtime("8 days"), "max_runtime: 11520 minutes is not in 1–10080"),
        (|c| c.max_runtime(std::time::Duration::from_secs(90)), "max_runtime: "),
        (|c| c.max_runtime(-1), "max_runtime: "),
        (|c| c.failure_issue_threshold(0), "failure_issue_threshold: 0 is not in 1–720"),
        (|c| c.recovery_threshold(721), "recovery_threshold: 721 is not in 1–720"),
        (|c| c.timezone("Mars/Olympus"), "timezone: "),
        (|c| c.owner("ops"), "owner: \"ops\" is neither `user:<name or id>` nor `team:<name or id>`"),
    ];
    for (set, begin) in cases {
        let refused = set(MonitorConfig::crontab("@daily").unwrap()).unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with(begin), "{said}");
        assert!(said.starts_with(refused.field()), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
    assert_eq!(MonitorConfig::crontab("61 * * * *").unwrap_err().field(), "schedule");
    assert_eq!(MonitorConfig::interval("5m").unwrap_err().field(), "interval");
}

#[cfg(feature = "serde")]
mod wire {
    use crons_types::{CheckIn, CheckInStatus, Crontab, Interval, MonitorConfig, Schedule, Slug, Timezone};
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn a_check_in_goes_to_the_wire_and_back() {
        let config = MonitorConfig::interval("1234 minutes").unwrap().timezone("Europe/Vienna").unwrap();
        let check_in = CheckIn::error(Slug::parse("job").unwrap())
            .duration(std::time::Duration::from_millis(1_250))
            .monitor_config(config);
        let wire = json!({
            "monitor_slug": "job", "status": "error", "duration": 1.25,
            "monitor_config": {
                "schedule": {"type": "interval", "value": 1234, "unit": "minute"}, "timezone": "Europe/Vienna",
            },
        });
        assert_eq!(to_value(&check_in).unwrap(), wire);
        assert_eq!(from_value::<CheckIn>(wire).unwrap(), check_in);
    }

    #[test]
    fn parts_of_a_config_have_the_same_form_by_themselves() {
        let interval = "10 minutes".parse::<Interval>().unwrap();
        assert_eq!(to_value(interval).unwrap(), json!({"value": 10, "unit": "minute"}));
        assert_eq!(from_value::<Interval>(json!({"value": 10, "unit": "minute"})).unwrap(), interval);
        let crontab = "@daily".parse::<Crontab>().unwrap();
        assert_eq!(to_value(&crontab).unwrap(), json!("0 0 * * *"));
        assert_eq!(from_value::<Crontab>(json!("@daily")).unwrap(), crontab);
        let zone = Timezone::parse("Europe/Vienna").unwrap();
        assert_eq!(from_value::<Timezone>(to_value(zone).unwrap()).unwrap(), zone);
        for schedule in [Schedule::from(interval), Schedule::from(crontab)] {
            assert_eq!(from_value::<Schedule>(to_value(&schedule).unwrap()).unwrap(), schedule);
            assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
        }
    }

    #[test]
    fn what_no_client_may_say_is_not_read() {
        let with = |key: &str, value: Value| {
            let mut wire = json!({"monitor_slug": "job", "status": "ok"});
            wire[key] = value;
            from_value::<CheckIn>(wire)
        };
        assert_eq!(with("status", json!("in_progress")).unwrap().status, CheckInStatus::InProgress);
        assert!(with("status", json!("missed")).is_err());
        assert!(with("monitor_slug", json!("My Job")).is_err());
        assert!(with("duration", json!(-1.0)).is_err());
        let schedule = json!({"type": "crontab", "value": "@daily"});
        assert!(with("monitor_config", json!({"schedule": schedule})).is_ok());
        assert!(with("monitor_config", json!({"schedule": schedule, "max_runtime": 20_000})).is_err());
        assert!(
            with("monitor_config", json!({"schedule": {"type": "crontab", "value": "61 * * * *"}})).is_err()
        );
        assert!(
            with("monitor_config", json!({"schedule": {"type": "interval", "value": 0, "unit": "day"}}))
                .is_err()
        );
        assert!(
            with("monitor_config", json!({"schedule": {"type": "interval", "value": 1, "unit": "days"}}))
                .is_err()
        );
    }
}
