//! The pages, as a browser shows them.

mod list;
mod sign_in;
