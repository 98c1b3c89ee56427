//! From OpenCode's messages and parts to canonical messages.
//!
//! One assistant message is one call of the model. A tool part holds the call and its result; the
//! result becomes a message of its own behind it. `input` tokens exclude cached ones, `output`
//! excludes reasoning (measured with 1.18.33).

use serde_json::{Map, Value, json};

use crate::model::Time;
use crate::model::message::{Block, ImageSource, Message, Role, Usage};
use crate::tool::format::value;

/// A message as the store holds it: its own object and those of its parts, in order.
pub struct Raw {
    /// `info` of an export; in the database `data` with the id.
    pub info: Map<String, Value>,
    /// Its parts.
    pub parts: Vec<Map<String, Value>>,
}

/// What became of it.
#[derive(Default)]
pub struct Talk {
    /// The message, and the results of its calls.
    pub messages: Vec<Message>,
    /// Parts that belong to the tool's housekeeping.
    pub beside: Vec<Map<String, Value>>,
    /// Parts of kinds that are not known; they are in the messages.
    pub unknown: u64,
}

/// Fields of a message that are expressed in the canonical one.
const MAPPED: [&str; 7] = ["id", "modelID", "parentID", "path", "role", "sessionID", "tokens"];
/// Fields of a part that are expressed in a block.
const MAPPED_PART: [&str; 6] = ["id", "messageID", "sessionID", "text", "time", "type"];

impl Raw {
    /// Its id.
    pub fn id(&self) -> Option<String> {
        value::string(&self.info, "id")
    }

    /// Whether the model speaks.
    pub fn is_answer(&self) -> bool {
        value::str(&self.info, "role") == Some("assistant")
    }

    /// Whether the tool is done with it: an answer is completed or failed, a prompt has parts.
    pub fn is_done(&self) -> bool {
        if !self.is_answer() {
            return !self.parts.is_empty();
        }
        self.info.contains_key("error") || time(&self.info, "completed").is_some()
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && !self.info.contains_key("error")
    }

    /// When it was begun.
    pub fn created(&self) -> Option<Time> {
        time(&self.info, "created")
    }

    /// The last moment that it tells of.
    pub fn touched(&self) -> Option<Time> {
        let ends = self.parts.iter().filter_map(|p| time(p, "end").or_else(|| time(p, "start")));
        let calls = self.parts.iter().filter_map(|p| value::object(p, "state"));
        let calls = calls.filter_map(|s| time(s, "end").or_else(|| time(s, "start")));
        ends.chain(calls).chain(self.created()).chain(time(&self.info, "completed")).max()
    }

    /// Translates it. `tag` is the tool's name in the metadata, `cwd` the folder of the session.
    pub fn translate(mut self, tag: &str, cwd: Option<&str>) -> Talk {
        let mut talk = Talk::default();
        let Some(id) = self.id() else { return talk };
        let answer = self.is_answer();
        let mut message = Message {
            msg_id: id.clone(),
            role: if answer { Role::Assistant } else { Role::User },
            timestamp: self.created().unwrap_or_default(),
            ..Message::default()
        };
        if answer {
            message.parent_msg_id = value::string(&self.info, "parentID");
            message.turn_id.clone_from(&message.parent_msg_id);
            message.model = value::string(&self.info, "modelID");
            message.usage = value::object(&self.info, "tokens").map(usage).filter(|u| !u.is_zero());
            message.stop_reason = stop_reason(&self.info);
        } else {
            message.turn_id = Some(id.clone());
        }
        let summary = answer && value::flag(&self.info, "summary");
        message.is_meta = summary;
        let (mut injected, mut rests) = (Vec::new(), Map::new());
        for part in std::mem::take(&mut self.parts) {
            let kind = value::str(&part, "type").unwrap_or_default().to_owned();
            let apart = !answer && (value::flag(&part, "synthetic") || value::flag(&part, "ignored"));
            match kind.as_str() {
                "step-start" | "step-finish" | "snapshot" | "patch" => talk.beside.push(part),
                "tool" => {
                    let (call, result) = tool(part, tag, &id);
                    message.content.push(call);
                    talk.messages.extend(result);
                }
                _ => {
                    let key = value::string(&part, "id").unwrap_or_default();
                    let (block, rest) = block(part, &kind, tag, summary, &mut talk.unknown);
                    if !rest.is_empty() {
                        rests.insert(key.clone(), rest.into());
                    }
                    // A picture that was attached by hand is the person's, whoever read the file.
                    if apart && !matches!(block, Block::Image { .. }) {
                        injected.push((key, block));
                    } else {
                        message.content.push(block);
                    }
                }
            }
        }
        if let Some(error) = self.info.get("error") {
            message.content.push(Block::opaque("x-error", error.clone()));
        }
        let elsewhere =
            value::object(&self.info, "path").filter(|path| value::str(path, "cwd") != cwd).cloned();
        self.info.retain(|key, _| !MAPPED.contains(&key.as_str()));
        self.info.extend(elsewhere.map(|path| ("path".to_owned(), Value::Object(path))));
        if !rests.is_empty() {
            self.info.insert("parts".into(), rests.into());
        }
        message.metadata.insert(tag.into(), Value::Object(self.info));
        apart(message, injected, &mut talk);
        talk
    }
}

/// Puts the message before its results. What the tool added to a prompt is no prompt: it follows as
/// a message of its own, unless there is nothing else.
fn apart(mut message: Message, injected: Vec<(String, Block)>, talk: &mut Talk) {
    let first = injected.first().map(|(key, _)| key.clone()).unwrap_or_default();
    let blocks: Vec<Block> = injected.into_iter().map(|(_, block)| block).collect();
    if message.content.is_empty() && !blocks.is_empty() {
        message.content = blocks;
        message.is_meta = true;
    } else if !blocks.is_empty() {
        let added = Message {
            msg_id: first,
            role: Role::User,
            content: blocks,
            timestamp: message.timestamp,
            parent_msg_id: Some(message.msg_id.clone()),
            turn_id: message.turn_id.clone(),
            is_meta: true,
            ..Message::default()
        };
        talk.messages.insert(0, added);
    }
    talk.messages.insert(0, message);
}

/// A part that is no call, and what of it has no place in the block.
fn block(
    mut part: Map<String, Value>,
    kind: &str,
    tag: &str,
    summary: bool,
    unknown: &mut u64,
) -> (Block, Map<String, Value>) {
    let text = |part: &mut Map<String, Value>| value::take_string(part, "text").unwrap_or_default();
    let block = match kind {
        "text" if summary => Block::Summary { text: text(&mut part) },
        "text" => Block::Text { text: text(&mut part) },
        "reasoning" => {
            let text = text(&mut part);
            let redacted = text.is_empty().then_some(true);
            Block::Thinking {
                text,
                signature: value::object(&part, "metadata").and_then(signature),
                redacted,
            }
        }
        "file" => match image(&mut part) {
            Some(image) => image,
            None => return (named(part), Map::new()),
        },
        "agent" | "compaction" | "retry" | "subtask" => return (named(part), Map::new()),
        _ => {
            *unknown += 1;
            return (Block::opaque(&format!("x-{tag}"), Value::Object(part)), Map::new());
        }
    };
    part.retain(|key, _| !MAPPED_PART.contains(&key.as_str()));
    (block, part)
}

/// An opaque block of the part's own kind.
fn named(mut part: Map<String, Value>) -> Block {
    let kind = format!("x-{}", value::str(&part, "type").unwrap_or("part"));
    part.retain(|key, _| !["id", "messageID", "sessionID"].contains(&key.as_str()));
    part.insert("type".into(), kind.into());
    Block::Other(part)
}

/// What the provider signed; each has a name of its own for it.
fn signature(metadata: &Map<String, Value>) -> Option<String> {
    let names = ["signature", "reasoningEncryptedContent", "redactedData", "thoughtSignature"];
    metadata
        .values()
        .filter_map(Value::as_object)
        .find_map(|m| names.iter().find_map(|n| value::string(m, n)))
}

fn image(part: &mut Map<String, Value>) -> Option<Block> {
    let media = value::string(part, "mime").filter(|mime| mime.starts_with("image/"))?;
    let url = value::take_string(part, "url")?;
    part.remove("mime");
    let (kind, data) = match (url.split_once(";base64,"), url.strip_prefix("file://")) {
        (Some((head, data)), _) if head.starts_with("data:") => ("base64", data.to_owned()),
        (_, Some(path)) => ("path", path.to_owned()),
        _ => ("url", url),
    };
    Some(Block::Image { source: ImageSource { kind: kind.into(), data, media_type: Some(media) } })
}

/// A call, and its result once there is one.
fn tool(mut part: Map<String, Value>, tag: &str, message: &str) -> (Block, Option<Message>) {
    let part_id = value::string(&part, "id").unwrap_or_default();
    let tool_use_id = value::string(&part, "callID").unwrap_or_else(|| part_id.clone());
    let name = value::take_string(&mut part, "tool").unwrap_or_default();
    let mut state = match part.remove("state") {
        Some(Value::Object(state)) => state,
        _ => Map::new(),
    };
    let input = value::arguments(state.remove("input").unwrap_or_default());
    let call = Block::ToolUse { tool_use_id: tool_use_id.clone(), name, input };
    let is_error = match value::str(&state, "status") {
        Some("completed") => false,
        Some("error") => true,
        _ => return (call, None),
    };
    let key = if is_error { "error" } else { "output" };
    let content = match state.remove(key) {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    };
    let exit_code = value::object(&state, "metadata").and_then(|m| m.get("exit")?.as_i64());
    let (start, end) = (time(&state, "start"), time(&state, "end"));
    let duration_ms = start.zip(end).and_then(|(start, end)| u64::try_from(start.until(end)).ok());
    let mut blocks = vec![Block::ToolResult {
        tool_use_id,
        content: content.clone(),
        is_error: Some(is_error),
        exit_code,
        duration_ms,
    }];
    if let Some(Value::Array(attached)) = state.remove("attachments") {
        for file in attached {
            blocks.push(match file {
                Value::Object(mut file) => image(&mut file).unwrap_or_else(|| named(file)),
                other => Block::opaque(&format!("x-{tag}"), other),
            });
        }
    }
    if let Some(Value::Object(metadata)) = state.get_mut("metadata")
        && metadata.get("output").and_then(Value::as_str) == Some(content.as_str())
    {
        metadata.remove("output");
    }
    part.retain(|key, _| !MAPPED_PART.contains(&key.as_str()) && key != "callID");
    part.append(&mut state);
    let result = Message {
        msg_id: part_id,
        role: Role::Tool,
        content: blocks,
        timestamp: end.or(start).unwrap_or_default(),
        parent_msg_id: Some(message.to_owned()),
        metadata: Map::from_iter([(tag.to_owned(), Value::Object(part))]),
        ..Message::default()
    };
    (call, Some(result))
}

fn usage(tokens: &Map<String, Value>) -> Usage {
    let cache = value::object(tokens, "cache");
    let cached = |key| cache.map_or(0, |c| value::count(c, key));
    let reasoning = value::count(tokens, "reasoning");
    Usage {
        input: value::count(tokens, "input"),
        output: value::count(tokens, "output").saturating_add(reasoning),
        cache_read: cached("read"),
        cache_write: cached("write"),
        reasoning,
    }
}

fn stop_reason(info: &Map<String, Value>) -> Option<String> {
    if let Some(error) = value::object(info, "error") {
        return (value::str(error, "name") == Some("MessageAbortedError")).then(|| "interrupted".into());
    }
    let reason = match value::str(info, "finish")? {
        "stop" => "end_turn",
        "tool-calls" => "tool_use",
        "length" => "max_tokens",
        _ => return None,
    };
    Some(reason.into())
}

/// A moment below `time`.
fn time(map: &Map<String, Value>, key: &str) -> Option<Time> {
    value::millis(value::object(map, "time")?, key)
}

/// The title that a session has before anybody or anything gave it one.
pub fn is_default_title(title: &str) -> bool {
    ["New session - ", "Child session - "]
        .iter()
        .any(|start| title.strip_prefix(start).is_some_and(|rest| Time::parse(rest).is_some()))
}

/// A prompt without the quotes that `run` puts around it.
pub fn unquoted(text: &str) -> &str {
    text.trim().strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

/// What a session says about itself, with the names of the JSON store.
pub fn about(mut info: Map<String, Value>) -> Map<String, Value> {
    for (column, name) in
        [("parent_id", "parentID"), ("project_id", "projectID"), ("workspace_id", "workspaceID")]
    {
        if let Some(value) = info.remove(column) {
            info.insert(name.into(), value);
        }
    }
    let times: Map<String, Value> = ["created", "updated", "compacting", "archived"]
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), info.remove(&format!("time_{key}"))?)))
        .collect();
    if !times.is_empty() {
        info.insert("time".into(), times.into());
    }
    for key in ["metadata", "model", "permission", "revert", "summary_diffs"] {
        // JSON in a text column.
        if let Some(parsed) = value::str(&info, key).and_then(|text| serde_json::from_str::<Value>(text).ok())
        {
            info.insert(key.into(), parsed);
        }
    }
    let tokens: Map<String, Value> = ["input", "output", "reasoning", "cache_read", "cache_write"]
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), info.remove(&format!("tokens_{key}"))?)))
        .collect();
    if !tokens.is_empty() {
        info.insert("tokens".into(), json!(tokens));
    }
    info
}
