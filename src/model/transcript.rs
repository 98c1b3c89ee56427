//! Transcripts: conversations of AI tools in the canonical form.

use serde::{Deserialize, Serialize};

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
}
