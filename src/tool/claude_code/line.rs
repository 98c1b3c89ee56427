//! A line of a session, and what is known of its fields.

use serde_json::{Map, Value};

use crate::model::Time;
use crate::model::message::Usage;
use crate::tool::format::{jsonl, value};

/// Kinds of lines that belong to the tool's housekeeping.
pub(super) const BESIDE: [&str; 15] = [
    "agent-name",
    "ai-title",
    "api-request",
    "api-request-blob",
    "api-request-shape",
    "atis-latch",
    "cost-state",
    "custom-title",
    "file-history-delta",
    "file-history-snapshot",
    "last-prompt",
    "mode",
    "permission-mode",
    "queue-operation",
    "tools-used",
];

/// Fields of a line that are expressed in the canonical message, or are the same on every line.
pub(super) const MAPPED: [&str; 14] = [
    "agentId",
    "cwd",
    "entrypoint",
    "gitBranch",
    "isMeta",
    "isSidechain",
    "message",
    "parentUuid",
    "sessionId",
    "timestamp",
    "type",
    "userType",
    "uuid",
    "version",
];

/// Beginnings of user text that no person wrote.
pub(super) const INJECTED: [&str; 11] = [
    "<command-name>",
    "<command-message>",
    "<local-command-caveat>",
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    "<system-reminder>",
    "[Request interrupted by user",
];

/// A line that is an object.
pub struct Line {
    /// Its fields.
    pub map: Map<String, Value>,
    /// When it was written, if it says so.
    pub time: Option<Time>,
}

impl Line {
    /// `None` when it is no JSON object.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let map = jsonl::parse(bytes)?;
        let time = value::time(&map, "timestamp");
        Some(Self { map, time })
    }
}

/// The same line always gets the same id.
pub(super) fn fallback_id(map: &Map<String, Value>) -> String {
    value::name(serde_json::to_string(map).unwrap_or_default().as_bytes())
}

/// What an answer says that it cost.
pub(super) fn usage(map: &Map<String, Value>) -> Usage {
    let details = value::object(map, "output_tokens_details");
    Usage {
        input: value::count(map, "input_tokens"),
        output: value::count(map, "output_tokens"),
        cache_read: value::count(map, "cache_read_input_tokens"),
        cache_write: value::count(map, "cache_creation_input_tokens"),
        reasoning: details.map_or(0, |d| value::count(d, "thinking_tokens")),
    }
}
