//! Letting somebody else in: the link, and the way through the gate that it names.
//!
//! While a session is shared, its holder listens at a second socket, in a folder of its own below
//! `/tmp` that other users may enter but not list. Who connects there has to show the token first; the
//! holder knows only its hash. The link holds both, so whoever has the link can come in, and nobody
//! else: not by guessing names, and not as another user of the machine.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::model::LiveId;
use crate::sys::{hash, random};

const SCHEME: &str = "sf://";

/// What a colleague is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The machine, as the one who shares it calls it.
    pub host: String,
    /// The session.
    pub id: LiveId,
    /// The gate.
    pub gate: Gate,
    /// The secret.
    pub token: String,
}

/// The name of a gate: 16 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Gate(String);

impl Gate {
    /// A new one.
    ///
    /// # Errors
    /// When the kernel has no randomness to give.
    pub fn new() -> Result<Self> {
        random::hex(8).map(Self)
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/tmp/sf-gate-{}", self.0))
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder().join("s")
    }
}

impl TryFrom<String> for Gate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        // It becomes a part of a path.
        let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if hex { Ok(Self(text)) } else { Err(Error::usage("that is no gate of a shared session")) }
    }
}

impl From<Gate> for String {
    fn from(gate: Gate) -> Self {
        gate.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}#{}", self.host, self.id, self.gate.0, self.token)
    }
}

impl FromStr for Link {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage("that is no take-over link")
                .hint("it looks like sf://HOST/live_…/…#…; the shell needs it in quotes")
        };
        // The quotes are for shells; in a form they come along.
        let text = text.trim().trim_matches(['\'', '"']);
        let rest = text.strip_prefix(SCHEME).ok_or_else(bad)?;
        let (place, token) = rest.split_once('#').ok_or_else(bad)?;
        let mut parts = place.rsplitn(3, '/');
        let (gate, id, host) = (parts.next(), parts.next(), parts.next());
        let gate = Gate::try_from(gate.ok_or_else(bad)?.to_owned()).map_err(|_| bad())?;
        let id = id.and_then(|id| id.parse().ok()).ok_or_else(bad)?;
        let token = token.to_owned();
        if token.len() != 32 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        Ok(Self { host: host.filter(|h| !h.is_empty()).ok_or_else(bad)?.to_owned(), id, gate, token })
    }
}

/// What a holder keeps of a token.
pub fn digest(token: &str) -> String {
    hash::sha256(token.as_bytes())
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let link = Link {
            host: "gpu-01.example.org".into(),
            id: "live_0123456789ab".parse().expect("an id"),
            gate: Gate::new().expect("random"),
            token: random::hex(16).expect("random"),
        };
        assert_eq!(link.to_string().parse::<Link>().expect("read"), link);
        assert_eq!(format!("'{link}'").parse::<Link>().expect("read"), link);
    }

    #[test]
    fn what_is_no_link_is_refused() {
        let token = "0".repeat(32);
        for text in [
            "live_0123456789ab".to_owned(),
            format!("sf://h/live_0123456789ab/../../x#{token}"),
            format!("sf://h/live_0123456789ab/0123456789abcde/#{token}"),
            format!("sf:///live_0123456789ab/0123456789abcdef#{token}"),
            "sf://h/live_0123456789ab/0123456789abcdef#short".to_owned(),
        ] {
            assert!(text.parse::<Link>().is_err(), "{text}");
        }
    }

    #[test]
    fn hashes_are_compared_whole() {
        assert!(same(&digest("a"), &digest("a")));
        assert!(!same(&digest("a"), &digest("b")));
        assert!(!same(&digest("a"), ""));
    }
}
