//! Whether a tool's sessions are found and understood.

use std::path::PathBuf;

use serde::Serialize;

use crate::model::ToolId;
use crate::model::transcript::CaptureTally;
use crate::sys::Env;
use crate::tool::Tool;

/// How capturing a tool goes.
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
#[derive(Clone, Debug, Serialize)]
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

/// Looks at a tool. Blocking.
pub fn look(tool: &dyn Tool, env: &Env, enabled: bool, tally: CaptureTally) -> Health {
    let roots = tool.roots(env);
    let there: Vec<&PathBuf> = roots.iter().filter(|root| root.exists()).collect();
    let mut detail = None;
    let mut sessions = 0;
    for root in &there {
        match tool.find(root) {
            Ok(found) => sessions += found.len() as u64,
            Err(error) => detail = Some(error.message),
        }
    }
    let health = match (there.is_empty(), sessions, tally) {
        (true, _, _) => Word::NotFound,
        // What was read and gave no message at all, in every session, is not what it was taken for.
        (_, 1.., CaptureTally { transcripts: 0, empty: 1.. }) => Word::UnknownGeneration,
        (_, 1.., CaptureTally { transcripts: 0, .. }) => Word::NothingCaptured,
        (_, 0, _) if detail.is_some() => Word::UnknownGeneration,
        (_, 0, CaptureTally { transcripts: 0, .. }) => Word::NothingCaptured,
        _ => Word::Ok,
    };
    detail = detail.or_else(|| match health {
        Word::Ok | Word::NotFound => None,
        Word::UnknownGeneration => Some(format!("none of its {sessions} sessions could be understood")),
        Word::NothingCaptured if sessions == 0 => Some("its folder is there, and no session in it".into()),
        Word::NothingCaptured if enabled => Some("`sf capture` has not run since".into()),
        Word::NothingCaptured => Some(format!("`sf watcher enable {}` includes it again", tool.id())),
    });
    Health {
        tool: tool.id(),
        enabled,
        found: !there.is_empty(),
        roots,
        sessions,
        captured: tally.transcripts,
        health,
        detail,
    }
}
