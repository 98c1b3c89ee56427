//! A thread out of its document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::revision::Revisions;
use crate::tool::format::{blocks, value};
use crate::tool::{Head, Progress, Rank, Session, Sink, Skipped};

/// The reader of one thread.
pub struct Thread {
    sent: Revisions,
    head: Head,
    native_id: String,
    /// The ledger's entry for each answer.
    ledger: BTreeMap<u64, Map<String, Value>>,
    time: Time,
    last: Option<String>,
    turn: Option<String>,
}

/// Fields of a message that are expressed in the canonical one.
const MAPPED: [&str; 6] = ["role", "messageId", "content", "meta", "state", "usage"];

/// Fields of a thread that are expressed elsewhere, or say who the person is.
const KNOWN: [&str; 9] =
    ["v", "id", "created", "messages", "nextMessageId", "title", "env", "usageLedger", "~debug"];

impl Thread {
    /// Goes on from where the last read stopped.
    pub fn new(session: &Session, progress: &Progress) -> Self {
        Self {
            sent: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
            head: Head { title: progress.head.title.clone(), ..Head::default() },
            native_id: session.native_id.clone(),
            ledger: BTreeMap::new(),
            time: Time::default(),
            last: None,
            turn: None,
        }
    }

    /// Puts what has to be remembered into the progress.
    pub fn save(&self, progress: &mut Progress) {
        progress.memo = serde_json::to_value(&self.sent).unwrap_or_default();
        progress.head = self.head.clone();
    }

    /// Takes the whole document.
    pub fn document(&mut self, document: Value, path: &Path, sink: &mut dyn Sink) -> Result<()> {
        let Value::Object(mut thread) = document else {
            sink.skipped(Skipped::whole(path, "it is no JSON object"));
            return Ok(());
        };
        self.head.created = value::millis(&thread, "created");
        self.time = self.head.created.unwrap_or_default();
        let events = value::object(&thread, "usageLedger").and_then(|l| l.get("events")?.as_array()).cloned();
        let events: Vec<Map<String, Value>> =
            events.into_iter().flatten().filter_map(|e| e.as_object().cloned()).collect();
        for event in events.iter().filter(|e| value::str(e, "operationType") == Some("inference")) {
            if let Some(id) = event.get("toMessageId").and_then(Value::as_u64) {
                self.ledger.insert(id, event.clone());
            }
        }
        let mut now = BTreeSet::new();
        let mut counted = BTreeSet::new();
        let messages = thread.remove("messages");
        for (at, message) in messages.as_ref().and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Value::Object(map) = message else {
                sink.skipped(Skipped::item(path, format!("messages[{at}]")));
                continue;
            };
            let number = map.get("messageId").and_then(Value::as_u64);
            // Threads of 2025 have no numbers.
            let id = number.map_or_else(|| format!("i{at}"), |number| format!("m{number}"));
            if value::object(map, "usage").is_some() {
                counted.extend(number);
            }
            now.insert(id.clone());
            self.message(id, number, map.clone(), sink)?;
        }
        self.about(thread, &events, &counted);
        self.sent.tell_missing(&now, "x-amp", self.time, sink)
    }

    /// The thread as a whole.
    fn about(
        &mut self,
        mut thread: Map<String, Value>,
        events: &[Map<String, Value>],
        counted: &BTreeSet<u64>,
    ) {
        self.head.offer_title(Rank::Model, value::str(&thread, "title").unwrap_or_default());
        let initial = value::object(&thread, "env").and_then(|env| value::object(env, "initial")).cloned();
        self.place(&initial.unwrap_or_default());
        self.head.parent = parent(&thread).filter(|parent| *parent != self.native_id);
        // Titles, course corrections and answers that left no message; sub-agents have a thread and
        // a ledger of their own.
        let (mut sum, mut credits) = (Usage::default(), 0.0);
        for event in events {
            credits += event.get("credits").and_then(Value::as_f64).unwrap_or(0.0);
            let answer = value::str(event, "operationType") == Some("inference");
            let to = event.get("toMessageId").and_then(Value::as_u64);
            if event.contains_key("subagentThreadID") || answer && to.is_some_and(|to| counted.contains(&to))
            {
                continue;
            }
            if let Some(tokens) = value::object(event, "tokens") {
                let (input, output) = (value::count(tokens, "input"), value::count(tokens, "output"));
                sum = sum.plus(Usage { input, output, ..Usage::default() });
            }
        }
        self.head.unclaimed = sum.plus(self.sent.late());
        if !events.is_empty() {
            self.head.metadata.insert("credits".into(), json!(credits));
        }
        thread.retain(|key, v| !KNOWN.contains(&key.as_str()) && !v.is_null());
        self.head.metadata.append(&mut thread);
    }

    fn place(&mut self, initial: &Map<String, Value>) {
        let head = &mut self.head;
        // A thread that came from another machine has no address of its folder.
        if let Some(tree) = initial.get("trees").and_then(|t| t.get(0)?.as_object()) {
            head.workdir = value::str(tree, "uri").and_then(folder);
            if let Some(repository) = value::object(tree, "repository") {
                head.remote = value::string(repository, "url");
                head.branch = value::str(repository, "ref")
                    .map(|name| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned());
                head.commit = value::string(repository, "sha");
            }
        }
        if let Some(platform) = value::object(initial, "platform") {
            head.version = value::string(platform, "clientVersion");
            head.interface = value::string(platform, "clientType");
            for key in ["client", "os", "osVersion", "cpuArchitecture"] {
                if let Some(known) = platform.get(key) {
                    head.metadata.insert(key.into(), known.clone());
                }
            }
        }
        if head.model.is_none() {
            let tags = initial.get("tags").and_then(Value::as_array).into_iter().flatten();
            head.model =
                tags.filter_map(|tag| tag.as_str()?.strip_prefix("model:")).next_back().map(str::to_owned);
        }
    }

    fn message(
        &mut self,
        msg_id: String,
        number: Option<u64>,
        mut map: Map<String, Value>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let usage = value::object(&map, "usage").cloned().unwrap_or_default();
        let entry = number.and_then(|number| self.ledger.get(&number));
        let sent = value::object(&map, "meta").and_then(|meta| value::millis(meta, "sentAt"));
        let time =
            sent.or_else(|| value::time(&usage, "timestamp")).or_else(|| value::time(entry?, "timestamp"));
        self.time = time.unwrap_or(self.time);
        let mut message =
            Message { msg_id, timestamp: self.time, parent_msg_id: self.last.take(), ..Message::default() };
        let found = blocks::content(map.remove("content").unwrap_or_default(), own);
        message.content = found.blocks;
        let results = message.content.iter().any(|b| matches!(b, Block::ToolResult { .. }));
        let summary = message.content.iter().any(|b| matches!(b, Block::Summary { .. }));
        match value::str(&map, "role") {
            Some("assistant") => {
                message.role = Role::Assistant;
                message.model = value::string(&usage, "model").or_else(|| value::string(entry?, "model"));
                message.usage = Some(tokens(&usage)).filter(|u| !u.is_zero());
                self.head.model = message.model.clone().or(self.head.model.take());
                self.state(&mut message, map.get("state").and_then(Value::as_object));
            }
            Some("user") => {
                message.role = if results { Role::Tool } else { Role::User };
                message.is_meta = summary;
            }
            _ => {
                message.role = Role::System;
                message.is_meta = true;
            }
        }
        if message.is_prompt() {
            if let Some(Block::Text { text }) = message.content.first() {
                self.head.offer_title(Rank::Prompt, text);
            }
            self.turn = Some(message.msg_id.clone());
        }
        message.turn_id.clone_from(&self.turn);
        let known = matches!(value::str(&map, "role"), Some("assistant" | "user" | "info"));
        let left = |key: &str| !MAPPED.contains(&key) || key == "role" && !known;
        map.retain(|key, v| left(key) && !v.is_null());
        if let Some(credits) = usage.get("credits") {
            map.insert("credits".into(), credits.clone());
        }
        if !found.rest.is_empty() {
            map.insert("blocks".into(), Value::Object(found.rest));
        }
        if let Some(more) = message.metadata.remove("state") {
            map.insert("state".into(), more);
        }
        if !map.is_empty() {
            message.metadata.insert("amp".into(), Value::Object(map));
        }
        self.last = Some(message.msg_id.clone());
        self.sent.send(message, sink)?;
        Ok(())
    }

    /// How an answer ended, if it did.
    fn state(&self, message: &mut Message, state: Option<&Map<String, Value>>) {
        let Some(state) = state else { return };
        message.stop_reason = match value::str(state, "type") {
            Some("complete") => value::string(state, "stopReason"),
            Some("cancelled") => Some("interrupted".into()),
            _ => {
                message.metadata.insert("state".into(), Value::Object(state.clone()));
                None
            }
        };
    }
}

/// The thread that this one was forked from, or whose sub-agent it is.
pub fn parent(thread: &Map<String, Value>) -> Option<String> {
    let related = thread.get("relationships").and_then(Value::as_array);
    let related = related.into_iter().flatten().filter_map(Value::as_object);
    let origin = related
        .filter(|r| value::str(r, "role") == Some("child") && value::str(r, "type") != Some("mention"))
        .find_map(|r| value::string(r, "threadID"));
    origin
        .or_else(|| ["mainThreadID", "originThreadID"].into_iter().find_map(|key| value::string(thread, key)))
}

/// Whether a thread is in the middle of something: an answer streams, or a tool runs. A client that
/// was killed leaves it so for ever.
pub fn running(thread: &Map<String, Value>) -> bool {
    let last = thread.get("messages").and_then(Value::as_array).and_then(|all| all.last()?.as_object());
    let Some(last) = last else { return false };
    let state = |key: &str, inner: &str| Some(value::str(value::object(last, key)?, inner)?.to_owned());
    let runs = |block: &Value| {
        let run = block.get("run").and_then(|run| run.get("status")).and_then(Value::as_str);
        matches!(run, Some("in-progress" | "queued" | "blocked-on-user"))
    };
    state("state", "type").is_some_and(|state| state == "streaming")
        || last.get("content").and_then(Value::as_array).is_some_and(|blocks| blocks.iter().any(runs))
}

/// The kinds of blocks that only this tool has.
fn own(kind: &str, map: &mut Map<String, Value>) -> Vec<Block> {
    match kind {
        // A call counts when its arguments are whole.
        "tool_use" if map.remove("complete") == Some(Value::Bool(false)) => {
            vec![blocks::opaque(std::mem::take(map))]
        }
        "tool_result" => result(map),
        "summary" => {
            let text = value::object(map, "summary").and_then(|s| value::string(s, "summary"));
            text.into_iter()
                .map(|text| {
                    map.remove("summary");
                    Block::Summary { text }
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// `{toolUseID, run: {status, result, error, reason}}`; nothing while it runs.
fn result(map: &mut Map<String, Value>) -> Vec<Block> {
    let mut run = match map.remove("run") {
        Some(Value::Object(run)) => run,
        _ => Map::new(),
    };
    let failed = match value::str(&run, "status") {
        Some("done") => false,
        Some("error" | "cancelled" | "rejected-by-user") => true,
        _ => {
            map.insert("run".into(), Value::Object(run));
            return vec![blocks::opaque(std::mem::take(map))];
        }
    };
    let tool_use_id = value::take_string(map, "toolUseID").unwrap_or_default();
    let mut exit_code = None;
    let given = match run.remove("result").unwrap_or_default() {
        Value::Object(mut result) => {
            exit_code = result.get("exitCode").and_then(Value::as_i64);
            let text = result.remove("output").or_else(|| result.remove("content"));
            match text {
                Some(text) => {
                    result.remove("exitCode");
                    if !result.is_empty() {
                        run.insert("result".into(), Value::Object(result));
                    }
                    text
                }
                None => Value::Object(result),
            }
        }
        other => other,
    };
    let (mut content, mut more) = blocks::output(given);
    let error = value::object(&run, "error").and_then(|e| value::string(e, "message"));
    if let Some(why) = error.or_else(|| value::string(&run, "reason")).filter(|_| failed) {
        let gap = if content.is_empty() { "" } else { "\n" };
        content = format!("{content}{gap}{why}");
    }
    if run.len() > 1 || run.get("status") != Some(&Value::from("done")) {
        map.insert("run".into(), Value::Object(run));
    }
    more.insert(
        0,
        Block::ToolResult { tool_use_id, content, is_error: Some(failed), exit_code, duration_ms: None },
    );
    more
}

fn tokens(usage: &Map<String, Value>) -> Usage {
    Usage {
        input: value::count(usage, "inputTokens"),
        output: value::count(usage, "outputTokens"),
        cache_read: value::count(usage, "cacheReadInputTokens"),
        cache_write: value::count(usage, "cacheCreationInputTokens"),
        reasoning: 0,
    }
}

/// The path of a `file://` address.
fn folder(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("file://")?;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match hex.filter(|_| byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|path| path.starts_with('/'))
}
