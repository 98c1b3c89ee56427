//! Lines of a `messages.jsonl` that somebody else wrote, as canonical messages.
//!
//! Nothing is refused that can be understood in part: what SessionFS itself captured of Cursor,
//! Cline, Roo Code and Kilo Code fails its own validator (no `timestamp`, `id` instead of
//! `tool_use_id`). What a canonical message has no place for lies under `metadata.sf.import`.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::{blocks, jsonl, value};

/// Turns lines into messages, one after the other.
pub struct Lines {
    ids: HashSet<String>,
    line: u64,
    time: Time,
}

impl Lines {
    /// For a session that began at `created`: the time of messages that have none.
    pub fn new(created: Option<Time>) -> Self {
        Self { ids: HashSet::new(), line: 0, time: created.unwrap_or_default() }
    }

    /// The message of a line; `None` when the line is no JSON object.
    pub fn message(&mut self, line: &[u8]) -> Option<Message> {
        self.line += 1;
        let mut map = jsonl::parse(line)?;
        let mut left = Map::new();
        let msg_id = self.id(&mut map, &mut left);
        self.time = value::time(&map, "timestamp").unwrap_or(self.time);
        map.remove("timestamp");
        let role = self.role(&mut map, &mut left);
        let mut message = Message {
            role,
            timestamp: self.time,
            turn_id: value::take_string(&mut map, "turn_id"),
            model: value::take_string(&mut map, "model"),
            stop_reason: value::take_string(&mut map, "stop_reason"),
            agent_id: value::take_string(&mut map, "agent_id"),
            is_sidechain: flag(&mut map, "is_sidechain"),
            is_meta: flag(&mut map, "is_meta"),
            usage: usage(map.remove("usage")),
            content: content(map.remove("content").unwrap_or_default(), &mut left),
            ..Message::default()
        };
        match value::take_string(&mut map, "parent_msg_id") {
            // One that comes later, or never, would make a circle or lead nowhere.
            Some(parent) if !self.ids.contains(&parent) => {
                left.insert("parent_msg_id".into(), parent.into());
            }
            parent => message.parent_msg_id = parent,
        }
        match map.remove("metadata") {
            Some(Value::Object(own)) => message.metadata = own,
            Some(other) if !other.is_null() => {
                left.insert("metadata".into(), other);
            }
            _ => {}
        }
        map.retain(|_, v| !v.is_null());
        left.append(&mut map);
        keep(&mut message.metadata, left);
        self.ids.insert(msg_id.clone());
        message.msg_id = msg_id;
        Some(message)
    }

    /// An id that no other line has.
    fn id(&self, map: &mut Map<String, Value>, left: &mut Map<String, Value>) -> String {
        let given = match map.remove("msg_id") {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let base = given.clone().unwrap_or_else(|| format!("line-{}", self.line));
        if !self.ids.contains(&base) {
            return base;
        }
        left.insert("msg_id".into(), given.into());
        (2_u64..).map(|n| format!("{base}.{n}")).find(|id| !self.ids.contains(id)).unwrap_or(base)
    }

    fn role(&self, map: &mut Map<String, Value>, left: &mut Map<String, Value>) -> Role {
        match map.remove("role") {
            Some(Value::String(text)) => text.parse().unwrap_or_else(|_| {
                left.insert("role".into(), text.into());
                Role::System
            }),
            _ => Role::System,
        }
    }
}

fn flag(map: &mut Map<String, Value>, key: &str) -> bool {
    map.remove(key) == Some(Value::Bool(true))
}

/// Puts what is left below `metadata.sf.import`.
fn keep(metadata: &mut Map<String, Value>, left: Map<String, Value>) {
    if left.is_empty() {
        return;
    }
    // Somebody else's `sf` that is no object is kept too.
    let own = metadata.entry("sf").or_insert_with(|| Value::Object(Map::new()));
    if !own.is_object() {
        *own = Value::Object(Map::from_iter([("was".to_owned(), own.take())]));
    }
    if let Some(own) = own.as_object_mut() {
        own.insert("import".into(), Value::Object(left));
    }
}

fn usage(given: Option<Value>) -> Option<Usage> {
    let Value::Object(map) = given? else { return None };
    let count = |key: &str| {
        let number = map.get(key).and_then(|v| v.as_u64().or_else(|| v.as_f64().map(|f| f.max(0.0) as u64)));
        number.unwrap_or(0)
    };
    let usage = Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_tokens"),
        cache_write: count("cache_write_tokens"),
        reasoning: count("reasoning_tokens"),
    };
    (!usage.is_zero()).then_some(usage)
}

/// The blocks of a message, one at least.
fn content(given: Value, left: &mut Map<String, Value>) -> Vec<Block> {
    let list = match given {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        other => vec![other],
    };
    let mut out = Vec::new();
    let mut rest = Map::new();
    for item in list {
        let at = out.len().to_string();
        match item {
            Value::String(text) => out.push(Block::Text { text }),
            Value::Object(mut map) => {
                out.push(block(&mut map));
                map.retain(|_, v| !v.is_null());
                if !map.is_empty() {
                    rest.insert(at, Value::Object(map));
                }
            }
            other => out.push(Block::opaque("x-content", other)),
        }
    }
    if !rest.is_empty() {
        left.insert("blocks".into(), Value::Object(rest));
    }
    if out.is_empty() {
        // The format wants one block at least.
        out.push(Block::text(""));
    }
    out
}

/// One block; takes out of the map what the block holds.
fn block(map: &mut Map<String, Value>) -> Block {
    let kind = value::string(map, "type").unwrap_or_default();
    let made = match kind.as_str() {
        "text" => text(map, &["text"]).map(|text| Block::Text { text }),
        "summary" => text(map, &["text"]).map(|text| Block::Summary { text }),
        "thinking" => Some(Block::Thinking {
            text: text(map, &["text", "thinking"]).unwrap_or_default(),
            signature: value::take_string(map, "signature"),
            redacted: flag(map, "redacted").then_some(true),
        }),
        "tool_use" => call(map),
        "tool_result" => Some(result(map)),
        "image" => picture(map),
        _ => None,
    };
    match made {
        Some(block) => {
            map.remove("type");
            block
        }
        // Kinds that the format does not know are allowed in it, and kept as they are.
        None if matches!(kind.as_str(), "text" | "summary" | "tool_use" | "image") || kind.is_empty() => {
            blocks::opaque(std::mem::take(map))
        }
        None => Block::Other(std::mem::take(map)),
    }
}

/// The first of these fields that is a text, be it empty.
fn text(map: &mut Map<String, Value>, keys: &[&str]) -> Option<String> {
    let key = keys.iter().find(|key| map.get(**key).is_some_and(Value::is_string))?;
    match map.remove(*key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn call(map: &mut Map<String, Value>) -> Option<Block> {
    let name = text(map, &["name"])?;
    let tool_use_id = text(map, &["tool_use_id", "id"]).unwrap_or_default();
    let input = match map.remove("input") {
        // Some write the arguments as text.
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Object(input)) => input,
            _ => value::arguments(text.into()),
        },
        given => value::arguments(given.unwrap_or_default()),
    };
    Some(Block::ToolUse { tool_use_id, name, input })
}

fn result(map: &mut Map<String, Value>) -> Block {
    let tool_use_id = text(map, &["tool_use_id", "id"]).unwrap_or_default();
    let given = map.remove("content").unwrap_or_default();
    if !given.is_string() && !given.is_null() {
        map.insert("content".into(), given.clone());
    }
    let (content, _) = blocks::output(given);
    let mut whole = |key: &str| {
        let number = map.get(key).and_then(|v| v.as_i64().or_else(|| v.as_f64().map(|f| f.round() as i64)));
        number.inspect(|_| drop(map.remove(key)))
    };
    let exit_code = whole("exit_code");
    let duration_ms = whole("duration_ms").and_then(|ms| u64::try_from(ms).ok());
    let is_error = match map.remove("is_error") {
        Some(Value::Bool(is_error)) => Some(is_error),
        _ => None,
    };
    Block::ToolResult { tool_use_id, content, is_error, exit_code, duration_ms }
}

fn picture(map: &mut Map<String, Value>) -> Option<Block> {
    let source = serde_json::from_value(map.get("source")?.clone()).ok()?;
    map.remove("source");
    Some(Block::Image { source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::testing::any_json;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(lines: &[Value]) -> Vec<Message> {
        let mut reader = Lines::new(Time::parse("2026-01-01T00:00:00Z"));
        lines.iter().filter_map(|line| reader.message(line.to_string().as_bytes())).collect()
    }

    #[test]
    fn what_is_missing_is_made_up_and_what_is_odd_is_kept() {
        let said = read(&[
            json!({"role": "user", "content": "plain"}),
            json!({"msg_id": "a", "role": "narrator", "content": [], "parent_msg_id": "later", "extra": 1}),
            json!({"msg_id": "a", "role": "assistant", "timestamp": "2026-02-01T00:00:00Z", "parent_msg_id": "a",
                   "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": "{\"command\":\"ls\"}"},
                               {"type": "thinking", "text": "", "summary": "s", "redacted": true}]}),
            json!({"msg_id": "b", "role": "tool", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "out"}],
                 "exit_code": 2, "duration_ms": 12.5, "is_error": true}, {"type": "x-mine", "k": 1}, 7]}),
        ]);
        assert_eq!(said[0].msg_id, "line-1");
        assert_eq!(said[0].content, [Block::text("plain")]);
        assert_eq!(said[0].timestamp, said[1].timestamp);
        assert_eq!((said[1].role, said[1].content.len()), (Role::System, 1));
        assert_eq!(
            said[1].metadata["sf"]["import"],
            json!({"role": "narrator", "parent_msg_id": "later", "extra": 1})
        );
        assert_eq!((said[2].msg_id.as_str(), said[2].parent_msg_id.as_deref()), ("a.2", Some("a")));
        let Block::ToolUse { tool_use_id, input, .. } = &said[2].content[0] else { panic!("a call") };
        assert_eq!((tool_use_id.as_str(), &input["command"]), ("t", &json!("ls")));
        assert_eq!(said[2].metadata["sf"]["import"]["blocks"]["1"]["summary"], "s");
        let Block::ToolResult { content, exit_code, duration_ms, .. } = &said[3].content[0] else { panic!() };
        assert_eq!((content.as_str(), *exit_code, *duration_ms), ("out", Some(2), Some(13)));
        assert_eq!(said[3].timestamp, said[2].timestamp, "carried forward");
        assert_eq!(said[3].content.len(), 3);
    }

    #[test]
    fn our_own_lines_come_back_as_they_were() {
        let own = Message {
            msg_id: "m~2".into(),
            content: vec![
                Block::Thinking { text: "t".into(), signature: Some("s".into()), redacted: None },
                Block::ToolUse { tool_use_id: "c".into(), name: "n".into(), input: Map::new() },
                Block::opaque("x-document", json!({"a": 1})),
            ],
            timestamp: Time::parse("2026-01-02T03:04:05.678Z").expect("valid"),
            usage: Some(Usage { input: 1, output: 2, cache_read: 3, cache_write: 4, reasoning: 1 }),
            is_meta: true,
            metadata: Map::from_iter([("sf".to_owned(), json!({"replaces": "m"}))]),
            ..Message::default()
        };
        let line = serde_json::to_vec(&own).expect("written");
        assert_eq!(Lines::new(None).message(&line), Some(own));
    }

    const KEYS: &[&str] = &[
        "msg_id",
        "role",
        "content",
        "timestamp",
        "parent_msg_id",
        "usage",
        "metadata",
        "type",
        "text",
        "tool_use_id",
        "id",
        "name",
        "input",
        "source",
        "data",
        "sf",
        "is_error",
        "exit_code",
        "duration_ms",
    ];
    const WORDS: &[&str] =
        &["user", "assistant", "text", "tool_use", "tool_result", "thinking", "image", "summary", "x-a", ""];

    proptest! {
        #[test]
        fn any_line_can_be_read(lines in prop::collection::vec(any_json(KEYS, WORDS), 0..6)) {
            let mut ids = HashSet::new();
            for message in read(&lines) {
                prop_assert!(!message.content.is_empty());
                prop_assert!(message.parent_msg_id.as_ref().is_none_or(|p| ids.contains(p)));
                let text = serde_json::to_string(&message).expect("written");
                prop_assert_eq!(&serde_json::from_str::<Message>(&text).expect("read again"), &message);
                prop_assert!(ids.insert(message.msg_id));
            }
        }
    }
}
