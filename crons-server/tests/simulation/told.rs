//! A report as a few lines of text.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

/// The lines of `text` that begin so.
pub fn only(report: &Value, marks: &[char]) -> Vec<String> {
    text(report).lines().filter(|line| line.starts_with(marks)).map(str::to_owned).collect()
}

/// Returns a report as text.
pub fn text(report: &Value) -> String {
    let mut names = HashMap::new();
    let mut text = String::new();
    let rows = |table: &str| report[table].as_array().unwrap().clone();
    for row in rows("check_ins") {
        let id = name(&row["check_in_id"], &mut names);
        write!(text, "{id} {} {}", word(&row["status"]), time(&row["date_added"])).unwrap();
        if !row["duration_ms"].is_null() {
            write!(text, " {}ms", row["duration_ms"]).unwrap();
        }
        for (key, says) in
            [("expected_time", "expected"), ("timeout_at", "timeout"), ("date_in_progress", "begun")]
        {
            if !row[key].is_null() {
                write!(text, " {says} {}", time(&row[key])).unwrap();
            }
        }
        writeln!(text, "{}", place(&row)).unwrap();
    }
    for row in rows("environments") {
        write!(text, "= {}", word(&row["status"])).unwrap();
        for (key, says) in
            [("last_check_in", "last"), ("next_check_in", "next"), ("next_check_in_latest", "latest")]
        {
            if !row[key].is_null() {
                write!(text, ", {says} {}", time(&row[key])).unwrap();
            }
        }
        let muted = if row["muted"] == true { ", muted" } else { "" };
        writeln!(text, "{muted}{}", place(&row)).unwrap();
    }
    for row in rows("incidents") {
        let from = name(&row["starting_check_in_id"], &mut names);
        write!(text, "! {} {from}", time(&row["started_at"])).unwrap();
        assert_eq!(row["resolved_at"].is_null(), row["resolving_check_in_id"].is_null());
        if !row["resolved_at"].is_null() {
            let to = name(&row["resolving_check_in_id"], &mut names);
            write!(text, " -> {} {to}", time(&row["resolved_at"])).unwrap();
        }
        writeln!(text, "{}", place(&row)).unwrap();
    }
    for row in rows("occurrences") {
        let id = name(&row["check_in_id"], &mut names);
        writeln!(text, "> {} {id} {}{}", time(&row["at"]), word(&row["reason"]), place(&row)).unwrap();
    }
    for row in rows("outcomes") {
        let errors: Vec<String> = row["errors"].as_array().unwrap().iter().map(word).collect();
        if row["outcome"] == "accepted" && errors.is_empty() {
            continue;
        }
        let reason =
            if row["reason"].is_null() { String::new() } else { format!(" {}", word(&row["reason"])) };
        writeln!(text, "? {} {}{reason} {}", time(&row["at"]), word(&row["outcome"]), errors.join(" "))
            .unwrap();
    }
    text
}

fn place(row: &Value) -> String {
    match (row["monitor_slug"].as_str().unwrap(), row["environment"].as_str().unwrap()) {
        ("job", "production") => String::new(),
        ("job", environment) => format!(" @{environment}"),
        (monitor, "production") => format!(" @{monitor}"),
        (monitor, environment) => format!(" @{monitor}/{environment}"),
    }
}

/// The name of an id of the timeline, or the number of one that the server made.
fn name(id: &Value, names: &mut HashMap<String, String>) -> String {
    let id = word(id);
    let bytes: Option<Vec<u8>> =
        (0..id.len()).step_by(2).map(|at| u8::from_str_radix(id.get(at..at + 2)?, 16).ok()).collect();
    let written: String =
        bytes.unwrap_or_default().into_iter().take_while(|b| *b != 0).map(char::from).collect();
    if !written.is_empty() && written.is_ascii() {
        return written;
    }
    let number = names.len() + 1;
    names.entry(id).or_insert_with(|| format!("#{number}")).clone()
}

/// `11:00` of the day of the tests, `2024-06-04T11:00` of another.
fn time(value: &Value) -> String {
    let time = word(value);
    let time = time.strip_suffix('Z').unwrap_or_else(|| panic!("{time} is not UTC"));
    let time = time.strip_prefix("2024-06-03T").unwrap_or(time);
    time.strip_suffix(":00").unwrap_or(time).to_owned()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no word")).to_owned()
}
