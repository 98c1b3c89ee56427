//! Codex: `hooks.json` beside `config.toml`, in the form of Claude Code's (documented by its maker;
//! a hook runs once its user has looked at it with `/hooks` and trusts it). `PermissionRequest` is
//! left alone: it asks for an answer, and OSC 7501 says the same.

use serde_json::Value;

use super::{Change, Heard, Hooked, matched, text};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub(super) struct Hooks;

const EVENTS: [&str; 4] = ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop"];

impl Hooked for Hooks {
    fn tool(&self) -> ToolId {
        ToolId::Codex
    }

    fn changes(&self, env: &Env) -> Vec<Change> {
        let root = env.path("CODEX_HOME").unwrap_or_else(|| env.home().join(".codex"));
        let entries = EVENTS.map(|event| (event, matched("codex"))).into();
        vec![Change::Entries { file: root.join("hooks.json"), entries }]
    }

    fn heard(&self, _: &str, input: &Value) -> Option<Heard> {
        let name = text(input, "hook_event_name")?;
        let state = match name.as_str() {
            "UserPromptSubmit" | "PostToolUse" => Some(LiveState::Working),
            "Stop" => Some(LiveState::Waiting),
            _ => None,
        };
        Some(Heard { name, state, detail: text(input, "tool_name"), native_id: text(input, "session_id") })
    }
}
