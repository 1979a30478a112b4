//! Tests that `crons check` and `crons next` explain a schedule, to people and to programs.

use super::support::run;

/// Runs `crons` and returns whether it succeeded, its standard output and its standard error.
fn crons(arguments: &[&str], input: &str) -> (bool, String, String) {
    let finished = run(arguments, input);
    (finished.success, finished.stdout, finished.stderr)
}

#[test]
fn an_accepted_crontab_is_printed_in_words_and_as_stored() {
    let (fine, output, _) = crons(&["check", "0  9 * * MON-FRI", "@daily"], "");
    assert!(fine);
    let [weekdays, daily] = output.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(weekdays.starts_with("ok: At 09:00") && weekdays.ends_with("(0 9 * * MON-FRI)"), "{weekdays}");
    assert!(daily.ends_with("(0 0 * * *)"), "{daily}");
}

#[test]
fn a_refused_crontab_names_the_field_and_fails() {
    let (fine, output, _) = crons(&["check", "0 9 * * *", "-1 * * * *", "every 5 minutes"], "");
    assert!(!fine);
    let [taken, refused, interval] = output.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(taken.starts_with("ok"), "{taken}");
    assert!(refused.starts_with("error: minute: "), "{refused}");
    assert!(interval.starts_with("error: ") && interval.contains("give it as an interval"), "{interval}");
}

#[test]
fn a_crontab_of_another_scheduler_gets_its_translation() {
    for (written, meant) in [
        ("0 10 * * ? *", "write `0 10 * * *`"),
        ("cron(0 10 ? * 6L 2022-2023)", "write `0 10 * * 5L`"),
        ("0 0 9 * * 1-5", "or `0 9 * * 0-4` where 1 is Sunday"),
        ("rate(5 minutes)", "`interval = \"5 minutes\"`"),
    ] {
        let (fine, output, _) = crons(&["check", written], "");
        assert!(!fine && output.contains(meant), "{output}");
    }
}

#[test]
fn a_crontab_that_the_shell_split_gets_advice_to_quote_it() {
    let (fine, _, error) = crons(&["check", "0", "9", "*", "*", "1"], "");
    assert!(!fine && error.contains("quote the crontab: crons check \"0 9 * * 1\""), "{error}");
}

#[test]
fn a_margin_that_hides_misses_gets_a_warning() {
    let (fine, output, _) = crons(&["check", "--checkin-margin", "10 minutes", "*/5 * * * *"], "");
    assert!(fine && output.contains("; but checkin_margin: 10 minutes are not less than the 5"), "{output}");
}

#[test]
fn check_answers_lines_of_json_one_by_one() {
    let input = "{\"expr\":\"@hourly\"}\n{\"expr\":\"0 0 31 2 *\"}\n{\"expr\":\"\"}\n";
    let (fine, output, _) = crons(&["check", "-"], input);
    let verdicts: Vec<&str> = output.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert!(fine);
    assert_eq!(verdicts, ["ok", "error", "error"]);
}

#[test]
fn occurrences_are_printed_in_utc_one_a_line() {
    let arguments = [
        "next",
        "30 2 * * *",
        "--timezone",
        "America/New_York",
        "--from",
        "2024-03-09T12:00:00Z",
        "--count",
        "2",
    ];
    let (fine, output, _) = crons(&arguments, "");
    assert!(fine);
    assert_eq!(output, "2024-03-10T07:00:00Z\n2024-03-11T06:30:00Z\n");
}

#[test]
fn next_answers_lines_of_json_by_arrays_or_an_error() {
    let input = r#"{"expr":"0 0 * * *","tz":"Europe/Vienna","from":"2024-06-03T10:00:00+02:00","count":2}
{"expr":"@hourly","from":"2024-06-03T10:30:00Z","count":1}
{"expr":"61 * * * *"}
"#;
    let (fine, output, _) = crons(&["next", "-"], input);
    assert!(!fine);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[0], r#"["2024-06-03T22:00:00Z","2024-06-04T22:00:00Z"]"#);
    assert_eq!(lines[1], r#"["2024-06-03T11:00:00Z"]"#);
    assert!(lines[2].starts_with("{\"error\":\"minute: 61"), "{}", lines[2]);
}

#[test]
fn a_wrong_flag_is_refused_with_what_to_write() {
    for (arguments, value, expected) in [
        (&["next", "@daily", "--timezone"][..], "Europe/Viena", "did you mean `Europe/Vienna`"),
        (&["check", "--timezone"], "Europe/Viena", "did you mean `Europe/Vienna`"),
        (
            &["next", "@daily", "--from"],
            "yesterday",
            "write a date, a time and an offset from UTC, such as 2024-06-03T10:00:05Z",
        ),
        (&["next", "@daily", "--from"], "2024-06-03T10:00:05", "write a date, a time and an offset"),
        (&["next", "@daily", "--count"], "0", "write a whole number from 1 to 1000000"),
        (&["next", "@daily", "--count"], "many", "write a whole number from 1 to 1000000"),
        (&["simulate", "--recovery-threshold"], "721", "write a whole number from 1 to 720"),
        (&["simulate", "--failure-issue-threshold"], "x", "write a whole number from 1 to 720"),
    ] {
        let (fine, _, error) = crons(&[arguments, &[value]].concat(), "");
        let flag = arguments.last().unwrap();
        assert!(!fine && error.contains(&format!("invalid value '{value}' for '{flag}")), "{error}");
        assert!(error.contains(expected), "{arguments:?} {value}: {error}");
    }
}

#[test]
fn options_of_check_may_stand_behind_the_crontabs() {
    for arguments in [
        &["check", "--timezone", "Europe/Vienna", "30 2 * * *", "@daily"][..],
        &["check", "30 2 * * *", "--timezone", "Europe/Vienna", "@daily"],
        &["check", "30 2 * * *", "@daily", "--timezone=Europe/Vienna"],
        &["check", "30 2 * * *", "--checkin-margin", "5", "@daily", "--timezone", "Europe/Vienna"],
    ] {
        let (fine, output, error) = crons(arguments, "");
        assert!(fine && output.lines().count() == 2, "{arguments:?}: {output}{error}");
        assert!(output.contains("skip 02:30 on 20"), "{arguments:?}: {output}");
    }
    let (_, output, _) =
        crons(&["check", "-", "--timezone", "Europe/Vienna"], "{\"expr\": \"30 2 * * *\"}\n");
    assert!(output.contains("skip 02:30 on 20"), "{output}");
    for (arguments, reason) in [
        (&["check", "@daily", "--timezone", "Europe/Viena"][..], "did you mean `Europe/Vienna`"),
        (&["check", "@daily", "--zone", "UTC"], "unexpected argument '--zone'"),
    ] {
        let (fine, output, error) = crons(arguments, "");
        assert!(!fine && output.is_empty() && error.contains(reason), "{arguments:?}: {output}{error}");
    }
}

#[test]
fn a_schedule_without_a_next_time_says_so() {
    let (fine, output, error) = crons(&["next", "@daily", "--from", "9999-12-30T00:00:00Z"], "");
    assert!(!fine && output.is_empty());
    assert_eq!(
        error,
        "crons: `0 0 * * *` has no time after 9999-12-30T00:00:00Z: times end with the year 9999\n"
    );
}

#[test]
fn a_time_that_clocks_skip_or_repeat_gets_a_warning() {
    let (fine, output, _) = crons(&["check", "--timezone", "Europe/Vienna", "30 2 * * *"], "");
    assert!(fine && output.starts_with("ok: ") && output.lines().count() == 1, "{output}");
    assert!(output.contains("; but timezone: the clocks of Europe/Vienna "), "{output}");
    assert!(output.contains("skip 02:30 on 20") && output.contains("repeat 02:30 on 20"), "{output}");
    let (_, output, _) = crons(&["check", "30 2 * * *"], "");
    assert!(!output.contains("; but"), "{output}");
    let (_, output, _) = crons(&["check", "-"], r#"{"expr": "30 2 * * *", "tz": "Europe/Vienna"}"#);
    assert!(output.contains("skip 02:30 on 20"), "{output}");
}

#[test]
fn flags_hold_for_what_a_line_of_json_leaves_out() {
    let flags =
        ["next", "-", "--timezone", "Europe/Vienna", "--from", "2024-06-03T10:00:00Z", "--count", "1"];
    let (_, output, _) =
        crons(&flags, "{\"expr\": \"0 0 * * *\"}\n{\"expr\": \"0 0 * * *\", \"tz\": \"UTC\"}\n");
    assert_eq!(output, "[\"2024-06-03T22:00:00Z\"]\n[\"2024-06-04T00:00:00Z\"]\n");
    let (_, output, _) =
        crons(&["check", "--timezone", "Europe/Vienna", "-"], "{\"expr\": \"30 2 * * *\"}\n");
    assert!(output.contains("skip 02:30 on 20"), "{output}");
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let (fine, output, _) =
        crons(&["check", "-"], "\n{\"expr\": \"@daily\"}\n{\"expr\": 5}\n{\"expr\": \"@hourly\"}\n");
    let [blank, first, refused, last] = output.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(!fine && first.starts_with("ok: ") && last.starts_with("ok: "), "{output}");
    assert!(blank.starts_with("error: line 1 of the input: \"\" is not a JSON object"), "{blank}");
    assert_eq!(
        refused,
        "error: line 3 of the input: expr: 5 is not valid; write a crontab in quotes, such as \"0 9 * * MON-FRI\""
    );
    let (fine, output, _) = crons(&["next", "-"], "{\"expr\": \"@daily\", \"from\": \"today\"}\n");
    let answer: serde_json::Value = serde_json::from_str(&output).unwrap();
    let reason = answer["error"].as_str().unwrap();
    assert!(!fine && reason.starts_with("from: \"today\" is not valid; write a date, a time"), "{output}");
}
