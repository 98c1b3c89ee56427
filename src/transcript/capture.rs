//! Capture: from the tools' own stores into transcripts, once and only what is new.
//!
//! For each batch: messages are appended, the small files are written, and last the [`Ledger`] records
//! the new length together with how far the tool's files were read. A process that is killed anywhere
//! in between loses nothing and repeats nothing. What is appended to a transcript is forced to the
//! disk; a session that is read for the first time is not, since that costs more than everything else
//! together: should the power fail, the transcript is shorter than recorded, and is read again.

mod known;
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
use crate::tool::{Cursor, Progress, Session, Skipped, Tool};
use crate::transcript::sfs;
use known::Known;
use recorder::Recorder;
use tally::Saved;

/// Marks, in what a reader remembers, a session that was imported from an archive of somebody else;
/// its value is the session's id there.
pub(super) const FOREIGN: &str = "foreign";

/// The id in an archive of somebody else, if a session was imported from one.
pub(super) fn foreign(captured: &Captured) -> Option<String> {
    // Parsing what is remembered of every session would be too much.
    if !captured.progress.contains(FOREIGN) {
        return None;
    }
    let saved: Saved = serde_json::from_str(&captured.progress).ok()?;
    Some(saved.progress.memo.get(FOREIGN)?.as_str()?.to_owned())
}

/// The native id of somebody else's copy of a session that we have ourselves.
pub(super) fn copy_id(session_id: &str) -> String {
    format!("sfs:{session_id}")
}

/// Who remembers what was captured.
pub trait Ledger {
    /// Gives everything that is remembered of a tool on this host, one session at a time.
    ///
    /// # Errors
    /// Those of the store.
    fn captured(&mut self, tool: ToolId, each: &mut dyn FnMut(Captured)) -> Result<()>;

    /// All of that at once.
    ///
    /// # Errors
    /// Those of the store.
    fn all_captured(&mut self, tool: ToolId) -> Result<Vec<Captured>> {
        let mut all = Vec::new();
        self.captured(tool, &mut |captured| all.push(captured))?;
        Ok(all)
    }

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

    /// Tells how far it is.
    fn progress(&mut self, pace: Pace, tool: ToolId);

    /// Whether to stop at the next safe place.
    fn cancelled(&self) -> bool;
}

/// How far a capture of one tool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Sessions done.
    pub done: u64,
    /// Of how many.
    pub total: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Of how many.
    pub of_bytes: u64,
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
    keep_memory();
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
    let mut known = Known::default();
    let mut grown = HashSet::new();
    let mut imported = Vec::new();
    {
        let found: HashMap<&str, &Session> = found.iter().map(|s| (s.native_id.as_str(), s)).collect();
        ledger.captured(tool.id(), &mut |mut captured| {
            let session = found.get(captured.native_id.as_str());
            if session.is_some() && !tool.imports() && foreign(&captured).is_some() {
                return imported.push(captured);
            }
            if session.is_some_and(|s| !unchanged(tool, s, &captured) || !whole(&captured, sessions)) {
                grown.insert(captured.native_id.clone());
            } else {
                captured.progress = String::new();
            }
            known.put(captured);
        })?;
    }
    set_aside(imported, &mut known, ledger)?;
    let mut report = ToolReport {
        tool: tool.id(),
        roots: roots.clone(),
        found: found.len() as u64,
        counts: Counts::default(),
        failed,
        skipped: Vec::new(),
        notices: Vec::new(),
    };
    let work = to_read(tool, found, &known, &grown);
    let sizes: Vec<u64> = work.iter().map(size).collect();
    let mut pace = Pace { total: work.len() as u64, of_bytes: sizes.iter().sum(), ..Pace::default() };
    for (session, size) in work.into_iter().zip(sizes) {
        if ledger.cancelled() {
            return Err(Error::cancelled());
        }
        ledger.progress(pace, tool.id());
        let mut recorder = Recorder::new(tool.id(), &session, sessions, host, &mut known, ledger)?;
        let outcome = recorder.run(tool);
        report.counts.add(&recorder.counts());
        let room = SHOWN - report.skipped.len();
        report.skipped.extend(recorder.skipped().into_iter().take(room));
        pace.done += 1;
        pace.bytes += size;
        match outcome {
            Ok(()) => {}
            Err(error) if matches!(error.code, Code::Cancelled) => return Err(error),
            Err(error) => report.failed.push((session.native_id, error)),
        }
    }
    ledger.progress(pace, tool.id());
    report.notices = open.close();
    report.counts.skipped_files = report.notices.len() as u64;
    Ok(report)
}

/// Sessions that were imported from archives of somebody else, and now are found in the tool's own
/// store: theirs stay as copies, since their messages have ids of their own.
fn set_aside(imported: Vec<Captured>, known: &mut Known, ledger: &mut dyn Ledger) -> Result<()> {
    for mut captured in imported {
        let Some(id) = foreign(&captured) else { continue };
        let native_id = copy_id(&id);
        ledger.rename(&captured, &native_id)?;
        captured.parent_native = Some(std::mem::replace(&mut captured.native_id, native_id));
        known.put(Captured { progress: String::new(), ..captured });
    }
    Ok(())
}

/// The C library gives the end of its heap back to the kernel whenever it is free, and asks for it again
/// for the next line: a fifth of the time of a capture. It stops doing so up to twice the size of the
/// largest block that was ever freed (mallopt(3), `M_TRIM_THRESHOLD`).
fn keep_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(2 << 20)));
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

/// Bytes of a session's files.
fn size(session: &Session) -> u64 {
    session.sources.iter().filter_map(|source| Some(std::fs::metadata(&source.path).ok()?.len())).sum()
}

/// The sessions with something new: those that grew first, then those that were never read.
fn to_read(tool: &dyn Tool, found: Vec<Session>, known: &Known, grown: &HashSet<String>) -> Vec<Session> {
    let (mut again, mut fresh) = (Vec::new(), Vec::new());
    for session in found {
        if grown.contains(&session.native_id) {
            again.push(session);
        } else if known.get(&session.native_id).is_none() {
            fresh.push(session);
        }
    }
    again.extend(order::newest_first(tool, fresh));
    again
}

/// Whether nothing happened since, as far as one can tell without opening the transcript.
fn unchanged(tool: &dyn Tool, session: &Session, captured: &Captured) -> bool {
    /// How far the files were read, which mostly is enough; what comes behind it is passed over.
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Cursors {
        cursors: std::collections::BTreeMap<String, Cursor>,
    }
    #[derive(serde::Deserialize)]
    struct Read {
        #[serde(default)]
        progress: Cursors,
    }
    let Ok(read) = serde_json::from_str::<Read>(&captured.progress) else { return false };
    let renamed = match (&session.title, &captured.row) {
        (Some(title), Some(row)) => row.title.as_ref() != Some(title),
        _ => false,
    };
    let quick = Progress { cursors: read.progress.cursors, ..Progress::default() };
    !renamed
        && (tool.unchanged(session, &quick)
            || saved_progress(captured).is_some_and(|whole| tool.unchanged(session, &whole)))
}

/// Whether the transcript is as long as it was left: the power may have failed before it was on the
/// disk, or somebody removed or cut it. Then it is read again while the tool still has it.
fn whole(captured: &Captured, sessions: &Path) -> bool {
    let Some(row) = &captured.row else { return true };
    let there = std::fs::metadata(sfs::messages_file(sessions, &row.id)).map_or(0, |meta| meta.len());
    there >= captured.length
}

/// How far a session was read; `None` when another version of us read it.
pub(super) fn saved_progress(captured: &Captured) -> Option<Progress> {
    serde_json::from_str::<Saved>(&captured.progress).ok().map(|saved| saved.progress)
}

#[cfg(test)]
mod tests;
