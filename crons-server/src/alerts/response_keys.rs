//! The keys of the links by which a person who gets a message responds to its incident without signing in.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::signed_key::signed_key;

/// The secret of which the keys are made. `Debug` hides it.
#[derive(Clone)]
pub(crate) struct ResponseKeys(Arc<str>);

impl ResponseKeys {
    pub(crate) fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// Returns the key that opens the page of an incident.
    pub(crate) fn key(&self, incident: Uuid) -> String {
        signed_key(&self.0, incident.as_bytes())
    }
}

impl fmt::Debug for ResponseKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseKeys(***)")
    }
}
