//! Lengths of time read back as shown, and what is refused is refused in one line.
#![no_main]

use crons_types::{Interval, Minutes, Schedule};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Interval::parse(text) {
        Ok(interval) => {
            assert_eq!(Interval::parse(&interval.to_string()), Ok(interval));
            assert_eq!(Interval::new(interval.value(), interval.unit()), Ok(interval));
            let schedule = Schedule::from(interval);
            assert_eq!(schedule.to_string().parse().as_ref(), Ok(&schedule));
            assert!(schedule.describe().starts_with("Every "));
        }
        Err(refused) => one_line(&refused.to_string()),
    }
    match Minutes::parse(text) {
        Ok(minutes) => {
            assert!(minutes.get() > 0);
            assert_eq!(Minutes::parse(&minutes.to_string()), Ok(minutes));
            assert_eq!(Minutes::try_from(minutes.get()), Ok(minutes));
        }
        Err(refused) => one_line(&refused.to_string()),
    }
});

fn one_line(message: &str) {
    assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
    // The bound allows for messages of which every character is escaped.
    assert!(message.chars().count() <= 600, "{message:?}");
}
