//! Transcripts that agents leave: `projects/<folder>/agent-transcripts/<id>/<id>.jsonl`, those of
//! sub-agents in `subagents/`.
//!
//! They know neither times nor results; a line gets the time at which its file was written.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role};
use crate::tool::format::disk::{self, entries};
use crate::tool::format::jsonl::{self, Opened};
use crate::tool::format::revision::Revisions;
use crate::tool::format::value;
use crate::tool::{Progress, Rank, Session, Sink, Source};

/// The key of a transcript among the sources of a session.
const LINES: &str = "transcript";
/// The folder of the transcripts of sub-agents.
const AGENTS: &str = "subagents";

/// The transcripts below `~/.cursor`.
pub fn sessions(root: &Path) -> Vec<Session> {
    let mut files = Vec::new();
    for project in entries(&root.join("projects")) {
        for entry in entries(&project.join("agent-transcripts")) {
            files.extend(entries(&entry));
            files.extend(entries(&entry.join(AGENTS)));
            files.push(entry);
        }
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "jsonl") && disk::is_file(path));
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let native_id = path.file_stem()?.to_str()?.to_owned();
            Some(Session { native_id, sources: vec![Source { key: LINES.into(), path }], title: None })
        })
        .collect()
}

/// Sub-agents after everything else.
pub fn age(path: &Path) -> i64 {
    i64::from(parent(path).is_some())
}

/// The conversation that a sub-agent belongs to.
fn parent(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    if folder.file_name()? != AGENTS {
        return None;
    }
    Some(folder.parent()?.file_name()?.to_str()?.to_owned())
}

/// Reads what is new in a transcript.
pub fn read(session: &Session, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    let Some(source) = session.sources.first() else { return Ok(()) };
    let memo = std::mem::take(&mut progress.memo);
    let (mut count, mut sent): (u64, Revisions) = serde_json::from_value(memo).unwrap_or_default();
    let mut lines = match jsonl::open(source, progress.cursors.get(&source.key)) {
        Opened::Gone | Opened::Same => return Ok(()),
        Opened::Grown(lines) => lines,
        Opened::Fresh(lines) => {
            count = 0;
            lines
        }
    };
    let written = source.path.metadata().and_then(|meta| meta.modified());
    let time = Time(written.map(crate::sys::clock::millis).unwrap_or(0));
    progress.head.parent = parent(&source.path);
    progress.head.interface = Some("ide".into());
    while let Some(bytes) = lines.peek() {
        match jsonl::parse(bytes) {
            Some(map) => {
                count += 1;
                let message = message(count, map, time);
                if message.is_prompt()
                    && let Some(Block::Text { text }) = message.content.first()
                {
                    progress.head.offer_title(Rank::Prompt, text);
                }
                sent.send(message, sink)?;
            }
            None => lines.skip(source, sink),
        }
        sink.read(lines.consume());
    }
    progress.cursors.insert(source.key.clone(), lines.cursor());
    progress.memo = serde_json::to_value((count, sent)).unwrap_or_default();
    sink.checkpoint(&progress)
}

fn message(number: u64, mut line: Map<String, Value>, time: Time) -> Message {
    let role = match value::str(&line, "role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => Role::System,
    };
    let mut message = Message {
        msg_id: format!("line-{number}"),
        role,
        timestamp: time,
        is_meta: role == Role::System,
        ..Message::default()
    };
    let content = match line.remove("message") {
        Some(Value::Object(mut inner)) => inner.remove("content"),
        other => other.or_else(|| line.remove("content")),
    };
    match content {
        Some(Value::String(text)) => message.content.push(Block::Text { text }),
        Some(Value::Array(list)) => {
            for (at, value) in list.into_iter().enumerate() {
                message.content.push(block(value, &format!("line-{number}-{at}")));
            }
        }
        _ => {}
    }
    for block in &mut message.content {
        if let Block::Text { text } = block
            && let Some(query) =
                text.split_once("<user_query>").and_then(|(_, r)| r.rsplit_once("</user_query>"))
        {
            *text = query.0.trim().to_owned();
        }
    }
    line.remove("role");
    if !line.is_empty() {
        message.metadata.insert("cursor".into(), Value::Object(line));
    }
    message
}

fn block(value: Value, call: &str) -> Block {
    let Value::Object(mut map) = value else { return Block::opaque("x-cursor", value) };
    match value::str(&map, "type") {
        Some("text") => Block::Text { text: value::take_string(&mut map, "text").unwrap_or_default() },
        Some("tool_use") => Block::ToolUse {
            tool_use_id: value::take_string(&mut map, "id").unwrap_or_else(|| call.to_owned()),
            name: value::take_string(&mut map, "name").unwrap_or_default(),
            input: value::arguments(map.remove("input").unwrap_or_default()),
        },
        _ => Block::opaque("x-cursor", Value::Object(map)),
    }
}
