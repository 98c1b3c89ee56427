//! Task folders, as Cline up to 3.x, Roo Code and Kilo Code up to 5.x keep them in an editor's
//! storage: `tasks/<id>/api_conversation_history.json` is what the model was sent,
//! `ui_messages.json` what the person saw. Both are written anew at every change.
//!
//! Facts about the format: from the public sources of Cline 3.x and 4.x, and Roo Code (April 2026).

mod history;
mod hosts;
mod screen;
mod xml;

use std::path::{Path, PathBuf};

pub use hosts::storages;

use super::disk;
use super::document::{self, Document};
use super::{jsonl, value};
use crate::error::Result;
use crate::model::ToolId;
use crate::tool::{Progress, Session, Sink, Skipped, Source};
use history::History;

/// What differs between the tools of the family.
pub struct Family {
    /// The tool.
    pub tool: ToolId,
    /// The key below which messages keep what has no place in the canonical form.
    pub key: &'static str,
    /// The extension, as the editor names its storage.
    pub extension: &'static str,
    /// The setting that moves the storage.
    pub moved_by: Option<&'static str>,
    /// Whether the input of a request leaves out what was cached. Else the figures decide.
    pub disjoint: bool,
}

/// The conversation, the screen, and the entry in the list of tasks.
const FILES: [&str; 3] = ["api_conversation_history.json", "ui_messages.json", "history_item.json"];

/// The tasks below a storage. The list of tasks may lag behind: the folders are the truth.
pub fn find(storage: &Path) -> Vec<Session> {
    let dirs = disk::entries(&storage.join("tasks"));
    dirs.into_iter()
        .filter_map(|dir| {
            let native_id =
                dir.file_name()?.to_str().filter(|name| !name.starts_with(['.', '_']))?.to_owned();
            let mut paths: Vec<PathBuf> =
                FILES.iter().map(|name| dir.join(name)).filter(|p| disk::is_file(p)).collect();
            // What the person saw, under the name that it had at first.
            let old = dir.join("claude_messages.json");
            if !paths.iter().any(|p| p.ends_with("ui_messages.json")) && disk::is_file(&old) {
                paths.push(old);
            }
            // A task may be in several storages after an upgrade, so the whole path names a file.
            let source = |path: PathBuf| Source { key: path.to_string_lossy().into_owned(), path };
            let sources: Vec<Source> = paths.into_iter().map(source).collect();
            let talk = sources.iter().any(|s| !s.path.ends_with("history_item.json"));
            talk.then_some(Session { native_id, sources, title: None })
        })
        .collect()
}

/// Whether a session is a task folder.
pub fn is_task(session: &Session) -> bool {
    session.sources.first().is_some_and(|s| {
        s.path.parent().and_then(Path::parent).and_then(Path::file_name).is_some_and(|name| name == "tasks")
    })
}

/// The task that delegated this one, as its entry says.
pub fn family(session: &Session) -> Option<String> {
    let dir = session.sources.first()?.path.parent()?;
    let entry = jsonl::parse(&disk::read(&dir.join("history_item.json"))?)?;
    value::string(&entry, "parentTaskId")
}

/// Where a task comes in its family: by its id, which begins with the time it was made at.
pub fn age(session: &Session) -> i64 {
    history::began(&session.native_id).map_or(i64::MAX, |time| time.0)
}

/// Reads a task when one of its files changed.
///
/// # Errors
/// Those of the sink.
pub fn read(family: &Family, session: &Session, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    let sources = &session.sources;
    if sources.iter().all(|s| jsonl::unchanged(s, progress.cursors.get(&s.key))) {
        return Ok(());
    }
    let mut history = History::new(family, session, &progress);
    let mut whole = true;
    for source in sources {
        match document::open(source, None, sink) {
            // Roo and Kilo move the old file away before the new one is there.
            Document::Gone if source.path.ends_with("history_item.json") => {}
            Document::Gone => return Ok(()),
            Document::Same => {}
            Document::Torn(cursor) => {
                whole = false;
                progress.cursors.insert(source.key.clone(), cursor);
            }
            Document::Read(document, cursor) => {
                if !matches!(document, serde_json::Value::Array(_) | serde_json::Value::Object(_)) {
                    sink.skipped(Skipped::whole(&source.path, "it is neither a list nor an object"));
                    whole = false;
                    progress.cursors.insert(source.key.clone(), cursor);
                    continue;
                }
                let name = source.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                history.take(name, document);
                progress.cursors.insert(source.key.clone(), cursor);
            }
        }
    }
    if whole {
        history.tell(sink)?;
        history.save(&mut progress);
    }
    sink.checkpoint(&progress)
}
