//! Transcripts: conversations of AI tools in the canonical form.

use serde::{Deserialize, Serialize};

use super::message::Usage;
use super::{FeatureName, HostName, Name, Time, ToolId, TranscriptId};

/// A row of `list`; the head of `show`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TranscriptRow {
    /// Our id.
    pub id: TranscriptId,
    /// The tool that held the conversation.
    pub tool: ToolId,
    /// The tool's own id, whole.
    pub native_id: String,
    /// Its title, the tool's or the first prompt.
    pub title: Option<String>,
    /// What a person called it.
    pub alias: Option<Name>,
    /// The host that it was captured from.
    pub host: HostName,
    /// Where it took place.
    pub workdir: Option<String>,
    /// The git branch there.
    pub branch: Option<String>,
    /// The last model that answered.
    pub model: Option<String>,
    /// Messages, sub-agents' included.
    pub messages: u64,
    /// Tool calls, sub-agents' included.
    pub tool_calls: u64,
    /// Uncached input tokens; a fork counts only what it added.
    pub tokens_in: u64,
    /// Output tokens, reasoning included.
    pub tokens_out: u64,
    /// Input tokens read from the cache.
    pub tokens_cache_read: u64,
    /// Input tokens written to the cache.
    pub tokens_cache_write: u64,
    /// Cost in US dollars; `None` when neither the tool nor the price table knows.
    pub cost_usd: Option<f64>,
    /// First message.
    pub created: Option<Time>,
    /// Last message.
    pub updated: Option<Time>,
    /// Whether its tool still runs, as far as can be told.
    pub live: bool,
    /// The transcript that it was forked from, or whose sub-agent it is.
    pub parent: Option<TranscriptId>,
    /// The feature whose worktree it took place in.
    pub feature: Option<FeatureName>,
    /// What was used when, and of which model: what costs are made of.
    #[serde(skip)]
    pub spend: Vec<Spend>,
}

/// Tokens of one model in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Hours since 1970-01-01T00:00Z; `None` when nobody knows.
    pub hour: Option<i64>,
    /// The model; `None` when nobody knows.
    pub model: Option<String>,
    /// The tokens.
    pub usage: Usage,
}

/// Adds tokens to a list of them, in time order as a rule.
pub fn spent(list: &mut Vec<Spend>, at: Time, model: Option<&str>, usage: Usage) {
    if usage.is_zero() {
        return;
    }
    let hour = (at != Time::default()).then(|| at.0.div_euclid(3_600_000));
    let same = |s: &&mut Spend| s.hour == hour && s.model.as_deref() == model;
    match list.iter_mut().rev().find(same) {
        Some(old) => old.usage = old.usage.plus(usage),
        None => list.push(Spend { hour, model: model.map(str::to_owned), usage }),
    }
}

impl TranscriptRow {
    /// All of its tokens by hour and model. What no message carries belongs to the last model and
    /// the last hour.
    pub fn spend(&self) -> Vec<Spend> {
        let mut all = self.spend.clone();
        let total = Usage {
            input: self.tokens_in,
            output: self.tokens_out,
            cache_read: self.tokens_cache_read,
            cache_write: self.tokens_cache_write,
            reasoning: 0,
        };
        let known = all.iter().fold(Usage::default(), |sum, s| sum.plus(s.usage));
        let rest = Usage { reasoning: 0, ..total.beyond(known) };
        spent(&mut all, self.updated.unwrap_or_default(), self.model.as_deref(), rest);
        all
    }

    /// A row that counts nothing yet.
    pub fn new(id: TranscriptId, tool: ToolId, native_id: &str, host: &HostName) -> Self {
        Self {
            id,
            tool,
            native_id: native_id.to_owned(),
            title: None,
            alias: None,
            host: host.clone(),
            workdir: None,
            branch: None,
            model: None,
            messages: 0,
            tool_calls: 0,
            tokens_in: 0,
            tokens_out: 0,
            tokens_cache_read: 0,
            tokens_cache_write: 0,
            cost_usd: None,
            created: None,
            updated: None,
            live: false,
            parent: None,
            feature: None,
            spend: Vec::new(),
        }
    }
}

/// What is kept of a session that a tool holds, between two captures. A session without messages
/// has no transcript, but is remembered too, so that it is not read again.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    /// The transcript, once there is one.
    pub row: Option<TranscriptRow>,
    /// The tool.
    pub tool: ToolId,
    /// The tool's own id.
    pub native_id: String,
    /// The host that holds it.
    pub host: HostName,
    /// The tool's id of the session that this one was forked from, or whose sub-agent it is.
    pub parent_native: Option<String>,
    /// What all forks of one session share, if the tool copies its lines into forks.
    pub root: Option<String>,
    /// Length of `messages.jsonl` in bytes: what lies beyond was not finished.
    pub length: u64,
    /// Length of the `.raw.zst` beside it.
    pub raw_length: u64,
    /// How far the tool's files were read, as JSON.
    pub progress: String,
}

/// How many sessions of a tool were captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureTally {
    /// Sessions that became transcripts.
    pub transcripts: u64,
    /// Sessions in which neither a prompt nor an answer was found.
    pub empty: u64,
}

/// Which rows of the list are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of this tool.
    pub tool: Option<ToolId>,
    /// From these hosts; none means all.
    pub hosts: Vec<HostName>,
    /// Of this feature.
    pub feature: Option<FeatureName>,
    /// In this folder or below it.
    pub workdir: Option<String>,
    /// With a message since then.
    pub since: Option<Time>,
}

/// The order of the list; always the newest, largest or dearest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// By the last message.
    #[default]
    Updated,
    /// By the first message.
    Created,
    /// By the number of messages.
    Messages,
    /// By cost.
    Cost,
}

/// A message that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The transcript.
    pub id: TranscriptId,
    /// The line of `messages.jsonl`, from 1.
    pub seq: u64,
    /// Who speaks.
    pub role: super::message::Role,
    /// When.
    pub time: Time,
    /// The transcript's title.
    pub title: Option<String>,
    /// The words around the first match; matches stand between `«` and `»`.
    pub snippet: String,
    /// How well it fits, larger is better; 0 unless sorted by rank.
    pub score: f64,
}
