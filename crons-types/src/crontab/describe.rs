//! A crontab as a sentence, from its sets of values: it says what happens, however that was written.

mod words;

use words::{clock, counted, join, length, ordinal, range, round_the_hour, runs, step, stretch, values_of};

use super::fields::{EVERY_WEEKDAY, Fields, LAST_DAY, LAST_WORKDAY, nth_weekday};

const EVERY_MINUTE: u64 = (1 << 60) - 1;
const EVERY_HOUR: u64 = (1 << 24) - 1;
const EVERY_DATE: u64 = (1 << 32) - 2;
const EVERY_MONTH: u64 = (1 << 13) - 2;

/// The most times of day that are listed one by one, if there is no shorter description.
const MOST_TIMES: usize = 6;
/// The most stretches of a day that are listed.
const MOST_STRETCHES: usize = 3;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const PLACES: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];

pub(super) fn sentence(fields: &Fields) -> String {
    let (times, days) = (times(fields.minutes, fields.hours), days(fields));
    let blank = match days.as_str() {
        "" => "",
        days if days.starts_with("on ") && !times.contains(',') => " ",
        _ => ", ",
    };
    times + blank + &days
}

/// Describes the times of a day: `At 09:00`, `Every 5 minutes`.
fn times(minutes: u64, hours: u64) -> String {
    let (minute_list, hour_list) = (values_of(minutes), values_of(hours));
    if hours == EVERY_HOUR {
        return every_hour(minutes, &minute_list);
    }
    let times: Vec<u32> =
        hour_list.iter().flat_map(|hour| minute_list.iter().map(move |minute| hour * 60 + minute)).collect();
    if let Some(step) = step(&times) {
        return format!("Every {} {}", length(step), stretch(&times));
    }
    if times.len() <= MOST_TIMES {
        return format!("At {}", join(times.into_iter().map(clock).collect(), "and"));
    }
    let stretches: Vec<&[u32]> = hour_list.chunk_by(|hour, next| hour + 1 == *next).collect();
    if let Some(step) = round_the_hour(&minute_list)
        && stretches.len() <= MOST_STRETCHES
        && (step < 60 || stretches.iter().all(|hours| hours.len() > 1))
    {
        let (first, last) = (minute_list[0], minute_list[minute_list.len() - 1]);
        let stretches = stretches
            .iter()
            .map(|hours| stretch(&[hours[0] * 60 + first, hours[hours.len() - 1] * 60 + last]));
        return format!("Every {} {}", length(step), join(stretches.collect(), "and"));
    }
    let hours = match step(&hour_list) {
        Some(1) => format!("each hour {}", range(&hour_list)),
        Some(step) => format!("every {} hour {}", ordinal(step), range(&hour_list)),
        None => counted("hour", &hour_list),
    };
    format!("At {} of {hours}", within_hour(minutes, &minute_list))
}

fn every_hour(minutes: u64, values: &[u32]) -> String {
    match (values, round_the_hour(values)) {
        ([0], _) => "Every hour, on the hour".to_owned(),
        ([0, ..], Some(step)) => format!("Every {}", length(step)),
        ([first, .., last], Some(step)) if values.len() >= words::FEWEST_STEPS => {
            format!("Every {} {}", length(step), stretch(&[*first, 23 * 60 + last]))
        }
        _ => format!("Every hour, at {}", within_hour(minutes, values)),
    }
}

fn within_hour(minutes: u64, list: &[u32]) -> String {
    match step(list) {
        _ if minutes == EVERY_MINUTE => "every minute".to_owned(),
        Some(step @ 2..) => format!("every {} minute {}", ordinal(step), range(list)),
        _ => counted("minute", list),
    }
}

/// Returns the days in words: `Monday to Friday`, `on day 1 of the month`.
fn days(fields: &Fields) -> String {
    let every_date = fields.days & EVERY_DATE == EVERY_DATE;
    let every_weekday = fields.weekdays & EVERY_WEEKDAY == EVERY_WEEKDAY;
    let every_month = fields.months == EVERY_MONTH;
    let (of_months, in_months) = months(fields.months);
    let weekdays = Weekdays::of(fields.weekdays);
    match (every_date, every_weekday) {
        (true, true) => every_day(fields, &in_months),
        (true, _) | (_, true) if !fields.both_days => every_day(fields, &in_months),
        (true, false) => weekdays.alone(&of_months, &in_months, every_month),
        (false, true) => format!("on {} {of_months}", dates(fields.days)),
        (false, false) if fields.both_days => {
            format!("on {} {of_months}, if it is {}", dates(fields.days), weekdays.predicate())
        }
        (false, false) => {
            let only = if every_month { String::new() } else { format!(", both only {in_months}") };
            format!("on {} of the month or on {}{only}", dates(fields.days), weekdays.list("of the month"))
        }
    }
}

fn every_day(fields: &Fields, in_months: &str) -> String {
    match fields.months {
        EVERY_MONTH if fields.hours == EVERY_HOUR => String::new(),
        EVERY_MONTH => "every day".to_owned(),
        _ => format!("every day {in_months}"),
    }
}

fn dates(days: u64) -> String {
    let list = values_of(days & EVERY_DATE);
    let mut items = match step(&list) {
        _ if list.is_empty() => Vec::new(),
        Some(step @ 2..) => vec![format!("every {} day {}", ordinal(step), range(&list))],
        _ => vec![counted("day", &list)],
    };
    // The last day and the last workday add nothing to a list of every date.
    if days & EVERY_DATE != EVERY_DATE && days & LAST_DAY != 0 {
        items.push("the last day".to_owned());
    }
    if days & EVERY_DATE != EVERY_DATE && days & LAST_WORKDAY != 0 {
        items.push("the last workday (Monday to Friday)".to_owned());
    }
    join(items, "and")
}

/// Describes months for both sentences: `on day 1 of January` and `every day in January`.
fn months(months: u64) -> (String, String) {
    if months == EVERY_MONTH {
        return ("of the month".to_owned(), String::new());
    }
    let list = values_of(months);
    let names = runs(&list, |month| MONTHS[month as usize - 1].to_owned());
    let is_range = names.len() == 1 && list.len() > 1;
    let has_range = names.len() < list.len();
    let names = join(names, "and");
    let within = if is_range { format!("from {names}") } else { format!("in {names}") };
    (if has_range { format!("of each month {within}") } else { format!("of {names}") }, within)
}

/// Weekdays of every week, and those of one week of the month, Monday first.
struct Weekdays {
    weekly: Vec<u32>,
    monthly: Vec<String>,
}

impl Weekdays {
    fn of(set: u64) -> Self {
        // Weekdays are numbered 1 to 7, so that Sunday comes last.
        let (weekly, others): (Vec<u32>, Vec<u32>) =
            (1..=7).partition(|weekday| set & 1 << (weekday % 7) != 0);
        let monthly = others.into_iter().flat_map(|weekday| (1..=6).map(move |nth| (weekday % 7, nth)));
        let monthly = monthly
            .filter(|(weekday, nth)| set & nth_weekday(*weekday, *nth) != 0)
            .map(|(weekday, nth)| format!("the {} {}", PLACES[nth as usize - 1], name(weekday)));
        Self { monthly: monthly.collect(), weekly }
    }

    fn alone(&self, of_months: &str, in_months: &str, every_month: bool) -> String {
        if self.weekly.is_empty() {
            return format!("on {}", self.list(of_months));
        }
        let is_range = runs(&self.weekly, name).len() == 1 && self.weekly.len() > 2;
        let on = if is_range && self.monthly.is_empty() { "" } else { "on " };
        let only = if every_month { String::new() } else { format!(", {in_months}") };
        format!("{on}{}{only}", self.list("of the month"))
    }

    /// `Monday and the last Friday of the month`
    fn list(&self, of_months: &str) -> String {
        let mut items = runs(&self.weekly, name);
        items.extend_from_slice(&self.monthly);
        let list = join(items, "and");
        if self.monthly.is_empty() { list } else { format!("{list} {of_months}") }
    }

    /// `a Monday or the last Friday of the month`
    fn predicate(&self) -> String {
        let mut items: Vec<String> = runs(&self.weekly, name)
            .into_iter()
            .map(|run| if run.contains(' ') { format!("a day from {run}") } else { format!("a {run}") })
            .collect();
        items.extend(self.monthly.iter().map(|item| format!("{item} of the month")));
        join(items, "or")
    }
}

fn name(weekday: u32) -> String {
    WEEKDAYS[weekday as usize % 7].to_owned()
}
