//! Codex CLI: `$CODEX_HOME` or `~/.codex`.
//!
//! A session is one rollout file, plain or compressed, below `sessions/` or `archived_sessions/`.
//! Forks and sub-agents are files, and transcripts, of their own. Facts about the format: measured
//! with CLI 0.1.2505172129 (TypeScript), 0.27, 0.42, 0.77, 0.130 and 0.169.

mod find;
mod items;
mod rollout;
mod usage;

use std::path::{Path, PathBuf};

use super::format::jsonl::{self, Opened};
use super::format::replay;
use super::{Progress, Session, Sink, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;
use rollout::Rollout;

/// Codex CLI.
pub struct Codex;

impl Tool for Codex {
    fn id(&self) -> ToolId {
        ToolId::Codex
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        vec![env.path("CODEX_HOME").unwrap_or_else(|| env.home().join(".codex"))]
    }

    fn places(&self) -> &'static [&'static str] {
        &["sessions", "archived_sessions"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        find::sessions(root)
    }

    fn family(&self, session: &Session) -> Option<String> {
        session.sources.first().and_then(|source| find::parent(&source.path))
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let Some(source) = session.sources.first() else { return Ok(()) };
        if source.path.extension().is_some_and(|e| e == "json") {
            return rollout::read_document(source, progress, sink);
        }
        let (mut progress, lines) = match jsonl::open(source, progress.cursors.get(&source.key)) {
            Opened::Gone | Opened::Same => return Ok(()),
            Opened::Grown(lines) => (progress, lines),
            Opened::Fresh(lines) => (Progress::default(), lines),
        };
        let root = find::root_of(&source.path);
        let mut rollout = Rollout::new(&session.native_id, &progress).below(root);
        replay::replay(source, lines, &mut rollout, &mut progress, sink)?;
        sink.checkpoint(&progress)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        find::live(root)
    }
}

#[cfg(test)]
mod tests;
