//! Copilot CLI: `$COPILOT_HOME` or `~/.copilot`.
//!
//! A session is `session-state/<id>/events.jsonl`, which is only appended to; older releases wrote
//! `session-state/<id>.jsonl`. Facts about the format: measured with 1.0.102; events that its
//! fixtures lack are from the schema that the tool's public SDK is generated from.

mod events;
mod find;
mod kinds;

use std::path::{Path, PathBuf};

use super::format::jsonl::{self, Opened};
use super::format::replay;
use super::{Progress, Session, Sink, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;
use events::Events;

/// Copilot CLI.
pub struct Copilot;

impl Tool for Copilot {
    fn id(&self) -> ToolId {
        ToolId::Copilot
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        vec![env.path("COPILOT_HOME").unwrap_or_else(|| env.home().join(".copilot"))]
    }

    fn places(&self) -> &'static [&'static str] {
        &["session-state"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        Ok(find::sessions(root))
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let Some(source) = session.sources.first() else { return Ok(()) };
        let (mut progress, lines) = match jsonl::open(source, progress.cursors.get(&source.key)) {
            Opened::Gone | Opened::Same => return Ok(()),
            Opened::Grown(lines) => (progress, lines),
            Opened::Fresh(lines) => (Progress::default(), lines),
        };
        let mut events = Events::new(session, &progress);
        replay::replay(source, lines, &mut events, &mut progress, sink)?;
        sink.checkpoint(&progress)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        find::live(root)
    }
}

#[cfg(test)]
mod tests;
