//! Values in words: lists, ranges, steps, times of day.

/// The fewest values that are described as steps; fewer are listed one by one.
pub(super) const FEWEST_STEPS: usize = 4;

/// The values of a set of bits.
pub(super) fn values_of(set: u64) -> Vec<u32> {
    (0..64).filter(|bit| set >> bit & 1 != 0).collect()
}

/// The distance between values, if it is the same everywhere and they are too many to be listed.
pub(super) fn step(values: &[u32]) -> Option<u32> {
    let step = values.get(1)? - values[0];
    (values.len() >= FEWEST_STEPS && values.windows(2).all(|pair| pair[1] - pair[0] == step)).then_some(step)
}

/// The distance between minutes, if it is the same through all hours.
pub(super) fn round_the_hour(minutes: &[u32]) -> Option<u32> {
    let step = minutes.get(1).map_or(60, |second| second - minutes[0]);
    let even = minutes.windows(2).all(|pair| pair[1] - pair[0] == step);
    (even && usize::try_from(60 / step).is_ok_and(|count| count == minutes.len()) && 60 % step == 0)
        .then_some(step)
}

/// `minute 5`, `days 1, 3 to 7 and 20`
pub(super) fn counted(what: &str, values: &[u32]) -> String {
    let plural = if values.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", join(runs(values, |value| value.to_string()), "and"))
}

/// `from 0 to 56`
pub(super) fn range(values: &[u32]) -> String {
    format!("from {} to {}", values[0], values[values.len() - 1])
}

/// `from 09:00 to 17:45`
pub(super) fn stretch(times: &[u32]) -> String {
    format!("from {} to {}", clock(times[0]), clock(times[times.len() - 1]))
}

pub(super) fn clock(minute_of_day: u32) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

/// `minute`, `5 minutes`, `hour`, `2 hours`
pub(super) fn length(minutes: u32) -> String {
    let (value, unit) = if minutes.is_multiple_of(60) { (minutes / 60, "hour") } else { (minutes, "minute") };
    if value == 1 { unit.to_owned() } else { format!("{value} {unit}s") }
}

/// Returns the values in words, three or more in a row as `1 to 3`.
pub(super) fn runs(values: &[u32], show: impl Fn(u32) -> String) -> Vec<String> {
    let mut items = Vec::new();
    for run in values.chunk_by(|value, next| value + 1 == *next) {
        match run {
            [first, _, .., last] if run.len() > 2 => {
                items.push(format!("{} to {}", show(*first), show(*last)));
            }
            _ => items.extend(run.iter().map(|value| show(*value))),
        }
    }
    items
}

pub(super) fn join(mut items: Vec<String>, word: &str) -> String {
    match items.pop() {
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} {word} {last}", items.join(", ")),
        None => String::new(),
    }
}

pub(super) fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
