//! A task out of its documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::screen::{Request, Screen};
use super::{Family, xml};
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::revision::Revisions;
use crate::tool::format::{blocks, disk, jsonl, text, value};
use crate::tool::{Head, Progress, Rank, Session, Sink, Skipped};

/// The reader of one task.
pub struct History<'a> {
    family: &'a Family,
    sent: Revisions,
    head: Head,
    native_id: String,
    dir: PathBuf,
    talk: Option<Value>,
    screen: Screen,
    entry: Map<String, Value>,
    /// Messages of now.
    now: BTreeSet<String>,
    /// Names of tools by call, and calls without a result that were written as XML.
    calls: BTreeMap<String, String>,
    open: Vec<(String, String)>,
    /// The call whose output stands in the next block.
    awaiting: Option<String>,
    model: Option<String>,
    last: Option<String>,
    turn: Option<String>,
    time: Time,
}

/// Fields of a message that are expressed in the canonical one.
const MAPPED: [&str; 6] = ["role", "content", "ts", "modelInfo", "metrics", "reasoning_content"];

/// Tags around what a person wrote.
const WRAPPERS: [&str; 4] = ["task", "user_message", "feedback", "answer"];

impl<'a> History<'a> {
    /// Goes on from where the last read stopped.
    pub fn new(family: &'a Family, session: &Session, progress: &Progress) -> Self {
        let dir = session.sources.first().and_then(|s| s.path.parent()).map(Path::to_path_buf);
        Self {
            family,
            sent: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
            head: Head { title: progress.head.title.clone(), ..Head::default() },
            native_id: session.native_id.clone(),
            dir: dir.unwrap_or_default(),
            talk: None,
            screen: Screen::of(Value::Null),
            entry: Map::new(),
            now: BTreeSet::new(),
            calls: BTreeMap::new(),
            open: Vec::new(),
            awaiting: None,
            model: None,
            last: None,
            turn: None,
            time: Time::default(),
        }
    }

    /// Takes one of the documents.
    pub fn take(&mut self, name: &str, document: Value) {
        match (name, document) {
            ("api_conversation_history.json", document) => self.talk = Some(document),
            ("history_item.json", Value::Object(entry)) => self.entry = entry,
            ("ui_messages.json" | "claude_messages.json", document) => self.screen = Screen::of(document),
            _ => {}
        }
    }

    /// Puts what has to be remembered into the progress.
    pub fn save(self, progress: &mut Progress) {
        progress.memo = serde_json::to_value(&self.sent).unwrap_or_default();
        progress.head = self.head;
    }

    /// Sends what is new.
    pub fn tell(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if self.entry.is_empty() {
            self.entry = self.listed().unwrap_or_default();
        }
        self.about();
        let began = self.screen.began().or(self.head.created);
        self.time = began.unwrap_or_default();
        let requests = self.screen.requests(self.family.disjoint);
        let spent = requests.iter().map(|r| r.usage).fold(Usage::default(), Usage::plus);
        let cost: f64 = requests.iter().map(|r| r.cost).sum();
        self.head.cost_usd = self.head.cost_usd.or((cost > 0.0).then_some(cost));
        let carried = match self.talk.take() {
            Some(Value::Array(list)) if !list.is_empty() => self.conversation(list, &requests, sink)?,
            _ => {
                for message in self.screen.messages() {
                    self.send(message, sink)?;
                }
                Usage::default()
            }
        };
        // Requests that were cancelled or failed have no answer.
        self.head.unclaimed = spent.beyond(carried).plus(self.sent.late());
        let now = std::mem::take(&mut self.now);
        self.sent.tell_missing(&now, &format!("x-{}", self.family.tool), self.time, sink)
    }

    /// The entry of this task in a list of all: Roo's, or Cline's.
    fn listed(&self) -> Option<Map<String, Value>> {
        let tasks = self.dir.parent()?;
        let state = tasks.parent()?.join("state/taskHistory.json");
        let list = [tasks.join("_index.json"), state].into_iter().find_map(|path| disk::read(&path))?;
        #[derive(serde::Deserialize)]
        struct Index<'b> {
            #[serde(borrow)]
            entries: Vec<&'b RawValue>,
        }
        let entries: Vec<&RawValue> = serde_json::from_slice::<Vec<&RawValue>>(&list)
            .or_else(|_| serde_json::from_slice::<Index<'_>>(&list).map(|index| index.entries))
            .ok()?;
        let mine = entries.into_iter().filter(|entry| entry.get().contains(&self.native_id));
        let mut mine = mine.filter_map(|entry| jsonl::parse(entry.get().as_bytes()));
        mine.find(|entry| value::str(entry, "id") == Some(self.native_id.as_str()))
    }

    /// What the entry and the folder say about the task as a whole.
    fn about(&mut self) {
        let mut entry = self.entry.clone();
        let head = &mut self.head;
        head.created = began(&self.native_id);
        head.workdir = value::take_string(&mut entry, "cwdOnTaskInitialization")
            .or_else(|| value::take_string(&mut entry, "workspace"));
        head.model = value::take_string(&mut entry, "modelId");
        head.parent =
            value::take_string(&mut entry, "parentTaskId").filter(|parent| *parent != self.native_id);
        head.cost_usd = entry.remove("totalCost").and_then(|cost| cost.as_f64());
        head.offer_title(Rank::Prompt, value::str(&entry, "task").map(unwrapped).unwrap_or_default());
        for known in
            ["id", "task", "ts", "size", "number", "tokensIn", "tokensOut", "cacheWrites", "cacheReads"]
        {
            entry.remove(known);
        }
        entry.retain(|_, v| !v.is_null());
        head.metadata.append(&mut entry);
        let metadata = disk::read(&self.dir.join("task_metadata.json"));
        let metadata = metadata.and_then(|bytes| jsonl::parse(&bytes)).unwrap_or_default();
        let environment =
            metadata.get("environment_history").and_then(|list| list.as_array()?.last()?.as_object());
        if let Some(environment) = environment {
            head.version = value::string(environment, "cline_version");
            head.metadata.insert("environment".into(), Value::Object(environment.clone()));
        }
        if head.model.is_none() {
            let used = metadata.get("model_usage").and_then(|list| list.as_array()?.last()?.as_object());
            head.model = used.and_then(|used| value::string(used, "model_id"));
        }
        // The command lines of Cline and Roo have folders of their own.
        let alone = self.dir.iter().any(|part| part == ".cline" || part == ".vscode-mock");
        head.interface = Some(if alone { "cli" } else { "vscode" }.into());
    }

    /// The model's conversation. Gives the tokens that its messages carry.
    fn conversation(&mut self, list: Vec<Value>, requests: &[Request], sink: &mut dyn Sink) -> Result<Usage> {
        let timed = list.iter().any(|item| item.get("ts").is_some());
        let mut words = String::new();
        let (mut carried, mut next, mut seen) = (Usage::default(), 0, BTreeMap::<String, u32>::new());
        for (at, item) in list.into_iter().enumerate() {
            let Value::Object(map) = item else {
                let file = self.dir.join("api_conversation_history.json");
                sink.skipped(Skipped::item(&file, format!("[{at}]")));
                continue;
            };
            let role = match value::str(&map, "role") {
                Some("user") => Role::User,
                Some("assistant") => Role::Assistant,
                // A reasoning item of OpenAI stands alone.
                None if value::str(&map, "type") == Some("reasoning") => Role::Assistant,
                _ => Role::System,
            };
            let stamp = value::millis(&map, "ts");
            // Cline's messages have no time, and are never moved; Roo's and Kilo's may be.
            let id = stamp.map_or_else(|| format!("a{at}"), |ts| format!("t{}", ts.0));
            let count = seen.entry(id.clone()).or_insert(0);
            *count += 1;
            let id = if *count == 1 { id } else { format!("{id}.{count}") };
            if let Some(ts) = stamp {
                self.time = ts;
            } else if !timed && role == Role::Assistant {
                let shown = requests.get(next).and_then(|request| self.screen.after(request.time));
                self.time = shown.unwrap_or(self.time).max(self.time);
            } else if !timed && role == Role::User {
                self.time = requests.get(next).map_or(self.time, |r| r.time).max(self.time);
                if at == 0 {
                    self.time = self.screen.began().unwrap_or(self.time);
                }
            }
            let mut message = self.message(id, role, map);
            if role == Role::Assistant && message.content.iter().any(|b| !matches!(b, Block::Thinking { .. }))
            {
                // The last request before the answer; the ones in between were tried in vain.
                let request = if timed {
                    let due = requests.iter().skip(next).take_while(|r| r.time <= self.time).count();
                    next += due;
                    next.checked_sub(1).filter(|_| due > 0).and_then(|at| requests.get(at))
                } else {
                    next += 1;
                    requests.get(next - 1)
                };
                message.usage = request.map(|r| r.usage).filter(|u| !u.is_zero());
                if message.model.is_none() {
                    message.model = request.and_then(|r| r.model.clone()).or_else(|| self.model.clone());
                }
                carried = carried.plus(message.usage.unwrap_or_default());
            }
            self.head.model = message.model.clone().or(self.head.model.take());
            if role == Role::User {
                words.push_str(&message.searchable());
            }
            self.send(message, sink)?;
        }
        let feedback: Vec<(Time, String)> =
            self.screen.feedback().into_iter().map(|(time, text)| (time, text.to_owned())).collect();
        for (timestamp, text) in feedback.into_iter().filter(|(_, text)| !words.contains(text.as_str())) {
            let msg_id = format!("u{}", timestamp.0);
            let content = vec![Block::Text { text }];
            self.send(Message { msg_id, content, timestamp, ..Message::default() }, sink)?;
        }
        Ok(carried)
    }

    fn message(&mut self, msg_id: String, role: Role, mut map: Map<String, Value>) -> Message {
        let mut message = Message { msg_id, role, timestamp: self.time, ..Message::default() };
        let mut rest = Map::new();
        if role == Role::System || !map.contains_key("role") {
            let known = role == Role::Assistant;
            let content = Value::Array(vec![Value::Object(std::mem::take(&mut map))]);
            let found = blocks::content(content, own);
            message.content = found.blocks;
            rest = found.rest;
            rest.remove("0").into_iter().for_each(|left| {
                map.insert("item".into(), left);
            });
            if !known {
                message.is_meta = true;
                let count = self.head.metadata.get("unknown_lines").and_then(Value::as_u64).unwrap_or(0);
                self.head.metadata.insert("unknown_lines".into(), (count + 1).into());
            }
        } else {
            let found = blocks::content(map.remove("content").unwrap_or_default(), own);
            message.content = found.blocks;
            rest.extend(found.rest);
        }
        match role {
            Role::Assistant => self.answer(&mut message, &map),
            Role::User => self.asked(&mut message, &map, &mut rest),
            _ => {}
        }
        if value::flag(&map, "isSummary") {
            message.is_meta = true;
            let as_summary = |block| match block {
                Block::Text { text } => Block::Summary { text },
                other => other,
            };
            message.content = std::mem::take(&mut message.content).into_iter().map(as_summary).collect();
        }
        message.is_meta |= value::flag(&map, "isTruncationMarker");
        if let Some(cost) = value::object(&map, "metrics").and_then(|m| m.get("cost")) {
            rest.insert("cost".into(), cost.clone());
        }
        map.retain(|key, v| !MAPPED.contains(&key.as_str()) && !v.is_null());
        map.append(&mut rest);
        if !map.is_empty() {
            message.metadata.insert(self.family.key.into(), Value::Object(map));
        }
        message
    }

    fn answer(&mut self, message: &mut Message, map: &Map<String, Value>) {
        if let Some(info) = value::object(map, "modelInfo") {
            message.model = value::string(info, "modelId");
            self.head.provider = value::string(info, "providerId").or(self.head.provider.take());
        }
        let thinks = message.content.iter().any(|b| matches!(b, Block::Thinking { .. }));
        if let Some(text) = value::string(map, "reasoning_content").filter(|_| !thinks) {
            message.content.insert(0, Block::Thinking { text, signature: None, redacted: None });
        }
        let native = message.content.iter().any(|b| matches!(b, Block::ToolUse { .. }));
        if !native {
            message.content = xml::calls(std::mem::take(&mut message.content), &message.msg_id);
            self.open.clear();
        }
        for block in &message.content {
            if let Block::ToolUse { tool_use_id, name, .. } = block {
                self.calls.insert(tool_use_id.clone(), name.clone());
                if !native {
                    self.open.push((name.clone(), tool_use_id.clone()));
                }
            }
        }
    }

    /// A user's message: results, what a person wrote, and what the tool put around it.
    fn asked(&mut self, message: &mut Message, map: &Map<String, Value>, rest: &mut Map<String, Value>) {
        let mut content: Vec<Block> = Vec::new();
        let mut around = Vec::new();
        let mut results = false;
        self.awaiting = None;
        for block in std::mem::take(&mut message.content) {
            match block {
                Block::Text { text } if text.trim_start().starts_with("<environment_details>") => {
                    self.environment(&text);
                    around.push(Value::from(text));
                }
                Block::Text { text } => self.words(text, &mut content, &mut results, &mut around),
                Block::ToolResult { tool_use_id, content: output, is_error, .. } => {
                    results = true;
                    let shell = self.calls.get(&tool_use_id).is_some_and(|name| name == "execute_command");
                    let exit_code = shell.then(|| exit_code(&output)).flatten();
                    content.push(Block::ToolResult {
                        tool_use_id,
                        content: output,
                        is_error,
                        exit_code,
                        duration_ms: None,
                    });
                }
                other => content.push(other),
            }
        }
        if !around.is_empty() {
            rest.insert("environment_details".into(), around.into());
        }
        let spoken = content.iter().any(|b| matches!(b, Block::Text { .. }));
        message.role = if results && !spoken { Role::Tool } else { Role::User };
        message.is_meta = content.is_empty();
        message.content = content;
        if message.is_prompt() && !value::flag(map, "isSummary") {
            let first = message.content.iter().find_map(|b| match b {
                Block::Text { text } => Some(text.as_str()),
                _ => None,
            });
            self.head.offer_title(Rank::Prompt, first.unwrap_or_default());
            self.turn = Some(message.msg_id.clone());
        }
    }

    /// Text of a user's message: the result of a call that was written as XML, or words.
    fn words(&mut self, text: String, content: &mut Vec<Block>, results: &mut bool, around: &mut Vec<Value>) {
        if let Some((name, output)) = xml::result(&text)
            && let Some(at) = self.open.iter().position(|(open, _)| open == name)
        {
            let (_, tool_use_id) = self.open.remove(at);
            let exit_code = if name == "execute_command" { exit_code(output) } else { None };
            let (content_, is_error) = (output.to_owned(), xml::failed(output));
            self.awaiting = output.is_empty().then(|| tool_use_id.clone());
            content.push(Block::ToolResult {
                tool_use_id,
                content: content_,
                is_error,
                exit_code,
                duration_ms: None,
            });
            *results = true;
            return;
        }
        // What follows the line `… Result:` in a block of its own is the output.
        if let Some(Block::ToolResult { tool_use_id, content: output, is_error, exit_code, .. }) =
            content.last_mut()
            && self.awaiting.take().as_ref() == Some(tool_use_id)
        {
            *is_error = xml::failed(&text);
            if self.calls.get(tool_use_id).is_some_and(|name| name == "execute_command") {
                *exit_code = self::exit_code(&text);
            }
            *output = text;
            return;
        }
        let (inside, environment) = match text.split_once("<environment_details>") {
            Some((before, after)) => (before.trim_end(), Some(format!("<environment_details>{after}"))),
            None => (text.as_str(), None),
        };
        if let Some(environment) = environment {
            self.environment(&environment);
            around.push(environment.into());
        }
        content.push(Block::text(unwrapped(inside)));
    }

    /// What the tool tells the model about the place.
    fn environment(&mut self, text: &str) {
        let place = ["# Current Workspace Directory (", "# Current Working Directory ("];
        if self.head.workdir.is_none()
            && let Some((_, rest)) = place.iter().find_map(|start| text.split_once(start))
            && let Some(line) = rest.lines().next()
        {
            let path = line.rfind(") Files").or_else(|| line.rfind(')')).and_then(|end| line.get(..end));
            self.head.workdir = path.filter(|path| path.starts_with('/')).map(str::to_owned);
        }
        let model = text.split_once("<model>").and_then(|(_, rest)| rest.split_once("</model>"));
        self.model = model.map(|(model, _)| model.trim().to_owned()).or(self.model.take());
    }

    fn send(&mut self, mut message: Message, sink: &mut dyn Sink) -> Result<()> {
        message.turn_id.clone_from(&self.turn);
        message.parent_msg_id = self.last.replace(message.msg_id.clone());
        if message.is_prompt() && self.head.title.is_none() {
            let words = message.content.iter().find_map(|b| match b {
                Block::Text { text } => text::title(text),
                _ => None,
            });
            self.head.offer_title(Rank::Prompt, &words.unwrap_or_default());
        }
        self.now.insert(message.msg_id.clone());
        self.sent.send(message, sink)?;
        Ok(())
    }
}

/// The kinds of blocks that these tools have in their own way.
fn own(kind: &str, map: &mut Map<String, Value>) -> Vec<Block> {
    match kind {
        "tool_result" => {
            let tool_use_id = value::take_string(map, "tool_use_id").unwrap_or_default();
            let is_error = map.remove("is_error").and_then(|v| v.as_bool());
            let (content, mut more) = blocks::output(map.remove("content").unwrap_or_default());
            more.insert(
                0,
                Block::ToolResult { tool_use_id, content, is_error, exit_code: None, duration_ms: None },
            );
            more
        }
        "reasoning" if map.contains_key("encrypted_content") || !map.contains_key("text") => {
            let summary = map.get("summary").and_then(Value::as_array).into_iter().flatten();
            let texts: Vec<&str> = summary.filter_map(|part| part.get("text")?.as_str()).collect();
            let text = texts.join("\n\n");
            let signature = value::take_string(map, "encrypted_content");
            let redacted = text.is_empty().then_some(true);
            map.remove("summary");
            vec![Block::Thinking { text, signature, redacted }]
        }
        _ => Vec::new(),
    }
}

/// What a person wrote, without the tag around it.
fn unwrapped(text: &str) -> &str {
    let inside = |tag: &&str| {
        let rest = text.trim().strip_prefix('<')?.strip_prefix(*tag)?.strip_prefix('>')?;
        rest.strip_suffix('>')?.strip_suffix(*tag)?.strip_suffix("</")
    };
    WRAPPERS.iter().find_map(inside).map_or(text, str::trim)
}

/// `Exit code: N`, a line that the terminal's result has.
fn exit_code(output: &str) -> Option<i64> {
    let mut lines = output.lines().map(|line| line.trim());
    lines
        .find_map(|line| {
            line.strip_prefix("Exit code:").or_else(|| line.split_once(" Exit code: ").map(|(_, n)| n))
        })?
        .trim()
        .parse()
        .ok()
}

/// When a task was made: milliseconds, or the first bits of a UUID version 7.
pub fn began(id: &str) -> Option<Time> {
    let ms = match id.parse::<i64>() {
        Ok(ms) if id.len() == 13 => ms,
        Ok(_) => return None,
        Err(_) if id.len() == 36 && id.get(14..15) == Some("7") => {
            i64::from_str_radix(&format!("{}{}", id.get(..8)?, id.get(9..13)?), 16).ok()?
        }
        Err(_) => return None,
    };
    (1..=253_402_300_799_999).contains(&ms).then_some(Time(ms))
}
