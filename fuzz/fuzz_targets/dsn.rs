//! Checks that a DSN reads back as displayed, and shows no keys where they are not to be seen.
#![no_main]

use crons_types::Dsn;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let dsn: Dsn = match text.parse() {
        Ok(dsn) => dsn,
        Err(refused) => {
            // The message never quotes the text.
            assert!(refused.to_string().starts_with("dsn: "));
            return;
        }
    };
    let shown = dsn.to_string();
    let again: Dsn = shown.parse().unwrap_or_else(|why| panic!("{shown:?}: {why}"));
    assert_eq!(again.to_string(), shown);
    assert_eq!(again.envelope_url(), dsn.envelope_url());
    assert_eq!(again.public_key(), dsn.public_key());
    assert_eq!(again.secret_key(), None);
    if dsn.secret_key().is_none() {
        assert!(again == dsn, "{shown:?}");
    }
    let url = dsn.envelope_url();
    assert!(!url.contains(|c: char| c.is_whitespace() || c.is_control()), "{url:?}");
    assert!(url.starts_with("http") && url.ends_with(&format!("/api/{}/envelope/", dsn.project_id())));
    assert!(!dsn.project_id().is_empty() && !dsn.public_key().is_empty() && !dsn.authority().is_empty());
    assert!(format!("{dsn:?}").starts_with("Dsn(http"));
    assert_eq!(format!("{dsn:?}").matches("***@").count().min(1), 1);
});
