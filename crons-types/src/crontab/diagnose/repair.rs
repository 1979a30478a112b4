//! The message about a text that is no crontab, and the crontabs that may have been meant.

use std::fmt::Write as _;

use super::remedy::{Diagnosis, Reading, quote};
use super::{expression, field, foreign, frame};
use crate::crontab::bytes::fold_blanks;
use crate::crontab::fault::{Fault, Kind};
use crate::crontab::field::FIELDS;
use crate::crontab::parse::parse;

/// The first thing that is wrong with a text.
pub(crate) fn find(text: &str) -> Option<Fault> {
    let fault = parse(text.as_bytes()).err()?;
    // A frame is around the fields: no field is at fault then.
    let framed = Fault::whole(text.len(), Kind::Framed);
    Some(if frame::is_framed(text) { framed } else { fault })
}

/// Writes one line: the field, the value, what is allowed, and what was probably meant.
pub(crate) fn message(text: &str, fault: Fault) -> String {
    let remedy = remedy(text, fault);
    let name = fault.field.map_or("crontab", |index| FIELDS[index].name);
    let mut message = format!("{name}: {}", remedy.what);
    remedy.write_advice(&mut message);
    match fault.field {
        Some(index) => _ = write!(message, " (field {} of {})", index + 1, quote(text, 40)),
        None if text.len() <= 40 && message.contains(text.trim()) => {}
        None => _ = write!(message, " (in {})", quote(text, 40)),
    }
    message
}

/// The whole crontabs that may have been meant: every fault in turn replaced by its remedy, until the rest is accepted.
pub(crate) fn suggestions(text: &str) -> Vec<Reading> {
    const LONGEST: usize = 120;
    const MOST_FIXES: usize = 8;
    let mut text = text.to_owned();
    for _ in 0..MOST_FIXES {
        if text.len() > LONGEST {
            break;
        }
        let Some(fault) = find(&text) else {
            return vec![Reading { crontab: fold_blanks(&text), when: "" }];
        };
        let remedy = remedy(&text, fault);
        match remedy.fix {
            Some(fix) => text.replace_range(fix.start..fix.end, &fix.with),
            None => return remedy.readings,
        }
    }
    Vec::new()
}

fn remedy(text: &str, fault: Fault) -> Diagnosis {
    match (fault.field, fault.kind) {
        (_, Kind::Framed) => framed(text),
        (Some(index), _) => field::remedy(text, &FIELDS[index], fault),
        (None, Kind::FieldCount(count)) if count > 5 => too_many(text, count),
        (None, _) => expression::remedy(text, fault),
    }
}

/// Names the parts that do not belong around the fields, and repairs the rest.
fn framed(text: &str) -> Diagnosis {
    let line = fold_blanks(text);
    let frame = frame::take_off(&line);
    let (inner, mut said) = (frame.inner, frame.complaints());
    let mut readings = Vec::new();
    if let Some(fault) = find(inner) {
        let words: Vec<&str> = inner.split(' ').collect();
        let foreign = foreign::remedy(&words, frame.cron);
        let remedy = foreign.unwrap_or_else(|| remedy(inner, fault));
        readings = if remedy.fix.is_some() { suggestions(inner) } else { remedy.readings };
        if readings.is_empty() || words.len() != 5 {
            said.push(remedy.what);
        }
    } else {
        readings.push(Reading { crontab: inner.to_owned(), when: "" });
    }
    Diagnosis { what: said.join("; "), fix: None, readings }
}

/// Other crons put seconds before the five fields, and a year, a user, a command or a comment after them.
fn too_many(text: &str, count: usize) -> Diagnosis {
    let line = fold_blanks(text);
    let words: Vec<&str> = line.split(' ').collect();
    if let Some(remedy) = foreign::remedy(&words, false) {
        return remedy;
    }
    let readings: Vec<Reading> = match words[..] {
        [_, _, _, _, _, sixth, ..] if !expression::may_be_field(sixth) => suggestions(&words[..5].join(" ")),
        _ => Vec::new(),
    };
    Diagnosis { what: format!("{count} fields; {}", expression::FIVE), fix: None, readings }
}
