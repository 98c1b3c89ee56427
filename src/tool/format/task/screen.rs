//! What the person saw: `ui_messages.json`. It has the times, the tokens and the costs, and a prompt
//! or two that the model's conversation lacks; without that conversation it is all there is.

use serde_json::{Map, Value};

use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::{blocks, jsonl, value};

/// The rows of the screen.
pub struct Screen(Vec<Map<String, Value>>);

/// A request to the model.
pub struct Request {
    /// When it was made.
    pub time: Time,
    /// What it took, as it was told.
    pub usage: Usage,
    /// What it cost in dollars.
    pub cost: f64,
    /// The model, where it is told.
    pub model: Option<String>,
}

impl Screen {
    /// Takes the list.
    pub fn of(document: Value) -> Self {
        let rows = match document {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        };
        Self(
            rows.into_iter()
                .filter_map(|row| if let Value::Object(map) = row { Some(map) } else { None })
                .collect(),
        )
    }

    /// When it begins.
    pub fn began(&self) -> Option<Time> {
        self.0.iter().find_map(|row| value::millis(row, "ts"))
    }

    /// When the first thing after a moment was shown.
    pub fn after(&self, time: Time) -> Option<Time> {
        self.0.iter().filter_map(|row| value::millis(row, "ts")).find(|ts| *ts > time)
    }

    /// Requests, in order. `disjoint` when the input leaves out what was cached.
    pub fn requests(&self, disjoint: bool) -> Vec<Request> {
        let rows = self.0.iter().filter(|row| value::str(row, "say") == Some("api_req_started"));
        rows.map(|row| {
            let told =
                value::str(row, "text").and_then(|text| jsonl::parse(text.as_bytes())).unwrap_or_default();
            Request {
                time: value::millis(row, "ts").unwrap_or_default(),
                usage: usage(&told, disjoint),
                cost: told.get("cost").and_then(Value::as_f64).unwrap_or(0.0),
                model: value::object(row, "modelInfo").and_then(|info| value::string(info, "modelId")),
            }
        })
        .collect()
    }

    /// What a person wrote in answer to a question of the tool, once a request took it along.
    pub fn feedback(&self) -> Vec<(Time, &str)> {
        let asked = |row: &Map<String, Value>| value::str(row, "say") == Some("api_req_started");
        let last = self.0.iter().rposition(asked).unwrap_or(0);
        let rows = self.0.iter().take(last).filter(|row| value::str(row, "say") == Some("user_feedback"));
        rows.filter_map(|row| Some((value::millis(row, "ts")?, value::str(row, "text")?))).collect()
    }

    /// The screen as messages, for a task that has nothing else.
    pub fn messages(&self) -> Vec<Message> {
        let mut out: Vec<Message> = Vec::new();
        let mut call = None;
        for (at, row) in self.0.iter().enumerate().filter(|(_, row)| !value::flag(row, "partial")) {
            let kind = value::str(row, "say").or_else(|| value::str(row, "ask")).unwrap_or_default();
            let text = value::string(row, "text").unwrap_or_default();
            let asked = value::str(row, "type") == Some("ask");
            let first = !out.iter().any(Message::is_prompt);
            let (role, block) = match kind {
                "task" | "user_feedback" | "user_feedback_diff" => (Role::User, Block::Text { text }),
                "text" if first && !asked => (Role::User, Block::Text { text }),
                "reasoning" => (Role::Assistant, Block::Thinking { text, signature: None, redacted: None }),
                "text" | "followup" | "plan_mode_respond" | "completion_result" if !text.is_empty() => {
                    let question = jsonl::parse(text.as_bytes());
                    let question = question.and_then(|q| {
                        value::string(&q, "question").or_else(|| value::string(&q, "response"))
                    });
                    (Role::Assistant, Block::Text { text: question.unwrap_or(text) })
                }
                "tool" | "command" | "use_mcp_server" | "browser_action" | "browser_action_launch" => {
                    let mut input = jsonl::parse(text.as_bytes())
                        .unwrap_or_else(|| Map::from_iter([("command".to_owned(), text.into())]));
                    let name = value::take_string(&mut input, "tool").unwrap_or_else(|| kind.to_owned());
                    let tool_use_id = format!("s{at}");
                    call = Some(tool_use_id.clone());
                    (Role::Assistant, Block::ToolUse { tool_use_id, name, input })
                }
                "command_output" | "mcp_server_response" | "browser_action_result" if call.is_some() => {
                    let tool_use_id = call.take().unwrap_or_default();
                    let result = Block::ToolResult {
                        tool_use_id,
                        content: text,
                        is_error: None,
                        exit_code: None,
                        duration_ms: None,
                    };
                    (Role::Tool, result)
                }
                "error" | "info" => (Role::System, Block::Text { text }),
                "condense_context" => {
                    let summary =
                        value::object(row, "contextCondense").and_then(|c| value::string(c, "summary"));
                    (Role::User, Block::Summary { text: summary.unwrap_or(text) })
                }
                _ => continue,
            };
            let images = row.get("images").and_then(Value::as_array).into_iter().flatten();
            let images = images.filter_map(|image| Some(blocks::picture(image.as_str()?)));
            out.push(Message {
                msg_id: format!("s{at}"),
                is_meta: role == Role::System || matches!(block, Block::Summary { .. }),
                role,
                content: std::iter::once(block).chain(images).collect(),
                timestamp: value::millis(row, "ts").unwrap_or_default(),
                ..Message::default()
            });
        }
        out
    }
}

/// Cline tells the uncached input. Roo and Kilo include the cache since 3.29.5, for each row the
/// figures decide: input that is smaller than what was cached cannot include it.
fn usage(told: &Map<String, Value>, disjoint: bool) -> Usage {
    let (read, written) = (value::count(told, "cacheReads"), value::count(told, "cacheWrites"));
    let input = value::count(told, "tokensIn");
    let cached = read.saturating_add(written);
    Usage {
        input: if disjoint { input } else { input.checked_sub(cached).unwrap_or(input) },
        output: value::count(told, "tokensOut"),
        cache_read: read,
        cache_write: written,
        reasoning: 0,
    }
}
