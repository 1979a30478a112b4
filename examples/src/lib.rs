//! Examples of `crons`; each is a file of its own beside `Cargo.toml`.
