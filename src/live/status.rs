//! What a session is doing, by which rule, seen in what. First rule that knows wins; nobody guesses.
//!
//! In this order: the program has ended; a question stands on the screen; the tool's own events
//! (hooks); the rules of the tool over title, reports and the last rows ([`mod@rules`]); what any
//! program may tell its terminal ([`mod@generic`]); who is in front of a shell.

pub mod generic;
pub mod rules;
mod watcher;

pub use generic::{plain_shell, tool_of};
pub use rules::RuleFile;
pub use watcher::Watcher;

use crate::model::live::LiveState;

/// What is known beside the screen.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Exit status.
    pub exit_code: Option<i32>,
    /// The program is a shell to be typed into.
    pub plain_shell: bool,
    /// The program's process group.
    pub pid: u32,
    /// The process group in front.
    pub foreground: Option<u32>,
    /// The name of the process in front.
    pub front: String,
}

/// A state with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: LiveState,
    /// The prompt is there: waiting after a turn, idle before the first.
    pub ready: bool,
    /// The name of the rule.
    pub rule: String,
    /// What it saw.
    pub evidence: String,
}

impl Verdict {
    /// Of a program about which nobody knows more.
    pub fn unknown() -> Self {
        Self::new(LiveState::Unknown, "none", "the program runs; nothing that it shows tells more")
    }

    fn new(state: LiveState, rule: &str, evidence: impl Into<String>) -> Self {
        Self { state, ready: false, rule: rule.to_owned(), evidence: evidence.into() }
    }
}

#[cfg(test)]
mod tests;
