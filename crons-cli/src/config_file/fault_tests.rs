//! Each fault of a file is named by its line, once, and shows no secret.

use super::*;

#[test]
fn a_maintenance_window_that_cannot_work_is_named_by_its_line() {
    let matchers = "matchers = [{ key = \"monitor.slug\", match = \"matches pattern\", value = \"db-*\" }]";
    for (keys, expected) in [
        ("why = \"x\"", "matchers: there is none"),
        (matchers, "why: \"\" is not 1 to 500 characters"),
        (&format!("why = \"x\"\n{matchers}"), "write either `schedule` (a crontab)"),
        (&format!("why = \"x\"\nschedule = \"0 2 * * SUN\"\n{matchers}"), "length: it is missing"),
        (&format!("why = \"x\"\nschedule = \"0 25 * * *\"\nlength = \"2h\"\n{matchers}"), "schedule: "),
        (
            &format!("why = \"x\"\nschedule = \"0 2 * * *\"\nlength = \"8d\"\n{matchers}"),
            "length: \"8d\" is more than 7 days",
        ),
        (
            &format!(
                "why = \"x\"\nschedule = \"0 2 * * *\"\ntimezone = \"Vienna\"\nlength = \"2h\"\n{matchers}"
            ),
            "timezone: ",
        ),
        (
            &format!("why = \"x\"\nstarts_at = \"2026-12-24T20:00:00+01:00\"\n{matchers}"),
            "ends_at: it is missing; a window always ends",
        ),
        (
            &format!("why = \"x\"\nstarts_at = \"tomorrow\"\nends_at = \"2026-12-24T20:00:00Z\"\n{matchers}"),
            "starts_at: \"tomorrow\" is not an instant",
        ),
        (
            &format!(
                "why = \"x\"\nstarts_at = \"2026-12-24T20:00:00Z\"\nends_at = \"2026-12-24T20:00:00Z\"\n{matchers}"
            ),
            "is not after starts_at",
        ),
        (
            &format!(
                "why = \"x\"\nstarts_at = \"2026-12-24T20:00:00Z\"\nends_at = \"2028-12-24T20:00:00Z\"\n{matchers}"
            ),
            "more than a year after starts_at",
        ),
        (&format!("wy = \"x\"\nwhy = \"x\"\n{matchers}"), "there is no key `wy`"),
    ] {
        let mut config = Config::default();
        let faults =
            apply(Path::new(NAME), &format!("rate_limit = 6\n[[maintenance]]\n{keys}\n"), &mut config);
        assert_eq!(faults.len(), 1, "{keys}: {faults:?}");
        assert!(faults[0].contains("crons.toml, line ") && faults[0].contains(expected), "{}", faults[0]);
        assert!(config.settings.maintenance.is_empty(), "{keys}");
    }
}

#[test]
fn a_digest_that_cannot_work_is_named_by_its_line() {
    let targets =
        "[webhook.ops]\nurl = \"http://127.0.0.1:1/\"\n[pagerduty.boss]\nrouting_key = \"hunter2\"\n";
    for (keys, expected) in [
        ("at = \"8 o'clock\"\nto = [\"ops\"]", "line 6: digest.at: \"8 o'clock\" is not a time of the day"),
        ("at = 8\nto = [\"ops\"]", "line 6: digest.at: this is 8, and must be a text in quotes"),
        ("at = \"08:00\"\nto = []", "line 7: digest.to: it is empty"),
        ("at = \"08:00\"\nto = \"ops\"", "line 7: digest.to: this is a text, and must be a list"),
        (
            "at = \"08:00\"\nto = [\"osp\"]",
            "line 7: digest.to: there is no target \"osp\"; write one or more of",
        ),
        ("at = \"08:00\"\nto = [\"boss\"]", "line 7: digest.to: \"boss\" is a target of PagerDuty"),
        ("at = \"08:00\"\nto = [\"ops\"]\ntimezone = \"Vienna\"", "line 8: digest.timezone: "),
        (
            "at = \"08:00\"\nto = [\"ops\"]\ndays = [\"Monday\"]",
            "line 8: digest.days: \"Monday\" is not a day",
        ),
        ("at = \"08:00\"", "line 5: digest: the key `to` is missing"),
        (
            "at = \"08:00\"\nto = [\"ops\"]\nevery = \"1d\"",
            "line 8: digest: there is no key `every`; allowed are `at`, `timezone`, `days`, `to`",
        ),
    ] {
        let mut config = Config::default();
        let faults = apply(Path::new(NAME), &format!("{targets}[digest]\n{keys}\n"), &mut config);
        assert_eq!(faults.len(), 1, "{keys}: {faults:?}");
        assert!(faults[0].starts_with(&format!("crons.toml, {expected}")), "{}", faults[0]);
        assert!(!faults[0].contains("hunter2"), "{}", faults[0]);
    }
}

/// The faults of a file, without its name.
fn faults(text: &str) -> Vec<String> {
    let faults = apply(Path::new(NAME), text, &mut Config::default());
    faults.iter().map(|fault| fault.strip_prefix("crons.toml, ").unwrap().to_owned()).collect()
}

#[test]
fn each_fault_of_each_table_is_named_by_its_line() {
    let text = "\
        [slack.a]\n\
        [email.b]\n\
        timeout = \"2m\"\n\
        [webhook.c]\n\
        url = \"https://c.example/\"\n\
        [pagerduty.c]\n\
        routing_key = \"hunter2\"\n\
        [digest]\n\
        at = \"8am\"\n\
        days = [\"mon\", \"Tuesday\"]\n\
        to = [\"a\", \"nobody\"]\n\
        [[alert]]\n\
        on = [\"open\",\n\
        \"close\"]\n\
        remind = \"soon\"\n\
        group_wait = \"2h\"\n\
        when = 5\n\
        match = \"each\"\n\
        tags = [{ key = \"slug\", match = \"is set\" },\n\
        { key = \"owner\", match = \"is like\" }]\n\
        [[alert]]\n\
        on = [\"opened\"]\n\
        to = [\"a\", \"x\", \"y\"]\n\
        [[maintenance]]\n\
        why = 5\n\
        schedule = \"0 25 * * *\"\n\
        [pulse]\n\
        every = \"1\"\n";
    let expected = [
        "line 1: slack.a: the key `url` is missing",
        "line 2: email.b: the key `from` is missing",
        "line 2: email.b: the key `to` is missing",
        "line 2: email.b: the key `url` is missing",
        "line 3: email.b.timeout: 120 s is not in 1 to 60 s",
        "line 6: pagerduty: the name \"c\" is that of a webhook, too",
        "line 9: digest.at: \"8am\" is not a time of the day",
        "line 10: digest.days: \"Tuesday\" is not a day",
        "line 11: digest.to: there is no target \"nobody\"",
        "line 12: alert: the key `to` is missing",
        "line 13: alert.on: `open` is not allowed",
        "line 14: alert.on: `close` is not allowed",
        "line 15: alert.remind: \"soon\" is not",
        "line 16: alert.group_wait: 7200 s is more than 10 minutes",
        "line 17: alert: there is no key `when`",
        "line 18: alert.match: `each` is not allowed",
        "line 19: alert.tags: key: events have no tag \"slug\"",
        "line 20: alert.tags: match: \"is like\" is not a comparison",
        "line 23: alert.to: there is no target \"x\"",
        "line 23: alert.to: there is no target \"y\"",
        "line 24: maintenance.length: it is missing",
        "line 24: maintenance.matchers: there is none",
        "line 25: maintenance.why: this is 5, and must be a text",
        "line 26: maintenance.schedule: hour: 25 is not in 0-23",
        "line 27: pulse: the key `url` is missing",
        "line 28: pulse.every: \"1\" is not",
    ];
    let found = faults(text);
    assert!(found.len() >= expected.len(), "{found:#?}");
    for (fault, start) in found.iter().zip(expected) {
        assert!(fault.starts_with(start), "{fault}\ninstead of {start}\nin {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_fault_has_no_consequences_that_are_told_as_faults_of_their_own() {
    let matchers = "matchers = [{ key = \"owner\", match = \"is set\" }]";
    for text in [
        "[email.b]\nurl = 5\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\n",
        "[slack.a]\nurl_env = \"CRONS_NOT_SET\"\n",
        "[webhook.a]\nurl = \"ftp://a.example/\"\n[[alert]]\non = [\"opened\"]\nto = [\"a\"]\n",
        "[webhook.a]\nurl = \"https://a.example/\"\n[[alert]]\non = [\"open\"]\nto = [\"a\"]\nremind = \"1h\"\n",
        &format!("[[maintenance]]\nwhy = \"x\"\nschedule = 5\nlength = \"2h\"\n{matchers}\n"),
        &format!(
            "[[maintenance]]\nwhy = \"x\"\nstarts_at = \"tomorrow\"\nends_at = \"2026-12-24T20:00:00Z\"\n{matchers}\n"
        ),
    ] {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
    }
}

#[test]
fn a_message_names_its_key_once_and_nothing_that_is_not_asked() {
    let rule = "[webhook.a]\nurl = \"https://a.example/\"\n[[alert]]\non = [\"opened\"]\nto = [\"a\"]\n";
    let window = "[[maintenance]]\nwhy = \"x\"\nschedule = \"0 2 * * *\"\nlength = \"2h\"\nmatchers = [{ key = \"owner\", match = \"is set\" }]\n";
    for (text, expected) in [
        (
            format!("{rule}remind = \"30s\""),
            "line 6: alert.remind: \"30s\" is not in whole minutes; write minutes, hours, days or weeks",
        ),
        (
            format!("{rule}escalate = {{ after = \"30s\", to = [\"a\"] }}"),
            "line 6: alert.escalate.after: \"30s\" is not in whole minutes; write minutes, hours, days or weeks",
        ),
        (
            "[webhook.a]\nurl = \"https://a.example/\"\n[digest]\nat = \"08:00\"\nto = [\"a\"]\ntimezone = \"Vienna\"".to_owned(),
            "line 6: digest.timezone: \"Vienna\" is not in the time zone database; did you mean `Europe/Vienna`?",
        ),
        (
            format!("{window}timezone = \"Vienna\""),
            "line 6: maintenance.timezone: \"Vienna\" is not in the time zone database; did you mean `Europe/Vienna`?",
        ),
        (
            window.replace("2h", "30s"),
            "line 4: maintenance.length: \"30s\" is not in whole minutes; write minutes, hours, days or weeks",
        ),
    ] {
        assert_eq!(faults(&text), [expected]);
    }
}

#[test]
fn a_header_that_is_written_wrong_gets_the_right_one() {
    for (text, expected) in [
        ("[alert]\non = [\"opened\"]\n", "line 1: alert: this is a list of tables; write [[alert]] with two"),
        ("alert = 5\n", "line 1: alert: this is a list of tables; write [[alert]]"),
        ("alert = [\"x\"]\n", "line 1: alert: this is a list of tables; write [[alert]]"),
        (
            "[maintenance]\nwhy = \"x\"\n",
            "line 1: maintenance: this is a list of tables; write [[maintenance]]",
        ),
        (
            "[[digest]]\nat = \"08:00\"\n",
            "line 1: digest: this is one table; write [digest] with one bracket",
        ),
        ("pulse = \"https://x.example/hunter2\"\n", "line 1: pulse: this is one table; write [pulse]"),
        (
            "[webhook]\nurl = \"https://x.example/hunter2\"\n",
            "line 1: webhook: a target has a name, by which rules name it; write [webhook.NAME], such as [webhook.ops]",
        ),
        ("[[webhook]]\nurl = \"https://x.example/hunter2\"\n", "line 1: webhook: a target has a name"),
        ("webhook = \"https://x.example/hunter2\"\n", "line 1: webhook: a target has a name"),
        ("[[slack.ops]]\nurl = \"https://x.example/hunter2\"\n", "line 1: slack: a target has a name"),
        (
            "[webhok.ops]\nurl = \"https://x.example/hunter2\"\n",
            "line 1: `webhok` is not a table; did you mean [webhook.NAME]?",
        ),
        (
            "[Slack.ops]\nurl = \"https://x.example/hunter2\"\n",
            "line 1: `Slack` is not a table; did you mean [slack.NAME]?",
        ),
        ("[retnetion]\ncheck_ins = 800\n", "line 1: `retnetion` is not a table; did you mean [retention]?"),
        ("[[alerts]]\non = [\"opened\"]\n", "line 1: `alerts` is not a table; did you mean [[alert]]?"),
        ("[colours]\nred = 1\n", "line 1: `colours` is not a table; `crons config` prints all tables"),
    ] {
        let found = faults(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:#?}");
        assert!(!found[0].contains("hunter2"), "{found:#?}");
    }
}

#[test]
fn faults_are_listed_by_line_in_the_order_of_the_file() {
    let text = "\
        rate_limit = \"often\"\n\
        lisen = \"127.0.0.1:1\"\n\
        \n\
        database = [\"a\", \"b\"]\n\
        max_monitors = 1_000\n\
        max_environments = 0x10\n\
        [retention]\n\
        check_ins = 719\n\
        days = 3\n";
    let mut config = Config::default();
    let faults = apply(Path::new("a/crons.toml"), text, &mut config);
    let expected = [
        ("a/crons.toml, line 1: rate_limit: \"often\" is neither", "off"),
        ("a/crons.toml, line 2: `lisen` is not a key", "did you mean `listen`?"),
        ("a/crons.toml, line 4: database: write one value", ""),
        ("a/crons.toml, line 6: max_environments: \"0x10\" is not valid; write a whole number from 1", ""),
        (
            "a/crons.toml, line 8: retention.check_ins: \"719\" is not valid; write a whole number from 720",
            "or leave it out",
        ),
        ("a/crons.toml, line 9: `retention.days` is not a key", "`crons config`"),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, (start, part)) in faults.iter().zip(expected) {
        assert!(fault.starts_with(start) && fault.contains(part), "{fault}");
    }
    assert_eq!(config.settings.quotas.monitors, 1_000);
}

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "admin_token = hunter2-hunter2-hunter2",
        "admin_token = \"hunter2\"",
        "admin_token = [\"hunter2-hunter2-hunter2\"]",
        "admin_token = \"hunter2 hunter2 hunter2\"",
        "admin_tokn = \"hunter2-hunter2-hunter2\"",
        "key = \"hunter2 hunter2\"",
        "key = { is = \"hunter2\" }",
        "[pulse]\nurl = \"hunter2.example/hunter2\"",
        "[pulse]\nurl = \"https://x/hunter2\"\nurl_file = \"/nowhere\"",
    ] {
        let faults = apply(Path::new(NAME), text, &mut Config::default());
        assert_eq!(faults.len(), 1, "{text}");
        assert!(!faults[0].contains("hunter2"), "{text}: {faults:?}");
    }
}
