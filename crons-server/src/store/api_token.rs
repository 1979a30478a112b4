//! Tokens for programs that use the API.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// A stored token, without the token itself, which only its owner knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiToken {
    pub id: Uuid,
    /// Name for people, unique among the tokens.
    pub name: String,
    pub scope: Scope,
    pub hash: TokenHash,
    pub created: Timestamp,
}

/// The requests that a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Requests that change nothing.
    Read,
    /// The right to every request, except those about tokens.
    Write,
}

/// The SHA-256 of a token. Tokens are random, so a slow hash would add nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenHash(pub [u8; 32]);

/// A change of the stored tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenChange {
    /// Stores a token, unless there is one of its name.
    Create(ApiToken),
    Revoke(Uuid),
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope of this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl TokenHash {
    pub fn of(token: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token).as_ref());
        Self(hash)
    }
}
