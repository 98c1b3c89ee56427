//! Names that people give and ids that we give, as newtypes that cannot hold a bad value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Checks the rule for every name: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, no `..`, no `.lock` at the end.
///
/// The end rule is git's: a branch may not end in `.lock`.
fn check_name(kind: &str, text: &str) -> Result<()> {
    let bad = |why: &str| {
        Err(Error::usage(format!("{kind} name {text:?} {why}"))
            .hint("a name is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit"))
    };
    let Some(first) = text.chars().next() else { return bad("is empty") };
    if !first.is_ascii_alphanumeric() {
        return bad("does not begin with a letter or digit");
    }
    if text.len() > 64 {
        return bad("is longer than 64 characters");
    }
    if let Some(c) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c))) {
        return bad(&format!("holds {c:?}"));
    }
    if text.contains("..") {
        return bad("holds `..`");
    }
    if text.ends_with(".lock") {
        return bad("ends in `.lock`");
    }
    Ok(())
}

/// Declares a newtype over a checked string.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let check: fn(&str) -> Result<()> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// A host: `local`, or what `host add` called it. `all` is reserved.
    HostName,
    |t| {
        if t == "all" {
            return Err(Error::usage("`all` is reserved: it means every host"));
        }
        check_name("host", t)
    }
);
text_id!(
    /// A repository.
    RepoName,
    |t| check_name("repository", t)
);
text_id!(
    /// A feature.
    FeatureName,
    |t| check_name("feature", t)
);
text_id!(
    /// A name that a person gives to a session or transcript.
    Name,
    |t| check_name("session", t)
);
text_id!(
    /// A live session: `live_` and 12 hex digits.
    LiveId,
    |t| prefixed_hex(t, "live_", 12)
);
text_id!(
    /// A transcript: `ses_` and 16 hex digits.
    TranscriptId,
    |t| prefixed_hex(t, "ses_", 16)
);

fn prefixed_hex(text: &str, prefix: &str, digits: usize) -> Result<()> {
    let ok = text.strip_prefix(prefix).is_some_and(|hex| {
        hex.len() == digits && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if ok { Ok(()) } else { Err(Error::usage(format!("{text:?} is not `{prefix}` and {digits} hex digits"))) }
}

impl HostName {
    /// The machine we run on.
    pub fn local() -> Self {
        Self("local".into())
    }

    /// Whether this is the machine we run on.
    pub fn is_local(&self) -> bool {
        self.0 == "local"
    }
}

/// The AI tools, by their stable ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ToolId {
    /// Claude Code.
    ClaudeCode,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Copilot CLI.
    Copilot,
    /// Cursor.
    Cursor,
    /// Amp.
    Amp,
    /// Cline.
    Cline,
    /// Roo Code.
    RooCode,
    /// Kilo Code.
    KiloCode,
    /// OpenCode.
    Opencode,
    /// A tool that we cannot read and cannot start: transcripts of it were imported.
    Other,
}

impl ToolId {
    /// Every tool that we know.
    pub const ALL: [Self; 10] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::Gemini,
        Self::Copilot,
        Self::Cursor,
        Self::Amp,
        Self::Cline,
        Self::RooCode,
        Self::KiloCode,
        Self::Opencode,
    ];

    /// The stable id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Copilot => "copilot",
            Self::Cursor => "cursor",
            Self::Amp => "amp",
            Self::Cline => "cline",
            Self::RooCode => "roo-code",
            Self::KiloCode => "kilo-code",
            Self::Opencode => "opencode",
            Self::Other => "other",
        }
    }
}

impl FromStr for ToolId {
    type Err = Error;

    /// Takes the ids, and the short and foreign forms that people type.
    fn from_str(text: &str) -> Result<Self> {
        let wanted = match text {
            "claude" => "claude-code",
            "gemini-cli" => "gemini",
            "copilot-cli" => "copilot",
            "roo" => "roo-code",
            "kilo" => "kilo-code",
            other => other,
        };
        if wanted == Self::Other.as_str() {
            return Ok(Self::Other);
        }
        Self::ALL.into_iter().find(|t| t.as_str() == wanted).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::usage(format!("no tool is called {text:?}")).hint(format!("known tools: {known}"))
        })
    }
}

impl TryFrom<String> for ToolId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ToolId> for String {
    fn from(id: ToolId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ToolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for bad in ["", "-x", "a/b", "..", "a..b", "a b", "a\u{7}", ".a", "x.lock", "ä", &"x".repeat(65)] {
            let error = bad.parse::<FeatureName>().expect_err(bad);
            assert_eq!(error.code.exit(), 2, "{bad:?}");
        }
        for good in ["a", "payments", "a.b-c_d", "0", &"x".repeat(64)] {
            good.parse::<FeatureName>().expect(good);
        }
        assert!("all".parse::<HostName>().is_err());
    }

    #[test]
    fn ids_have_one_form() {
        assert!("live_0123456789ab".parse::<LiveId>().is_ok());
        assert!("live_0123456789AB".parse::<LiveId>().is_err());
        assert!("ses_0123456789abcdef".parse::<TranscriptId>().is_ok());
        assert!("ses_0123456789abcde".parse::<TranscriptId>().is_err());
    }

    #[test]
    fn tools_answer_to_their_nicknames() {
        assert_eq!("claude".parse::<ToolId>().expect("known"), ToolId::ClaudeCode);
        assert_eq!("roo".parse::<ToolId>().expect("known"), ToolId::RooCode);
        assert!("clippy".parse::<ToolId>().is_err());
    }
}
