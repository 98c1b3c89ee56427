//! Messages of the chat files into canonical ones.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::model::message::{Block, ImageSource, Usage};
use crate::tool::format::{disk, value};

/// The most that is taken from a file of tool output.
const OUTPUT: u64 = 64 * 1024 * 1024;

/// Beginnings of user text that no person wrote.
const INJECTED: [&str; 4] = [
    "<session_context>",
    "<hook_context>",
    "- **Workspace Directories:**",
    "This is the Gemini CLI. We are setting up the context",
];

/// Whether the CLI put a user's text there.
pub fn injected(text: &str) -> bool {
    INJECTED.iter().any(|start| text.trim_start().starts_with(start))
}

/// Whether a user's text is what a compression left of the talk before it.
pub fn is_summary(text: &str) -> bool {
    text.trim_start().starts_with("<state_snapshot>")
}

/// What a list of parts holds.
#[derive(Default)]
pub struct Parts {
    /// Words, pictures, and parts that are not known.
    pub blocks: Vec<Block>,
    /// Reasoning among the words.
    pub thoughts: Vec<Block>,
    /// `functionCall` parts.
    pub calls: Vec<Map<String, Value>>,
    /// `functionResponse` parts.
    pub responses: Vec<Map<String, Value>>,
}

/// Content: a text, a part, or a list of them.
pub fn parts(content: Value) -> Parts {
    let mut out = Parts::default();
    match content {
        Value::Array(list) => list.into_iter().for_each(|part| one(part, &mut out)),
        Value::Null => {}
        other => one(other, &mut out),
    }
    out
}

fn one(part: Value, out: &mut Parts) {
    let mut map = match part {
        Value::Object(map) => map,
        Value::String(text) => {
            if !text.is_empty() {
                out.blocks.push(Block::Text { text });
            }
            return;
        }
        other => return out.blocks.push(Block::opaque("x-gemini", other)),
    };
    let thought = value::flag(&map, "thought");
    if let Some(Value::Object(call)) = map.get("functionCall") {
        out.calls.push(call.clone());
    } else if let Some(Value::Object(response)) = map.get("functionResponse") {
        out.responses.push(response.clone());
    } else if let Some(Value::String(text)) = map.get_mut("text") {
        let text = std::mem::take(text);
        if thought {
            let signature = value::string(&map, "thoughtSignature");
            out.thoughts.push(Block::Thinking { text, signature, redacted: None });
        } else {
            out.blocks.push(Block::Text { text });
        }
    } else if let Some(image) = image(&map) {
        out.blocks.push(image);
    } else {
        out.blocks.push(Block::opaque("x-gemini", Value::Object(map)));
    }
}

fn image(part: &Map<String, Value>) -> Option<Block> {
    let (kind, source, key) = match (value::object(part, "inlineData"), value::object(part, "fileData")) {
        (Some(data), _) => ("base64", data, "data"),
        (_, Some(file)) => ("url", file, "fileUri"),
        _ => return None,
    };
    let media_type = value::string(source, "mimeType").filter(|mime| mime.starts_with("image/"))?;
    let data = value::string(source, key)?;
    Some(Block::Image { source: ImageSource { kind: kind.into(), data, media_type: Some(media_type) } })
}

/// `thoughts`: a list of `{subject, description}`.
pub fn thoughts(list: Option<Value>) -> Vec<Block> {
    let Some(Value::Array(list)) = list else { return Vec::new() };
    let text = |thought: &Map<String, Value>| {
        let parts = ["subject", "description"].into_iter().filter_map(|key| value::str(thought, key));
        parts.collect::<Vec<_>>().join("\n\n")
    };
    list.into_iter()
        .map(|thought| match thought {
            Value::Object(map) => Block::Thinking { text: text(&map), signature: None, redacted: None },
            other => Block::opaque("x-gemini", other),
        })
        .collect()
}

/// A call, recorded or as a part.
pub fn call(call: &mut Map<String, Value>) -> Block {
    let tool_use_id = value::string(call, "id").unwrap_or_default();
    let name = value::take_string(call, "name").unwrap_or_default();
    let input = value::arguments(call.remove("args").unwrap_or_default());
    Block::ToolUse { tool_use_id, name, input }
}

/// The result that is recorded with a call: a text, a part, or a list of parts. A migration gives
/// every call of a batch the parts of all.
pub fn recorded(call: &mut Map<String, Value>, outputs: &Path, rest: &mut Map<String, Value>) -> Vec<Block> {
    let id = value::string(call, "id").unwrap_or_default();
    let status = value::str(call, "status").map(|s| s != "success");
    let found = match call.remove("result") {
        None | Some(Value::Null) => return Vec::new(),
        Some(given) => parts(given),
    };
    let mut texts: Vec<String> = Vec::new();
    let mut blocks = Vec::new();
    for block in found.blocks {
        match block {
            Block::Text { text } => texts.push(text),
            other => blocks.push(other),
        }
    }
    let alone = found.responses.len() == 1;
    let own = found.responses.into_iter().filter(|r| alone || value::str(r, "id") == Some(id.as_str()));
    let mut failed = None;
    for response in own {
        let (text, error, mut more) = output(response);
        texts.push(text);
        failed = failed.or(error);
        blocks.append(&mut more);
    }
    let name = value::str(call, "name").unwrap_or_default().to_owned();
    blocks.insert(0, result(id, &name, texts.join("\n"), status.or(failed), outputs, rest));
    blocks
}

/// Results that are parts of a user's message.
pub fn responses(list: Vec<Map<String, Value>>, outputs: &Path, rest: &mut Map<String, Value>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for response in list {
        let id = value::string(&response, "id").unwrap_or_default();
        let name = value::string(&response, "name").unwrap_or_default();
        let (text, failed, mut more) = output(response);
        blocks.push(result(id, &name, text, failed, outputs, rest));
        blocks.append(&mut more);
    }
    blocks
}

/// Text, failure and pictures of a `functionResponse`.
fn output(mut response: Map<String, Value>) -> (String, Option<bool>, Vec<Block>) {
    let images = parts(response.remove("parts").unwrap_or_default()).blocks;
    let mut inner = match response.remove("response") {
        Some(Value::Object(inner)) => inner,
        other => return (other.map(plain).unwrap_or_default(), None, images),
    };
    let keyed = [("error", true), ("output", false)];
    for (key, failed) in keyed {
        if inner.len() == 1
            && let Some(given) = inner.remove(key)
        {
            return (plain(given), Some(failed), images);
        }
    }
    let failed = inner.contains_key("error").then_some(true);
    (plain(Value::Object(inner)), failed, images)
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn result(
    tool_use_id: String,
    name: &str,
    mut content: String,
    is_error: Option<bool>,
    outputs: &Path,
    rest: &mut Map<String, Value>,
) -> Block {
    if let Some(whole) = persisted(&content, outputs) {
        rest.insert("preview".into(), json!({tool_use_id.clone(): std::mem::replace(&mut content, whole)}));
    }
    let exit_code = (name == "run_shell_command").then(|| exit_code(&content)).flatten();
    Block::ToolResult { tool_use_id, content, is_error, exit_code, duration_ms: None }
}

/// `Exit Code: N`, a line that the shell tool writes behind the output when N is not 0.
fn exit_code(text: &str) -> Option<i64> {
    text.lines().rev().take(6).find_map(|line| line.strip_prefix("Exit Code: ")?.trim().parse().ok())
}

/// The whole of an output that was too long: a file in `tool-outputs/` that the text names. Only
/// the last part of the path is believed.
fn persisted(text: &str, outputs: &Path) -> Option<String> {
    let (_, path) = text.split_once("/tool-outputs/")?;
    let path = path.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).next()?;
    let name = path.rsplit('/').next()?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let file = [outputs.join(name), outputs.parent()?.join(name)].into_iter().find(|p| p.is_file())?;
    let bytes = disk::start(&file, OUTPUT)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `tokens`: `input` includes what was cached, `output` leaves the reasoning out.
pub fn usage(tokens: &Map<String, Value>) -> Usage {
    let cached = value::count(tokens, "cached");
    let thoughts = value::count(tokens, "thoughts");
    Usage {
        input: value::count(tokens, "input").saturating_sub(cached) + value::count(tokens, "tool"),
        output: value::count(tokens, "output").saturating_add(thoughts),
        cache_read: cached,
        cache_write: 0,
        reasoning: thoughts,
    }
}
