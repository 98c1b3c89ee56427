//! Gemini CLI: `settings.json`, key `hooks` (documented by its maker): `BeforeAgent` and `AfterAgent`
//! around a turn, `Notification` for approvals. A hook must print nothing or JSON.

use serde_json::{Value, json};

use super::{Change, Heard, Hooked, command, text};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub(super) struct Hooks;

const EVENTS: [&str; 6] =
    ["SessionStart", "BeforeAgent", "AfterTool", "Notification", "AfterAgent", "SessionEnd"];

impl Hooked for Hooks {
    fn tool(&self) -> ToolId {
        ToolId::Gemini
    }

    fn changes(&self, env: &Env) -> Vec<Change> {
        let entry = json!({
            "matcher": "*",
            "hooks": [{ "name": "sf", "type": "command", "command": command("gemini") }],
        });
        let entries = EVENTS.map(|event| (event, entry.clone())).into();
        let root = env.path("GEMINI_CLI_HOME").unwrap_or_else(|| env.home());
        vec![Change::Entries { file: root.join(".gemini/settings.json"), entries }]
    }

    fn heard(&self, _: &str, input: &Value) -> Option<Heard> {
        let name = text(input, "hook_event_name")?;
        let state = match name.as_str() {
            "BeforeAgent" | "AfterTool" => Some(LiveState::Working),
            "Notification" => Some(LiveState::Blocked),
            "AfterAgent" => Some(LiveState::Waiting),
            _ => None,
        };
        let detail = text(input, "message").or_else(|| text(input, "tool_name"));
        Some(Heard { name, state, detail, native_id: text(input, "session_id") })
    }
}
