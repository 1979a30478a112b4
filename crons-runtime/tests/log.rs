//! Feature `log`: what the client says reaches the logger of a program that has no `tracing` subscriber.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Mutex;

use crons_runtime::{ClientOptions, init};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// The lines that were logged so far.
static LOGGED: Mutex<Vec<(Level, String, String)>> = Mutex::new(Vec::new());

struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let (target, text) = (record.target().to_owned(), record.args().to_string());
        LOGGED.lock().unwrap().push((record.level(), target, text));
    }

    fn flush(&self) {}
}

#[test]
fn the_clients_log_reaches_a_logger_with_level_and_fields() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(LevelFilter::Info);
    let crons = init(ClientOptions::new().dsn("ftp://key@host/1"));
    assert!(!crons.is_enabled());
    let logged = LOGGED.lock().unwrap();
    let found = |level: Level, words: &[&str]| {
        logged.iter().any(|(at, target, text)| {
            *at == level
                && target.starts_with("crons_runtime")
                && words.iter().all(|word| text.contains(word))
        })
    };
    assert!(found(Level::Error, &["crons is disabled", "dsn: "]), "{logged:?}");
    assert!(!logged.iter().any(|(.., text)| text.contains("key@host")), "{logged:?}");
}
