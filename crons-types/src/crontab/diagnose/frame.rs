//! The text that other tools put around a crontab: quotes, `cron(..)`, a time zone before or after the fields.

use crate::Timezone;
use crate::crontab::bytes::fold_blanks;

/// A longer text is no crontab with something around it.
const LONGEST: usize = 120;

/// The text around a crontab that was taken off, and the rest.
#[derive(Default)]
pub(super) struct Frame<'a> {
    quoted: bool,
    pub(super) cron: bool,
    zone: Option<&'a str>,
    pub(super) inner: &'a str,
}

impl Frame<'_> {
    /// A sentence for each part that does not belong there.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.quoted {
            said.push("the quotes do not belong here, leave them out".to_owned());
        }
        if self.cron {
            said.push("`cron(..)` does not belong here, leave it out".to_owned());
        }
        match self.zone.map(Timezone::parse) {
            Some(Ok(zone)) => said.push(format!(
                "the time zone does not belong here, give it by itself, `timezone = \"{zone}\"`"
            )),
            Some(Err(_)) => said.push("the time zone does not belong here, give it by itself".to_owned()),
            None => {}
        }
        said
    }
}

/// Returns whether a text contains a crontab, or what is meant to be one, within something else.
pub(super) fn is_framed(text: &str) -> bool {
    text.len() <= LONGEST && {
        let line = fold_blanks(text);
        take_off(&line).inner.len() < line.len()
    }
}

pub(super) fn take_off(line: &str) -> Frame<'_> {
    let mut frame = Frame { inner: line, ..Frame::default() };
    loop {
        let inner = frame.inner.trim();
        if let Some(unquoted) = unquote(inner) {
            frame.quoted = true;
            frame.inner = unquoted;
        } else if let Some(called) = called(inner) {
            frame.cron = true;
            frame.inner = called;
        } else if let Some((zone, rest)) = zoned(inner) {
            frame.zone = Some(zone);
            frame.inner = rest;
        } else {
            return Frame { inner, ..frame };
        }
    }
}

fn unquote(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// Returns the text inside `cron(..)`, the notation of AWS.
fn called(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('(')?;
    name.trim().eq_ignore_ascii_case("cron").then(|| rest.strip_suffix(')')).flatten()
}

/// A zone before the fields, as `TZ=` or `CRON_TZ=`, or after them.
fn zoned(text: &str) -> Option<(&str, &str)> {
    if let Some((first, rest)) = text.split_once(' ')
        && let Some(zone) = first.strip_prefix("CRON_TZ=").or_else(|| first.strip_prefix("TZ="))
    {
        return Some((unquote(zone).unwrap_or(zone), rest));
    }
    let (rest, last) = text.rsplit_once(' ')?;
    is_zone(last).then_some((last, rest))
}

fn is_zone(word: &str) -> bool {
    let named = word.split_once('/').is_some_and(|(area, city)| {
        area.starts_with(|c: char| c.is_ascii_uppercase())
            && city.starts_with(|c: char| c.is_ascii_uppercase())
    });
    named || Timezone::listed(word).is_some()
}
