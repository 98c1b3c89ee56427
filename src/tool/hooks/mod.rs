//! What sf leaves with the tools, with consent and removable: hooks that report, and the commands
//! `/sf-pause` and `/sf-resume`.
//!
//! A hook reports and never answers: it prints nothing and always succeeds, so that the tool goes on
//! as if it were not there. Hooks by which a tool asks for a decision are not used at all.

mod claude_code;
mod codex;
mod commands;
mod copilot;
mod edit;
mod gemini;
mod opencode;
mod site;

use std::path::PathBuf;

use serde_json::Value;

use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub use edit::{Put, install, remove, there};
pub use site::{Hooks, answer};

/// What a hook was told, in our words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The tool's word for it.
    pub name: String,
    /// What the tool does now; `None` when this does not say.
    pub state: Option<LiveState>,
    /// More about it.
    pub detail: Option<String>,
    /// The tool's own id of the conversation.
    pub native_id: Option<String>,
}

/// A change to the tool's files.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Entries in the lists `hooks.<event>` of a JSON file that the tool and its user write too.
    Entries {
        /// The file.
        file: PathBuf,
        /// Event and entry.
        entries: Vec<(&'static str, Value)>,
    },
    /// A file of our own.
    Whole {
        /// The file.
        file: PathBuf,
        /// Its text; it holds [`MARK`].
        text: String,
    },
}

/// Stands in every file of our own, and in every command that we register.
pub const MARK: &str = "SF_SOCKET";

/// A tool that can tell us what it does.
trait Hooked: Sync {
    fn tool(&self) -> ToolId;
    fn changes(&self, env: &Env) -> Vec<Change>;
    fn heard(&self, event: &str, input: &Value) -> Option<Heard>;
}

static HOOKED: [&dyn Hooked; 5] =
    [&claude_code::Hooks, &codex::Hooks, &copilot::Hooks, &gemini::Hooks, &opencode::Hooks];

/// The changes that give a tool its hooks and commands; empty for a tool that takes neither.
pub fn changes(tool: ToolId, env: &Env) -> Vec<Change> {
    let hooks = HOOKED.iter().find(|hooked| hooked.tool() == tool).map(|hooked| hooked.changes(env));
    hooks.into_iter().flatten().chain(commands::changes(tool, env)).collect()
}

/// What a tool tells through its hook; `event` is the word after the tool, if its hooks have one each.
pub fn heard(tool: ToolId, event: &str, input: &Value) -> Option<Heard> {
    HOOKED.iter().find(|hooked| hooked.tool() == tool)?.heard(event, input)
}

/// The command that a hook runs: nothing at all outside of our sessions, and never a failure.
fn command(words: &str) -> String {
    format!("[ -z \"${MARK}\" ] || \"$SF_BIN\" hook {words} || true")
}

/// A list entry of the form that Claude Code, Codex and Gemini share.
fn matched(words: &str) -> Value {
    serde_json::json!({ "hooks": [{ "type": "command", "command": command(words) }] })
}

fn text(input: &Value, key: &str) -> Option<String> {
    input.get(key).and_then(Value::as_str).map(|text| text.chars().take(200).collect())
}

#[cfg(test)]
mod tests;
