//! Tests of the messages of refused crontabs: one line names the wrong field, what is allowed there, and what was probably meant.

use crons_types::Crontab;

/// The text, the message about it, and the crontab that was probably meant.
const MESSAGES: &[(&str, &str, Option<&str>)] = &[
    ("", r"crontab: it is empty; write five fields such as `0 3 * * *`, or `@daily`", None),
    ("* * * *", r#"crontab: 4 fields; a crontab has 5: minute hour day month weekday (in "* * * *")"#, None),
    ("09:30", r#"crontab: 1 field; a crontab has 5: minute hour day month weekday (in "09:30")"#, None),
    (
        "10 minutes",
        r#"crontab: "10 minutes" is not a crontab; give it as an interval, `interval = "10 minutes"`"#,
        None,
    ),
    (
        "every 5 min",
        r#"crontab: "every 5 min" is not a crontab; give it as an interval, `interval = "5 minutes"`"#,
        None,
    ),
    (
        "0 0 4 * * *",
        r#"crontab: 6 fields; a crontab has 5: minute hour day month weekday, no seconds; write `0 4 * * *` (in "0 0 4 * * *")"#,
        Some("0 4 * * *"),
    ),
    (
        "*/30 * * * * *",
        r#"crontab: 6 fields; a crontab has 5: minute hour day month weekday, no seconds ("*/30" is one run a minute to the server); write `* * * * *` (in "*/30 * * * * *")"#,
        Some("* * * * *"),
    ),
    (
        "0 0 12 ? * 2-6",
        r#"crontab: 6 fields; a crontab has 5: minute hour day month weekday, no seconds; write `0 12 * * 1-5` where 1 is Sunday (Quartz, the crate `cron`), or `0 12 * * 2-6` where 0 is Sunday (Spring, croner) (in "0 0 12 ? * 2-6")"#,
        None,
    ),
    (
        "0 0 12 ? * MON-FRI 2025",
        r#"crontab: 7 fields; a crontab has 5: minute hour day month weekday, no seconds and no year ("2025" is left out: disable the monitor in other years); write `0 12 * * MON-FRI` (in "0 0 12 ? * MON-FRI 2025")"#,
        Some("0 12 * * MON-FRI"),
    ),
    (
        "0 0 1 1 * 2025",
        r#"crontab: 6 fields; a crontab has 5: minute hour day month weekday, no year ("2025" is left out: disable the monitor in other years); write `0 0 1 1 *` (in "0 0 1 1 * 2025")"#,
        Some("0 0 1 1 *"),
    ),
    (
        "0 * * * * Europe/Vienna",
        r#"crontab: the time zone does not belong here, give it by itself, `timezone = "Europe/Vienna"`; write `0 * * * *` (in "0 * * * * Europe/Vienna")"#,
        Some("0 * * * *"),
    ),
    (
        "TZ=UTC 0 * * * *",
        r#"crontab: the time zone does not belong here, give it by itself, `timezone = "UTC"`; write `0 * * * *` (in "TZ=UTC 0 * * * *")"#,
        Some("0 * * * *"),
    ),
    (
        "0 0 * * * /usr/bin/backup",
        r#"crontab: 6 fields; a crontab has 5: minute hour day month weekday; write `0 0 * * *` (in "0 0 * * * /usr/bin/backup")"#,
        Some("0 0 * * *"),
    ),
    (
        "1 2 3 4 5 6 7 8",
        r#"crontab: 8 fields; a crontab has 5: minute hour day month weekday (in "1 2 3 4 5 6 7 8")"#,
        None,
    ),
    (
        "@midnight",
        r#"crontab: "@midnight" is not a nickname that the server knows; write `@daily`"#,
        Some("@daily"),
    ),
    (
        "@Daily",
        r#"crontab: "@Daily" is not a nickname that the server knows, they are in lower case; write `@daily`"#,
        Some("@daily"),
    ),
    (
        "@month",
        r#"crontab: "@month" is not a nickname that the server knows; write `@monthly`"#,
        Some("@monthly"),
    ),
    (
        "@reboot",
        r#"crontab: "@reboot" is not a nickname that the server knows; a start of the machine is no schedule, so leave it out"#,
        None,
    ),
    (
        "@every 5m",
        r#"crontab: "@every 5m" is not a nickname that the server knows; give it as an interval, `interval = "5 minutes"`"#,
        None,
    ),
    (
        "@often",
        r#"crontab: "@often" is not a nickname that the server knows; it knows @hourly, @daily, @weekly, @monthly, @yearly and @annually"#,
        None,
    ),
    (
        "@daily 1",
        r#"crontab: "@daily 1" is not a nickname that the server knows; write `@daily`"#,
        Some("@daily"),
    ),
    ("61 * * * *", r#"minute: 61 is not in 0-59 (field 1 of "61 * * * *")"#, None),
    ("60 * * * *", r#"minute: 60 is not in 0-59; write `0` (field 1 of "60 * * * *")"#, Some("0 * * * *")),
    ("0 24 * * *", r#"hour: 24 is not in 0-23; write `0` (field 2 of "0 24 * * *")"#, Some("0 0 * * *")),
    ("* * 0 * *", r#"day of month: 0 is not in 1-31 (field 3 of "* * 0 * *")"#, None),
    ("0 0 * 13 *", r#"month: 13 is not in 1-12 (field 4 of "0 0 * 13 *")"#, None),
    ("0 0 * * 8", r#"day of week: 8 is not in 0-7 (field 5 of "0 0 * * 8")"#, None),
    (
        "99999999999999999999999 * * * *",
        r#"minute: 99999999999999999999… is not in 0-59 (field 1 of "99999999999999999999999 * * * *")"#,
        None,
    ),
    (
        "* 22-4 * * *",
        r#"hour: "22-4" runs backwards, and a range cannot pass 23; write `22-23,0-4` (field 2 of "* 22-4 * * *")"#,
        Some("* 22-23,0-4 * * *"),
    ),
    (
        "* 22-4/2 * * *",
        r#"hour: "22-4/2" runs backwards, and a range cannot pass 23; write `22,0,2,4` (field 2 of "* 22-4/2 * * *")"#,
        Some("* 22,0,2,4 * * *"),
    ),
    (
        "50-10 * * * *",
        r#"minute: "50-10" runs backwards, and a range cannot pass 59; write `50-59,0-10` (field 1 of "50-10 * * * *")"#,
        Some("50-59,0-10 * * * *"),
    ),
    (
        "0 0 * NOV-FEB *",
        r#"month: "NOV-FEB" runs backwards, and a range cannot pass DEC; write `NOV,DEC,JAN,FEB` (field 4 of "0 0 * NOV-FEB *")"#,
        Some("0 0 * NOV,DEC,JAN,FEB *"),
    ),
    (
        "0 0 * * FRI-MON",
        r#"day of week: "FRI-MON" runs backwards, and a range cannot pass SAT; write `FRI,SAT,SUN,MON` (field 5 of "0 0 * * FRI-MON")"#,
        Some("0 0 * * FRI,SAT,SUN,MON"),
    ),
    (
        "0 0 * * 5-1",
        r#"day of week: "5-1" runs backwards, and a range cannot pass 6; write `5-6,0-1` (field 5 of "0 0 * * 5-1")"#,
        Some("0 0 * * 5-6,0-1"),
    ),
    (
        "0 0 * * 7-0",
        r#"day of week: "7-0" runs backwards, and a range cannot pass 6 (field 5 of "0 0 * * 7-0")"#,
        None,
    ),
    (
        "*/0 * * * *",
        r#"minute: the step of "*/0" is 0, the smallest is 1; write `*` (field 1 of "*/0 * * * *")"#,
        Some("* * * * *"),
    ),
    (
        "*/ * * * *",
        r#"minute: "*/" must have one whole number after the `/`; write `*` (field 1 of "*/ * * * *")"#,
        Some("* * * * *"),
    ),
    (
        "*/x * * * *",
        r#"minute: "*/x" must have one whole number after the `/` (field 1 of "*/x * * * *")"#,
        None,
    ),
    (
        "/5 * * * *",
        r#"minute: "/5" begins with the step; write `*/5` (field 1 of "/5 * * * *")"#,
        Some("*/5 * * * *"),
    ),
    (
        "*/1/2 * * * *",
        r#"minute: "*/1/2" must have one whole number after the `/` (field 1 of "*/1/2 * * * *")"#,
        None,
    ),
    (
        "1,,2 * * * *",
        r#"minute: an item of the list is empty; leave out the comma (field 1 of "1,,2 * * * *")"#,
        Some("1,2 * * * *"),
    ),
    (
        ",1 * * * *",
        r#"minute: an item of the list is empty; leave out the comma (field 1 of ",1 * * * *")"#,
        Some("1 * * * *"),
    ),
    (
        "1, * * * *",
        r#"minute: an item of the list is empty; leave out the comma (field 1 of "1, * * * *")"#,
        Some("1 * * * *"),
    ),
    (
        "0 0 ? * *",
        r#"day of month: "?" is not known here; write `*` (field 3 of "0 0 ? * *")"#,
        Some("0 0 * * *"),
    ),
    (
        "** * * * *",
        r#"minute: "**" is not known here; write `*` (field 1 of "** * * * *")"#,
        Some("* * * * *"),
    ),
    (
        "H * * * *",
        r#"minute: "H" asks for a value by chance, which the server cannot guess; choose a value, or give it as an interval, `interval = "1 hour"` (field 1 of "H * * * *")"#,
        None,
    ),
    (
        "H/15 * * * *",
        r#"minute: "H/15" asks for a value by chance, which the server cannot guess; choose a value, or give it as an interval, `interval = "15 minutes"` (field 1 of "H/15 * * * *")"#,
        None,
    ),
    (
        "0~59 3 * * *",
        r#"minute: "0~59" is a random time, which nobody can expect; write a fixed one (field 1 of "0~59 3 * * *")"#,
        None,
    ),
    (
        "0 0 L-3 * *",
        r#"day of month: "L-3" counts from the end, only `L`, the last day, is known (field 3 of "0 0 L-3 * *")"#,
        None,
    ),
    (
        "0 0 15W * *",
        r#"day of month: "15W" asks for the nearest workday, only `LW`, the last, is known (field 3 of "0 0 15W * *")"#,
        None,
    ),
    (
        "0 0 * * L",
        r#"day of week: "L" lacks its weekday, `5L` is the last Friday (field 5 of "0 0 * * L")"#,
        None,
    ),
    (
        "0 0 * * FRIL",
        r#"day of week: "FRIL" is not how the last such weekday is written; write `5L` (field 5 of "0 0 * * FRIL")"#,
        Some("0 0 * * 5L"),
    ),
    (
        "0 0 * * L5",
        r#"day of week: "L5" is not how the last such weekday is written; write `5L` (field 5 of "0 0 * * L5")"#,
        Some("0 0 * * 5L"),
    ),
    (
        "0 0 * * 1#6",
        r#"day of week: "1#6" must end in #1 to #5, the place of the weekday in the month (field 5 of "0 0 * * 1#6")"#,
        None,
    ),
    (
        "0 0 * * FRI#",
        r#"day of week: "FRI#" must end in #1 to #5, the place of the weekday in the month (field 5 of "0 0 * * FRI#")"#,
        None,
    ),
    (
        "0 0 * * MONDAY",
        r#"day of week: "MONDAY" is not known here; write `MON` (field 5 of "0 0 * * MONDAY")"#,
        Some("0 0 * * MON"),
    ),
    (
        "0 0 ? * MON-FRIDAY,SUNDAY",
        r#"day of month: "?" is not known here; write `*` (field 3 of "0 0 ? * MON-FRIDAY,SUNDAY")"#,
        Some("0 0 * * MON-FRI,SUN"),
    ),
    (
        "0 0 * SEPT *",
        r#"month: "SEPT" is not known here; write `SEP` (field 4 of "0 0 * SEPT *")"#,
        Some("0 0 * SEP *"),
    ),
    ("0 0 * * JAN", r#"day of week: "JAN" is a month, the field before (field 5 of "0 0 * * JAN")"#, None),
    ("0 0 * MON *", r#"month: "MON" is a weekday, the last field (field 4 of "0 0 * MON *")"#, None),
    (
        "-1 * * * *",
        r#"minute: "-1" begins with `-`, and no value is negative (field 1 of "-1 * * * *")"#,
        None,
    ),
    ("5- * * * *", r#"minute: "5-" lacks an end of its range (field 1 of "5- * * * *")"#, None),
    ("1-2-3 * * * *", r#"minute: "1-2-3" is neither `*` nor in 0-59 (field 1 of "1-2-3 * * * *")"#, None),
    ("1.5 * * * *", r#"minute: "1.5" is no whole number (field 1 of "1.5 * * * *")"#, None),
    ("foo * * * *", r#"minute: "foo" is neither `*` nor in 0-59 (field 1 of "foo * * * *")"#, None),
    ("0 9:30 * * *", r#"hour: "9:30" is neither `*` nor in 0-23 (field 2 of "0 9:30 * * *")"#, None),
    (
        "0 0 * * Mo-Fr",
        r#"day of week: "Mo-Fr" is neither `*` nor in 0-7 or SUN-SAT (field 5 of "0 0 * * Mo-Fr")"#,
        None,
    ),
    (
        "0 0 * * mon–fri",
        r#"day of week: "mon–fri" is neither `*` nor in 0-7 or SUN-SAT (field 5 of "0 0 * * mon–fri")"#,
        None,
    ),
    (
        "0 0 31 2 *",
        r#"day of month: 31 never comes in month 2, so it never happens; write `L` (field 3 of "0 0 31 2 *")"#,
        Some("0 0 L 2 *"),
    ),
    (
        "0 0 30 feb 1",
        r#"day of month: 30 never comes in month feb, so it never happens; write `L` (field 3 of "0 0 30 feb 1")"#,
        Some("0 0 L feb 1"),
    ),
    (
        "0 0 31 4,6 *",
        r#"day of month: 31 never comes in these months, so it never happens; write `L` (field 3 of "0 0 31 4,6 *")"#,
        Some("0 0 L 4,6 *"),
    ),
    (
        "0 0 */31 2 1#5",
        r#"crontab: it never happens: no day is both the day of month and the weekday (in "0 0 */31 2 1#5")"#,
        None,
    ),
];

#[test]
fn every_class_of_mistake() {
    for (written, message, meant) in MESSAGES {
        let refused = Crontab::parse(written).unwrap_err();
        assert_eq!(refused.to_string(), *message, "{written:?}");
        assert_eq!(refused.suggestion(), *meant, "{written:?}");
    }
}

#[test]
fn what_is_suggested_is_accepted() {
    for meant in MESSAGES.iter().filter_map(|(.., meant)| *meant) {
        assert!(Crontab::parse(meant).is_ok(), "{meant}");
    }
}

#[test]
fn the_place_of_the_mistake_is_known() {
    let place = |text: &str| {
        let refused = Crontab::parse(text).unwrap_err();
        (refused.field(), text[refused.span()].to_owned())
    };
    assert_eq!(place("0 25 * * *"), (Some(2), "25".to_owned()));
    assert_eq!(place("0 0 * * MON,8-9"), (Some(5), "8".to_owned()));
    assert_eq!(place("0 0 * * FRI-MON"), (Some(5), "FRI-MON".to_owned()));
    assert_eq!(place("0 0 31 2 *"), (Some(3), "31".to_owned()));
    // Blanks of any kind may stand between the fields.
    let refused = Crontab::parse("0\u{a0}24\u{1f}*\u{2003}*\u{b}*").unwrap_err();
    assert_eq!(refused.suggestion(), Some("0 0 * * *"));
    assert_eq!(place("* * * *"), (None, "* * * *".to_owned()));
}

#[test]
fn one_short_line_for_any_input() {
    let huge = "9".repeat(100_000);
    let noisy = "\u{1}\"é\u{202E}x".repeat(10_000);
    let inputs = [
        format!("{huge} * * * *"),
        format!("*/{huge} * * * *"),
        format!("1-{huge}/0 * * * *"),
        format!("{noisy} * * * *"),
        format!("* * * * {noisy}"),
        format!("@{noisy}"),
        noisy.clone(),
        "* ".repeat(10_000),
        "\n".repeat(10_000),
        "1,".repeat(10_000) + " * * * *",
        format!("* * * * 1#{huge}"),
        format!("* * 31 {} *", "2,".repeat(9_999) + "2"),
        // The messages about these faults also quote what was probably meant.
        "0 4\u{1b}[2J/ * * *".to_owned(),
        "* * \u{202e}1/0 * *".to_owned(),
        "* * 30\u{1f}\t2\u{1d}*".to_owned(),
    ];
    for input in inputs {
        let message = Crontab::parse(&input).unwrap_err().to_string();
        assert!(message.chars().count() <= 400, "{message}");
        assert!(!message.contains(|c: char| c.is_control() || c == '\u{202E}'), "{message}");
    }
}
