//! A session out of its files.
//!
//! A file of lines replays a list of messages: a message of a known id takes the place of the old
//! one, `$set.messages` replaces the whole list, `$rewindTo` cuts it. What was in the list once stays
//! in the transcript; a remark names what is not in it any more.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{find, parts, place};
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role};
use crate::tool::format::replay::Records;
use crate::tool::format::revision::Revisions;
use crate::tool::format::value;
use crate::tool::{Head, Progress, Rank, Session, Sink, Skipped, Source, SubAgent};

/// What has to be known of the lines before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    sent: Revisions,
    /// Calls whose results are there, and the message that has each.
    results: BTreeMap<String, String>,
    /// The list of messages of each source.
    alive: BTreeMap<String, Vec<String>>,
    /// Messages that a remark said were dropped.
    dropped: BTreeSet<String>,
    /// The last message of each thread: the session itself, or a sub-agent.
    last: BTreeMap<String, String>,
    /// The last prompt of each thread.
    turn: BTreeMap<String, String>,
    /// The time of the last message.
    time: Time,
    /// Context that the CLI wrote while nothing was said yet: a file with nothing else is a stub
    /// that a resume left behind.
    held: Vec<Message>,
}

/// The reader of one session.
pub struct Chat {
    memo: Memo,
    head: Head,
    native_id: String,
    /// The source that is read, and the sub-agent whose it is.
    source: String,
    path: PathBuf,
    agent: Option<String>,
    outputs: PathBuf,
    /// The hash of the folder.
    place: Option<String>,
    /// The list of this source, for looking up.
    present: HashSet<String>,
    /// Messages that left the list of this source.
    gone: BTreeSet<String>,
    /// A message that may be followed by a fuller version of itself.
    pending: Option<Map<String, Value>>,
}

/// Fields of a message that are expressed in the canonical one.
const MAPPED: [&str; 8] = ["id", "timestamp", "type", "content", "thoughts", "tokens", "model", "toolCalls"];

impl Records for Chat {
    /// A line of the second generation. `raw` is the same as bytes.
    fn record(&mut self, mut line: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        if let Some(id) = value::string(&line, "id") {
            if self.pending.as_ref().is_some_and(|old| value::str(old, "id") != Some(id.as_str())) {
                self.flush(sink)?;
            }
            // What the interface told is never in the list that a resume writes.
            let talk = matches!(value::str(&line, "type"), Some("user" | "gemini"));
            if talk && self.present.insert(id.clone()) {
                self.memo.alive.entry(self.source.clone()).or_default().push(id);
            }
            self.pending = Some(line);
            return Ok(());
        }
        if let Some(Value::Object(mut set)) = line.remove("$set") {
            let list = set.remove("messages");
            self.about(&set);
            let Some(list) = list else {
                return if set.keys().all(|key| key == "lastUpdated") { Ok(()) } else { sink.beside(raw) };
            };
            self.flush(sink)?;
            // A copy has less than the original: only what was never seen is taken from it.
            let messages = objects("messages", Some(list), &self.path, sink);
            self.replace(ids(&messages));
            for message in messages {
                let known = |id| self.memo.sent.knows(id);
                if !value::str(&message, "id").is_some_and(known) {
                    self.send(message, sink)?;
                }
            }
            return Ok(());
        }
        if let Some(id) = line.get("$rewindTo") {
            self.flush(sink)?;
            let mut alive = self.memo.alive.get(&self.source).cloned().unwrap_or_default();
            let at = alive.iter().position(|other| Some(other.as_str()) == id.as_str());
            alive.truncate(at.unwrap_or(0));
            self.replace(alive);
            return sink.beside(raw);
        }
        if line.contains_key("sessionId") {
            self.about(&line);
            return sink.beside(raw);
        }
        self.flush(sink)?;
        self.unknown(value::name(raw), line, sink)
    }

    /// Sends the message that waited.
    fn flush(&mut self, sink: &mut dyn Sink) -> Result<()> {
        match self.pending.take() {
            Some(message) => self.send(message, sink),
            None => Ok(()),
        }
    }

    /// Puts what has to be remembered into the progress.
    fn save(&mut self, progress: &mut Progress) {
        progress.memo = serde_json::to_value(&self.memo).unwrap_or_default();
        progress.head = Head { unclaimed: self.memo.sent.late(), ..self.head.clone() };
    }
}

impl Chat {
    /// Goes on from where the last read stopped.
    pub fn new(session: &Session, progress: &Progress) -> Self {
        let mut head = progress.head.clone();
        if head.workdir.is_none() {
            head.workdir = session.sources.iter().filter_map(find::project).find_map(place::of_project);
        }
        Self {
            memo: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
            head,
            native_id: session.native_id.clone(),
            source: String::new(),
            path: PathBuf::new(),
            agent: None,
            outputs: PathBuf::new(),
            place: None,
            present: HashSet::new(),
            gone: BTreeSet::new(),
            pending: None,
        }
    }

    /// Goes to a source. `fresh` when it is read from its start.
    pub fn begin(&mut self, source: &Source, fresh: bool) {
        self.source.clone_from(&source.key);
        self.path.clone_from(&source.path);
        let stem = source.path.file_stem().map(|s| s.to_string_lossy().into_owned());
        self.agent = stem.filter(|_| find::is_agent(source));
        let outputs = find::project(source).map(|dir| dir.join("tool-outputs"));
        self.outputs = outputs.unwrap_or_default().join(format!("session-{}", self.native_id));
        self.place = value::string(&self.head.metadata, "project_hash");
        self.gone.clear();
        let now = self.memo.alive.get(&self.source).filter(|_| !fresh).cloned();
        self.replace(now.unwrap_or_default());
    }

    /// Leaves a source.
    pub fn end(&mut self, sink: &mut dyn Sink) -> Result<()> {
        self.flush(sink)?;
        self.tell_dropped(sink)
    }

    /// A whole file of the first generation.
    pub fn document(&mut self, document: Value, sink: &mut dyn Sink) -> Result<()> {
        let Value::Object(mut map) = document else {
            sink.skipped(Skipped::whole(&self.path, "it is no JSON object"));
            return Ok(());
        };
        let list = map.remove("messages");
        self.about(&map);
        let messages = objects("messages", list, &self.path, sink);
        self.replace(ids(&messages));
        for message in messages {
            self.send(message, sink)?;
        }
        Ok(())
    }

    /// The header, or changes of it.
    fn about(&mut self, map: &Map<String, Value>) {
        for (key, known) in map {
            match key.as_str() {
                "sessionId" | "lastUpdated" | "messages" => {}
                "startTime" if self.agent.is_none() => {
                    let began = value::time(map, "startTime");
                    self.head.created = self.head.created.into_iter().chain(began).min();
                }
                "projectHash" => {
                    self.place = value::string(map, "projectHash");
                    self.head.metadata.insert("project_hash".into(), known.clone());
                }
                _ if self.agent.is_some() || known.is_null() => {}
                "summary" => self.head.offer_title(Rank::Model, known.as_str().unwrap_or_default()),
                _ => {
                    self.head.metadata.insert(key.clone(), known.clone());
                }
            }
        }
        self.head.provider = Some("google".into());
    }

    /// Makes the list of this source another one.
    fn replace(&mut self, now: Vec<String>) {
        let old = self.memo.alive.insert(self.source.clone(), now).unwrap_or_default();
        self.present = self.memo.alive.get(&self.source).into_iter().flatten().cloned().collect();
        self.gone.extend(old.into_iter().filter(|id| !self.present.contains(id)));
    }

    /// Says which messages are in no list any more. A list with one message is the start of a resume.
    fn tell_dropped(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if self.memo.alive.get(&self.source).is_none_or(|list| list.len() < 2) {
            return Ok(());
        }
        let alive: BTreeSet<&String> = self.memo.alive.values().flatten().collect();
        let gone = std::mem::take(&mut self.gone).into_iter().filter(|id| !alive.contains(id));
        let gone = gone.filter(|id| self.memo.sent.knows(id) && !self.memo.dropped.contains(id));
        let gone: Vec<String> = gone.collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.memo.dropped.extend(gone.iter().cloned());
        let id = value::name(format!("dropped {}", gone.join(" ")).as_bytes());
        self.remark(id, json!({"dropped": gone}), sink)
    }

    fn unknown(&mut self, id: String, map: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let count = self.head.metadata.get("unknown_lines").and_then(Value::as_u64).unwrap_or(0);
        if !self.memo.sent.knows(&id) {
            self.head.metadata.insert("unknown_lines".into(), (count + 1).into());
        }
        self.remark(id, Value::Object(map), sink)
    }

    fn remark(&mut self, id: String, about: Value, sink: &mut dyn Sink) -> Result<()> {
        let mut message = self.frame(id);
        message.role = Role::System;
        message.is_meta = true;
        message.content = vec![Block::opaque("x-gemini", about)];
        self.chain(message, sink)
    }

    /// What all kinds of messages have in common.
    fn frame(&mut self, msg_id: String) -> Message {
        let thread = self.agent.clone().unwrap_or_default();
        Message {
            msg_id,
            timestamp: self.memo.time,
            turn_id: self.memo.turn.get(&thread).cloned(),
            agent_id: self.agent.clone(),
            is_sidechain: self.agent.is_some(),
            ..Message::default()
        }
    }

    fn send(&mut self, mut map: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let id = value::string(&map, "id");
        let id = id.unwrap_or_else(|| value::name(Value::Object(map.clone()).to_string().as_bytes()));
        self.memo.time = value::time(&map, "timestamp").unwrap_or(self.memo.time);
        match value::str(&map, "type") {
            Some("user") => self.user(id, map, sink),
            Some("gemini") => self.model(id, map, sink),
            Some(level @ ("info" | "error" | "warning")) => {
                let mut message = self.frame(id);
                message.role = Role::System;
                message.is_meta = true;
                message.metadata.insert("level".into(), level.into());
                message.content = parts::parts(map.remove("content").unwrap_or_default()).blocks;
                self.rest(&mut message, map, Map::new());
                self.chain(message, sink)
            }
            _ => self.unknown(id, map, sink),
        }
    }

    fn user(&mut self, id: String, mut map: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let found = parts::parts(map.remove("content").unwrap_or_default());
        let mut rest = Map::new();
        let had_results = !found.responses.is_empty();
        let own = found.responses.into_iter().filter(|r| self.owns(value::str(r, "id"), &id)).collect();
        let results = parts::responses(own, &self.outputs, &mut rest);
        if had_results && results.is_empty() && found.blocks.is_empty() && found.thoughts.is_empty() {
            return Ok(());
        }
        self.own(&results, &id);
        let mut message = self.frame(id);
        message.role = if had_results { Role::Tool } else { Role::User };
        message.content = [results, found.thoughts, found.blocks].concat();
        message.content.extend(found.calls.into_iter().map(|mut call| parts::call(&mut call)));
        let words = message.content.iter().find_map(|block| match block {
            Block::Text { text } => Some(text.clone()),
            _ => None,
        });
        if let Some(words) = words.filter(|_| !had_results) {
            message.is_meta = parts::injected(&words);
            if message.is_meta && self.head.workdir.is_none() {
                self.head.workdir = place::of_context(&words);
            }
            if parts::is_summary(&words) {
                message.is_meta = true;
                message.content = vec![Block::Summary { text: words.clone() }];
            }
            if message.is_prompt() {
                self.head.offer_title(Rank::Prompt, value::str(&map, "displayContent").unwrap_or(&words));
                self.memo.turn.insert(self.agent.clone().unwrap_or_default(), message.msg_id.clone());
                message.turn_id = Some(message.msg_id.clone());
            }
        }
        self.rest(&mut message, map, rest);
        self.chain(message, sink)
    }

    fn model(&mut self, id: String, mut map: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let found = parts::parts(map.remove("content").unwrap_or_default());
        let mut message = self.frame(id);
        message.role = Role::Assistant;
        message.model = value::string(&map, "model");
        if message.model.is_some() && self.agent.is_none() {
            self.head.model.clone_from(&message.model);
        }
        message.usage = value::object(&map, "tokens").map(parts::usage).filter(|u| !u.is_zero());
        let thoughts = parts::thoughts(map.remove("thoughts"));
        message.content = if thoughts.is_empty() { found.thoughts } else { thoughts };
        message.content.extend(found.blocks);
        let mut answer = self.frame(format!("{}_response", message.msg_id));
        answer.role = Role::Tool;
        let (mut called, mut calls, mut rest) = (BTreeSet::new(), Map::new(), Map::new());
        for mut call in objects("toolCalls", map.remove("toolCalls"), &self.path, sink) {
            let id = value::string(&call, "id").unwrap_or_default();
            if let Some(wanted) = self.place.as_ref().filter(|_| self.head.workdir.is_none()) {
                let arguments = value::object(&call, "args");
                self.head.workdir = arguments.and_then(|a| place::of_arguments(a, wanted));
            }
            self.agent_of(&call, &id);
            let results = parts::recorded(&mut call, &self.outputs, &mut rest);
            if !results.is_empty() && self.owns(Some(&id), &answer.msg_id) {
                self.own(&results, &answer.msg_id);
                answer.timestamp = value::time(&call, "timestamp").unwrap_or(answer.timestamp);
                answer.content.extend(results);
            }
            message.content.push(parts::call(&mut call));
            call.remove("id");
            call.retain(|_, v| !v.is_null());
            called.insert(id.clone());
            calls.insert(id, Value::Object(call));
        }
        for mut call in found.calls {
            if value::str(&call, "id").is_none_or(|id| !called.contains(id)) {
                message.content.push(parts::call(&mut call));
            }
        }
        self.rest(&mut message, map, Map::new());
        self.chain(message, sink)?;
        if answer.content.is_empty() {
            return Ok(());
        }
        if !calls.is_empty() {
            rest.insert("toolCalls".into(), Value::Object(calls));
        }
        answer.metadata.insert("gemini".into(), Value::Object(rest));
        self.chain(answer, sink)
    }

    /// Whether the result of a call is in this message, or in none yet.
    fn owns(&self, call: Option<&str>, message: &str) -> bool {
        call.and_then(|call| self.memo.results.get(call)).is_none_or(|owner| owner == message)
    }

    fn own(&mut self, results: &[Block], message: &str) {
        for block in results {
            if let Block::ToolResult { tool_use_id, .. } = block {
                self.memo.results.insert(tool_use_id.clone(), message.to_owned());
            }
        }
    }

    /// A call that a sub-agent answers names it.
    fn agent_of(&mut self, call: &Map<String, Value>, id: &str) {
        if let Some(agent) = value::string(call, "agentId") {
            let card: &mut SubAgent = self.head.agents.entry(agent).or_default();
            card.tool_use_id = Some(id.to_owned());
            let arguments = value::object(call, "args");
            card.kind = arguments.and_then(|a| value::string(a, "agent_name")).or(card.kind.take());
            card.description = value::string(call, "description").or(card.description.take());
        }
    }

    /// Keeps what has no place in the canonical form.
    fn rest(&self, message: &mut Message, mut map: Map<String, Value>, mut more: Map<String, Value>) {
        map.retain(|key, v| !MAPPED.contains(&key.as_str()) && !v.is_null());
        map.append(&mut more);
        if !map.is_empty() {
            message.metadata.insert("gemini".into(), Value::Object(map));
        }
    }

    fn chain(&mut self, message: Message, sink: &mut dyn Sink) -> Result<()> {
        if self.memo.sent.is_empty() && message.role == Role::User && message.is_meta {
            if !self.memo.held.iter().any(|held| held.msg_id == message.msg_id) {
                self.memo.held.push(message);
            }
            return Ok(());
        }
        for held in std::mem::take(&mut self.memo.held) {
            self.link(held, sink)?;
        }
        self.link(message, sink)
    }

    fn link(&mut self, mut message: Message, sink: &mut dyn Sink) -> Result<()> {
        let thread = self.agent.clone().unwrap_or_default();
        let id = message.msg_id.clone();
        let model = message.model.clone();
        message.parent_msg_id = self.memo.last.get(&thread).filter(|last| **last != id).cloned();
        let known = self.memo.sent.knows(&id);
        let sent = self.memo.sent.send(message, sink)?;
        if !known {
            self.memo.last.insert(thread, id);
        }
        if (sent || !known)
            && let Some(agent) = &self.agent
        {
            let card = self.head.agents.entry(agent.clone()).or_default();
            card.messages += 1;
            card.model = model.or(card.model.take());
        }
        Ok(())
    }
}

/// The objects of a list; everything else in it is counted.
fn objects(name: &str, list: Option<Value>, path: &Path, sink: &mut dyn Sink) -> Vec<Map<String, Value>> {
    let Some(Value::Array(list)) = list else { return Vec::new() };
    let mut out = Vec::with_capacity(list.len());
    for (at, item) in list.into_iter().enumerate() {
        match item {
            Value::Object(map) => out.push(map),
            _ => sink.skipped(Skipped::item(path, format!("{name}[{at}]"))),
        }
    }
    out
}

fn ids(messages: &[Map<String, Value>]) -> Vec<String> {
    messages.iter().filter_map(|message| value::string(message, "id")).collect()
}
