//! Tests that a crontab is accepted if and only if Sentry's server accepts it, and is stored in the same form.
#![expect(clippy::unwrap_used, reason = "the helpers of a test, which clippy does not know for one")]

use crons_types::Crontab;

/// A line of the table: the answer of cronsim 2.6 within Sentry's own validator.
struct Row {
    expression: String,
    accepted: bool,
    why: String,
    stored: Option<String>,
}

fn table() -> Vec<Row> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    include_str!("data/cron-accept.jsonl")
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            Row {
                expression: text(&row["expr"]).unwrap(),
                accepted: row["ok"].as_bool().unwrap(),
                why: text(&row["why"]).unwrap(),
                stored: text(&row["norm"]),
            }
        })
        .collect()
}

#[test]
fn every_verdict_is_the_servers() {
    let table = table();
    assert!(table.len() > 7000);
    let wrong: Vec<_> = table
        .iter()
        .filter_map(|row| {
            let parsed = Crontab::parse(&row.expression);
            (parsed.is_ok() != row.accepted).then(|| {
                format!("{:?}: server {} {}, ours {parsed:?}", row.expression, row.accepted, row.why)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

#[test]
fn what_is_stored_is_what_the_server_stores() {
    for row in table().into_iter().filter(|row| row.accepted) {
        let stored = row.stored.unwrap_or_else(|| row.expression.clone());
        assert_eq!(Crontab::parse(&row.expression).unwrap().as_str(), stored);
    }
}

#[test]
fn the_compiler_judges_alike() {
    for row in table() {
        assert_eq!(Crontab::validate(&row.expression).is_ok(), row.accepted, "{:?}", row.expression);
    }
}

/// The field at fault is the one that the server names.
#[test]
fn the_blame_falls_on_the_same_field() {
    let names = ["minute", "hour", "day-of-month", "month", "day-of-week"];
    for row in table() {
        if let Some(name) = row.why.strip_prefix("parse:Bad ") {
            let refused = Crontab::parse(&row.expression).unwrap_err();
            assert_eq!(
                refused.field().map(|field| names[field - 1]),
                Some(name),
                "{:?}: {refused}",
                row.expression
            );
        }
    }
}

#[test]
fn by_hand() {
    let accepted = [
        "* * * * *",
        "@weekly ",
        "*/61 * * * *",
        "1-5/2 * * * *",
        "0 0 * * SUN-SAT",
        "0 0 L * *",
        "0 0 LW * *",
        "0 0 * * 5L",
        "0 0 * * 0#5",
        "00 00 * * *",
        "0 0 */32 * *",
        "0 0 1 jan *",
        "0 9 * * MON-FRI",
        "0 0 * * sat,sun",
        "0 0 * * 7",
        "5/15 * * * *",
        "0 8-18/4 * * MON-FRI",
        "0 0 * * 5#3",
        "0 0 * * FRI-7",
        "0 0 29 2 *",
        "0 0 * * \u{17F}un,fr\u{131}",
    ];
    for text in accepted {
        assert!(Crontab::parse(text).is_ok(), "{text:?} is refused: {}", Crontab::parse(text).unwrap_err());
    }
    let refused = [
        "",
        " \t\n",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * 0 *",
        "* * * * 8",
        "0 0 31 2 *",
        "0 0 31 2 1",
        "0 0 31 4,6,9,11 *",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/00 * * * *",
        "1,,2 * * * *",
        "? * * * *",
        "* * ? * *",
        "* * * * ?",
        "0 0 * * FRI-MON",
        "0 0 * * 7-0",
        "0 0 * * MONDAY",
        "0 0 L-3 * *",
        "0 0 15W * *",
        "0 0 * * 1#6",
        "0 0 * * L",
        "0 0 * * FRIL",
        "0 0 * * 1-5L",
        "H * * * *",
        "-1 * * * *",
        "1.5 * * * *",
        "+1 * * * *",
        "0x1 * * * *",
        "*/1/2 * * * *",
        "/5 * * * *",
        "*/ * * * *",
        "** * * * *",
        "@midnight",
        "@reboot",
        "@Daily",
        "@every 5m",
        "@daily 1",
        "0 0 * JULY *",
        "0 0 */31 2 1#5",
    ];
    for text in refused {
        assert!(Crontab::parse(text).is_err(), "{text:?} is accepted");
    }
}

/// Checks that a number may have up to 4300 digits, as in cronsim 2.6.
#[test]
fn numbers_of_any_length() {
    let zeros = |count: usize| format!("*/{}1 * * * *", "0".repeat(count));
    assert!(Crontab::parse(&zeros(4299)).is_ok());
    assert!(Crontab::parse(&zeros(4300)).is_err());
    assert!(Crontab::parse(&format!("*/{} * * * *", "9".repeat(60))).is_ok());
}
