//! Letting others into a session by a link, and who is in.

use serde::{Deserialize, Serialize};

/// Lets others in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Share {
    /// The name of the gate, 16 hex digits.
    pub gate: String,
    /// SHA-256 of the token, in hex.
    pub digest: String,
    /// For how long, in milliseconds.
    pub for_ms: u64,
    /// They may only look.
    pub read_only: bool,
    /// How often the token may be used.
    pub uses: u32,
}

/// Shows the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Take {
    /// The token.
    pub token: String,
}

/// How a session is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shared {
    /// For how long still, in milliseconds.
    pub left_ms: u64,
    /// Others may only look.
    pub read_only: bool,
    /// How often the link can still be used.
    pub uses_left: u32,
    /// Who is in by the link.
    pub people: Vec<Person>,
}

/// Somebody who came in by a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// The user's name on the host.
    pub user: String,
    /// May only look.
    pub read_only: bool,
}

/// Who is in: told to everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct People {
    /// Whose session it is.
    pub owner: String,
    /// Who came in by a link.
    pub others: Vec<Person>,
}
