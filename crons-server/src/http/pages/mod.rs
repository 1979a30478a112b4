//! The pages for browsers: HTML by maud, one style sheet, and one script without which everything can still be read.

// In layer order: a module uses only those above it.
mod words;
mod table;
mod health;
mod assets;
mod document;
mod return_to;
mod silenced;
mod sign_in;
mod error_page;
mod actions;
mod list;
mod live;
mod monitor;
mod why;
mod respond;

pub use actions::{
    acknowledge, change, change_many, confirm_deletion, delete, edit, edit_page, end_silence, silence,
};
pub use assets::{favicon, script, style};
pub use error_page::errors_as_pages;
pub(crate) use health::Health;
pub(crate) use list::{environment_health, health_of};
pub use list::{index, runs_of_bucket};
pub use live::live;
pub(crate) use live::send_frames;
pub use monitor::monitor;
pub use respond::{admit_responder, respond, respond_page};
pub use sign_in::{sign_in, sign_in_page, sign_out};
pub use why::why;
