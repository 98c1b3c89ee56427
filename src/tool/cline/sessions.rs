//! Sessions: `<id>/<id>.json` is about one, `<id>/<id>.messages.json` is the talk, and other
//! `*.messages.json` in the folder are its sub-agents and the tasks of its team. All are documents
//! that are written anew at every change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::disk::{self, entries};
use crate::tool::format::document::{self, Document};
use crate::tool::format::revision::Revisions;
use crate::tool::format::{blocks, jsonl, value};
use crate::tool::{Head, Progress, Rank, Session, Sink, Skipped, Source};

/// Fields of a message that are expressed in the canonical one.
const MAPPED: [&str; 6] = ["id", "role", "content", "ts", "modelInfo", "metrics"];

/// The sessions below a folder of data, or in a folder of sessions.
pub fn find(root: &Path) -> Vec<Session> {
    let dirs = [root.join("sessions"), root.to_owned()];
    dirs.iter().flat_map(|dir| entries(dir)).filter_map(|dir| session(&dir)).collect()
}

fn session(dir: &Path) -> Option<Session> {
    let native_id = dir.file_name()?.to_str()?.to_owned();
    let talk = format!("{native_id}.messages.json");
    let (main, manifest) = (dir.join(&talk), dir.join(format!("{native_id}.json")));
    if !disk::is_file(&main) {
        return None;
    }
    let others = entries(dir).into_iter().filter(|path| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        (name.ends_with(".messages.json") || name.ends_with(".compaction.json")) && name != talk
    });
    let paths = [main, manifest].into_iter().chain(others).filter(|path| disk::is_file(path));
    let source = |path: PathBuf| Source { key: path.to_string_lossy().into_owned(), path };
    Some(Session { native_id, sources: paths.map(source).collect(), title: None })
}

/// Sessions that say they run, and whose process is there. It may be the hub that all share, so
/// what they say decides.
pub fn live(root: &Path) -> Vec<String> {
    let running = |session: &Session| {
        let manifest = session.sources.iter().find(|s| is_manifest(s, &session.native_id))?;
        let manifest = jsonl::parse(&disk::read(&manifest.path)?)?;
        let pid = manifest.get("pid")?.as_u64()?;
        let told = matches!(value::str(&manifest, "status"), Some("running" | "pending"));
        (told && Path::new(&format!("/proc/{pid}")).exists()).then_some(())
    };
    find(root).into_iter().filter(|s| running(s).is_some()).map(|s| s.native_id).collect()
}

fn is_manifest(source: &Source, id: &str) -> bool {
    source.path.file_name().is_some_and(|name| *name == *format!("{id}.json"))
}

/// Reads a session when one of its documents changed.
///
/// # Errors
/// Those of the sink.
pub fn read(session: &Session, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    if session.sources.iter().all(|s| jsonl::unchanged(s, progress.cursors.get(&s.key))) {
        return Ok(());
    }
    let mut reader = Reader {
        sent: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
        head: Head { title: progress.head.title.clone(), ..Head::default() },
        ..Reader::default()
    };
    let mut messages = Vec::new();
    let mut whole = true;
    for source in &session.sources {
        let name = source.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        match document::open(source, None, sink) {
            Document::Gone if source.path.ends_with(format!("{}.messages.json", session.native_id)) => {
                return Ok(());
            }
            Document::Gone | Document::Same => {}
            Document::Torn(cursor) => {
                whole = false;
                progress.cursors.insert(source.key.clone(), cursor);
            }
            Document::Read(document, cursor) => {
                progress.cursors.insert(source.key.clone(), cursor);
                let Value::Object(document) = document else {
                    sink.skipped(Skipped::whole(&source.path, "it is no JSON object"));
                    continue;
                };
                if let Some(stem) = name.strip_suffix(".messages.json") {
                    let agent = (stem != session.native_id).then(|| stem.to_owned());
                    reader.thread(agent, document, &source.path, &mut messages, sink);
                } else if is_manifest(source, &session.native_id) {
                    reader.manifest(document);
                } else {
                    reader.head.metadata.insert("compaction".into(), Value::Object(document));
                }
            }
        }
    }
    if whole {
        reader.tell(messages, sink)?;
        progress.memo = serde_json::to_value(&reader.sent).unwrap_or_default();
        progress.head = reader.head;
    }
    sink.checkpoint(&progress)
}

#[derive(Default)]
struct Reader {
    sent: Revisions,
    head: Head,
    /// Calls that start sub-agents: what is asked, and the call.
    tasks: BTreeMap<String, String>,
    /// Ids of messages.
    ids: BTreeSet<String>,
}

impl Reader {
    /// About the session as a whole.
    fn manifest(&mut self, mut map: Map<String, Value>) {
        let head = &mut self.head;
        head.created = value::time(&map, "started_at");
        head.workdir =
            value::take_string(&mut map, "cwd").or_else(|| value::take_string(&mut map, "workspace_root"));
        head.provider = value::take_string(&mut map, "provider");
        head.interface = value::take_string(&mut map, "source");
        head.model = value::take_string(&mut map, "model").or(head.model.take());
        if let Some(Value::Object(mut more)) = map.remove("metadata") {
            head.offer_title(Rank::Model, value::str(&more, "title").unwrap_or_default());
            head.branch = value::object(&more, "git").and_then(|git| value::string(git, "branch"));
            head.cost_usd = more.get("totalCost").and_then(Value::as_f64);
            let origin = value::object(&more, "sessionHistoryOrigin");
            head.version = origin.and_then(|origin| value::string(origin, "version"));
            for known in ["title", "prompt", "systemPrompt", "source", "provider", "model", "git"] {
                more.remove(known);
            }
            head.metadata.insert("metadata".into(), Value::Object(more));
        }
        for known in ["version", "session_id", "prompt", "messages_path", "compaction_path", "pid"] {
            map.remove(known);
        }
        map.retain(|_, v| !v.is_null());
        head.metadata.append(&mut map);
    }

    /// The messages of the session, or of a sub-agent.
    fn thread(
        &mut self,
        agent: Option<String>,
        mut document: Map<String, Value>,
        path: &Path,
        out: &mut Vec<Message>,
        sink: &mut dyn Sink,
    ) {
        let Some(Value::Array(list)) = document.remove("messages") else { return };
        let (mut time, mut last, mut turn) = (Time::default(), None, None);
        let mut first = true;
        for (at, item) in list.into_iter().enumerate() {
            let Value::Object(map) = item else {
                sink.skipped(Skipped::item(path, format!("messages[{at}]")));
                continue;
            };
            time = value::millis(&map, "ts").unwrap_or(time);
            let own = value::string(&map, "id").unwrap_or_else(|| format!("i{at}"));
            // Two threads may use the same id only when they make their own.
            let known = self.ids.contains(&own);
            let msg_id = if known { format!("{}/{own}", agent.as_deref().unwrap_or_default()) } else { own };
            self.ids.insert(msg_id.clone());
            let mut message = message(msg_id, time, map);
            message.agent_id.clone_from(&agent);
            message.is_sidechain = agent.is_some();
            message.parent_msg_id = last.replace(message.msg_id.clone());
            if message.is_prompt() || agent.is_some() && first {
                turn = Some(message.msg_id.clone());
            }
            message.turn_id.clone_from(&turn);
            self.learn(&message, first);
            first = false;
            out.push(message);
        }
    }

    fn learn(&mut self, message: &Message, first: bool) {
        for block in &message.content {
            match block {
                Block::ToolUse { tool_use_id, input, .. } => {
                    if let Some(task) = value::string(input, "task") {
                        self.tasks.insert(task, tool_use_id.clone());
                    }
                }
                Block::Text { text } => {
                    if message.is_prompt() {
                        self.head.offer_title(Rank::Prompt, text);
                    }
                    if let Some(agent) = message.agent_id.as_ref().filter(|_| first) {
                        let card = self.head.agents.entry(agent.clone()).or_default();
                        card.tool_use_id = self.tasks.get(text).cloned();
                        card.description = crate::tool::format::text::title(text);
                    }
                }
                _ => {}
            }
        }
        if let Some(agent) = &message.agent_id {
            let card = self.head.agents.entry(agent.clone()).or_default();
            card.messages += 1;
            card.model = message.model.clone().or(card.model.take());
        } else if message.model.is_some() {
            self.head.model.clone_from(&message.model);
        }
    }

    /// Sends what is new: a sub-agent speaks where it spoke.
    fn tell(&mut self, mut messages: Vec<Message>, sink: &mut dyn Sink) -> Result<()> {
        messages.sort_by_key(|message| message.timestamp);
        let now: BTreeSet<String> = messages.iter().map(|m| m.msg_id.clone()).collect();
        let time = messages.last().map(|m| m.timestamp).unwrap_or_default();
        for message in messages {
            self.sent.send(message, sink)?;
        }
        self.head.unclaimed = self.sent.late();
        self.sent.tell_missing(&now, "x-cline", time, sink)
    }
}

fn message(msg_id: String, timestamp: Time, mut map: Map<String, Value>) -> Message {
    let mut message = Message { msg_id, timestamp, ..Message::default() };
    let mut flat = Map::new();
    let found = blocks::content(map.remove("content").unwrap_or_default(), |kind, block| match kind {
        "tool_result" => result(block, &mut flat),
        "image" => picture(block),
        _ => Vec::new(),
    });
    message.content = found.blocks;
    let results = message.content.iter().any(|b| matches!(b, Block::ToolResult { .. }));
    let shown = value::object(&map, "metadata").and_then(|m| value::str(m, "displayRole"));
    match value::str(&map, "role") {
        // What the interface shows in the model's place, an error of the service, is not its answer.
        _ if shown.is_some_and(|role| role != "user" && role != "assistant") => {
            message.role = Role::System;
            message.is_meta = true;
        }
        Some("assistant") => {
            message.role = Role::Assistant;
            message.model = value::object(&map, "modelInfo").and_then(|info| value::string(info, "id"));
            message.usage = value::object(&map, "metrics").map(usage).filter(|u| !u.is_zero());
        }
        Some("user") => message.role = if results { Role::Tool } else { Role::User },
        _ => {
            message.role = Role::System;
            message.is_meta = true;
            flat.insert("role".into(), map.get("role").cloned().unwrap_or_default());
        }
    }
    if message.role == Role::User {
        for block in &mut message.content {
            if let Block::Text { text } = block
                && let Some((mode, inside)) = typed(text)
            {
                flat.insert("mode".into(), mode.into());
                *text = inside.to_owned();
            }
        }
    }
    let cost = value::object(&map, "metrics").and_then(|m| m.get("cost")).cloned();
    map.retain(|key, v| !MAPPED.contains(&key.as_str()) && !v.is_null());
    map.extend(cost.map(|cost| ("cost".to_owned(), cost)));
    if !found.rest.is_empty() {
        map.insert("blocks".into(), Value::Object(found.rest));
    }
    map.append(&mut flat);
    if !map.is_empty() {
        message.metadata.insert("cline".into(), Value::Object(map));
    }
    message
}

/// `<user_input mode="act">…</user_input>`: the mode, and what was typed.
fn typed(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim().strip_prefix("<user_input mode=\"")?.strip_suffix("</user_input>")?;
    rest.split_once("\">")
}

/// A picture in the tool's own form: `{data, mediaType}`.
fn picture(map: &mut Map<String, Value>) -> Vec<Block> {
    let Some(media) = value::string(map, "mediaType") else { return Vec::new() };
    let Some(data) = value::take_string(map, "data") else { return Vec::new() };
    map.remove("mediaType");
    vec![blocks::picture(&format!("data:{media};base64,{data}"))]
}

/// A result. Its content is a text, blocks, or one or more `{query, result, success}`, which may be
/// in a text again: then `result` is the text, and the whole is kept in the metadata.
fn result(map: &mut Map<String, Value>, whole: &mut Map<String, Value>) -> Vec<Block> {
    let tool_use_id = value::take_string(map, "tool_use_id").unwrap_or_default();
    map.remove("name");
    let told = map.remove("is_error").and_then(|v| v.as_bool());
    let given = map.remove("content").unwrap_or_default();
    let parsed = given.as_str().filter(|t| t.starts_with('{')).and_then(|t| jsonl::parse(t.as_bytes()));
    let parts: Vec<Map<String, Value>> = match (&given, parsed) {
        (_, Some(part)) => vec![part],
        (Value::Array(list), _) => list.iter().filter_map(|part| part.as_object().cloned()).collect(),
        _ => Vec::new(),
    };
    let outcome =
        |part: &Map<String, Value>| Some((part.get("result")?.clone(), part.get("success")?.as_bool()?));
    let outcomes: Option<Vec<(Value, bool)>> = parts.iter().map(outcome).collect();
    let Some(outcomes) = outcomes.filter(|list| !list.is_empty()) else {
        let (content, mut more) = blocks::output(given);
        more.insert(
            0,
            Block::ToolResult { tool_use_id, content, is_error: told, exit_code: None, duration_ms: None },
        );
        return more;
    };
    let failed = outcomes.iter().any(|(_, success)| !success);
    let (mut texts, mut more) = (Vec::new(), Vec::new());
    for ((result, _), part) in outcomes.into_iter().zip(&parts) {
        let (text, mut images) = blocks::output(result);
        let error = value::string(part, "error").filter(|_| text.is_empty());
        texts.push(error.unwrap_or(text));
        more.append(&mut images);
    }
    let results = whole.entry("results").or_insert_with(|| Map::new().into());
    if let Value::Object(results) = results {
        results.insert(tool_use_id.clone(), given);
    }
    let is_error = told.or(Some(failed));
    let content = texts.join("\n");
    more.insert(0, Block::ToolResult { tool_use_id, content, is_error, exit_code: None, duration_ms: None });
    more
}

/// `inputTokens` includes what was read from and written to the cache.
fn usage(map: &Map<String, Value>) -> Usage {
    let (read, written) = (value::count(map, "cacheReadTokens"), value::count(map, "cacheWriteTokens"));
    Usage {
        input: value::count(map, "inputTokens").saturating_sub(read).saturating_sub(written),
        output: value::count(map, "outputTokens"),
        cache_read: read,
        cache_write: written,
        reasoning: 0,
    }
}
