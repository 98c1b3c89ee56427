//! The terminal program: `chats/<hash of the folder>/<id>/store.db`.
//!
//! `meta` has one row, JSON in hex; `blobs` holds what the model was sent, by hash: those that are
//! JSON are messages, in the order in which they were written, the others tie them together. A
//! blob never changes, so a number of a row is all that has to be remembered.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bubble;
use crate::model::Time;
use crate::model::message::{Block, ImageSource, Message, Role};
use crate::store::foreign::{Cell, Foreign};
use crate::tool::format::disk::{self, entries};
use crate::tool::format::shelf::{LOG, Stop};
use crate::tool::format::{jsonl, text, value};
use crate::tool::{Cursor, Head, Progress, Rank, Session, Sink, Source};

/// The key of the database among the sources of a session.
pub const STORE: &str = "store";
/// The key of the small file beside it.
const META: &str = "meta";
/// Rows that are read at once.
const BATCH: i64 = 256;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    /// The last row that was read.
    row: i64,
    /// The time of the last message.
    time: Time,
    unknown: u64,
}

/// The conversations below `~/.cursor`.
pub fn sessions(root: &Path) -> Vec<Session> {
    let folders = entries(&root.join("chats")).into_iter().flat_map(|hash| entries(&hash));
    let mut found: Vec<Session> = folders
        .filter_map(|folder| {
            let store = folder.join("store.db");
            let native_id = folder.file_name()?.to_str()?.to_owned();
            if !disk::is_file(&store) {
                return None;
            }
            let meta = folder.join("meta.json");
            let about = disk::read(&meta).and_then(|bytes| jsonl::parse(&bytes)).unwrap_or_default();
            let title = value::str(&about, "title").and_then(text::title);
            let paths = [(STORE, store), (LOG, folder.join("store.db-wal")), (META, meta)];
            let sources = paths.into_iter().filter(|(_, path)| path.exists());
            let sources = sources.map(|(key, path)| Source { key: key.into(), path }).collect();
            Some(Session { native_id, sources, title })
        })
        .collect();
    found.sort_by(|a, b| a.native_id.cmp(&b.native_id));
    found
}

/// Reads what is new in a conversation.
pub fn read(
    session: &Session,
    database: &Foreign,
    mut progress: Progress,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let mut memo: Memo = serde_json::from_value(progress.memo.clone()).unwrap_or_default();
    let mut head = std::mem::take(&mut progress.head);
    let rows = |query: &str, values: &[Cell]| database.rows(query, values).map_err(Stop::Database);
    for row in rows("select value from meta where key = '0'", &[])? {
        about(&mut head, &meta(row.text("value").unwrap_or_default()));
    }
    let newest = rows("select max(rowid) as n from blobs", &[])?.first().and_then(|row| row.integer("n"));
    if newest.unwrap_or(0) < memo.row {
        // Another file than before; the messages are known by their hashes.
        memo.row = 0;
    }
    memo.time = memo.time.max(head.created.unwrap_or_default());
    loop {
        let query = "select rowid as n, id, data from blobs where rowid > ?1 order by rowid limit ?2";
        let batch = rows(query, &[memo.row.into(), BATCH.into()])?;
        if batch.is_empty() {
            break;
        }
        for row in batch {
            memo.row = row.integer("n").unwrap_or(memo.row + 1);
            let Some(data) = row.text("data") else { continue };
            sink.read(data.len() as u64);
            let Some(blob) = jsonl::parse(data.as_bytes()).filter(|blob| blob.contains_key("role")) else {
                continue;
            };
            let id = row.text("id").filter(|id| !id.is_empty());
            let id = id.map_or_else(|| format!("row-{}", memo.row), str::to_owned);
            memo.time = bubble::moment(&blob, "createdAt").unwrap_or(memo.time);
            let message = message(id, blob, memo.time, &mut memo.unknown);
            if message.is_prompt()
                && let Some(Block::Text { text }) = message.content.first()
            {
                head.offer_title(Rank::Prompt, text);
            }
            head.model = message.model.clone().or(head.model);
            sink.message(message)?;
        }
    }
    if memo.unknown > 0 {
        head.metadata.insert("unknown_blocks".into(), memo.unknown.into());
    }
    for (key, (_, meta)) in [STORE, LOG].into_iter().zip(database.files()) {
        progress.cursors.insert(key.into(), Cursor::whole(&meta));
    }
    if let Some(meta) = session.sources.iter().find(|s| s.key == META).and_then(|s| s.path.metadata().ok()) {
        progress.cursors.insert(META.into(), Cursor::whole(&meta));
    }
    progress.memo = serde_json::to_value(&memo).unwrap_or_default();
    progress.head = head;
    sink.checkpoint(&progress)?;
    Ok(())
}

/// JSON, plain or in hex.
fn meta(value: &str) -> Map<String, Value> {
    if let Some(map) = jsonl::parse(value.as_bytes()) {
        return map;
    }
    let digits = value.as_bytes().chunks_exact(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    digits.collect::<Option<Vec<u8>>>().and_then(|bytes| jsonl::parse(&bytes)).unwrap_or_default()
}

fn about(head: &mut Head, meta: &Map<String, Value>) {
    head.offer_title(Rank::Model, value::str(meta, "name").filter(|n| *n != "New Agent").unwrap_or_default());
    head.created = bubble::moment(meta, "createdAt").or(head.created);
    head.workdir = value::string(meta, "workspacePath").or(head.workdir.take());
    head.model = value::string(meta, "lastUsedModel").or(head.model.take());
    head.interface = Some("cli".into());
    let kept =
        ["mode", "approvalMode"].iter().filter_map(|key| Some(((*key).to_owned(), meta.get(*key)?.clone())));
    head.metadata.insert("cursor".into(), Value::Object(kept.collect()));
}

/// Beginnings of user text that no person wrote.
const INJECTED: [&str; 7] = [
    "<user_info>",
    "<project_layout>",
    "<git_status>",
    "<rules>",
    "<system_reminder>",
    "<agent_transcripts>",
    "<open_and_recently_viewed_files>",
];

fn message(id: String, mut blob: Map<String, Value>, time: Time, unknown: &mut u64) -> Message {
    let role = match value::str(&blob, "role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => Role::System,
    };
    let mut message = Message { msg_id: id, role, timestamp: time, ..Message::default() };
    message.content = match blob.remove("content") {
        Some(Value::String(text)) => vec![Block::Text { text }],
        Some(Value::Array(list)) => list.into_iter().map(|value| block(value, unknown)).collect(),
        _ => Vec::new(),
    };
    if role == Role::User {
        message.is_meta = unwrap(&mut message.content);
    }
    message.is_meta |= role == Role::System;
    if message.content.is_empty() {
        message.content.push(Block::text(""));
    }
    let options = value::object(&blob, "providerOptions").and_then(|p| value::object(p, "cursor"));
    if role == Role::Assistant {
        message.model = options.and_then(|o| value::string(o, "modelName"));
    }
    blob.retain(|key, value| {
        !["role", "id", "createdAt"].contains(&key.as_str()) && !bubble::is_nothing(value)
    });
    if !blob.is_empty() {
        message.metadata.insert("cursor".into(), Value::Object(blob));
    }
    message
}

/// Takes the tags off what a person typed, and says whether nobody typed anything.
fn unwrap(content: &mut [Block]) -> bool {
    let mut injected = false;
    let mut typed = false;
    for block in content {
        let Block::Text { text } = block else {
            typed = true;
            continue;
        };
        let inside = text.split_once("<user_query>").and_then(|(_, rest)| rest.rsplit_once("</user_query>"));
        if let Some((inside, _)) = inside {
            *text = inside.trim().to_owned();
            typed = true;
        } else if INJECTED.iter().any(|tag| text.trim_start().starts_with(tag)) {
            injected = true;
        } else {
            typed = true;
        }
    }
    injected && !typed
}

fn block(value: Value, unknown: &mut u64) -> Block {
    let Value::Object(mut map) = value else { return Block::opaque("x-cursor", value) };
    let kind = value::string(&map, "type").unwrap_or_default();
    let signature = |map: &Map<String, Value>| value::string(map, "signature");
    match kind.as_str() {
        "text" => Block::Text { text: value::take_string(&mut map, "text").unwrap_or_default() },
        "reasoning" => {
            let text = value::take_string(&mut map, "text").unwrap_or_default();
            let redacted = text.is_empty().then_some(true);
            Block::Thinking { text, signature: signature(&map), redacted }
        }
        "redacted-reasoning" => {
            let signature = value::take_string(&mut map, "data").or_else(|| signature(&map));
            Block::Thinking { text: String::new(), signature, redacted: Some(true) }
        }
        "tool-call" => Block::ToolUse {
            tool_use_id: value::take_string(&mut map, "toolCallId").unwrap_or_default(),
            name: value::take_string(&mut map, "toolName").unwrap_or_default(),
            input: value::arguments(map.remove("args").or_else(|| map.remove("input")).unwrap_or_default()),
        },
        "tool-result" => {
            let content = match map.remove("result").or_else(|| map.remove("output")) {
                Some(Value::String(text)) => text,
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            Block::ToolResult {
                tool_use_id: value::take_string(&mut map, "toolCallId").unwrap_or_default(),
                content,
                is_error: map.get("isError").and_then(Value::as_bool),
                exit_code: None,
                duration_ms: None,
            }
        }
        "image" => match value::take_string(&mut map, "image")
            .or_else(|| value::take_string(&mut map, "data"))
        {
            Some(data) => {
                let media_type = value::string(&map, "mediaType").or_else(|| value::string(&map, "mimeType"));
                let kind = if data.starts_with("http") { "url" } else { "base64" };
                Block::Image { source: ImageSource { kind: kind.into(), data, media_type } }
            }
            None => Block::opaque("x-image", Value::Object(map)),
        },
        _ => {
            *unknown += 1;
            Block::opaque("x-cursor", Value::Object(map))
        }
    }
}
