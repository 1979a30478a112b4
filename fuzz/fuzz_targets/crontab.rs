//! Checks that an accepted crontab is displayed in a form that is accepted as the same, and that a refusal has one line.
#![no_main]

use crons_types::Crontab;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    assert_eq!(Crontab::parse(text).is_ok(), Crontab::validate(text).is_ok());
    match Crontab::parse(text) {
        Ok(crontab) => {
            let shown = crontab.to_string();
            assert_eq!(Crontab::parse(&shown).as_ref(), Ok(&crontab));
            assert_eq!(Crontab::parse(&shown).map(|again| again.to_string()), Ok(shown));
            let sentence = crontab.describe();
            assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "{sentence:?}");
        }
        Err(refused) => {
            let message = refused.to_string();
            assert!(!message.is_empty() && message.chars().count() <= 400, "{message:?}");
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(text.get(refused.span()).is_some(), "{:?}", refused.span());
            assert!(refused.field().is_none_or(|field| (1..=5).contains(&field)));
            for meant in refused.suggestions() {
                assert!(Crontab::parse(meant).is_ok(), "{meant:?}");
            }
        }
    }
});
