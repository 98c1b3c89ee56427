//! A command line that was understood.

use std::time::Duration;

use serde_json::{Map, Value};

/// Which door a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A command line; somebody may be there to answer a question.
    Cli,
    /// `--batch`; nobody answers.
    Batch,
    /// The cockpit, by a person's will.
    Cockpit,
    /// The cockpit on its own account (search as you type): neither journalled nor shown.
    Ui,
    /// Another command.
    Command,
}

impl Origin {
    /// The word in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Batch => "batch",
            Self::Cockpit => "cockpit",
            Self::Ui => "ui",
            Self::Command => "command",
        }
    }

    /// Whether there is somebody who can answer a question.
    pub const fn answers(self) -> bool {
        matches!(self, Self::Cli | Self::Cockpit | Self::Command)
    }
}

/// The options that belong to the engine, not to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Consent was given beforehand.
    pub yes: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Hosts and repositories worked on at once.
    pub jobs: usize,
    /// Whether somebody is there who can be asked, if the door can ask at all.
    pub attended: bool,
    /// The deadline: of each host for a command over hosts, else of the whole command.
    pub timeout: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { yes: false, dry_run: false, jobs: 8, attended: true, timeout: None }
    }
}

/// A command with its arguments, ready to be submitted.
#[derive(Clone, Debug)]
pub struct Call {
    /// The command's name in the catalog: `session start`.
    pub id: &'static str,
    /// Its arguments, as its struct serialises.
    pub args: Map<String, Value>,
    /// The engine's own options.
    pub options: Options,
    /// The door.
    pub origin: Origin,
    /// The line as it was understood, for people, the journal and batch records.
    pub line: String,
}
