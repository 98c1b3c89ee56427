//! A session out of its events, one at a time.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{find, kinds};
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, ImageSource, Message, Role, Usage};
use crate::tool::format::replay::Records;
use crate::tool::format::value;
use crate::tool::{Head, Progress, Rank, Session, Sink};

/// How many answers and calls are remembered: they are used within a few lines.
const MEMORY: usize = 64;

/// What has to be known of the lines before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    /// Tokens and the reason to stop of model calls whose message did not come yet.
    owed: VecDeque<(String, Usage, Option<String>)>,
    /// Tokens of calls whose message never came.
    lost: Usage,
    /// What messages have counted, and whether records said it.
    counted: Usage,
    recorded: bool,
    /// The last calls.
    calls: VecDeque<String>,
    /// The last message of each thread: the session itself, or a sub-agent.
    last: BTreeMap<String, String>,
    /// Digest of the last reasoning that was an event of its own.
    reasoning: Option<String>,
    time: Time,
}

/// The reader of one session.
pub struct Events {
    memo: Memo,
    head: Head,
}

/// What all events have in common.
struct Frame {
    id: String,
    time: Time,
    agent: Option<String>,
}

/// Fields of an event's data that are expressed in the canonical message.
const MAPPED: [&str; 8] = [
    "content",
    "interactionId",
    "model",
    "reasoningText",
    "reasoningOpaque",
    "success",
    "toolCallId",
    "toolRequests",
];

impl Records for Events {
    /// Takes one event. `raw` is the same as bytes.
    fn record(&mut self, mut event: Map<String, Value>, raw: &[u8], sink: &mut dyn Sink) -> Result<()> {
        self.memo.time = value::time(&event, "timestamp").unwrap_or(self.memo.time);
        let kind = value::string(&event, "type").unwrap_or_default();
        let mut data = match event.remove("data") {
            Some(Value::Object(data)) => data,
            Some(other) => Map::from_iter([("value".to_owned(), other)]),
            None => Map::new(),
        };
        // Before there was `agentId`, the call that started a sub-agent named it.
        let agent = value::string(&event, "agentId").or_else(|| value::string(&data, "parentToolCallId"));
        let id = value::string(&event, "id").unwrap_or_else(|| value::name(raw));
        let frame = Frame { id, time: self.memo.time, agent };
        match kind.as_str() {
            "user.message" => self.user(frame, data, sink),
            "assistant.message" => self.assistant(frame, data, sink),
            "assistant.reasoning" => self.reasoning(frame, data, sink),
            "tool.execution_complete" => self.result(frame, data, sink),
            "tool.user_requested" => self.requested(frame, Role::User, data, sink),
            "tool.execution_start" if !self.called(&data) => {
                self.requested(frame, Role::Assistant, data, sink)
            }
            "session.usage_record" => {
                self.usage(&data);
                sink.beside(raw)
            }
            "session.binary_asset" => {
                let image = picture(&data);
                let content =
                    image.unwrap_or_else(|| Block::opaque("x-copilot", Value::Object(data.clone())));
                data.remove("data");
                self.remark(frame, content, data, sink)
            }
            "session.compaction_complete" if data.contains_key("summaryContent") => {
                let text = value::take_string(&mut data, "summaryContent").unwrap_or_default();
                self.remark(frame, Block::Summary { text }, data, sink)
            }
            "session.error" | "session.warning" | "session.info" => {
                let text = value::take_string(&mut data, "message").unwrap_or_default();
                data.insert("type".into(), kind.into());
                self.remark(frame, Block::Text { text }, data, sink)
            }
            "system.notification" | "skill.invoked" => {
                let text = value::take_string(&mut data, "content").unwrap_or_default();
                data.insert("type".into(), kind.into());
                let mut message = self.frame(&frame, Role::User);
                message.is_meta = true;
                message.content.push(Block::Text { text });
                self.send(message, data, sink)
            }
            "abort"
            | "session.compaction_complete"
            | "session.snapshot_rewind"
            | "session.truncation"
            | "session.context_cleared"
            | "session.handoff"
            | "session.task_complete" => {
                data.insert("type".into(), kind.into());
                self.remark(frame, Block::opaque("x-copilot", Value::Object(data)), Map::new(), sink)
            }
            "session.start"
            | "session.resume"
            | "session.context_changed"
            | "session.model_change"
            | "session.title_changed"
            | "session.shutdown"
            | "subagent.started" => {
                self.about(&kind, &frame, &data);
                sink.beside(raw)
            }
            "tool.execution_start" => sink.beside(raw),
            known if kinds::is_beside(known) => sink.beside(raw),
            _ => {
                let count = self.head.metadata.get("unknown_lines").and_then(Value::as_u64).unwrap_or(0);
                self.head.metadata.insert("unknown_lines".into(), (count + 1).into());
                event.insert("data".into(), Value::Object(data));
                self.remark(frame, Block::opaque("x-copilot", Value::Object(event)), Map::new(), sink)
            }
        }
    }

    /// Puts what has to be remembered into the progress.
    fn save(&mut self, progress: &mut Progress) {
        let owed = self.memo.owed.iter().map(|(_, usage, _)| *usage);
        if self.memo.recorded {
            self.head.unclaimed = owed.fold(self.memo.lost, Usage::plus);
        }
        progress.memo = serde_json::to_value(&self.memo).unwrap_or_default();
        progress.head = self.head.clone();
    }
}

impl Events {
    /// Goes on from where the last read stopped.
    pub fn new(session: &Session, progress: &Progress) -> Self {
        let mut head = progress.head.clone();
        if let Some(source) = session.sources.first() {
            let mut known = find::workspace(&source.path);
            head.workdir = head.workdir.take().or_else(|| known.remove("cwd"));
            head.branch = head.branch.take().or_else(|| known.remove("branch"));
        }
        Self { memo: serde_json::from_value(progress.memo.clone()).unwrap_or_default(), head }
    }

    /// What an event says about the session as a whole.
    fn about(&mut self, kind: &str, frame: &Frame, data: &Map<String, Value>) {
        let head = &mut self.head;
        let context = value::object(data, "context").or((kind == "session.context_changed").then_some(data));
        if let Some(context) = context {
            if kind == "session.start" || head.workdir.is_none() {
                head.workdir = value::string(context, "cwd").or(head.workdir.take());
            }
            head.branch = value::string(context, "branch").or(head.branch.take());
            head.commit = value::string(context, "headCommit").or(head.commit.take());
            for key in ["repository", "gitRoot"] {
                if let Some(known) = context.get(key).filter(|v| !v.is_null()) {
                    head.metadata.insert(key.into(), known.clone());
                }
            }
        }
        let model = value::string(data, "selectedModel").or_else(|| value::string(data, "newModel"));
        head.model = model.or(head.model.take());
        if let Some(effort @ ("low" | "medium" | "high")) = value::str(data, "reasoningEffort") {
            head.effort = Some(effort.into());
        }
        match kind {
            "session.start" => {
                head.created = value::time(data, "startTime").or(head.created);
                head.version = value::string(data, "copilotVersion").or(head.version.take());
                head.parent =
                    value::string(data, "detachedFromSpawningParentSessionId").or(head.parent.take());
            }
            "session.title_changed" => {
                head.offer_title(Rank::Model, value::str(data, "title").unwrap_or_default());
            }
            "session.shutdown" => {
                if let Some(changes) = data.get("codeChanges") {
                    head.metadata.insert("code_changes".into(), changes.clone());
                }
                if !self.memo.recorded {
                    // Older releases count only here, per model.
                    let models = value::object(data, "modelMetrics").into_iter().flat_map(Map::values);
                    let usages = models.filter_map(|m| value::object(m.as_object()?, "usage"));
                    let sum = usages.map(usage).fold(Usage::default(), Usage::plus);
                    self.head.unclaimed = self.head.unclaimed.max(sum.beyond(self.memo.counted));
                }
            }
            "subagent.started" => {
                let call = value::string(data, "toolCallId");
                let Some(agent) = frame.agent.clone().or(call.clone()) else { return };
                let card = head.agents.entry(agent).or_default();
                card.tool_use_id = call;
                card.kind = value::string(data, "agentName");
                card.description = value::string(data, "agentDisplayName")
                    .or_else(|| value::string(data, "agentDescription"));
                card.model = value::string(data, "model");
            }
            _ => {}
        }
    }

    fn user(&mut self, frame: Frame, mut data: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let mut message = self.frame(&frame, Role::User);
        message.turn_id = value::string(&data, "interactionId");
        if let Some(text) = value::take_string(&mut data, "content") {
            message.content.push(Block::Text { text });
        }
        let attached = data.get("attachments").and_then(Value::as_array);
        message.content.extend(attached.into_iter().flatten().filter_map(|a| picture(a.as_object()?)));
        // Skills, other agents and the autopilot speak in the person's place.
        message.is_meta = value::str(&data, "source").is_some_and(|source| source != "user")
            || value::flag(&data, "isAutopilotContinuation");
        if message.is_prompt()
            && let Some(Block::Text { text }) = message.content.first()
        {
            self.head.offer_title(Rank::Prompt, text);
        }
        self.send(message, data, sink)
    }

    fn assistant(&mut self, frame: Frame, mut data: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let mut message = self.frame(&frame, Role::Assistant);
        message.turn_id = value::string(&data, "interactionId");
        message.model = value::string(&data, "model");
        if frame.agent.is_none() {
            self.head.model = message.model.clone().or(self.head.model.take());
        }
        let told = self.memo.reasoning.take();
        let text = value::take_string(&mut data, "reasoningText").unwrap_or_default();
        let signature = value::take_string(&mut data, "reasoningOpaque")
            .or_else(|| value::take_string(&mut data, "encryptedContent"));
        if (!text.is_empty() && told != Some(value::name(text.as_bytes()))) || signature.is_some() {
            let redacted = text.is_empty().then_some(true);
            message.content.push(Block::Thinking { text, signature, redacted });
        }
        if let Some(text) = value::take_string(&mut data, "content") {
            message.content.push(Block::Text { text });
        }
        let mut rest = Vec::new();
        for request in data.remove("toolRequests").as_ref().and_then(Value::as_array).into_iter().flatten() {
            let Value::Object(mut request) = request.clone() else { continue };
            message.content.push(self.call(&mut request, "name"));
            rest.push(Value::Object(request));
        }
        if !rest.is_empty() {
            data.insert("toolRequests_rest".into(), Value::Array(rest));
        }
        let call = value::str(&data, "apiCallId").unwrap_or_default();
        let owed = self.memo.owed.iter().position(|(id, ..)| id == call && !id.is_empty());
        if let Some((_, usage, stop)) = owed.and_then(|at| self.memo.owed.remove(at)) {
            message.usage = Some(usage).filter(|u| !u.is_zero());
            message.stop_reason = stop;
        } else if !self.memo.recorded {
            // Older releases tell only the output of a message.
            let output = value::count(&data, "outputTokens");
            message.usage = Some(Usage { output, ..Usage::default() }).filter(|u| !u.is_zero());
        }
        self.memo.counted = self.memo.counted.plus(message.usage.unwrap_or_default());
        self.send(message, data, sink)
    }

    fn reasoning(&mut self, frame: Frame, mut data: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let text = value::take_string(&mut data, "content").unwrap_or_default();
        self.memo.reasoning = Some(value::name(text.as_bytes()));
        let mut message = self.frame(&frame, Role::Assistant);
        message.content.push(Block::Thinking { text, signature: None, redacted: None });
        self.send(message, data, sink)
    }

    /// A call that no answer asked for: a person did, or the answer is not there.
    fn requested(
        &mut self,
        frame: Frame,
        role: Role,
        mut data: Map<String, Value>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut message = self.frame(&frame, role);
        message.is_meta = role == Role::User;
        message.content.push(self.call(&mut data, "toolName"));
        self.send(message, data, sink)
    }

    fn result(&mut self, frame: Frame, mut data: Map<String, Value>, sink: &mut dyn Sink) -> Result<()> {
        let mut message = self.frame(&frame, Role::Tool);
        message.turn_id = value::string(&data, "interactionId");
        let error = value::object(&data, "error").and_then(|e| value::string(e, "message"));
        let mut result = match data.remove("result") {
            Some(Value::Object(result)) => result,
            other => Map::from_iter(other.map(|text| ("content".to_owned(), text))),
        };
        let said = result.remove("content").map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        let parts: Vec<Map<String, Value>> = ["contents", "binaryResultsForLlm"]
            .into_iter()
            .filter_map(|key| result.get(key)?.as_array())
            .flatten()
            .filter_map(|part| part.as_object().cloned())
            .collect();
        let shell = value::object(&data, "shellExecution").into_iter().chain(&parts);
        let exit_code = shell.filter_map(|part| part.get("exitCode")?.as_i64()).next();
        message.content.push(Block::ToolResult {
            tool_use_id: value::string(&data, "toolCallId").unwrap_or_default(),
            content: said.filter(|text| !text.is_empty()).or(error).unwrap_or_default(),
            is_error: data.get("success").and_then(Value::as_bool).map(|success| !success),
            exit_code,
            duration_ms: None,
        });
        for image in parts.iter().filter_map(picture) {
            if !message.content.contains(&image) {
                message.content.push(image);
            }
        }
        if !result.is_empty() {
            data.insert("result".into(), Value::Object(result));
        }
        self.send(message, data, sink)
    }

    /// What a model call used; its message comes next.
    fn usage(&mut self, data: &Map<String, Value>) {
        let Some(record) = value::object(data, "usage") else { return };
        self.memo.recorded = true;
        self.head.provider = value::string(record, "providerType").or(Some("github".into()));
        let stop = value::str(record, "finishReason").map(|reason| match reason {
            "tool_calls" => "tool_use",
            "stop" => "end_turn",
            "length" => "max_tokens",
            other => other,
        });
        let call = value::string(record, "apiCallId").unwrap_or_default();
        if self.memo.owed.len() == MEMORY
            && let Some((_, usage, _)) = self.memo.owed.pop_front()
        {
            self.memo.lost = self.memo.lost.plus(usage);
        }
        self.memo.owed.push_back((call, usage(record), stop.map(str::to_owned)));
    }

    fn call(&mut self, map: &mut Map<String, Value>, name: &str) -> Block {
        let tool_use_id = value::take_string(map, "toolCallId").unwrap_or_default();
        if self.memo.calls.len() == MEMORY {
            self.memo.calls.pop_front();
        }
        self.memo.calls.push_back(tool_use_id.clone());
        let name = value::take_string(map, name).unwrap_or_default();
        Block::ToolUse {
            tool_use_id,
            name,
            input: value::arguments(map.remove("arguments").unwrap_or_default()),
        }
    }

    fn called(&self, data: &Map<String, Value>) -> bool {
        value::str(data, "toolCallId").is_none_or(|id| self.memo.calls.iter().any(|call| call == id))
    }

    fn frame(&self, frame: &Frame, role: Role) -> Message {
        Message {
            msg_id: frame.id.clone(),
            role,
            timestamp: frame.time,
            agent_id: frame.agent.clone(),
            is_sidechain: frame.agent.is_some(),
            ..Message::default()
        }
    }

    /// A message of the tool itself.
    fn remark(
        &mut self,
        frame: Frame,
        block: Block,
        rest: Map<String, Value>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let mut message = self.frame(&frame, Role::System);
        message.is_meta = true;
        message.content.push(block);
        self.send(message, rest, sink)
    }

    fn send(
        &mut self,
        mut message: Message,
        mut rest: Map<String, Value>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        rest.retain(|key, v| !MAPPED.contains(&key.as_str()) && !v.is_null());
        if let Some(left) = rest.remove("toolRequests_rest") {
            rest.insert("toolRequests".into(), left);
        }
        if !rest.is_empty() {
            message.metadata.insert("copilot".into(), Value::Object(rest));
        }
        if message.content.is_empty() {
            message.content.push(Block::text(""));
        }
        let thread = message.agent_id.clone().unwrap_or_default();
        let id = message.msg_id.clone();
        message.parent_msg_id =
            self.memo.last.get(&thread).filter(|last| **last != id && sink.holds(last)).cloned();
        if let Some(agent) = &message.agent_id {
            let card = self.head.agents.entry(agent.clone()).or_default();
            card.messages += 1;
            card.model = message.model.clone().or(card.model.take());
        }
        sink.message(message)?;
        self.memo.last.insert(thread, id);
        Ok(())
    }
}

/// A picture with its bytes, or a file that is one.
fn picture(map: &Map<String, Value>) -> Option<Block> {
    let media_type = value::string(map, "mimeType").filter(|mime| mime.starts_with("image/"))?;
    let (kind, data) = match value::string(map, "data") {
        Some(data) => ("base64", data),
        None => ("path", value::string(map, "path")?),
    };
    Some(Block::Image { source: ImageSource { kind: kind.into(), data, media_type: Some(media_type) } })
}

/// `inputTokens` includes what was read from and written to the cache.
fn usage(map: &Map<String, Value>) -> Usage {
    let (read, written) = (value::count(map, "cacheReadTokens"), value::count(map, "cacheWriteTokens"));
    Usage {
        input: value::count(map, "inputTokens").saturating_sub(read).saturating_sub(written),
        output: value::count(map, "outputTokens"),
        cache_read: read,
        cache_write: written,
        reasoning: value::count(map, "reasoningTokens"),
    }
}
