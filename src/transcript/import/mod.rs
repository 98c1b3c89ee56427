//! Import: sessions from elsewhere, by the same way as those of the tools on this machine.
//!
//! A session that is imported twice is there once. Which of the three it is decides how:
//! - **one of ours** (a `.sfs` that we wrote): its messages have the ids that a capture gives them,
//!   so it and the tool's own session are one transcript, to which only what is new is added;
//! - **a tool's own file**: read by that tool's reader, like a capture;
//! - **one of somebody else's**: the same session may have been captured here, but the messages'
//!   ids differ, so it stands beside that one as a copy: `sfs:<its id>`, with the other as parent.
//!   When it was imported first, it makes way ([`capture`] sets it aside).

mod folder;
mod lines;
mod native;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use super::capture::{self, FOREIGN, Ledger, ToolReport};
use super::{archive, sfs};
use crate::error::{At, Error, Result};
use crate::model::transcript::{Captured, TranscriptRow};
use crate::model::{HostName, ToolId, TranscriptId};
use crate::sys::Env;
use crate::sys::files;
use crate::tool::format::disk;
use crate::tool::{Progress, Session, Sink, Tool};
use folder::Folder;

/// Something at a path that can be imported.
pub struct Item {
    /// Where it was found: what the person named, or what lies in it.
    pub path: PathBuf,
    body: Body,
}

enum Body {
    Folder(Box<Folder>),
    Native(&'static dyn Tool, Session),
}

impl Item {
    fn tool(&self) -> ToolId {
        match &self.body {
            Body::Folder(folder) => folder.tool,
            Body::Native(tool, _) => tool.id(),
        }
    }

    /// The tool's own id of it.
    fn native_id(&self) -> &str {
        match &self.body {
            Body::Folder(folder) => &folder.native_id,
            Body::Native(_, session) => &session.native_id,
        }
    }
}

/// What came of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Imported {
    /// Where it was found.
    pub path: PathBuf,
    /// The transcript; `None` when there was no message in it.
    pub id: Option<TranscriptId>,
    /// The tool that held the conversation.
    pub tool: ToolId,
    /// The tool's own id of it.
    pub native_id: String,
    /// Its title.
    pub title: Option<String>,
    /// The transcript that it comes from.
    pub parent: Option<TranscriptId>,
    /// Messages that it has now.
    pub messages: u64,
    /// Those of them that are new.
    pub messages_new: u64,
    /// What was done.
    pub status: Status,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was not there.
    New,
    /// It was there, and messages were added.
    Updated,
    /// It was there.
    Unchanged,
    /// There is nothing in it.
    Empty,
}

/// What can be imported at a path. Archives and single files are unpacked below `staging`, a folder
/// of the caller's that goes away afterwards.
///
/// # Errors
/// `not_found` when there is nothing, or nothing that is known; `corrupt` and `refused` for archives.
pub fn find(path: &Path, staging: &Path) -> Result<Vec<Item>> {
    let meta = std::fs::metadata(path).at(path.display())?;
    let path = std::path::absolute(path).at(path.display())?;
    let one = |folder: Folder| vec![Item { path: path.clone(), body: Body::Folder(Box::new(folder)) }];
    if !meta.is_dir() {
        let below =
            tempfile::Builder::new().prefix("import-").tempdir_in(staging).at(staging.display())?.keep();
        if archive::is_archive(&path) {
            archive::unpack(&path, &below)?;
            return Folder::open(&archive::folder(&below)).map(one).map_err(|e| e.at(path.display()));
        }
        return Ok(natives(&path, native::file(&path, &below)?));
    }
    if path.join("messages.jsonl").exists() || path.extension().is_some_and(|e| e == "sfs") {
        return Folder::open(&path).map(one);
    }
    // A folder of them, or SessionFS's own: `~/.sessionfs`.
    let many = [path.clone(), path.join("sessions")].into_iter().flat_map(|dir| disk::entries(&dir));
    let many: Vec<PathBuf> =
        many.filter(|p| p.extension().is_some_and(|e| e == "sfs") || archive::is_archive(p)).collect();
    if many.is_empty() {
        return Ok(natives(&path, native::folder(&path)?));
    }
    let mut items = Vec::new();
    for path in many {
        items.append(&mut find(&path, staging)?);
    }
    Ok(items)
}

fn natives(path: &Path, found: Vec<(&'static dyn Tool, Session)>) -> Vec<Item> {
    let item = |(tool, session): (&'static dyn Tool, Session)| {
        // A copy in the staging folder is nobody's place.
        let own = session.sources.first().map(|s| s.path.clone()).filter(|own| own.starts_with(path));
        Item { path: own.unwrap_or_else(|| path.to_owned()), body: Body::Native(tool, session) }
    };
    found.into_iter().map(item).collect()
}

/// Records items. `rows` looks up the rows of a tool afterwards, parents included.
///
/// # Errors
/// `cancelled`; those of the ledger. An item that cannot be recorded is in the report, and the
/// others are recorded.
pub fn run(
    items: Vec<Item>,
    sessions: &Path,
    host: &HostName,
    ledger: &mut dyn Ledger,
) -> Result<(Vec<Imported>, Vec<ToolReport>)> {
    let natives: HashMap<String, String> = items
        .iter()
        .filter_map(|item| match &item.body {
            Body::Folder(folder) => Some((folder.session_id.clone(), folder.native_id.clone())),
            Body::Native(..) => None,
        })
        .collect();
    let mut by_tool: BTreeMap<ToolId, Vec<Item>> = BTreeMap::new();
    for item in items {
        by_tool.entry(item.tool()).or_default().push(item);
    }
    let (mut imported, mut reports) = (Vec::new(), Vec::new());
    let mut rounds: VecDeque<(ToolId, Vec<Item>)> = by_tool.into_iter().collect();
    while let Some((id, items)) = rounds.pop_front() {
        let before = ledger.all_captured(id)?;
        // Of several of one session each comes after the one before is recorded.
        let (mut entries, mut later, mut here) = (Vec::new(), Vec::new(), HashSet::new());
        for item in items {
            if here.insert(item.native_id().to_owned()) {
                entries.push(entry(item, &before));
            } else {
                later.push(item);
            }
        }
        if !later.is_empty() {
            rounds.push_front((id, later));
        }
        for folder in entries.iter_mut().filter_map(|e| e.folder.as_mut()) {
            // An archive names its parent by that one's id in archives; a row by the tool's own.
            let Some(parent) = folder.parent.take() else { continue };
            let known = || {
                let id = parent.parse::<TranscriptId>().ok()?;
                Some(before.iter().find(|c| c.row.as_ref().is_some_and(|r| r.id == id))?.native_id.clone())
            };
            folder.parent = Some(natives.get(&parent).cloned().or_else(known).unwrap_or(parent));
        }
        let places: Vec<(PathBuf, String)> =
            entries.iter().map(|e| (e.path.clone(), e.session.native_id.clone())).collect();
        let importer = Importer { tool: id, entries };
        let report = capture::run(&importer, &Env::default(), sessions, host, ledger)?;
        let after = ledger.all_captured(id)?;
        let rows = |list: &[Captured]| -> HashMap<String, TranscriptRow> {
            list.iter().filter_map(|c| Some((c.native_id.clone(), c.row.clone()?))).collect()
        };
        let (before, after) = (rows(&before), rows(&after));
        for (path, native_id) in places {
            if report.failed.iter().any(|(failed, _)| *failed == native_id) {
                continue;
            }
            imported.push(outcome(id, path, native_id, &before, &after));
        }
        for folder in importer.entries.iter().filter_map(|e| Some((e.folder.as_ref()?, &e.session.native_id)))
        {
            if let Some(row) = after.get(folder.1) {
                folder.0.copy_rest(&sfs::folder(sessions, &row.id))?;
            }
        }
        reports.push(report);
    }
    Ok((imported, reports))
}

fn outcome(
    tool: ToolId,
    path: PathBuf,
    native_id: String,
    before: &HashMap<String, TranscriptRow>,
    after: &HashMap<String, TranscriptRow>,
) -> Imported {
    let row = after.get(&native_id);
    let messages = row.map_or(0, |row| row.messages);
    let was = before.get(&native_id).map_or(0, |row| row.messages);
    let status = match (before.get(&native_id), row) {
        (_, None) => Status::Empty,
        (None, Some(_)) => Status::New,
        (Some(old), Some(new)) if old == new => Status::Unchanged,
        _ => Status::Updated,
    };
    Imported {
        path,
        id: row.map(|row| row.id.clone()),
        tool,
        title: row.and_then(|row| row.title.clone()),
        parent: row.and_then(|row| row.parent.clone()),
        messages,
        messages_new: messages.saturating_sub(was),
        status,
        native_id,
    }
}

struct Entry {
    path: PathBuf,
    session: Session,
    folder: Option<Folder>,
    native: Option<&'static dyn Tool>,
    /// What is remembered of a foreign one: its id in the archive.
    memo: Value,
}

/// Under which id an item is recorded.
fn entry(item: Item, known: &[Captured]) -> Entry {
    let mut folder = match item.body {
        Body::Native(tool, session) => {
            return Entry { path: item.path, session, folder: None, native: Some(tool), memo: Value::Null };
        }
        Body::Folder(folder) => *folder,
    };
    let mut native_id = folder.native_id.clone();
    let mut memo = Value::Null;
    if !folder.ours {
        memo = json!({FOREIGN: folder.session_id});
        let copy = capture::copy_id(&folder.session_id);
        // Two archives of one session are two, unless they say that they are one.
        let taken = |captured: &&Captured| {
            captured.native_id == native_id && capture::foreign(captured).as_ref() != Some(&folder.session_id)
        };
        if known.iter().any(|captured| captured.native_id == copy) || known.iter().any(|c| taken(&c)) {
            folder.parent = Some(std::mem::replace(&mut native_id, copy));
        }
    }
    let session = Session { native_id, sources: vec![folder.source()], title: None };
    Entry { path: item.path, session, folder: Some(folder), native: None, memo }
}

/// Items of one tool, as a tool: what is recorded, and how, is the same as for a capture.
struct Importer {
    tool: ToolId,
    entries: Vec<Entry>,
}

impl Importer {
    fn entry(&self, session: &Session) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.session.native_id == session.native_id)
    }
}

impl Tool for Importer {
    fn id(&self) -> ToolId {
        self.tool
    }

    fn roots(&self, _env: &Env) -> Vec<PathBuf> {
        vec![PathBuf::new()]
    }

    fn find(&self, _root: &Path) -> Result<Vec<Session>> {
        Ok(self.entries.iter().map(|entry| entry.session.clone()).collect())
    }

    fn imports(&self) -> bool {
        true
    }

    fn preferred(&self, session: &Session) -> Option<TranscriptId> {
        self.entry(session)?.folder.as_ref()?.id()
    }

    fn family(&self, session: &Session) -> Option<String> {
        let entry = self.entry(session)?;
        match (&entry.folder, entry.native) {
            (Some(folder), _) => folder.parent.clone(),
            (None, native) => native?.family(session),
        }
    }

    fn age(&self, session: &Session) -> i64 {
        self.entry(session).and_then(|entry| entry.native).map_or(0, |tool| tool.age(session))
    }

    fn changed(&self, _session: &Session) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn unchanged(&self, _session: &Session, _progress: &Progress) -> bool {
        false
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let entry = self.entry(session).ok_or_else(|| Error::internal("a session that nobody imports"))?;
        match (&entry.folder, entry.native) {
            (Some(folder), _) => folder.read(progress, entry.memo.clone(), sink),
            (None, Some(tool)) => tool.read(session, progress, sink),
            (None, None) => Ok(()),
        }
    }

    fn finish(&self, _root: &Path) -> Vec<Error> {
        let mut out = Vec::new();
        for entry in &self.entries {
            if let (Some(tool), Some(source)) = (entry.native, entry.session.sources.first()) {
                out.append(&mut tool.finish(source.path.parent().unwrap_or(&source.path)));
            }
            out.append(&mut disk::finish(&entry.path));
        }
        out
    }
}

/// A folder for what has to be unpacked; it goes away with the value.
///
/// # Errors
/// Whatever the file system says.
pub fn staging(home: &Path) -> Result<tempfile::TempDir> {
    files::private_dir(home)?;
    tempfile::Builder::new().prefix(".sf-import-").tempdir_in(home).at(home.display())
}
