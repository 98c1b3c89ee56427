//! Copilot CLI: a file of our own among its hooks (version 1 of the form that its maker documents;
//! the events do not name themselves, so each has a word of its own). `preToolUse` is left alone: it
//! asks for an answer.

use serde_json::{Map, Value, json};

use super::{Change, Heard, Hooked, command, text};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::Env;

pub(super) struct Hooks;

const EVENTS: [&str; 6] =
    ["sessionStart", "userPromptSubmitted", "postToolUse", "agentStop", "errorOccurred", "sessionEnd"];

impl Hooked for Hooks {
    fn tool(&self) -> ToolId {
        ToolId::Copilot
    }

    fn changes(&self, env: &Env) -> Vec<Change> {
        let root = env.path("COPILOT_HOME").unwrap_or_else(|| env.home().join(".copilot"));
        let hooks: Map<String, Value> = EVENTS
            .into_iter()
            .map(|event| {
                let run = command(&format!("copilot {event}"));
                (event.to_owned(), json!([{ "type": "command", "bash": run, "timeoutSec": 5 }]))
            })
            .collect();
        let file = json!({ "version": 1, "hooks": hooks });
        let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
        vec![Change::Whole { file: root.join("hooks/sf.json"), text }]
    }

    fn heard(&self, event: &str, input: &Value) -> Option<Heard> {
        let state = match event {
            "userPromptSubmitted" | "postToolUse" => Some(LiveState::Working),
            "agentStop" | "errorOccurred" => Some(LiveState::Waiting),
            _ => None,
        };
        let native_id = text(input, "sessionId").or_else(|| text(input, "session_id"));
        Some(Heard { name: event.to_owned(), state, detail: text(input, "toolName"), native_id })
    }
}
