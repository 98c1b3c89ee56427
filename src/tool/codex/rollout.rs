//! A rollout file, line by line.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::find;
use super::items::{self, Item};
use super::usage::Meter;
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::document::{self, Document};
use crate::tool::format::jsonl::{self, Opened};
use crate::tool::format::replay::Records;
use crate::tool::format::value;
use crate::tool::{Head, Progress, Rank, Sink, Skipped, Source};

/// How many calls are remembered, to know which items of the interface repeat them.
const CALLS: usize = 256;
/// How many forks of forks are followed.
const FORKS: usize = 32;

/// What has to be known of the lines before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    /// Whether the first line was seen.
    begun: bool,
    /// Second at which a fork that begins with a copy of its origin was made, while in the copy.
    copying: Option<i64>,
    /// How often a line without a time was seen.
    seen: BTreeMap<String, u32>,
    /// The time of the last line.
    time: Time,
    turn: Option<String>,
    model: Option<String>,
    last: Option<String>,
    calls: VecDeque<String>,
    meter: Meter,
}

/// The reader of one file.
pub struct Rollout {
    memo: Memo,
    head: Head,
    native_id: String,
    /// Whose histories this one is a part of at present, itself included: a fork's forks. Empty while
    /// it is read for itself.
    heirs: Vec<String>,
    /// Where to look for the origin of a fork.
    root: Option<PathBuf>,
    /// The last item of the model: its usage comes in a later line.
    pending: Option<Message>,
}

impl Records for Rollout {
    /// Takes one line. `raw` is the same as bytes.
    fn record(&mut self, mut line: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let time = value::time(&line, "timestamp");
        let timed = time.is_some();
        self.memo.time = time.unwrap_or(self.memo.time);
        let kind = value::string(&line, "type");
        let Some(Value::Object(payload)) = line.get_mut("payload") else {
            // Before 0.42: bare items, and a first line without a type.
            return self.bare(kind.as_deref(), line, raw, sink);
        };
        let payload = std::mem::take(payload);
        match kind.as_deref() {
            Some("session_meta") => {
                self.meta(&payload, sink)?;
                self.beside(raw, sink)
            }
            Some("response_item") => self.item(payload, timed, raw, sink),
            Some("event_msg") => self.event(payload, raw, sink),
            Some("compacted") => {
                // The history that replaces the old one repeats messages that are here already.
                self.beside(raw, sink)?;
                let text = value::string(&payload, "message").unwrap_or_default();
                self.remark(raw, vec![Block::Summary { text }], Map::new(), sink)
            }
            Some("token_usage_record") => {
                let usage = self.memo.meter.record(&payload);
                self.spend(usage);
                self.beside(raw, sink)
            }
            Some("turn_context") => {
                self.context(&payload);
                self.beside(raw, sink)
            }
            Some("world_state") => self.beside(raw, sink),
            _ => {
                line.insert("payload".into(), Value::Object(payload));
                self.unknown(line, raw, sink)
            }
        }
    }

    /// Sends the item that waits for its usage: nothing more is to be read now.
    fn flush(&mut self, sink: &mut dyn Sink) -> Result<()> {
        match self.pending.take() {
            Some(message) => self.chain(message, sink),
            None => Ok(()),
        }
    }

    /// Puts what has to be remembered into the progress.
    fn save(&mut self, progress: &mut Progress) {
        progress.memo = serde_json::to_value(&self.memo).unwrap_or_default();
        progress.head = self.head.clone();
    }
}

impl Rollout {
    /// Goes on from where the last read stopped.
    pub fn new(native_id: &str, progress: &Progress) -> Self {
        Self {
            memo: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
            head: progress.head.clone(),
            native_id: native_id.to_owned(),
            heirs: Vec::new(),
            root: None,
            pending: None,
        }
    }

    /// Looks for the origin of a fork below this root of the tool.
    #[must_use]
    pub fn below(mut self, root: Option<PathBuf>) -> Self {
        self.root = root;
        self
    }

    /// A line of the first JSONL generation, seen in 0.27.
    fn bare(
        &mut self,
        kind: Option<&str>,
        line: Map<String, Value>,
        raw: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<()> {
        match kind {
            None if !self.memo.begun && line.contains_key("id") => {
                self.meta(&line, sink)?;
                self.beside(raw, sink)
            }
            None if line.contains_key("record_type") => self.beside(raw, sink),
            Some(_) => self.item(line, false, raw, sink),
            None => self.unknown(line, raw, sink),
        }
    }

    /// The first line is about this session; later ones were copied from others, or repeat it.
    fn meta(&mut self, payload: &Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        if std::mem::replace(&mut self.memo.begun, true) {
            return Ok(());
        }
        let began = value::time(payload, "timestamp");
        if self.memo.time == Time::default() {
            self.memo.time = began.unwrap_or_default();
        }
        let head = &mut self.head;
        head.created = began;
        head.workdir = value::string(payload, "cwd");
        head.version = value::string(payload, "cli_version");
        head.provider = value::string(payload, "model_provider").or(Some("openai".into()));
        head.interface = value::string(payload, "source");
        if let Some(git) = value::object(payload, "git") {
            head.branch = value::string(git, "branch");
            head.commit = value::string(git, "commit_hash");
            head.remote = value::string(git, "repository_url");
        }
        for key in ["originator", "history_base", "agent_nickname", "agent_role", "thread_source", "source"] {
            if let Some(known) = payload.get(key).filter(|v| !v.is_null()) {
                head.metadata.insert(key.into(), known.clone());
            }
        }
        let spawned = value::object(payload, "source")
            .and_then(|s| value::object(s, "subagent"))
            .and_then(|s| value::object(s, "thread_spawn"))
            .and_then(|s| value::string(s, "parent_thread_id"));
        let forked = value::string(payload, "forked_from_id");
        let base = value::object(payload, "history_base");
        if forked.is_some() && base.is_none() {
            // 0.130 and before: the origin's lines follow.
            self.memo.copying = began.map(|t| t.0.div_euclid(1000));
        }
        head.parent = forked.or_else(|| value::string(payload, "parent_thread_id")).or(spawned);
        head.parent = head.parent.take().filter(|parent| *parent != self.native_id);
        match base {
            Some(base) => {
                self.memo.meter.inherit();
                self.inherit(base, sink)
            }
            None => Ok(()),
        }
    }

    /// Takes over what a fork refers to: the lines of its origin's file up to a byte, and what the
    /// origin refers to before them.
    fn inherit(&mut self, base: &Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let Some(origin) = value::string(base, "thread_id") else { return Ok(()) };
        let mut heirs = self.heirs.clone();
        heirs.push(self.native_id.clone());
        let source = self.root.as_deref().and_then(|root| find::rollout(root, &origin));
        let opened = source.filter(|_| !heirs.contains(&origin) && heirs.len() <= FORKS).map(|path| {
            let source = Source { key: "rollout".into(), path };
            jsonl::open(&source, None)
        });
        let Some(Opened::Fresh(mut lines)) = opened else {
            self.head.metadata.insert("missing_origin".into(), origin.into());
            return Ok(());
        };
        let mut reader = Self { heirs, ..Self::new(&origin, &Progress::default()) }.below(self.root.clone());
        let mut left = value::count(base, "end_byte_offset");
        while let Some(raw) = lines.peek().filter(|raw| raw.len() as u64 <= left) {
            if let Some(map) = jsonl::parse(raw) {
                reader.record(map, raw, sink)?;
            }
            left = left.saturating_sub(lines.consume());
        }
        reader.flush(sink)?;
        if left > 0 || reader.head.metadata.contains_key("missing_origin") {
            self.head.metadata.insert("missing_origin".into(), origin.into());
        }
        self.memo.last = reader.memo.last;
        self.memo.model = reader.memo.model;
        self.memo.seen = reader.memo.seen;
        if let Some((_, title)) = reader.head.title {
            self.head.offer_title(Rank::Inherited, &title);
        }
        Ok(())
    }

    /// Whether what is read now was said in another session.
    fn inheriting(&self) -> bool {
        self.memo.copying.is_some() || !self.heirs.is_empty()
    }

    /// Keeps a line beside the talk, if it is in this session's file.
    fn beside(&self, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        if self.heirs.is_empty() { sink.beside(raw) } else { Ok(()) }
    }

    fn context(&mut self, payload: &Map<String, Value>) {
        if let Some(model) = value::string(payload, "model") {
            self.memo.model = Some(model.clone());
            self.head.model = Some(model);
        }
        if let Some(effort @ ("low" | "medium" | "high")) = value::str(payload, "effort") {
            self.head.effort = Some(effort.into());
        }
        if self.head.workdir.is_none() {
            self.head.workdir = value::string(payload, "cwd");
        }
    }

    fn event(&mut self, payload: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let kind = value::string(&payload, "type").unwrap_or_default();
        if kind == "task_started" {
            self.memo.turn = value::string(&payload, "turn_id");
            // The copy keeps the seconds at which its turns began; the first later one is ours.
            let started = payload.get("started_at").and_then(Value::as_i64);
            if self.memo.copying.is_some_and(|forked| started.is_some_and(|s| s >= forked)) {
                self.flush(sink)?;
                self.memo.copying = None;
            }
        }
        if kind == "token_count" {
            let usage = self.memo.meter.count(&payload);
            self.spend(usage);
        }
        self.beside(raw, sink)?;
        match kind.as_str() {
            "task_complete" => match value::object(&payload, "error") {
                Some(error) => {
                    let text = value::string(error, "message").unwrap_or_default();
                    let error = Map::from_iter([("error".to_owned(), Value::Object(error.clone()))]);
                    self.remark(raw, vec![Block::Text { text }], error, sink)
                }
                None => Ok(()),
            },
            "error" => {
                let text = value::string(&payload, "message").unwrap_or_default();
                self.remark(raw, vec![Block::Text { text }], payload, sink)
            }
            "turn_aborted" | "thread_rolled_back" | "entered_review_mode" | "exited_review_mode" => {
                self.remark(raw, vec![Block::opaque("x-codex", Value::Object(payload))], Map::new(), sink)
            }
            "item_completed" => self.shown(&payload, raw, sink),
            _ => Ok(()),
        }
    }

    /// An item of the interface. In code mode it is the only trace of the commands and changes
    /// inside a script; elsewhere it repeats a call.
    fn shown(&mut self, payload: &Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let Some(item) = value::object(payload, "item") else { return Ok(()) };
        let id = value::str(item, "id").unwrap_or_default();
        let kind = value::str(item, "type").unwrap_or_default();
        let repeated = self.memo.calls.iter().any(|call| call == id);
        if repeated || !matches!(kind, "CommandExecution" | "FileChange" | "McpToolCall") {
            return Ok(());
        }
        let block = Block::opaque("x-codex", Value::Object(item.clone()));
        self.remark(raw, vec![block], Map::new(), sink)
    }

    /// An item of the conversation.
    fn item(
        &mut self,
        mut payload: Map<String, Value>,
        timed: bool,
        raw: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let id = self.id(raw, timed);
        let Some(Item { role, content, is_meta }) = items::translate(&mut payload) else {
            return self.beside(raw, sink);
        };
        let mut message = Message {
            msg_id: id,
            role,
            content,
            is_meta,
            timestamp: self.memo.time,
            turn_id: self.memo.turn.clone(),
            ..Message::default()
        };
        for key in ["type", "role", "content", "call_id"] {
            payload.remove(key);
        }
        payload.retain(|_, v| !v.is_null());
        if !payload.is_empty() {
            message.metadata.insert("codex".into(), Value::Object(payload));
        }
        self.learn(&message);
        if role != Role::Assistant {
            return self.send(message, sink);
        }
        message.model.clone_from(&self.memo.model);
        self.flush(sink)?;
        self.pending = Some(message);
        // Usage that came before the item that it belongs to (0.42).
        let owed = std::mem::take(&mut self.head.unclaimed);
        self.spend(owed);
        Ok(())
    }

    fn learn(&mut self, message: &Message) {
        for block in &message.content {
            match block {
                Block::ToolUse { tool_use_id, .. } => {
                    if self.memo.calls.len() == CALLS {
                        self.memo.calls.pop_front();
                    }
                    self.memo.calls.push_back(tool_use_id.clone());
                }
                Block::Text { text } if message.is_prompt() => {
                    let rank = if self.memo.copying.is_some() { Rank::Inherited } else { Rank::Prompt };
                    self.head.offer_title(rank, text);
                }
                // 0.27 says nowhere else where it ran.
                Block::Text { text } if message.role == Role::User && self.head.workdir.is_none() => {
                    let cwd = text.split_once("<cwd>").and_then(|(_, rest)| rest.split_once("</cwd>"));
                    self.head.workdir = cwd.map(|(cwd, _)| cwd.trim().to_owned());
                }
                _ => {}
            }
        }
    }

    /// A message of the tool itself.
    fn remark(
        &mut self,
        raw: &[u8],
        content: Vec<Block>,
        rest: Map<String, Value>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut message = Message {
            msg_id: value::name(raw),
            role: Role::System,
            content,
            is_meta: true,
            timestamp: self.memo.time,
            turn_id: self.memo.turn.clone(),
            ..Message::default()
        };
        if !rest.is_empty() {
            message.metadata.insert("codex".into(), Value::Object(rest));
        }
        self.send(message, sink)
    }

    fn unknown(&mut self, line: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let count = self.head.metadata.get("unknown_lines").and_then(Value::as_u64).unwrap_or(0);
        self.head.metadata.insert("unknown_lines".into(), (count + 1).into());
        self.remark(raw, vec![Block::opaque("x-codex", Value::Object(line))], Map::new(), sink)
    }

    /// Gives usage to the last item of the model, or keeps it for the next one.
    fn spend(&mut self, usage: Usage) {
        if usage.is_zero() || self.inheriting() {
            return;
        }
        match &mut self.pending {
            Some(message) => message.usage = Some(message.usage.unwrap_or_default().plus(usage)),
            None => self.head.unclaimed = self.head.unclaimed.plus(usage),
        }
    }

    fn send(&mut self, message: Message, sink: &mut dyn Sink) -> Result<()> {
        self.flush(sink)?;
        self.chain(message, sink)
    }

    fn chain(&mut self, mut message: Message, sink: &mut dyn Sink) -> Result<()> {
        if message.content.is_empty() {
            message.content.push(Block::text(""));
        }
        let id = message.msg_id.clone();
        message.parent_msg_id =
            self.memo.last.replace(id.clone()).filter(|last| *last != id && sink.holds(last));
        sink.message(if self.inheriting() { message.inherited() } else { message })?;
        Ok(())
    }

    /// The id of an item: of its line. The service's ids are not used, since not every service
    /// makes them unique. A line without a time may be there twice, and is counted then.
    fn id(&mut self, raw: &[u8], timed: bool) -> String {
        let id = value::name(raw);
        if timed {
            return id;
        }
        let seen = self.memo.seen.entry(id.clone()).or_insert(0);
        *seen += 1;
        if *seen == 1 { id } else { format!("{id}-{seen}") }
    }
}

/// A document of the TypeScript CLI: one object, written anew each time.
pub fn read_document(source: &Source, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    let (mut document, cursor) = match document::open(source, progress.cursors.get(&source.key), sink) {
        Document::Gone | Document::Same => return Ok(()),
        Document::Read(Value::Object(document), cursor) => (document, cursor),
        // While it is being written it is no JSON; the next change brings us back.
        Document::Read(_, cursor) => {
            sink.skipped(Skipped::whole(&source.path, "it is no JSON object"));
            progress.cursors.insert(source.key.clone(), cursor);
            return sink.checkpoint(&progress);
        }
        Document::Torn(cursor) => {
            progress.cursors.insert(source.key.clone(), cursor);
            return sink.checkpoint(&progress);
        }
    };
    let native_id = source.path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let mut rollout = Rollout::new(&native_id, &Progress::default());
    if let Some(session) = value::object(&document, "session") {
        rollout.meta(session, sink)?;
    }
    let items = document.remove("items").unwrap_or_default();
    for (at, item) in items.as_array().into_iter().flatten().enumerate() {
        let raw = serde_json::to_vec(item)?;
        match item {
            Value::Object(item) => rollout.item(item.clone(), false, &raw, sink)?,
            _ => sink.skipped(Skipped::item(&source.path, format!("items[{at}]"))),
        }
    }
    rollout.flush(sink)?;
    progress.cursors.insert(source.key.clone(), cursor);
    rollout.save(&mut progress);
    sink.checkpoint(&progress)
}
