//! From lines to messages, one line at a time.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::blocks;
use super::line::{BESIDE, INJECTED, Line, MAPPED, fallback_id, usage};
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::format::{disk, jsonl, value};
use crate::tool::{Head, Progress, Rank, Session, Sink, Source};

/// How many links, answers and calls are remembered: they are used within a few lines.
const MEMORY: usize = 64;

/// What has to be known of the lines before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    /// Lines of the chain that are no messages, and the message before each.
    links: VecDeque<(String, String)>,
    /// Usage that was counted of each answer. The answer's lines repeat it, the early ones
    /// possibly with smaller figures.
    counted: VecDeque<(String, Usage)>,
    /// Calls of sub-agents: id, and the digest of the prompt.
    tasks: VecDeque<(String, String)>,
    /// 1.0: lines of side chains, and the sub-agent of each.
    sides: VecDeque<(String, String)>,
    /// Sources that are not the user's: warm-up threads of 2.0.
    warmups: BTreeMap<String, bool>,
    /// The time of the last line that has one.
    time: Time,
    /// Whether the copied lines of a fork are behind us.
    own: bool,
}

/// The reader of one session.
pub struct Thread {
    memo: Memo,
    head: Head,
    outputs: PathBuf,
    cards: BTreeMap<String, Map<String, Value>>,
    /// Whether the present line is one that a fork has from its origin.
    inherited: bool,
}

impl Thread {
    /// Goes on from where the last read stopped.
    pub fn new(session: &Session, progress: &Progress) -> Self {
        let main = session.sources.iter().find(|s| !agent_file(&s.key)).map(|s| s.path.with_extension(""));
        let cards = session.sources.iter().filter_map(|source| {
            let bytes = disk::read(&source.path.with_extension("meta.json"))?;
            Some((source.key.clone(), jsonl::parse(&bytes)?))
        });
        Self {
            memo: serde_json::from_value(progress.memo.clone()).unwrap_or_default(),
            head: progress.head.clone(),
            outputs: main.unwrap_or_default().join("tool-results"),
            cards: cards.collect(),
            inherited: false,
        }
    }

    /// Puts what has to be remembered into the progress.
    pub fn save(&self, progress: &mut Progress) {
        progress.memo = serde_json::to_value(&self.memo).unwrap_or_default();
        progress.head = self.head.clone();
    }

    /// Takes one line. `raw` is the same as bytes.
    pub fn line(&mut self, source: &Source, line: Line, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        let time = line.time.unwrap_or(self.memo.time);
        self.memo.time = time;
        if self.warmup(source, &line.map) {
            return Ok(());
        }
        let kind = value::str(&line.map, "type").unwrap_or_default().to_owned();
        self.note(&kind, &line.map);
        self.inherited = false;
        match kind.as_str() {
            "user" | "assistant" => self.talk(source, line.map, time, sink),
            "system" if value::str(&line.map, "subtype") != Some("turn_duration") => {
                self.remark(line.map, time, sink)
            }
            "attachment" | "system" => {
                self.link(&line.map, sink);
                sink.beside(raw)
            }
            "summary" => {
                // 1.0 also writes summaries of other sessions into a file.
                if value::str(&line.map, "leafUuid").is_some_and(|leaf| self.resolve(leaf, sink).is_some()) {
                    self.head.offer_title(Rank::Model, value::str(&line.map, "summary").unwrap_or_default());
                }
                sink.beside(raw)
            }
            known if BESIDE.contains(&known) => sink.beside(raw),
            _ => self.unknown(line.map, time, sink),
        }
    }

    /// 2.0 starts three sub-agents with the prompt `Warmup` for every process.
    fn warmup(&mut self, source: &Source, map: &Map<String, Value>) -> bool {
        if !agent_file(&source.key) {
            return false;
        }
        let first = || {
            let message = value::object(map, "message");
            message.and_then(|m| m.get("content")).and_then(Value::as_str) == Some("Warmup")
        };
        *self.memo.warmups.entry(source.key.clone()).or_insert_with(first)
    }

    /// Learns about the session as a whole.
    fn note(&mut self, kind: &str, map: &Map<String, Value>) {
        let head = &mut self.head;
        if head.workdir.is_none() {
            head.workdir = value::string(map, "cwd");
        }
        for (slot, key) in [(&mut head.branch, "gitBranch"), (&mut head.version, "version")] {
            if let Some(text) = value::str(map, key)
                && slot.as_deref() != Some(text)
            {
                *slot = Some(text.to_owned());
            }
        }
        if let Some(entry) = value::str(map, "entrypoint") {
            head.interface = Some(if entry.starts_with("sdk") { "exec" } else { entry }.to_owned());
        }
        match kind {
            "custom-title" => {
                head.offer_title(Rank::Person, value::str(map, "customTitle").unwrap_or_default())
            }
            "ai-title" => head.offer_title(Rank::Model, value::str(map, "aiTitle").unwrap_or_default()),
            // The sum goes on over resumes, and a fork begins with its origin's.
            "cost-state" if head.parent.is_none() => {
                head.cost_usd = map.get("totalCostUSD").and_then(Value::as_f64);
            }
            _ => {}
        }
    }

    /// A prompt, an answer or results.
    fn talk(
        &mut self,
        source: &Source,
        mut map: Map<String, Value>,
        time: Time,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let Some(Value::Object(inner)) = map.get_mut("message") else {
            return self.unknown(map, time, sink);
        };
        let mut inner = std::mem::take(inner);
        self.inherited = self.copied(&map, sink);
        let mut rest = Map::new();
        let content = blocks::content(inner.remove("content").unwrap_or_default(), &self.outputs, &mut rest);
        let mut message = self.frame(&map, time, sink);
        message.agent_id = self.agent(source, &map, &content);
        message.is_sidechain = value::flag(&map, "isSidechain") || message.agent_id.is_some();
        message.content = content;
        if inner.get("role").and_then(Value::as_str) == Some("assistant") {
            self.answer(&mut message, &map, &inner);
        } else {
            self.user_line(&mut message, &map);
        }
        if let Some(agent) = &message.agent_id {
            let card = self.head.agents.entry(agent.clone()).or_default();
            card.messages += 1;
            if message.model.is_some() {
                card.model.clone_from(&message.model);
            }
        }
        map.retain(|key, _| !MAPPED.contains(&key.as_str()));
        map.append(&mut rest);
        if !map.is_empty() {
            message.metadata.insert("claude_code".into(), Value::Object(map));
        }
        self.send(message, sink)
    }

    /// Whether the line is one that a fork took over from its origin. Side chains begin nothing: they
    /// are compared with the rest of the session's family once that is known.
    fn copied(&mut self, map: &Map<String, Value>, sink: &mut dyn Sink) -> bool {
        let Some(uuid) = value::str(map, "uuid") else { return false };
        if self.memo.own {
            return false;
        }
        let side = value::flag(map, "isSidechain");
        if side && self.head.root.is_none() {
            return false;
        }
        let root = self.head.root.get_or_insert_with(|| uuid.to_owned()).clone();
        let Some(owner) = sink.elsewhere(&root, uuid) else {
            self.memo.own |= !side;
            return false;
        };
        self.head.metadata.insert("fork".into(), serde_json::json!({"of": owner, "through": uuid}));
        self.head.parent = Some(owner);
        self.head.cost_usd = None;
        true
    }

    /// What all kinds of lines have in common.
    fn frame(&self, map: &Map<String, Value>, time: Time, sink: &mut dyn Sink) -> Message {
        let parent = value::str(map, "parentUuid").or_else(|| value::str(map, "logicalParentUuid"));
        let msg_id = value::string(map, "uuid").unwrap_or_else(|| fallback_id(map));
        let mut message = Message {
            parent_msg_id: parent.and_then(|p| self.resolve(p, sink)).filter(|p| *p != msg_id),
            msg_id,
            timestamp: time,
            turn_id: value::string(map, "promptId"),
            is_meta: value::flag(map, "isMeta"),
            ..Message::default()
        };
        if value::str(map, "cwd") != self.head.workdir.as_deref()
            && let Some(cwd) = map.get("cwd")
        {
            message.metadata.insert("cwd".into(), cwd.clone());
        }
        message
    }

    /// An answer: model, reason to stop, and what it adds to the sum of tokens.
    fn answer(&mut self, message: &mut Message, map: &Map<String, Value>, inner: &Map<String, Value>) {
        message.role = Role::Assistant;
        message.stop_reason = value::string(inner, "stop_reason");
        let model = value::string(inner, "model").filter(|m| m != "<synthetic>");
        for block in &message.content {
            if let Block::ToolUse { tool_use_id, input, .. } = block
                && let Some(prompt) = value::str(input, "prompt")
            {
                remember(&mut self.memo.tasks, tool_use_id.clone(), value::name(prompt.as_bytes()));
            }
        }
        if model.is_none() {
            return;
        }
        message.model.clone_from(&model);
        if !message.is_sidechain {
            self.head.model = model;
        }
        self.head.provider = Some("anthropic".into());
        if let Some(effort @ ("low" | "medium" | "high")) = value::str(map, "effort") {
            self.head.effort = Some(effort.into());
        }
        let Some(usage) = value::object(inner, "usage").map(usage) else { return };
        let id = value::str(inner, "id").unwrap_or(&message.msg_id).to_owned();
        let old = self.memo.counted.iter_mut().find(|(other, _)| *other == id);
        let more = match old {
            Some((_, counted)) => {
                let more = usage.beyond(*counted);
                *counted = counted.max(usage);
                more
            }
            None => {
                remember(&mut self.memo.counted, id.clone(), usage);
                usage
            }
        };
        message.usage = Some(more).filter(|u| !u.is_zero());
        message.metadata.insert("message_id".into(), id.into());
    }

    /// A user's line: a prompt, results, or something that was put there.
    fn user_line(&mut self, message: &mut Message, map: &Map<String, Value>) {
        let results = message.content.iter().any(|b| matches!(b, Block::ToolResult { .. }));
        let words = message.content.iter().find_map(|b| match b {
            Block::Text { text } => Some(text.as_str()),
            _ => None,
        });
        message.role = if results && words.is_none() { Role::Tool } else { Role::User };
        if value::flag(map, "isCompactSummary") {
            message.is_meta = true;
            if let Some(text) = words.map(str::to_owned) {
                message.content = vec![Block::Summary { text }];
            }
        } else if let Some(text) = words {
            let text = text.trim_start();
            message.is_meta |= INJECTED.iter().any(|tag| text.starts_with(tag))
                || value::flag(map, "isVisibleInTranscriptOnly");
            if message.is_prompt() {
                let rank = if self.inherited { Rank::Inherited } else { Rank::Prompt };
                self.head.offer_title(rank, text);
            }
        }
        // 2.0: the result of the call names the sub-agent.
        let agent = value::object(map, "toolUseResult").and_then(|r| value::string(r, "agentId"));
        let call = message.content.iter().find_map(|b| match b {
            Block::ToolResult { tool_use_id, .. } => Some(tool_use_id.clone()),
            _ => None,
        });
        if let (Some(agent), Some(call)) = (agent, call) {
            self.head.agents.entry(agent).or_default().tool_use_id = Some(call);
        }
        for block in &mut message.content {
            // A command that failed says so in its first line.
            if let Block::ToolResult { content, exit_code, is_error: Some(true), .. } = block {
                let first = content.lines().next().and_then(|line| line.strip_prefix("Exit code "));
                *exit_code = first.and_then(|code| code.trim().parse().ok());
            }
        }
    }

    /// The sub-agent that speaks, if one does.
    fn agent(&mut self, source: &Source, map: &Map<String, Value>, content: &[Block]) -> Option<String> {
        if let Some(agent) = value::string(map, "agentId") {
            if !self.head.agents.contains_key(&agent) || self.cards.contains_key(&source.key) {
                let card = self.cards.remove(&source.key).unwrap_or_default();
                let entry = self.head.agents.entry(agent.clone()).or_default();
                entry.kind = value::string(&card, "agentType").or(entry.kind.take());
                entry.description = value::string(&card, "description").or(entry.description.take());
                entry.tool_use_id = value::string(&card, "toolUseId").or(entry.tool_use_id.take());
            }
            return Some(agent);
        }
        if !value::flag(map, "isSidechain") {
            return None;
        }
        // 1.0: a thread has no name; it begins with the prompt of the call.
        let uuid = value::string(map, "uuid")?;
        let agent = match value::str(map, "parentUuid") {
            Some(parent) => {
                self.memo.sides.iter().rev().find(|(id, _)| id == parent).map(|(_, agent)| agent.clone())
            }
            None => None,
        };
        let agent = agent.unwrap_or_else(|| {
            let name = format!("side-{}", uuid.get(..8).unwrap_or(&uuid));
            let prompt = content.iter().find_map(|b| match b {
                Block::Text { text } => Some(value::name(text.as_bytes())),
                _ => None,
            });
            let call = self
                .memo
                .tasks
                .iter()
                .find(|(_, task)| Some(task) == prompt.as_ref())
                .map(|(id, _)| id.clone());
            self.head.agents.entry(name.clone()).or_default().tool_use_id = call;
            name
        });
        remember(&mut self.memo.sides, uuid, agent.clone());
        Some(agent)
    }

    /// A line of the tool about the talk: a compaction, an error of the service.
    fn remark(&mut self, mut map: Map<String, Value>, time: Time, sink: &mut dyn Sink) -> Result<()> {
        self.inherited = self.copied(&map, sink);
        let mut message = self.frame(&map, time, sink);
        message.role = Role::System;
        message.is_meta = true;
        message.agent_id = value::string(&map, "agentId");
        message.is_sidechain = value::flag(&map, "isSidechain");
        let text = value::string(&map, "content").or_else(|| {
            let error = value::object(&map, "error")?;
            value::string(error, "formatted").or_else(|| value::string(error, "message"))
        });
        map.retain(|key, _| !MAPPED.contains(&key.as_str()));
        message.content = vec![match text {
            Some(text) => Block::Text { text },
            None => Block::opaque("x-claude-code", Value::Object(map.clone())),
        }];
        message.metadata.insert("claude_code".into(), Value::Object(map));
        self.send(message, sink)
    }

    /// A kind of line that is not known: kept as it is.
    fn unknown(&mut self, map: Map<String, Value>, time: Time, sink: &mut dyn Sink) -> Result<()> {
        let count = self.head.metadata.get("unknown_lines").and_then(Value::as_u64).unwrap_or(0);
        self.head.metadata.insert("unknown_lines".into(), (count + 1).into());
        self.inherited = self.copied(&map, sink);
        let mut message = self.frame(&map, time, sink);
        message.role = Role::System;
        message.is_meta = true;
        message.content = vec![Block::opaque("x-claude-code", Value::Object(map))];
        self.send(message, sink)
    }

    fn send(&mut self, mut message: Message, sink: &mut dyn Sink) -> Result<()> {
        if message.content.is_empty() {
            message.content.push(Block::text(""));
        }
        sink.message(if self.inherited { message.inherited() } else { message })?;
        Ok(())
    }

    /// Remembers a line of the chain that is no message.
    fn link(&mut self, map: &Map<String, Value>, sink: &dyn Sink) {
        let parent = value::str(map, "parentUuid").and_then(|p| self.resolve(p, sink));
        if let (Some(uuid), Some(parent)) = (value::string(map, "uuid"), parent) {
            remember(&mut self.memo.links, uuid, parent);
        }
    }

    /// The message that a line of the chain stands for: itself, or the one before it.
    fn resolve(&self, uuid: &str, sink: &dyn Sink) -> Option<String> {
        if sink.holds(uuid) {
            return Some(uuid.to_owned());
        }
        self.memo.links.iter().rev().find(|(link, _)| link == uuid).map(|(_, message)| message.clone())
    }
}

/// Whether a source is a sub-agent's own file.
fn agent_file(key: &str) -> bool {
    key.rsplit('/').next().is_some_and(|name| name.starts_with("agent-"))
}

fn remember<T>(list: &mut VecDeque<(String, T)>, key: String, value: T) {
    if list.len() == MEMORY {
        list.pop_front();
    }
    list.push_back((key, value));
}
