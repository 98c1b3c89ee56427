//! Cursor: the editor's databases below `User`, and below `~/.cursor` the terminal program's and
//! the transcripts that agents leave.
//!
//! A conversation may be in several of them; the editor's database knows most, then the terminal
//! program's, then the transcripts. Conversations of remote projects are on the desktop machine.
//! Cursor is closed: the format is known from public readers, and every key may be missing.

mod agent;
mod bubble;
mod composer;
mod index;
mod mirror;

use std::path::{Path, PathBuf};

use super::format::jsonl;
use super::format::shelf::{self, Shelf};
use super::{Progress, Session, Sink, Tool};
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::sys::Env;
use index::Index;

/// Cursor.
pub struct Cursor {
    shelf: Shelf<Index>,
}

/// The only one.
pub static CURSOR: Cursor = Cursor { shelf: Shelf::new() };

impl Tool for Cursor {
    fn id(&self) -> ToolId {
        ToolId::Cursor
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        let home = env.home();
        let config = env.path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        // A portable editor, and a server that was told where to live, say so to what they start.
        let told = [("VSCODE_PORTABLE", "user-data/User"), ("VSCODE_AGENT_FOLDER", "data/User")];
        let told = told.into_iter().filter_map(|(name, below)| Some(env.path(name)?.join(below)));
        let usual = [
            config.join("Cursor/User"),
            home.join("Library/Application Support/Cursor/User"),
            home.join(".cursor-server/data/User"),
            home.join(".cursor"),
        ];
        told.chain(usual).collect()
    }

    fn places(&self) -> &'static [&'static str] {
        &["chats", "projects/*/agent-transcripts"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        let mut found = index::sessions(root, &self.shelf);
        let mut more = agent::sessions(root);
        more.extend(mirror::sessions(root));
        for session in more {
            if !found.iter().any(|known| known.native_id == session.native_id) {
                found.push(session);
            }
        }
        Ok(found)
    }

    /// A sub-agent begins after the conversation that it belongs to.
    /// One store holds origins and what came of them; their times say which was first.
    fn family(&self, _session: &Session) -> Option<String> {
        Some(String::new())
    }

    fn age(&self, session: &Session) -> i64 {
        match session.sources.first() {
            Some(source) if source.key == shelf::DATABASE => {
                let index = self.shelf.index(&source.path);
                index.and_then(|i| i.entries.get(&session.native_id)?.created).map_or(i64::MAX, |t| t.0)
            }
            Some(source) => mirror::age(&source.path),
            None => i64::MAX,
        }
    }

    fn unchanged(&self, session: &Session, progress: &Progress) -> bool {
        if session.sources.iter().all(|s| jsonl::unchanged(s, progress.cursors.get(&s.key))) {
            return true;
        }
        let Some(source) = session.sources.first().filter(|s| s.key == shelf::DATABASE) else { return false };
        let index = self.shelf.index(&source.path);
        index.as_deref().and_then(|i| i.entries.get(&session.native_id)).is_some_and(|entry| {
            let memo = composer::Memo::of(progress);
            !memo.waiting && memo.stamp == entry.stamp
        })
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let Some(source) = session.sources.first() else { return Ok(()) };
        match source.key.as_str() {
            shelf::DATABASE => {
                let entry = index::entry(&source.path, &session.native_id, &self.shelf);
                self.shelf.read(&source.path, |open| {
                    composer::read(&session.native_id, &entry, open, progress.clone(), sink)
                })
            }
            agent::STORE => {
                self.shelf.read(&source.path, |open| agent::read(session, open, progress.clone(), sink))
            }
            _ => mirror::read(session, progress, sink),
        }
    }

    fn finish(&self, root: &Path) -> Vec<Error> {
        self.shelf.finish(root)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        shelf::lately(&index::global(root), |open, _| composer::generating(open))
    }
}

#[cfg(test)]
mod tests;
