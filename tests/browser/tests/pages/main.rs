//! The pages, as a browser shows them.

mod list;
mod monitor;
mod sign_in;
