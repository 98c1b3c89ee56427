//! Content of a message: Anthropic's blocks into canonical ones.

use std::path::Path;

use serde_json::{Map, Value};

use crate::model::message::{Block, ImageSource};
use crate::tool::format::{disk, value};

/// The most that is taken from a file of tool output.
const OUTPUT: u64 = 64 * 1024 * 1024;

/// Content that is a text or a list of blocks. `outputs` is the folder of outputs that were too
/// long for the session file. What has no place in the canonical form is put into `rest`.
pub fn content(content: Value, outputs: &Path, rest: &mut Map<String, Value>) -> Vec<Block> {
    match content {
        Value::String(text) => vec![Block::Text { text }],
        Value::Array(list) => list.into_iter().flat_map(|block| one(block, outputs, rest)).collect(),
        Value::Null => Vec::new(),
        other => vec![Block::opaque("x-claude-code", other)],
    }
}

fn one(block: Value, outputs: &Path, rest: &mut Map<String, Value>) -> Vec<Block> {
    let Value::Object(mut map) = block else { return vec![Block::opaque("x-claude-code", block)] };
    let known = match value::str(&map, "type") {
        Some("text") => text(&mut map),
        Some("thinking") => thinking(&mut map),
        Some("redacted_thinking") => {
            let signature = value::take_string(&mut map, "data");
            Some(Block::Thinking { text: String::new(), signature, redacted: Some(true) })
        }
        Some("tool_use" | "server_tool_use") => tool_use(&mut map),
        Some("image") => image(&map),
        Some("tool_result") => return tool_result(map, outputs, rest),
        _ => None,
    };
    vec![known.unwrap_or_else(|| {
        let kind = value::str(&map, "type").map_or("x-claude-code".to_owned(), |t| format!("x-{t}"));
        map.insert("type".into(), kind.into());
        Block::Other(map)
    })]
}

fn text(map: &mut Map<String, Value>) -> Option<Block> {
    match map.get_mut("text")? {
        Value::String(text) => Some(Block::Text { text: std::mem::take(text) }),
        _ => None,
    }
}

fn thinking(map: &mut Map<String, Value>) -> Option<Block> {
    let text = value::take_string(map, "thinking").unwrap_or_default();
    let signature = value::take_string(map, "signature");
    // 2.1 asks the service to leave the text out.
    let redacted = text.is_empty().then_some(true);
    Some(Block::Thinking { text, signature, redacted })
}

fn tool_use(map: &mut Map<String, Value>) -> Option<Block> {
    let tool_use_id = value::take_string(map, "id")?;
    let name = value::take_string(map, "name").unwrap_or_default();
    let input = value::arguments(map.remove("input").unwrap_or_default());
    Some(Block::ToolUse { tool_use_id, name, input })
}

fn image(map: &Map<String, Value>) -> Option<Block> {
    let source = value::object(map, "source")?;
    let kind = value::str(source, "type")?;
    let data = value::string(source, "data").or_else(|| value::string(source, "url"))?;
    let media_type = value::string(source, "media_type");
    let kind = if matches!(kind, "url" | "path") { kind } else { "base64" };
    Some(Block::Image { source: ImageSource { kind: kind.into(), data, media_type } })
}

/// A result: its text, and its pictures as blocks of their own behind it.
fn tool_result(mut map: Map<String, Value>, outputs: &Path, rest: &mut Map<String, Value>) -> Vec<Block> {
    let tool_use_id = value::string(&map, "tool_use_id").unwrap_or_default();
    let is_error = map.get("is_error").and_then(Value::as_bool);
    let mut images = Vec::new();
    // Outputs are the largest part of a store: they are handed on, not copied.
    let mut content = match map.get_mut("content").map(Value::take) {
        Some(Value::String(text)) => text,
        Some(Value::Array(list)) => {
            let mut texts = Vec::new();
            for part in &list {
                let part = part.as_object();
                if let Some(text) = part.and_then(|p| value::str(p, "text")) {
                    texts.push(text);
                } else if let Some(image) = part.and_then(image) {
                    images.push(image);
                } else {
                    // Something new: the text alone would lose it.
                    rest.insert("tool_result_content".into(), Value::Array(list.clone()));
                }
            }
            texts.join("\n")
        }
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    if let Some(whole) = persisted(&content, outputs) {
        rest.insert("preview".into(), std::mem::replace(&mut content, whole).into());
    }
    let mut blocks =
        vec![Block::ToolResult { tool_use_id, content, is_error, exit_code: None, duration_ms: None }];
    blocks.append(&mut images);
    blocks
}

/// The whole of an output of which the session file has only a preview (2.1): the file in
/// `tool-results/` that the preview names. Only the last part of the path is believed.
fn persisted(text: &str, outputs: &Path) -> Option<String> {
    let inside = text.strip_prefix("<persisted-output>")?;
    let name = inside.split_whitespace().find_map(|word| {
        let (before, name) = word.rsplit_once('/')?;
        before.ends_with("tool-results").then_some(name)
    })?;
    let name = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let bytes = disk::start(&outputs.join(name), OUTPUT)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
