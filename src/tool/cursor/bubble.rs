//! From bubbles to messages.
//!
//! A turn of the assistant is several bubbles: one for reasoning, one for each text, one for each
//! call of a tool; older ones hold all of it at once. A call's result lies in its bubble and
//! becomes a message of its own.

use serde_json::{Map, Value};

use crate::model::Time;
use crate::model::message::{Block, ImageSource, Message, Role, Usage};
use crate::tool::format::value;

/// A bubble, with its entry in the conversation's list.
pub struct Bubble {
    /// Its id.
    pub id: String,
    /// Its fields.
    pub map: Map<String, Value>,
    /// What the list says of it.
    pub header: Map<String, Value>,
}

/// What became of it.
pub struct Translated {
    /// The message, and the result of its call.
    pub messages: Vec<Message>,
    /// The bubble, when it is of no known kind.
    pub unknown: Option<String>,
}

/// Fields that are expressed in the message, or say nothing.
const MAPPED: [&str; 15] = [
    "_v",
    "bubbleId",
    "conversationState",
    "createdAt",
    "id",
    "images",
    "isAgentic",
    "modelInfo",
    "rawText",
    "richText",
    "text",
    "thinking",
    "tokenCount",
    "toolFormerData",
    "type",
];

impl Bubble {
    /// Whether a person wrote it.
    pub fn is_prompt(&self) -> bool {
        match self.map.get("type") {
            Some(Value::String(kind)) => kind == "user",
            kind => kind.and_then(Value::as_i64) == Some(1),
        }
    }

    fn is_answer(&self) -> bool {
        match self.map.get("type") {
            Some(Value::String(kind)) => kind == "ai" || kind == "assistant",
            kind => kind.and_then(Value::as_i64) == Some(2),
        }
    }

    /// Whether its call has not ended.
    pub fn is_open(&self) -> bool {
        let status = value::object(&self.map, "toolFormerData").and_then(|t| value::str(t, "status"));
        matches!(status, Some("loading" | "pending" | "running" | "generating" | "streaming"))
    }

    /// When it was made, if it or the list says so.
    pub fn time(&self) -> Option<Time> {
        let timing = value::object(&self.map, "timingInfo");
        let keys = ["clientStartTime", "clientRpcSendTime", "clientEndTime", "clientSettleTime"];
        moment(&self.map, "createdAt")
            .or_else(|| moment(&self.header, "createdAt"))
            .or_else(|| timing.and_then(|t| keys.iter().find_map(|key| value::millis(t, key))))
    }

    /// Translates it.
    pub fn translate(mut self, time: Time) -> Translated {
        let mut message = Message {
            msg_id: self.id.clone(),
            timestamp: time,
            turn_id: value::string(&self.map, "requestId"),
            ..Message::default()
        };
        if !self.is_prompt() && !self.is_answer() {
            message.role = Role::System;
            message.is_meta = true;
            message.content = vec![Block::opaque("x-cursor", Value::Object(self.map))];
            return Translated { messages: vec![message], unknown: Some(self.id) };
        }
        let model = value::object(&self.map, "modelInfo").and_then(|m| value::string(m, "modelName"));
        let model = model.or_else(|| value::string(&self.map, "modelType")).filter(|m| m != "default");
        let mut result = None;
        if self.is_prompt() {
            message.role = Role::User;
        } else {
            message.role = Role::Assistant;
            message.model = model;
            message.usage = value::object(&self.map, "tokenCount").map(usage).filter(|u| !u.is_zero());
            message.content.extend(thinking(&self.map));
        }
        message.content.extend(words(&self.map).map(Block::text));
        if let Some(Value::Object(call)) = self.map.remove("toolFormerData").filter(|call| !is_nothing(call))
        {
            let (block, answer) = tool(call, &self.id, time);
            message.content.push(block);
            result = answer;
        }
        if let Some(Value::Array(images)) = self.map.remove("images") {
            message.content.extend(images.into_iter().map(image));
        }
        if let Some(error) = self.map.remove("errorDetails").filter(|e| !is_nothing(e)) {
            message.content.push(Block::opaque("x-error", error));
        }
        if message.content.is_empty() {
            return Translated { messages: Vec::new(), unknown: None };
        }
        self.map.retain(|key, value| !MAPPED.contains(&key.as_str()) && !is_nothing(value));
        message.metadata.insert("cursor".into(), Value::Object(self.map));
        Translated { messages: std::iter::once(message).chain(result).collect(), unknown: None }
    }
}

/// Empty in any way: Cursor writes every field of a bubble.
pub fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
        _ => false,
    }
}

/// A moment in RFC 3339 or milliseconds.
pub fn moment(map: &Map<String, Value>, key: &str) -> Option<Time> {
    value::time(map, key).or_else(|| value::millis(map, key))
}

fn usage(count: &Map<String, Value>) -> Usage {
    Usage {
        input: value::count(count, "inputTokens"),
        output: value::count(count, "outputTokens"),
        ..Usage::default()
    }
}

fn thinking(map: &Map<String, Value>) -> Vec<Block> {
    let one = |thought: &Map<String, Value>| {
        let text =
            value::string(thought, "text").or_else(|| value::string(thought, "thinking")).unwrap_or_default();
        let signature = value::string(thought, "signature");
        let redacted = text.is_empty().then_some(true);
        (redacted.is_none() || signature.is_some()).then_some(Block::Thinking { text, signature, redacted })
    };
    match (map.get("thinking"), map.get("allThinkingBlocks")) {
        (Some(Value::Object(thought)), _) => one(thought).into_iter().collect(),
        (Some(Value::String(text)), _) if !text.is_empty() => {
            vec![Block::Thinking { text: text.clone(), signature: None, redacted: None }]
        }
        (_, Some(Value::Array(list))) => list.iter().filter_map(|t| one(t.as_object()?)).collect(),
        _ => Vec::new(),
    }
}

/// What is said: the plain text, or the words of the rich one.
fn words(map: &Map<String, Value>) -> Option<String> {
    if let Some(text) = value::string(map, "text").or_else(|| value::string(map, "rawText")) {
        return Some(text);
    }
    let rich = value::str(map, "richText")?;
    let mut out = String::new();
    match serde_json::from_str(rich) {
        Ok(tree) => gather(&tree, &mut out),
        Err(_) => out.push_str(rich),
    }
    let out = out.trim_end().to_owned();
    (!out.is_empty()).then_some(out)
}

/// The texts of an editor's document; each paragraph is a line.
fn gather(node: &Value, out: &mut String) {
    if let Some(map) = node.as_object() {
        if map.get("type").and_then(Value::as_str) == Some("linebreak") {
            out.push('\n');
        }
        if let Some(text) = value::str(map, "text") {
            out.push_str(text);
        }
        map.get("root").into_iter().for_each(|root| gather(root, out));
        if let Some(Value::Array(children)) = map.get("children") {
            children.iter().for_each(|child| gather(child, out));
        }
        if map.get("type").and_then(Value::as_str) == Some("paragraph") {
            out.push('\n');
        }
    }
}

fn image(picture: Value) -> Block {
    let of = |kind: &str, data: &str, media_type: Option<String>| Block::Image {
        source: ImageSource { kind: kind.into(), data: data.into(), media_type },
    };
    let text = |key: &str| picture.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    if let Some((head, data)) = text("data").or_else(|| text("url")).and_then(|d| d.split_once(";base64,")) {
        return of("base64", data, head.strip_prefix("data:").map(str::to_owned));
    }
    match (text("data"), text("path"), text("url")) {
        (Some(data), ..) => of("base64", data, None),
        (_, Some(path), _) => of("path", path, None),
        (_, _, Some(url)) => of("url", url, None),
        _ => Block::opaque("x-image", picture),
    }
}

/// A call, and its result once it has ended.
fn tool(mut call: Map<String, Value>, bubble: &str, time: Time) -> (Block, Option<Message>) {
    let tool_use_id = value::take_string(&mut call, "toolCallId").unwrap_or_else(|| bubble.to_owned());
    let name = value::take_string(&mut call, "name").unwrap_or_else(|| "unknown".to_owned());
    // Both hold the arguments, as text; one of them may be empty.
    let (raw, params) = (call.remove("rawArgs"), call.remove("params"));
    let input = [raw, params].into_iter().flatten().find(|v| !is_nothing(v)).map(parsed).unwrap_or_default();
    let block = Block::ToolUse { tool_use_id: tool_use_id.clone(), name, input: value::arguments(input) };
    let status = value::string(&call, "status").unwrap_or_default();
    let result = call.remove("result").filter(|v| !is_nothing(v));
    let is_error = match status.as_str() {
        "completed" => Some(false),
        "error" | "cancelled" | "rejected" => Some(true),
        _ if result.is_none() => return (block, None),
        _ => None,
    };
    let output = result.map(output).unwrap_or_default();
    if !output.rest.is_empty() {
        call.insert("result".into(), output.rest.into());
    }
    call.retain(|_, value| !is_nothing(value));
    let content = Block::ToolResult {
        tool_use_id,
        content: output.text,
        is_error,
        exit_code: output.exit_code,
        duration_ms: None,
    };
    let message = Message {
        msg_id: format!("{bubble}:result"),
        role: Role::Tool,
        content: vec![content],
        timestamp: time,
        parent_msg_id: Some(bubble.to_owned()),
        metadata: Map::from_iter([("cursor".to_owned(), Value::Object(call))]),
        ..Message::default()
    };
    (block, Some(message))
}

/// JSON in a text, or the value as it is.
fn parsed(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

#[derive(Default)]
struct Output {
    text: String,
    exit_code: Option<i64>,
    /// What the result says beside its text.
    rest: Map<String, Value>,
}

/// The text of a result: of the forms that are known its words, of others all of it. Cursor removes
/// the content of old results and leaves facts like `totalLinesInFile`; those are given as they are.
fn output(result: Value) -> Output {
    let raw = match &result {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Value::Object(mut map) = parsed(result) else { return Output { text: raw, ..Output::default() } };
    let code = ["exitCode", "exitCodeV2"].iter().find_map(|key| map.get(*key)?.as_i64());
    let words = match ["output", "contents", "content"].iter().find_map(|key| map.remove_entry(*key)) {
        Some((_, Value::String(text))) => Some(text),
        Some((key, Value::Array(parts))) => {
            let texts: Option<Vec<_>> = parts.iter().map(|p| p.get("text")?.as_str()).collect();
            let joined = texts.map(|texts| texts.join("\n"));
            if joined.is_none() {
                map.insert(key, parts.into());
            }
            joined
        }
        Some((key, other)) => {
            map.insert(key, other);
            None
        }
        None => None,
    };
    match words {
        Some(text) => Output { text, exit_code: code, rest: map },
        None => Output { text: raw, exit_code: code, rest: Map::new() },
    }
}

/// Host and path of a folder's URI: `file:///a%20b`, `vscode-remote://ssh-remote%2Bhost/srv`. Of a
/// `.code-workspace` file the folder that it is in.
pub fn place(uri: &str) -> (Option<String>, String) {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let (authority, path) = match rest.find('/') {
        Some(at) if !scheme.is_empty() => rest.split_at(at),
        _ => ("", rest),
    };
    let mut path = if scheme.is_empty() { path.to_owned() } else { decoded(path) };
    if path.ends_with(".code-workspace") {
        path.truncate(path.rfind('/').unwrap_or(0).max(1));
    }
    let authority = decoded(authority);
    ((!authority.is_empty()).then_some(authority), path)
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|_| *byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
