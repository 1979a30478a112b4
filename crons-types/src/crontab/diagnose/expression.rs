//! Remedies for a crontab as a whole: its number of fields, its nickname.

use super::elapsed;
use super::remedy::{Diagnosis, Replacement, quote};
use crate::Interval;
use crate::crontab::bytes::fold_blanks;
use crate::crontab::fault::{Fault, Kind};

const NICKNAMES: [&str; 6] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"];
pub(super) const FIVE: &str = "a crontab has 5: minute hour day month weekday";

pub(super) fn remedy(text: &str, fault: Fault) -> Diagnosis {
    let line = fold_blanks(text);
    let (what, with) = match fault.kind {
        Kind::Nickname => nickname(&line),
        Kind::FieldCount(count) => (too_few(&line, count), None),
        Kind::Never => ("it never happens: no day is both the day of month and the weekday".to_owned(), None),
        // The text is empty: all other kinds belong to a field.
        _ => ("it is empty; write five fields such as `0 3 * * *`, or `@daily`".to_owned(), None),
    };
    let fix = with.map(|with| Replacement { start: fault.start, end: fault.end, with });
    Diagnosis { what, fix, readings: Vec::new() }
}

fn nickname(line: &str) -> (String, Option<String>) {
    let lower = line.to_lowercase();
    let what = format!("{} is not a nickname that the server knows", quote(line, 24));
    if lower == "@midnight" {
        return (what, Some("@daily".to_owned()));
    }
    if let Some(known) = NICKNAMES.into_iter().find(|known| *known == lower) {
        return (what + ", they are in lower case", Some(known.to_owned()));
    }
    // `@month` and `@annualy` agree with a nickname in their first five characters; four are too few, as `@mon` may be Monday.
    if let Some(known) = NICKNAMES.into_iter().find(|known| lower.get(..5) == known.get(..5)) {
        return (what, Some(known.to_owned()));
    }
    let why = match lower.strip_prefix("@every") {
        Some(span) => match elapsed::parse(span.trim()) {
            Some(Ok(interval)) => format!("; {}", as_interval(interval)),
            Some(Err(why)) => format!("; {why}"),
            None => "; an interval is no crontab, give it as an interval such as `interval = \"10 minutes\"`"
                .to_owned(),
        },
        None if lower == "@reboot" => "; a start of the machine is no schedule, so leave it out".to_owned(),
        None => "; it knows @hourly, @daily, @weekly, @monthly, @yearly and @annually".to_owned(),
    };
    (what + &why, None)
}

fn as_interval(interval: Interval) -> String {
    format!("give it as an interval, `interval = \"{interval}\"`")
}

fn too_few(line: &str, count: usize) -> String {
    let quoted = quote(line, 24);
    if let Some(span) = called(line, "rate") {
        return match Interval::parse(span) {
            Ok(interval) => format!("{quoted} is not a crontab; {}", as_interval(interval)),
            Err(refused) => format!("{quoted} is not a crontab but an interval, and {refused}"),
        };
    }
    if called(line, "at").is_some() {
        return format!("{quoted} happens once, which is no schedule; leave it out");
    }
    let span = line.strip_prefix("every ").unwrap_or(line);
    if let Ok(interval) = Interval::parse(span) {
        return format!("{quoted} is not a crontab; {}", as_interval(interval));
    }
    format!("{count} field{}; {FIVE}", if count == 1 { "" } else { "s" })
}

/// Returns the text inside `name(..)`, the notation of AWS.
fn called<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (before, rest) = line.split_once('(')?;
    before.trim().eq_ignore_ascii_case(name).then(|| rest.strip_suffix(')')).flatten().map(str::trim)
}

/// Returns whether a word is nearer to a field than to a name, a path or a comment.
pub(super) fn may_be_field(word: &str) -> bool {
    word.bytes().all(|c| c.is_ascii_digit() || b"*?/,-LlWw#".contains(&c)) && word != "#"
}
