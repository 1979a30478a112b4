//! Commands of people by the forms of pages: without a script, and through the pipeline as those of the API.

// In layer order: a module uses only those above it.
mod refusal;
mod change;
mod delete;
mod silence;
pub(super) mod bulk;
mod acknowledge;
mod fields;
mod edit;

pub use acknowledge::acknowledge;
pub use bulk::change_many;
pub(super) use change::Change;
pub use change::change;
pub(super) use change::no_command;
pub use delete::{confirm_deletion, delete};
pub use edit::{edit, edit_page};
pub(super) use refusal::refusal;
pub(super) use silence::fields as silence_fields;
pub use silence::{end_silence, silence};
