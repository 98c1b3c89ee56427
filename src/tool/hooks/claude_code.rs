//! Claude Code: `settings.json`, key `hooks`; standard input is one JSON object with `session_id` and
//! `hook_event_name` (measured with 2.1.329). `PermissionRequest` is left alone: it asks for an answer.

use serde_json::Value;

use super::{Change, Heard, Hooked, matched, text};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub(super) struct Hooks;

const EVENTS: [&str; 6] =
    ["SessionStart", "UserPromptSubmit", "PostToolUse", "Notification", "Stop", "SessionEnd"];

impl Hooked for Hooks {
    fn tool(&self) -> ToolId {
        ToolId::ClaudeCode
    }

    fn changes(&self, env: &Env) -> Vec<Change> {
        let root = env.path("CLAUDE_CONFIG_DIR").unwrap_or_else(|| env.home().join(".claude"));
        let entries = EVENTS.map(|event| (event, matched("claude-code"))).into();
        vec![Change::Entries { file: root.join("settings.json"), entries }]
    }

    fn heard(&self, _: &str, input: &Value) -> Option<Heard> {
        let name = text(input, "hook_event_name")?;
        let said = text(input, "message").unwrap_or_default();
        let kind = text(input, "notification_type").unwrap_or_default();
        let state = match name.as_str() {
            "UserPromptSubmit" | "PostToolUse" => Some(LiveState::Working),
            // After a minute without an answer it reminds of a prompt that waits.
            "Notification" if kind == "idle_prompt" || said.contains("waiting for your input") => {
                Some(LiveState::Waiting)
            }
            "Notification" if kind.contains("permission") || said.contains("needs your") => {
                Some(LiveState::Blocked)
            }
            "Stop" => Some(LiveState::Waiting),
            _ => None,
        };
        let detail = text(input, "message").or_else(|| text(input, "tool_name"));
        Some(Heard { name, state, detail, native_id: text(input, "session_id") })
    }
}
