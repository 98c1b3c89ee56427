//! Messages in the canonical form: a line of `messages.jsonl` in a `.sfs` folder, version 0.1.0.
//!
//! The names of fields and the values of enums are those of the format; what it has no place for
//! lies under `metadata`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Time;

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person, or text that the tool put into a person's mouth (then `is_meta`).
    #[default]
    User,
    /// The model.
    Assistant,
    /// The tool's own remarks.
    System,
    /// Instructions above the user's.
    Developer,
    /// Results of tool calls.
    Tool,
}

impl Role {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
            Self::Developer => "developer",
            Self::Tool => "tool",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = crate::error::Error;

    fn from_str(text: &str) -> crate::error::Result<Self> {
        [Self::User, Self::Assistant, Self::System, Self::Developer, Self::Tool]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                crate::error::Error::usage(format!("no role is called {text:?}"))
                    .hint("known roles: user, assistant, system, developer, tool")
            })
    }
}

/// Tokens of one answer, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Uncached input.
    #[serde(rename = "input_tokens")]
    pub input: u64,
    /// Output, reasoning included.
    #[serde(rename = "output_tokens")]
    pub output: u64,
    /// Input read from the cache.
    #[serde(rename = "cache_read_tokens")]
    pub cache_read: u64,
    /// Input written to the cache.
    #[serde(rename = "cache_write_tokens")]
    pub cache_write: u64,
    /// The part of the output that is reasoning.
    #[serde(rename = "reasoning_tokens")]
    pub reasoning: u64,
}

impl Usage {
    /// Field by field.
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            input: f(self.input, other.input),
            output: f(self.output, other.output),
            cache_read: f(self.cache_read, other.cache_read),
            cache_write: f(self.cache_write, other.cache_write),
            reasoning: f(self.reasoning, other.reasoning),
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// What `self` has more than `other`, never below zero.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        self.zip(other, u64::saturating_sub)
    }

    /// The larger of each field.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, u64::max)
    }

    /// Whether there is nothing in it.
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// Where the bytes of an image are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSource {
    /// `url`, `base64` or `path`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The address, the bytes in base64, or the path.
    pub data: String,
    /// MIME type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// Reasoning.
    Thinking {
        /// The reasoning, empty when the service keeps it to itself.
        text: String,
        /// What the service signed or encrypted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// Whether the text is withheld.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        redacted: Option<bool>,
    },
    /// A call of a tool.
    ToolUse {
        /// Pairs the call with its result.
        tool_use_id: String,
        /// The tool's name.
        name: String,
        /// Its arguments.
        input: Map<String, Value>,
    },
    /// What a call gave.
    ToolResult {
        /// The call.
        tool_use_id: String,
        /// The output as text.
        content: String,
        /// Whether it failed; absent when that is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        is_error: Option<bool>,
        /// Exit status of a command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i64>,
        /// How long it took.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
    },
    /// A picture.
    Image {
        /// Where it is.
        source: ImageSource,
    },
    /// What a compaction left of the talk before it.
    Summary {
        /// The summary.
        text: String,
    },
    /// Anything else, kept as it is; ours begin with `x-`.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

impl Block {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// An opaque block of the given type around a value.
    pub fn opaque(kind: &str, value: Value) -> Self {
        let mut map = Map::new();
        map.insert("type".into(), kind.into());
        map.insert("value".into(), value);
        Self::Other(map)
    }
}

/// A line of `messages.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Unique in its file. The first key of every line that we write: [`crate::transcript`] finds
    /// it without parsing the rest.
    pub msg_id: String,
    /// Who speaks.
    pub role: Role,
    /// At least one block.
    pub content: Vec<Block>,
    /// When.
    pub timestamp: Time,
    /// The message that this one answers; always one of the same file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_msg_id: Option<String>,
    /// The turn that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,
    /// Tokens that this message adds to the transcript's sum; every answer is counted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The sub-agent that speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Whether it is part of a sub-agent's thread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sidechain: bool,
    /// Whether the tool put it there, not a person or the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_meta: bool,
    /// What the format has no place for; the tool's own fields below the tool's name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Message {
    /// Whether a person wrote it to the model: not injected, not a sub-agent's task, not a result.
    pub fn is_prompt(&self) -> bool {
        self.role == Role::User
            && !self.is_meta
            && !self.is_sidechain
            && self.content.iter().any(|b| matches!(b, Block::Text { .. } | Block::Image { .. }))
    }

    /// The id of a message, of its line alone. Our own lines begin with it; lines of others are parsed.
    pub fn id_of(line: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        struct Id {
            msg_id: String,
        }
        let quick = line.strip_prefix(b"{\"msg_id\":\"").and_then(|rest| {
            let end = rest.iter().position(|b| matches!(b, b'"' | b'\\'))?;
            let (id, rest) = rest.split_at(end);
            rest.starts_with(b"\"").then(|| String::from_utf8(id.to_vec()).ok())?
        });
        quick.or_else(|| serde_json::from_slice::<Id>(line).ok().map(|l| l.msg_id))
    }

    /// The message of the same transcript that this one is a later version of.
    pub fn replaces(&self) -> Option<&str> {
        self.metadata.get("sf")?.get("replaces")?.as_str()
    }

    /// Whether a fork has it from its origin: it is there so that the transcript is whole, and counts
    /// no tokens.
    pub fn is_inherited(&self) -> bool {
        self.metadata.get("sf").and_then(|own| own.get("inherited")) == Some(&Value::Bool(true))
    }

    /// Marks it so: `metadata.sf.inherited`.
    #[must_use]
    pub fn inherited(mut self) -> Self {
        self.usage = None;
        let own = self.metadata.entry("sf").or_insert_with(|| Value::Object(Map::new()));
        if let Some(own) = own.as_object_mut() {
            own.insert("inherited".into(), true.into());
        }
        self
    }

    /// How many tools it calls.
    pub fn tool_calls(&self) -> u64 {
        self.content.iter().filter(|b| matches!(b, Block::ToolUse { .. })).count() as u64
    }

    /// Everything in it that can be searched, blocks apart by an empty line: text, reasoning,
    /// names and inputs of calls, results, summaries, and the texts of opaque blocks.
    pub fn searchable(&self) -> String {
        let mut out = String::new();
        for block in &self.content {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            match block {
                Block::Text { text } | Block::Thinking { text, .. } | Block::Summary { text } => {
                    out.push_str(text);
                }
                Block::ToolUse { name, input, .. } => {
                    out.push_str(name);
                    input.values().for_each(|v| push_leaves(v, &mut out));
                }
                Block::ToolResult { content, .. } => out.push_str(content),
                Block::Image { .. } => {}
                Block::Other(map) => {
                    map.iter().filter(|(key, _)| *key != "type").for_each(|(_, v)| push_leaves(v, &mut out));
                }
            }
        }
        out
    }
}

/// Appends every text and number of a value.
fn push_leaves(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push('\n');
            out.push_str(text);
        }
        Value::Number(n) => {
            out.push('\n');
            out.push_str(&n.to_string());
        }
        Value::Array(list) => list.iter().for_each(|v| push_leaves(v, out)),
        Value::Object(map) => map.values().for_each(|v| push_leaves(v, out)),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_other_writers_survive() {
        let text = r#"{"type":"x-document","title":"a","n":[1,2]}"#;
        let block: Block = serde_json::from_str(text).expect("opaque");
        assert!(matches!(block, Block::Other(_)));
        assert_eq!(serde_json::to_string(&block).expect("written"), text);
        let call: Block =
            serde_json::from_str(r#"{"type":"tool_use","tool_use_id":"t","name":"n","input":{"a":1}}"#)
                .expect("a call");
        assert!(matches!(call, Block::ToolUse { .. }));
    }

    #[test]
    fn what_can_be_searched_includes_calls_and_results() {
        let message: Message = serde_json::from_value(serde_json::json!({
            "msg_id": "1", "role": "assistant", "timestamp": "2026-01-01T00:00:00.000Z",
            "content": [
                {"type": "thinking", "text": "hm"},
                {"type": "tool_use", "tool_use_id": "t", "name": "Bash", "input": {"command": "ls", "n": [7]}},
                {"type": "tool_result", "tool_use_id": "t", "content": "app.py"}
            ]
        }))
        .expect("a message");
        assert_eq!(message.searchable(), "hm\n\nBash\nls\n7\n\napp.py");
        assert_eq!(message.tool_calls(), 1);
    }

    #[test]
    fn ids_of_lines_by_others_are_found_too() {
        assert_eq!(Message::id_of(b"{\"role\":\"user\", \"msg_id\": \"q\\u0041\"}\n"), Some("qA".into()));
        assert_eq!(Message::id_of(b"{\"msg_id\":\"q\\\"A\",\"role\":1}\n"), Some("q\"A".into()));
        assert_eq!(Message::id_of(b"no JSON\n"), None);
    }
}
