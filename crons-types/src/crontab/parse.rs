//! The grammar of a crontab, as `const fn` over bytes, so that the compiler can validate a constant.

use super::bytes::{find, is_name, next_word, number};
use super::fault::{Fault, Kind};
use super::field::{DAY, FIELDS, Field, WEEKDAY};
use super::fields::{Fields, LAST_DAY, LAST_WORKDAY, nth_weekday};

/// Returns early with a fault, as `?` does, which is not allowed in a `const fn`.
macro_rules! ok {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(fault) => return Err(fault),
        }
    };
}

/// The crontab that a nickname stands for.
pub(crate) const fn nickname(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"@yearly" | b"@annually" => "0 0 1 1 *",
        b"@monthly" => "0 0 1 * *",
        b"@weekly" => "0 0 * * 0",
        b"@daily" => "0 0 * * *",
        b"@hourly" => "0 * * * *",
        _ => return None,
    })
}

/// Parses five fields or a nickname.
pub(crate) const fn parse(text: &[u8]) -> Result<Fields, Fault> {
    let mut words = [(0, 0); 5];
    let mut count = 0;
    let mut word = next_word(text, 0);
    while let Some((start, end)) = word {
        if count < 5 {
            words[count] = (start, end);
        }
        count += 1;
        word = next_word(text, end);
    }
    if count == 0 {
        return Err(Fault::whole(text.len(), Kind::Empty));
    }
    if text[words[0].0] == b'@' {
        let name = text.split_at(words[0].1).0.split_at(words[0].0).1;
        return match nickname(name) {
            Some(crontab) if count == 1 => parse(crontab.as_bytes()),
            _ => Err(Fault::whole(text.len(), Kind::Nickname)),
        };
    }
    if count != 5 {
        return Err(Fault::whole(text.len(), Kind::FieldCount(count)));
    }
    let fields = Fields {
        minutes: ok!(list(&FIELDS[0], text, words[0])),
        hours: ok!(list(&FIELDS[1], text, words[1])),
        days: ok!(list(&FIELDS[DAY], text, words[DAY])),
        months: ok!(list(&FIELDS[3], text, words[3])),
        weekdays: sunday_once(ok!(list(&FIELDS[WEEKDAY], text, words[WEEKDAY]))),
        both_days: text[words[DAY].0] == b'*' || text[words[WEEKDAY].0] == b'*',
        fixed_time: text[words[0].0] != b'*' && text[words[1].0] != b'*',
    };
    if let Some(day) = fields.impossible_day() {
        return Err(Fault {
            field: Some(DAY),
            start: words[DAY].0,
            end: words[DAY].1,
            kind: Kind::Impossible(day),
        });
    }
    if !fields.ever_fires() {
        return Err(Fault::whole(text.len(), Kind::Never));
    }
    Ok(fields)
}

/// `term ("," term)*`
pub(super) const fn list(field: &Field, text: &[u8], (start, end): (usize, usize)) -> Result<u64, Fault> {
    let mut set = 0;
    let mut at = start;
    loop {
        let comma = find(text, b',', at, end);
        set |= ok!(term(field, text, at, comma));
        if comma == end {
            return Ok(set);
        }
        at = comma + 1;
    }
}

/// `"*" | value | value "-" value`, each with or without `"/" step`; for weekdays also `5L` and `FRI#2`.
const fn term(field: &Field, text: &[u8], start: usize, end: usize) -> Result<u64, Fault> {
    if start == end {
        return Err(Fault::at(field, start, end, Kind::EmptyItem));
    }
    if field.index == WEEKDAY {
        if matches!(text[end - 1], b'L' | b'l') && number(text, start, end - 1).is_some() {
            return Ok(nth_weekday(ok!(value(field, text, start, end - 1)) % 7, 6));
        }
        let hash = find(text, b'#', start, end);
        if hash < end {
            let weekday = ok!(value(field, text, start, hash)) % 7;
            return match number(text, hash + 1, end) {
                Some(nth @ 1..=5) => Ok(nth_weekday(weekday, nth)),
                _ => Err(Fault::at(field, start, end, Kind::Nth)),
            };
        }
    }
    let slash = find(text, b'/', start, end);
    if slash == end {
        return range(field, text, start, end);
    }
    match number(text, slash + 1, end) {
        None => Err(Fault::at(field, start, end, Kind::NoStep)),
        Some(0) => Err(Fault::at(field, start, end, Kind::ZeroStep)),
        Some(step) => Ok(every(step, ok!(range(field, text, start, slash)), field)),
    }
}

/// `"*" | value | value "-" value`; for days also `L` and `LW`.
const fn range(field: &Field, text: &[u8], start: usize, end: usize) -> Result<u64, Fault> {
    if end - start == 1 && text[start] == b'*' {
        return Ok(between(field.smallest, field.largest));
    }
    let dash = find(text, b'-', start, end);
    if dash < end {
        let from = ok!(value(field, text, start, dash));
        let to = ok!(value(field, text, dash + 1, end));
        if to < from {
            return Err(Fault::at(field, start, end, Kind::Wrapping { from, to }));
        }
        return Ok(between(from, to));
    }
    if field.index == DAY && matches!(text[start], b'L' | b'l') {
        match end - start {
            1 => return Ok(LAST_DAY),
            2 if matches!(text[start + 1], b'W' | b'w') => return Ok(LAST_WORKDAY),
            _ => {}
        }
    }
    Ok(1 << ok!(value(field, text, start, end)))
}

/// A number within the range of the field, or one of its names.
const fn value(field: &Field, text: &[u8], start: usize, end: usize) -> Result<u32, Fault> {
    if let Some(number) = number(text, start, end) {
        if number < field.smallest || number > field.largest {
            return Err(Fault::at(field, start, end, Kind::OutOfRange));
        }
        return Ok(number);
    }
    let mut names = field.names;
    let mut value = field.smallest;
    while let [name, rest @ ..] = names {
        if is_name(name.as_bytes(), text, start, end) {
            return Ok(value);
        }
        names = rest;
        value += 1;
    }
    Err(Fault::at(field, start, end, Kind::NoValue))
}

/// Returns every `step`-th value of a contiguous set. A single value is open-ended, even if written as `5-5`.
const fn every(step: u32, set: u64, field: &Field) -> u64 {
    if field.index == DAY && set & (LAST_DAY | LAST_WORKDAY) != 0 {
        return set;
    }
    let first = set.trailing_zeros();
    let last = if set.is_power_of_two() { field.largest } else { set.ilog2() };
    let mut chosen = 0;
    let mut value = first;
    while value <= last {
        chosen |= 1 << value;
        value = value.saturating_add(step);
    }
    chosen
}

/// Bits `from` to `to`, both included.
const fn between(from: u32, to: u32) -> u64 {
    (u64::MAX >> (63 - to)) & (u64::MAX << from)
}

/// Makes weekday 7 weekday 0, which comes last, as `*/2` and `5/1` count up to 7.
const fn sunday_once(weekdays: u64) -> u64 {
    weekdays & !(1 << 7) | weekdays >> 7 & 1
}
