//! OpenCode: a plugin of our own in its folder of plugins, which are loaded when it starts. It hands
//! on a few events and answers none.

use serde_json::Value;

use super::{Change, Heard, Hooked};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub(super) struct Hooks;

const PLUGIN: &str = r#"// Written by sf (`sf hooks uninstall --tool opencode` removes it). It reports and never answers.
import { spawn } from "node:child_process"

const told = new Set(["session.status", "session.idle", "session.error", "permission.asked",
  "permission.updated", "permission.replied", "question.asked", "question.replied"])

export const SessionForge = async () => ({
  event: async ({ event }) => {
    if (!process.env.SF_SOCKET || !process.env.SF_BIN || !told.has(event.type)) return
    const child = spawn(process.env.SF_BIN, ["hook", "opencode", event.type], {
      stdio: ["pipe", "ignore", "ignore"],
    })
    child.on("error", () => {})
    child.stdin.on("error", () => {})
    child.stdin.end(JSON.stringify(event.properties ?? {}))
  },
})
"#;

impl Hooked for Hooks {
    fn tool(&self) -> ToolId {
        ToolId::Opencode
    }

    fn changes(&self, env: &Env) -> Vec<Change> {
        let config = env.path("XDG_CONFIG_HOME").unwrap_or_else(|| env.home().join(".config"));
        let file = config.join("opencode/plugin/sf.js");
        vec![Change::Whole { file, text: PLUGIN.to_owned() }]
    }

    fn heard(&self, event: &str, input: &Value) -> Option<Heard> {
        let status = input.pointer("/status/type").and_then(Value::as_str).unwrap_or_default();
        let state = match event {
            "session.status" if status == "busy" || status == "retry" => Some(LiveState::Working),
            "session.status" if status == "idle" => Some(LiveState::Waiting),
            "session.idle" | "session.error" => Some(LiveState::Waiting),
            "permission.asked" | "permission.updated" | "question.asked" => Some(LiveState::Blocked),
            "permission.replied" | "question.replied" => Some(LiveState::Working),
            _ => None,
        };
        let native_id = super::text(input, "sessionID");
        Some(Heard { name: event.to_owned(), state, detail: None, native_id })
    }
}
