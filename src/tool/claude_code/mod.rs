//! Claude Code 1.0, 2.0 and 2.1: `$CLAUDE_CONFIG_DIR` or `~/.claude`.
//!
//! A session is `projects/<dir>/<uuid>.jsonl`. Its sub-agents speak in the same file (1.0), in
//! `agent-*.jsonl` beside it (2.0) or in `<uuid>/subagents/agent-*.jsonl` (2.1); all of them
//! become one transcript. Facts about the format: measured with 1.0.128, 2.0.77 and 2.1.329.

mod blocks;
mod find;
mod line;
mod thread;

use std::path::{Path, PathBuf};

use super::format::jsonl::{self, Lines, Opened};
use super::format::replay;
use super::{Progress, Session, Sink, Source, Tool};
use crate::error::Result;
use crate::model::{Time, ToolId};
use crate::sys::Env;
use line::Line;
use thread::Thread;

/// Claude Code.
pub struct ClaudeCode;

impl Tool for ClaudeCode {
    fn id(&self) -> ToolId {
        ToolId::ClaudeCode
    }

    fn roots(&self, env: &Env) -> Vec<PathBuf> {
        vec![env.path("CLAUDE_CONFIG_DIR").unwrap_or_else(|| env.home().join(".claude"))]
    }

    fn places(&self) -> &'static [&'static str] {
        &["projects"]
    }

    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        find::sessions(root)
    }

    /// A fork begins with the same message as its origin.
    fn family(&self, session: &Session) -> Option<String> {
        session.sources.first().and_then(|source| find::root(&source.path))
    }

    /// A fork is a copy, with the times of its origin on the copied lines; the lines without a
    /// `uuid` (queue, request log) are its own and say when it really began.
    fn age(&self, session: &Session) -> i64 {
        session.sources.first().and_then(|source| find::began(&source.path)).map_or(i64::MAX, |t| t.0)
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let (progress, lines) = open_all(session, progress);
        if lines.is_empty() {
            return Ok(());
        }
        let mut thread = Thread::new(session, &progress);
        let mut progress = progress;
        merge(lines, &mut thread, &mut progress, sink)?;
        thread.save(&mut progress);
        sink.checkpoint(&progress)
    }

    fn live(&self, root: &Path) -> Vec<String> {
        find::live(root)
    }
}

/// Opens every source; all of them from the start when one is no longer what it was.
fn open_all(session: &Session, progress: Progress) -> (Progress, Vec<(Source, Lines)>) {
    let mut lines = Vec::new();
    for source in &session.sources {
        let cursor = progress.cursors.get(&source.key);
        match jsonl::open(source, cursor) {
            Opened::Gone | Opened::Same => {}
            Opened::Grown(opened) => lines.push((source.clone(), opened)),
            Opened::Fresh(opened) if cursor.is_none() => lines.push((source.clone(), opened)),
            Opened::Fresh(_) => return open_all(session, Progress::default()),
        }
    }
    (progress, lines)
}

/// One source in the merge: its lines and what the next one is.
struct Stream {
    source: Source,
    lines: Lines,
    next: Option<(Time, Option<Line>)>,
    last: Time,
}

impl Stream {
    /// Parses the next line. Lines without a time belong to the one before.
    fn advance(&mut self) {
        self.next = self.lines.peek().map(|bytes| {
            let line = Line::parse(bytes);
            let time = line.as_ref().and_then(|l| l.time).unwrap_or(self.last).max(self.last);
            (time, line)
        });
        if let Some((time, _)) = &self.next {
            self.last = *time;
        }
    }
}

/// Reads several files as one, by time, so that a sub-agent speaks where it spoke. Holds one line
/// of each file at a time.
fn merge(
    lines: Vec<(Source, Lines)>,
    thread: &mut Thread,
    progress: &mut Progress,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut streams: Vec<Stream> = lines
        .into_iter()
        .map(|(source, lines)| Stream { source, lines, next: None, last: Time::default() })
        .collect();
    streams.iter_mut().for_each(Stream::advance);
    let mut since = 0;
    loop {
        // The first of the smallest: the main file goes before its sub-agents.
        let next = streams
            .iter_mut()
            .filter(|stream| stream.next.is_some())
            .min_by_key(|stream| stream.next.as_ref().map(|(time, _)| *time));
        let Some(stream) = next else { break };
        match stream.next.take() {
            Some((_, Some(line))) => {
                thread.line(&stream.source, line, stream.lines.peek().unwrap_or_default(), sink)?;
            }
            _ => stream.lines.skip(&stream.source, sink),
        }
        let bytes = stream.lines.consume();
        sink.read(bytes);
        since += bytes;
        stream.advance();
        if since >= replay::CHECKPOINT {
            since = 0;
            save(&streams, progress);
            thread.save(progress);
            sink.checkpoint(progress)?;
        }
    }
    save(&streams, progress);
    Ok(())
}

fn save(streams: &[Stream], progress: &mut Progress) {
    for stream in streams {
        progress.cursors.insert(stream.source.key.clone(), stream.lines.cursor());
    }
}

#[cfg(test)]
mod tests;
