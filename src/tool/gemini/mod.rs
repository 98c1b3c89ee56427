//! Gemini CLI: `~/.gemini`, or `.gemini` below `$GEMINI_CLI_HOME`.
//!
//! Chats are `tmp/<project>/chats/session-*`, where `<project>` is the sha256 of the folder (0.2 to
//! 0.28) or a slug of its name. A file is one JSON document (until 0.38) or JSON lines that replay
//! a list of messages (since 0.39). One session may lie in several files: a migration copies it, and
//! a resume leaves a stub; all of them become one transcript, by the ids of their messages.
//! Sub-agents (`chats/<session>/<agent>.jsonl`) speak in their parent's. Facts about the format:
//! measured with 0.20.2, 0.37.2 and 0.61.0; sub-agents and long outputs from the public source.

mod chat;
mod find;
mod parts;
mod place;

use std::path::{Path, PathBuf};

use super::format::document::{self, Document};
use super::format::jsonl::{self, Lines, Opened};
use super::format::replay::{self, Records};
use super::{Progress, Session, Sink, Source, Tool};
use crate::error::Result;
use crate::model::ToolId;
use crate::sys::Env;
use chat::Chat;

/// Gemini CLI.
pub struct Gemini;

impl Tool for Gemini {
    fn id(&self) -> ToolId {
        ToolId::Gemini
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        vec![env.path("GEMINI_CLI_HOME").unwrap_or_else(|| env.home()).join(".gemini")]
    }

    fn places(&self) -> &'static [&'static str] {
        &["tmp/*/chats"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        Ok(find::sessions(root))
    }

    fn read(&self, session: &Session, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let mut chat = Chat::new(session, &progress);
        let mut touched = false;
        for source in &session.sources {
            let cursor = progress.cursors.get(&source.key);
            if source.path.extension().is_some_and(|e| e == "json") {
                match document::open(source, cursor, sink) {
                    Document::Gone | Document::Same => continue,
                    Document::Torn(cursor) => {
                        progress.cursors.insert(source.key.clone(), cursor);
                    }
                    Document::Read(document, cursor) => {
                        chat.begin(source, true);
                        chat.document(document, sink)?;
                        chat.end(sink)?;
                        progress.cursors.insert(source.key.clone(), cursor);
                    }
                }
            } else {
                match jsonl::open(source, cursor) {
                    Opened::Gone | Opened::Same => continue,
                    Opened::Grown(lines) => replay(source, false, lines, &mut chat, &mut progress, sink)?,
                    Opened::Fresh(lines) => replay(source, true, lines, &mut chat, &mut progress, sink)?,
                }
            }
            touched = true;
        }
        if touched {
            chat.save(&mut progress);
            sink.checkpoint(&progress)?;
        }
        Ok(())
    }
}

/// Reads the lines that are left of a source.
fn replay(
    source: &Source,
    fresh: bool,
    lines: Lines,
    chat: &mut Chat,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<()> {
    chat.begin(source, fresh);
    replay::replay(source, lines, chat, progress, sink)?;
    chat.end(sink)
}

#[cfg(test)]
mod tests;
