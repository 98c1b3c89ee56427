//! Capture: from the tools' own stores into transcripts, once and only what is new.
//!
//! For each batch: messages are appended and forced to the disk, the small files are written, and
//! last the [`Ledger`] records the new length together with how far the tool's files were read. A
//! process that is killed anywhere in between loses nothing and repeats nothing.

mod order;
mod recorder;
mod tally;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Code, Error, Result};
use crate::model::transcript::Captured;
use crate::model::{HostName, ToolId, TranscriptId};
use crate::sys::Env;
use crate::tool::{Progress, Session, Skipped, Tool};
use recorder::Recorder;
use tally::Saved;

/// Marks, in what a reader remembers, a session that was imported from an archive of somebody else;
/// its value is the session's id there.
pub(super) const FOREIGN: &str = "foreign";

/// The id in an archive of somebody else, if a session was imported from one.
pub(super) fn foreign(captured: &Captured) -> Option<String> {
    let saved: Saved = serde_json::from_str(&captured.progress).ok()?;
    Some(saved.progress.memo.get(FOREIGN)?.as_str()?.to_owned())
}

/// The native id of somebody else's copy of a session that we have ourselves.
pub(super) fn copy_id(session_id: &str) -> String {
    format!("sfs:{session_id}")
}

/// Who remembers what was captured.
pub trait Ledger {
    /// Everything that is remembered of a tool on this host.
    ///
    /// # Errors
    /// Those of the store.
    fn captured(&mut self, tool: ToolId) -> Result<Vec<Captured>>;

    /// The tool's ids of sessions whose transcripts were deleted: they are left alone.
    ///
    /// # Errors
    /// Those of the store.
    fn deleted(&mut self, tool: ToolId) -> Result<HashSet<String>> {
        let _ = tool;
        Ok(HashSet::new())
    }

    /// Whose transcript has this id.
    ///
    /// # Errors
    /// Those of the store.
    fn owner(&mut self, id: &TranscriptId) -> Result<Option<(ToolId, String, HostName)>>;

    /// Gives a session another native id: one that was imported makes way for the tool's own.
    ///
    /// # Errors
    /// Those of the store.
    fn rename(&mut self, captured: &Captured, native_id: &str) -> Result<()> {
        let _ = (captured, native_id);
        Ok(())
    }

    /// Remembers.
    ///
    /// # Errors
    /// Those of the store.
    fn commit(&mut self, captured: &Captured) -> Result<()>;

    /// Tells how far it is: sessions done, of how many, which tool.
    fn progress(&mut self, done: u64, total: u64, tool: ToolId);

    /// Whether to stop at the next safe place.
    fn cancelled(&self) -> bool;
}

/// What a capture did, for one tool or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Transcripts that did not exist before.
    pub sessions_new: u64,
    /// Transcripts that grew or got another title.
    pub sessions_updated: u64,
    /// Messages that were added.
    pub messages: u64,
    /// Bytes of the tool's files that were read, uncompressed.
    pub bytes_read: u64,
    /// Lines that could not be understood, and elements of documents and rows likewise.
    pub skipped_lines: u64,
    /// Files, folders and databases that could not be read.
    pub skipped_files: u64,
}

/// So many skipped lines of a tool are named; the others are only counted.
pub const SHOWN: usize = 100;

impl Counts {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.sessions_new += other.sessions_new;
        self.sessions_updated += other.sessions_updated;
        self.messages += other.messages;
        self.bytes_read += other.bytes_read;
        self.skipped_lines += other.skipped_lines;
        self.skipped_files += other.skipped_files;
    }
}

/// What a capture did for one tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolReport {
    /// The tool.
    pub tool: ToolId,
    /// Where it was looked for.
    pub roots: Vec<PathBuf>,
    /// Sessions that the tool has.
    pub found: u64,
    /// What was done.
    #[serde(flatten)]
    pub counts: Counts,
    /// Sessions that could not be captured, and why; the others were.
    pub failed: Vec<(String, Error)>,
    /// The first of the lines that were skipped.
    pub skipped: Vec<Skipped>,
    /// What of the tool's stores was left out, and why.
    pub notices: Vec<Error>,
}

/// Captures what one tool has on this machine. Blocking.
///
/// # Errors
/// `cancelled`; those of the ledger. A session that cannot be captured is reported, and the others
/// are captured.
pub fn run(
    tool: &dyn Tool,
    env: &Env,
    sessions: &Path,
    host: &HostName,
    ledger: &mut dyn Ledger,
) -> Result<ToolReport> {
    let roots = tool.roots(env);
    let open = Open { tool, roots: &roots };
    let mut found = Vec::new();
    let mut failed = Vec::new();
    for root in &roots {
        match tool.find(root) {
            Ok(mut more) => found.append(&mut more),
            Err(error) => failed.push((root.display().to_string(), error)),
        }
    }
    let deleted = ledger.deleted(tool.id())?;
    found.retain(|session: &Session| !deleted.contains(&session.native_id));
    // The same session in two stores (after a move, or a copy): the first root counts.
    let mut ids = HashSet::new();
    found.retain(|session: &Session| ids.insert(session.native_id.clone()));
    let known = ledger.captured(tool.id())?;
    let mut known: HashMap<String, Captured> =
        known.into_iter().map(|captured| (captured.native_id.clone(), captured)).collect();
    if !tool.imports() {
        set_aside(&found, &mut known, ledger)?;
    }
    let mut report = ToolReport {
        tool: tool.id(),
        roots: roots.clone(),
        found: found.len() as u64,
        counts: Counts::default(),
        failed,
        skipped: Vec::new(),
        notices: Vec::new(),
    };
    let work = to_read(tool, found, &known);
    let total = work.len() as u64;
    for (done, session) in work.into_iter().enumerate() {
        if ledger.cancelled() {
            return Err(Error::cancelled());
        }
        ledger.progress(done as u64, total, tool.id());
        let mut recorder = Recorder::new(tool.id(), &session, sessions, host, &mut known, ledger)?;
        let outcome = recorder.run(tool);
        report.counts.add(&recorder.counts());
        let room = SHOWN - report.skipped.len();
        report.skipped.extend(recorder.skipped().into_iter().take(room));
        match outcome {
            Ok(()) => {}
            Err(error) if matches!(error.code, Code::Cancelled) => return Err(error),
            Err(error) => report.failed.push((session.native_id, error)),
        }
    }
    ledger.progress(total, total, tool.id());
    report.notices = open.close();
    report.counts.skipped_files = report.notices.len() as u64;
    Ok(report)
}

/// Sessions that were imported from archives of somebody else, and now are found in the tool's own
/// store: theirs stay as copies, since their messages have ids of their own.
fn set_aside(
    found: &[Session],
    known: &mut HashMap<String, Captured>,
    ledger: &mut dyn Ledger,
) -> Result<()> {
    for session in found {
        // Parsing what is remembered of every session would be too much.
        let Some(captured) = known.get(&session.native_id).filter(|c| c.progress.contains(FOREIGN)) else {
            continue;
        };
        let Some(id) = foreign(captured) else { continue };
        let native_id = copy_id(&id);
        ledger.rename(captured, &native_id)?;
        if let Some(mut captured) = known.remove(&session.native_id) {
            captured.parent_native = Some(std::mem::replace(&mut captured.native_id, native_id.clone()));
            known.insert(native_id, captured);
        }
    }
    Ok(())
}

/// What a tool opened is closed again, however the capture ends.
struct Open<'a> {
    tool: &'a dyn Tool,
    roots: &'a [PathBuf],
}

impl Open<'_> {
    fn close(&self) -> Vec<Error> {
        self.roots.iter().flat_map(|root| self.tool.finish(root)).collect()
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

/// The sessions with something new: those that grew first, then those that were never read.
fn to_read(tool: &dyn Tool, found: Vec<Session>, known: &HashMap<String, Captured>) -> Vec<Session> {
    let mut grown = Vec::new();
    let mut fresh = Vec::new();
    for session in found {
        match known.get(&session.native_id) {
            None => fresh.push(session),
            Some(captured) if !unchanged(tool, &session, captured) => grown.push(session),
            Some(_) => {}
        }
    }
    grown.extend(order::newest_first(tool, fresh));
    grown
}

/// Whether nothing happened since, as far as one can tell without opening the transcript.
fn unchanged(tool: &dyn Tool, session: &Session, captured: &Captured) -> bool {
    let Ok(saved) = serde_json::from_str::<Saved>(&captured.progress) else { return false };
    let renamed = match (&session.title, &captured.row) {
        (Some(title), Some(row)) => row.title.as_ref() != Some(title),
        _ => false,
    };
    !renamed && tool.unchanged(session, &saved.progress)
}

/// How far a session was read; `None` when another version of us read it.
pub(super) fn saved_progress(captured: &Captured) -> Option<Progress> {
    serde_json::from_str::<Saved>(&captured.progress).ok().map(|saved| saved.progress)
}

#[cfg(test)]
mod tests;
