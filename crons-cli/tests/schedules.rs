//! `crons check` and `crons next`: what a schedule means, for people and for programs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::process::{Command, Stdio};

/// Exit status, standard output and standard error.
fn crons(arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_crons"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_schedule_that_the_server_takes_is_told_in_words_and_as_stored() {
    let (fine, output, _) = crons(&["check", "0  9 * * MON-FRI", "@daily"], "");
    assert!(fine);
    let [weekdays, daily] = output.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(weekdays.starts_with("ok: At 09:00") && weekdays.ends_with("(0 9 * * MON-FRI)"), "{weekdays}");
    assert!(daily.ends_with("(0 0 * * *)"), "{daily}");
}

#[test]
fn one_that_it_refuses_is_told_with_the_field_and_ends_in_failure() {
    let (fine, output, _) = crons(&["check", "0 9 * * *", "-1 * * * *", "every 5 minutes"], "");
    assert!(!fine);
    let [taken, refused, interval] = output.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(taken.starts_with("ok"), "{taken}");
    assert!(refused.starts_with("error: minute: "), "{refused}");
    assert!(interval.starts_with("error: ") && interval.contains("give it as an interval"), "{interval}");
}

#[test]
fn one_of_another_scheduler_is_told_what_means_the_same_here() {
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
fn a_crontab_that_the_shell_took_apart_is_to_be_quoted() {
    let (fine, _, said) = crons(&["check", "0", "9", "*", "*", "1"], "");
    assert!(!fine && said.contains("quote the crontab: crons check \"0 9 * * 1\""), "{said}");
}

#[test]
fn a_margin_that_hides_misses_is_doubted() {
    let (fine, output, _) = crons(&["check", "--checkin-margin", "10 minutes", "*/5 * * * *"], "");
    assert!(fine && output.contains("; but checkin_margin: 10 minutes are not less than the 5"), "{output}");
}

#[test]
fn lines_of_json_are_judged_one_by_one() {
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
fn lines_of_json_are_answered_by_arrays_and_a_bad_one_by_its_error() {
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
fn unknown_zones_and_instants_are_refused_with_what_was_meant() {
    let (fine, _, said) = crons(&["next", "@daily", "--timezone", "Europe/Viena"], "");
    assert!(!fine && said.contains("did you mean `Europe/Vienna`"), "{said}");
    let (fine, _, said) = crons(&["next", "@daily", "--from", "yesterday"], "");
    assert!(!fine && said.contains("--from"), "{said}");
}
