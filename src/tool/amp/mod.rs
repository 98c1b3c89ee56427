//! Amp: `$XDG_DATA_HOME/amp`, on every platform `~/.local/share/amp` by default.
//!
//! A session is `threads/T-<uuid>.json`, one document that is written anew at every change. Clients
//! since September 2026 keep threads on the server only; what older ones left is read. Facts about
//! the format: from the published code of the clients of January 2025 to May 2026.

mod thread;

use std::path::{Path, PathBuf};

use super::format::disk;
use super::format::document::{self, Document};
use super::format::jsonl;
use super::format::shelf::FRESH;
use super::{Progress, Session, Sink, Source, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;
use crate::sys::clock::{self, Clock};
use thread::Thread;

/// Amp.
pub struct Amp;

/// How much of a file's start is looked at for its time.
const GLANCE: u64 = 1024;

impl Tool for Amp {
    fn id(&self) -> ToolId {
        ToolId::Amp
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        vec![env.path("XDG_DATA_HOME").unwrap_or_else(|| env.home().join(".local/share")).join("amp")]
    }

    fn places(&self) -> &'static [&'static str] {
        &["threads", "threads-development"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        let mut out: Vec<Session> = Vec::new();
        for dir in ["threads", "threads-development"] {
            for path in disk::entries(&root.join(dir)) {
                let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                // While a document is written it is `<id>.json.amptmp`.
                let Some(id) = name.strip_suffix(".json").filter(|id| id.starts_with("T-")) else { continue };
                if out.iter().any(|session| session.native_id == id) {
                    continue;
                }
                let native_id = id.to_owned();
                out.push(Session {
                    native_id,
                    sources: vec![Source { key: "thread".into(), path }],
                    title: None,
                });
            }
        }
        Ok(out)
    }

    /// The thread that this one comes from. Most come from none, and are not parsed for that.
    fn family(&self, session: &Session) -> Option<String> {
        let path = &session.sources.first()?.path;
        // What is too large is named when it is read.
        path.metadata().ok().filter(|meta| meta.len() <= disk::LARGEST)?;
        let bytes = disk::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let related =
            ["\"child\"", "\"mainThreadID\"", "\"originThreadID\""].iter().any(|key| text.contains(key));
        related.then(|| thread::parent(&jsonl::parse(&bytes)?))?
    }

    /// When the thread was made: a fork is younger than its origin.
    fn age(&self, session: &Session) -> i64 {
        let created = |source: &Source| {
            let bytes = disk::start(&source.path, GLANCE)?;
            let text = String::from_utf8_lossy(&bytes);
            let (_, rest) = text.split_once("\"created\":")?;
            let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        session.sources.first().and_then(created).unwrap_or(i64::MAX)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        let since = Clock::System.now().0 - FRESH;
        let running = |session: &Session| {
            let path = &session.sources.first()?.path;
            let changed = clock::millis(std::fs::metadata(path).ok()?.modified().ok()?);
            (changed >= since && thread::running(&jsonl::parse(&disk::read(path)?)?)).then_some(())
        };
        let all = self.find(root).unwrap_or_default();
        all.into_iter().filter(|s| running(s).is_some()).map(|s| s.native_id).collect()
    }

    fn read(&self, session: &Session, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let Some(source) = session.sources.first() else { return Ok(()) };
        let cursor = match document::open(source, progress.cursors.get(&source.key), sink) {
            Document::Gone | Document::Same => return Ok(()),
            Document::Torn(cursor) => cursor,
            Document::Read(document, cursor) => {
                let mut thread = Thread::new(session, &progress);
                thread.document(document, &source.path, sink)?;
                thread.save(&mut progress);
                cursor
            }
        };
        progress.cursors.insert(source.key.clone(), cursor);
        sink.checkpoint(&progress)
    }
}

#[cfg(test)]
mod tests;
