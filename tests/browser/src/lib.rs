//! A browser on the pages of a server: Chromium through its `WebDriver`, a real server on a free port, and the checks that hold on every
//! page. `tests/browser/run` installs what it needs and runs the tests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on has failed")]

// The modules are in layer order: each uses only those above it.
mod commands;
mod driver;
mod site;
mod browser;
mod axe;
mod session;

pub use browser::{Browser, Look};
pub use session::{Session, browse, look_at};
pub use site::{KEY, NIL, Site, TOKEN, check_in};
