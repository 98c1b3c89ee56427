//! Items of the Responses API into canonical blocks.

use serde_json::{Map, Value};

use crate::model::message::{Block, ImageSource, Role};
use crate::tool::format::{jsonl, value};

/// What an item becomes.
pub struct Item {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Vec<Block>,
    /// Whether neither a person nor the model said it.
    pub is_meta: bool,
}

/// Beginnings of user text that no person wrote, for lines that do not say so themselves.
const INJECTED: [&str; 12] = [
    "<environment_context>",
    "<user_instructions>",
    "# AGENTS.md instructions for",
    "<INSTRUCTIONS>",
    "<skill>",
    "<turn_aborted>",
    "<subagent_notification>",
    "<user_shell_command>",
    "<user_action>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "You are performing a CONTEXT CHECKPOINT COMPACTION",
];

/// Beginnings of outputs that tell of a failure without an exit status.
const FAILED: [&str; 7] = [
    "aborted",
    "unsupported call",
    "unsupported custom tool call",
    "Script failed",
    "apply_patch verification failed",
    "execution error",
    "invalid arguments",
];

/// Translates one item. What was used is taken out of it; the rest goes into the metadata.
/// `None` for items that are no part of the talk.
pub fn translate(item: &mut Map<String, Value>) -> Option<Item> {
    let kind = value::string(item, "type").unwrap_or_default();
    let assistant = |content| Item { role: Role::Assistant, content, is_meta: false };
    Some(match kind.as_str() {
        "message" => message(item),
        "reasoning" => assistant(vec![reasoning(item)]),
        "function_call" => {
            let arguments = item.remove("arguments").unwrap_or_default();
            let parsed = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
            assistant(vec![call(item, parsed.unwrap_or(arguments), "call")])
        }
        "custom_tool_call" => {
            let input = item.remove("input").unwrap_or_default();
            assistant(vec![call(item, input, "call")])
        }
        "local_shell_call" | "web_search_call" | "tool_search_call" => {
            let input = item.remove("action").or_else(|| item.remove("arguments")).unwrap_or_default();
            assistant(vec![call(item, input, kind.trim_end_matches("_call"))])
        }
        "image_generation_call" => {
            let picture = value::take_string(item, "result").map(|data| Block::Image {
                source: ImageSource { kind: "base64".into(), data, media_type: Some("image/png".into()) },
            });
            let mut content = vec![call(item, Value::Null, "image_generation")];
            content.extend(picture);
            assistant(content)
        }
        "function_call_output"
        | "custom_tool_call_output"
        | "local_shell_call_output"
        | "tool_search_output" => Item { role: Role::Tool, content: output(item), is_meta: false },
        "ghost_snapshot" | "additional_tools" => return None,
        _ => {
            let whole = Value::Object(std::mem::take(item));
            Item { role: Role::System, content: vec![Block::opaque("x-codex", whole)], is_meta: true }
        }
    })
}

fn message(item: &mut Map<String, Value>) -> Item {
    let role = match value::str(item, "role") {
        Some("assistant") => Role::Assistant,
        Some("developer") => Role::Developer,
        Some("system") => Role::System,
        _ => Role::User,
    };
    let content: Vec<Block> = match item.remove("content") {
        Some(Value::Array(parts)) => parts.into_iter().map(part).collect(),
        Some(Value::String(text)) => vec![Block::Text { text }],
        _ => Vec::new(),
    };
    let is_meta = match role {
        Role::User => injected(item, &content),
        Role::Assistant => false,
        _ => true,
    };
    Item { role, content, is_meta }
}

/// Whether no part of a user's message was typed by a person.
fn injected(item: &Map<String, Value>, content: &[Block]) -> bool {
    let passed = value::object(item, "internal_chat_message_metadata_passthrough");
    if let Some(kinds) = passed.and_then(|p| p.get("content_item_kinds")?.as_array())
        && !kinds.is_empty()
    {
        return !kinds.iter().any(|kind| kind.as_str().is_some_and(|k| k.starts_with("user.")));
    }
    let mut texts = content.iter().filter_map(|block| match block {
        Block::Text { text } => Some(text.trim_start()),
        _ => None,
    });
    texts.next().is_some_and(|text| INJECTED.iter().any(|tag| text.starts_with(tag)))
}

fn part(part: Value) -> Block {
    let Value::Object(mut map) = part else { return Block::opaque("x-codex", part) };
    match value::str(&map, "type") {
        Some("input_text" | "output_text" | "text" | "refusal") => {
            let text =
                value::take_string(&mut map, "text").or_else(|| value::take_string(&mut map, "refusal"));
            Block::Text { text: text.unwrap_or_default() }
        }
        Some("input_image") => match value::string(&map, "image_url") {
            Some(url) => image(&url),
            None => Block::opaque("x-codex", Value::Object(map)),
        },
        _ => Block::opaque("x-codex", Value::Object(map)),
    }
}

fn image(url: &str) -> Block {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let source = match inline {
        Some((media, data)) => {
            ImageSource { kind: "base64".into(), data: data.into(), media_type: Some(media.into()) }
        }
        None => ImageSource { kind: "url".into(), data: url.into(), media_type: None },
    };
    Block::Image { source }
}

fn reasoning(item: &mut Map<String, Value>) -> Block {
    let texts = |list: Option<Value>| -> Vec<String> {
        let list = list.and_then(|v| v.as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(|p| value::string(p.as_object()?, "text")).collect()
    };
    let summary = texts(item.remove("summary"));
    let raw = texts(item.remove("content"));
    let signature = value::take_string(item, "encrypted_content");
    let text = [summary, raw].concat().join("\n\n");
    let redacted = text.is_empty().then_some(true);
    Block::Thinking { text, signature, redacted }
}

fn call(item: &mut Map<String, Value>, input: Value, name: &str) -> Block {
    let tool_use_id =
        value::string(item, "call_id").or_else(|| value::string(item, "id")).unwrap_or_default();
    let name = value::take_string(item, "name").unwrap_or_else(|| name.to_owned());
    Block::ToolUse { tool_use_id, name, input: value::arguments(input) }
}

fn output(item: &mut Map<String, Value>) -> Vec<Block> {
    let tool_use_id = value::string(item, "call_id").unwrap_or_default();
    let mut images = Vec::new();
    let mut success = None;
    let mut given = item.remove("output").or_else(|| item.remove("tools")).unwrap_or_default();
    if let Value::Object(map) = &mut given
        && let Some(inner) = map.remove("content")
    {
        success = map.get("success").and_then(Value::as_bool);
        given = inner;
    }
    let text = match given {
        Value::String(text) => text,
        Value::Array(parts) => {
            let mut text = String::new();
            for block in parts.into_iter().map(part) {
                match block {
                    Block::Text { text: more } => {
                        if !text.is_empty() && !text.ends_with('\n') {
                            text.push('\n');
                        }
                        text.push_str(&more);
                    }
                    other => images.push(other),
                }
            }
            text
        }
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let (content, exit_code, duration_ms) = status(text);
    let failed = FAILED.iter().any(|start| content.starts_with(start)).then_some(true);
    let is_error = success.map(|ok| !ok).or(exit_code.map(|code| code != 0)).or(failed);
    let mut blocks = vec![Block::ToolResult { tool_use_id, content, is_error, exit_code, duration_ms }];
    blocks.append(&mut images);
    blocks
}

/// The exit status that an output tells: `{"output","metadata":{"exit_code"}}` (0.27 to 0.77),
/// `Exit code: N` (0.77 and 0.130) or `Process exited with code N` (0.169) in its first lines.
fn status(text: String) -> (String, Option<i64>, Option<u64>) {
    if text.starts_with("{\"output\"")
        && let Some(mut map) = jsonl::parse(text.as_bytes())
        && let Some(Value::String(inner)) = map.remove("output")
    {
        let meta = value::object(&map, "metadata");
        let exit = meta.and_then(|m| m.get("exit_code")?.as_i64());
        let seconds = meta.and_then(|m| m.get("duration_seconds")?.as_f64());
        // Float to int saturates; a negative duration becomes 0.
        return (inner, exit, seconds.map(|s| (s * 1000.0) as u64));
    }
    let mut exit = None;
    for line in text.lines().take(6).take_while(|line| *line != "Output:") {
        let number =
            line.strip_prefix("Exit code: ").or_else(|| line.strip_prefix("Process exited with code "));
        exit = exit.or_else(|| number?.trim().parse().ok());
    }
    (text, exit, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_of_all_generations_are_found() {
        let old = r#"{"output":"no such file\n","metadata":{"exit_code":1,"duration_seconds":0.1}}"#;
        assert_eq!(status(old.into()), ("no such file\n".into(), Some(1), Some(100)));
        for text in [
            "Exit code: 2\nWall time: 0 seconds\nOutput:\nx",
            "Chunk ID: 1\nProcess exited with code 2\nOutput:\n",
        ] {
            assert_eq!(status(text.into()).1, Some(2));
        }
        assert_eq!(status("Output:\nExit code: 3".into()).1, None, "printed by the command");
    }
}
