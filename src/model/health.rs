//! How capturing a tool goes.

use std::path::PathBuf;

use serde::Serialize;

use super::ToolId;

/// How that goes, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Word {
    /// Its sessions are captured, or it has none yet.
    #[serde(rename = "ok")]
    Ok,
    /// It keeps nothing here.
    #[serde(rename = "not found")]
    NotFound,
    /// It has sessions, and nobody has captured any.
    #[serde(rename = "found, nothing captured")]
    NothingCaptured,
    /// It has a store, but in no form that is known here.
    #[serde(rename = "unknown generation")]
    UnknownGeneration,
}

/// A tool, where it keeps its sessions, and how capturing them goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The tool.
    pub tool: ToolId,
    /// Whether it is captured.
    pub enabled: bool,
    /// Where it is looked for.
    pub roots: Vec<PathBuf>,
    /// Whether any of these is there.
    pub found: bool,
    /// Sessions that it has.
    pub sessions: u64,
    /// Transcripts that were captured of it.
    pub captured: u64,
    /// How that goes.
    pub health: Word,
    /// Why it is not well, in words.
    pub detail: Option<String>,
}
