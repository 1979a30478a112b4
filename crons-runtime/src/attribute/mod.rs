//! The code that the attribute expands to, and the list of the functions that carry it.

// The modules are in layer order: each uses only those above it.
pub(crate) mod definition;
pub(crate) mod expansion;
pub(crate) mod autoref;
pub(crate) mod registry;
pub(crate) mod annotated;
pub(crate) mod inspect;
