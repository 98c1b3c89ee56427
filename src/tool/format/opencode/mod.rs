//! OpenCode and its descendant Kilo Code 7: one store, two names.
//!
//! Below the data folder lie SQLite databases (1.2 and later), the JSON files of earlier versions,
//! which stay there after an upgrade, and perhaps files made by `export`. A session that is in
//! several of them is read from the first. Sub-agents are sessions of their own. Facts about the
//! format: measured with OpenCode 1.1.65 and 1.18.33 and Kilo 7.7.7.

mod database;
mod files;
mod talk;
mod thread;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk;
use super::shelf::{self, Shelf};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;
use crate::tool::{Progress, Session, Sink, Tool};

/// A tool with such a store.
pub struct Family {
    id: ToolId,
    /// The name of its data folder, and the beginning of its databases' names.
    name: &'static str,
    /// Its name in the metadata of messages.
    tag: &'static str,
    shelf: Shelf<database::Index>,
}

impl Family {
    /// The tool that calls its data folder `name`.
    pub const fn new(id: ToolId, name: &'static str, tag: &'static str) -> Self {
        Self { id, name, tag, shelf: Shelf::new() }
    }

    /// `opencode.db`; other release channels add to the name.
    fn databases(&self, root: &Path) -> Vec<PathBuf> {
        let ours = |path: &PathBuf| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            name.starts_with(self.name) && name.ends_with(".db")
        };
        disk::entries(root).into_iter().filter(ours).collect()
    }
}

impl Tool for Family {
    fn id(&self) -> ToolId {
        self.id
    }

    /// The same on every system: macOS too has it below `~/.local/share`.
    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        let data = env.path("XDG_DATA_HOME").unwrap_or_else(|| env.home().join(".local/share"));
        vec![data.join(self.name)]
    }

    fn places(&self) -> &'static [&'static str] {
        &["storage/session", "storage/message"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        let mut found = BTreeMap::new();
        for path in self.databases(root) {
            let Some(index) = self.shelf.look(&path, database::index) else { continue };
            if index.beyond > 0 {
                disk::leave_out(&path, database::beyond(&path, index.beyond));
            }
            for (id, entry) in &index.sessions {
                let session = Session {
                    native_id: id.clone(),
                    sources: shelf::sources(&path),
                    title: entry.title.clone(),
                };
                found.entry(id.clone()).or_insert(session);
            }
        }
        for session in files::stored(root).into_iter().chain(files::exported(root)) {
            found.entry(session.native_id.clone()).or_insert(session);
        }
        Ok(found.into_values().collect())
    }

    /// A sub-agent and a fork begin after the session that they come from.
    /// One store holds origins and what came of them; their times say which was first.
    fn family(&self, _session: &Session) -> Option<String> {
        Some(String::new())
    }

    fn age(&self, session: &Session) -> i64 {
        match session.sources.first() {
            Some(source) if source.key == shelf::DATABASE => {
                let index = self.shelf.index(&source.path);
                index.and_then(|i| Some(i.sessions.get(&session.native_id)?.created)).unwrap_or(i64::MAX)
            }
            Some(source) => files::created(source),
            None => i64::MAX,
        }
    }

    fn unchanged(&self, session: &Session, progress: &Progress) -> bool {
        if session.sources.iter().all(|s| super::jsonl::unchanged(s, progress.cursors.get(&s.key))) {
            return true;
        }
        match session.sources.first() {
            Some(source) if source.key == shelf::DATABASE => {
                let index = self.shelf.index(&source.path);
                database::unchanged(
                    index.as_deref().and_then(|i| i.sessions.get(&session.native_id)),
                    progress,
                )
            }
            _ => false,
        }
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let Some(source) = session.sources.first() else { return Ok(()) };
        match source.key.as_str() {
            shelf::DATABASE => self.shelf.read(&source.path, |open| {
                let index = self.shelf.index(&source.path);
                let progress = progress.clone();
                database::read(self.tag, &session.native_id, index.as_deref(), open, progress, sink)
            }),
            files::EXPORT => files::read_export(self.tag, session, progress, sink),
            _ => files::read(self.tag, session, progress, sink),
        }
    }

    fn live(&self, root: &Path) -> Vec<String> {
        self.databases(root).iter().flat_map(|path| shelf::lately(path, database::answering)).collect()
    }

    fn finish(&self, root: &Path) -> Vec<crate::error::Error> {
        self.shelf.finish(root)
    }
}

#[cfg(test)]
mod tests;
