//! The pages, as a browser shows them.

mod commands;
mod list;
mod live;
mod monitor;
mod respond;
mod sign_in;
mod why;
