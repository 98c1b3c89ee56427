//! The one error type that crosses a door.
//!
//! Domains may keep small enums of their own; whatever reaches a command is turned into an
//! [`Error`]: a stable [`Code`] for scripts, a sentence for people, and hints that say what to do.

use std::fmt;

/// Result with the [`Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Stable error codes of batch lines and `--json`. Append-only: scripts match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The command line, a batch line or a name is malformed.
    Usage,
    /// The command only makes sense on a screen.
    ScreenOnly,
    /// A settings, keymap or theme file is broken.
    Config,
    /// No such host, feature, repository, session, transcript or tool.
    NotFound,
    /// git, ssh or an AI tool failed.
    Tool,
    /// Some items succeeded; the result lists both.
    Partial,
    /// A host or remote could not be reached.
    Unreachable,
    /// Refused, to protect something.
    Refused,
    /// Something of that name exists with other values, or somebody else holds the lock.
    Conflict,
    /// The command asks first, and nobody could answer.
    NeedsConsent,
    /// A secret would have left the machine.
    SecretFound,
    /// Interrupted by the user.
    Cancelled,
    /// The deadline passed.
    Timeout,
    /// A file or database of ours is damaged.
    Corrupt,
    /// Made by a newer version, or not possible here.
    Unsupported,
    /// A bug of ours.
    Internal,
}

impl Code {
    /// Every code, in the order in which they were added.
    pub const ALL: [Self; 16] = [
        Self::Usage,
        Self::ScreenOnly,
        Self::Config,
        Self::NotFound,
        Self::Tool,
        Self::Partial,
        Self::Unreachable,
        Self::Refused,
        Self::Conflict,
        Self::NeedsConsent,
        Self::SecretFound,
        Self::Cancelled,
        Self::Timeout,
        Self::Corrupt,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The word in `error.code`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::ScreenOnly => "screen_only",
            Self::Config => "config",
            Self::NotFound => "not_found",
            Self::Tool => "tool",
            Self::Partial => "partial",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::NeedsConsent => "needs_consent",
            Self::SecretFound => "secret_found",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    /// The exit status of a process whose first failure has this code.
    pub const fn exit(self) -> u8 {
        match self {
            Self::Usage | Self::ScreenOnly => 2,
            Self::Unreachable => 3,
            Self::Refused | Self::Conflict | Self::NeedsConsent | Self::SecretFound => 4,
            Self::Cancelled => 130,
            Self::Config
            | Self::NotFound
            | Self::Tool
            | Self::Partial
            | Self::Timeout
            | Self::Corrupt
            | Self::Unsupported
            | Self::Internal => 1,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong, where, why, and what to do about it. Cheap to clone and to send.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// One sentence in the present tense, objects in backticks, no full stop.
    pub message: String,
    /// What the reader can do, most useful first.
    #[serde(default)]
    pub hints: Vec<String>,
}

impl Error {
    /// An error of any code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new() }
    }

    /// Adds something that the reader can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Puts the place or the object in front of the message.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The command line or a name is malformed: exit 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// No such thing: exit 1.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// An outside program failed: exit 1.
    pub fn tool(message: impl Into<String>) -> Self {
        Self::new(Code::Tool, message)
    }

    /// A host cannot be reached: exit 3.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Code::Unreachable, message)
    }

    /// Refused, to protect something: exit 4.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Code::Refused, message)
    }

    /// Exists with other values, or is held by somebody else: exit 4.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// A settings, keymap or theme file is broken: exit 1.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Code::Config, message)
    }

    /// A file or database of ours is damaged: exit 1.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Code::Corrupt, message)
    }

    /// Made by a newer version, or not possible here: exit 1.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Code::Unsupported, message)
    }

    /// A bug of ours: exit 1.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The user interrupted: exit 130.
    pub fn cancelled() -> Self {
        Self::new(Code::Cancelled, "interrupted")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Gives a foreign error a place: `fs::read(p).at(p)?`.
pub trait At<T> {
    /// Names the object that was being worked on; the code is `internal` unless the foreign
    /// error says more (a missing file is `not_found`).
    fn at(self, place: impl fmt::Display) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, place: impl fmt::Display) -> Result<T> {
        self.map_err(|e| Error::from(e).at(place))
    }
}

impl<T> At<T> for Result<T> {
    fn at(self, place: impl fmt::Display) -> Self {
        self.map_err(|e| e.at(place))
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        let code = match e.kind() {
            std::io::ErrorKind::NotFound => Code::NotFound,
            std::io::ErrorKind::PermissionDenied => Code::Refused,
            std::io::ErrorKind::TimedOut => Code::Timeout,
            _ => Code::Internal,
        };
        Self::new(code, e.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Self::new(Code::Corrupt, format!("not the expected JSON: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spelled_as_serde_spells_them() {
        for code in Code::ALL {
            let json = serde_json::to_string(&code).expect("a unit variant");
            assert_eq!(json, format!("\"{code}\""));
        }
    }
}
