//! The AI tools: where each keeps its conversations, and how they are read.
//!
//! One file per tool. A tool turns what it finds into canonical messages and hands them to a
//! [`Sink`]; it never writes, and never touches what it reads. What several tools share lies in
//! [`mod@format`].

pub mod amp;
pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod copilot;
pub mod cursor;
pub mod format;
pub mod gemini;
pub mod hooks;
pub mod kilo_code;
pub mod launch;
pub mod opencode;
pub mod roo_code;
#[cfg(test)]
mod samples;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Result;
use crate::model::ToolId;
use crate::model::message::{Message, Usage};
use crate::sys::Env;

pub use launch::program;

/// A file that holds a session or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Names it for ever, also when the tool moves or compresses the file.
    pub key: String,
    /// Where it is now.
    pub path: PathBuf,
}

/// How far a [`Source`] was read, and how to know it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Device of the file.
    pub dev: u64,
    /// Inode of the file.
    pub ino: u64,
    /// Its size when it was read.
    pub size: u64,
    /// Its modification time then, in nanoseconds.
    pub mtime: i64,
    /// Bytes that were read (uncompressed): always at the end of a line.
    pub offset: u64,
    /// Lines that were read.
    pub line: u64,
    /// Whether the last line that was read had no line end yet.
    pub open_end: bool,
    /// Length and hash of the first bytes.
    pub head: (u64, String),
    /// Length and hash of the last bytes before `offset`.
    pub tail: (u64, String),
}

impl Cursor {
    /// For a file that is read as a whole.
    pub fn whole(meta: &std::fs::Metadata) -> Self {
        let (dev, ino, size) = (meta.dev(), meta.ino(), meta.size());
        let mtime = meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec());
        Self { dev, ino, size, mtime, offset: size, ..Self::default() }
    }
}

/// Something in a tool's files that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is a file of lines.
    #[serde(default)]
    pub line: Option<u64>,
    /// Where in the file else: an element of a list, a row of a table.
    #[serde(default)]
    pub item: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl Skipped {
    /// A whole file.
    pub fn whole(path: &Path, why: &str) -> Self {
        Self { path: path.to_owned(), line: None, item: None, why: why.to_owned() }
    }

    /// A part of a file that should be an object, and is not.
    pub fn item(path: &Path, item: impl Into<String>) -> Self {
        Self { item: Some(item.into()), ..Self::whole(path, "it is no JSON object") }
    }
}

/// A session as a tool holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The tool's own id.
    pub native_id: String,
    /// Its files, the main one first.
    pub sources: Vec<Source>,
    /// A title that the tool keeps outside of these files.
    pub title: Option<String>,
}

/// A sub-agent whose messages lie in its parent's transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubAgent {
    /// The call that started it.
    pub tool_use_id: Option<String>,
    /// Its kind, in the tool's words.
    pub kind: Option<String>,
    /// What it was asked for, in short.
    pub description: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Its messages.
    pub messages: u64,
}

/// What is known of a session as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// The best title so far, and how good it is.
    pub title: Option<(Rank, String)>,
    /// The first folder it took place in.
    pub workdir: Option<String>,
    /// The last git branch.
    pub branch: Option<String>,
    /// The last commit.
    pub commit: Option<String>,
    /// The repository's address.
    pub remote: Option<String>,
    /// The last model that answered.
    pub model: Option<String>,
    /// Who serves the model.
    pub provider: Option<String>,
    /// `low`, `medium` or `high`.
    pub effort: Option<String>,
    /// The tool's version, the last one seen.
    pub version: Option<String>,
    /// `cli`, `exec`, `vscode`, ….
    pub interface: Option<String>,
    /// The tool's id of the session that this one was forked from, or whose sub-agent it is.
    pub parent: Option<String>,
    /// What all forks of one session share, where a fork is a copy.
    pub root: Option<String>,
    /// What the tool says it cost.
    pub cost_usd: Option<f64>,
    /// When the tool says it began.
    pub created: Option<crate::model::Time>,
    /// Tokens that no message carries, because none followed.
    pub unclaimed: Usage,
    /// Sub-agents in this transcript, by their ids.
    pub agents: BTreeMap<String, SubAgent>,
    /// Lines that were no JSON objects.
    pub skipped_lines: u64,
    /// Whatever else the tool says about the session.
    pub metadata: Map<String, Value>,
}

/// How good a title is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// The first prompt, which a fork has from its origin.
    Inherited,
    /// The first prompt.
    Prompt,
    /// Made by a model.
    Model,
    /// Given by a person.
    Person,
}

impl Head {
    /// Takes a title if it is better than the present one, or as good and newer; of prompts the
    /// first one counts.
    pub fn offer_title(&mut self, rank: Rank, text: &str) {
        let better = match &self.title {
            None => true,
            Some((old, _)) if rank <= Rank::Prompt => rank > *old,
            Some((old, _)) => rank >= *old,
        };
        if better && let Some(line) = format::text::title(text) {
            self.title = Some((rank, line));
        }
    }
}

/// What one read leaves for the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// How far each source was read, by key.
    pub cursors: BTreeMap<String, Cursor>,
    /// The session as a whole.
    pub head: Head,
    /// What the tool's reader has to remember.
    pub memo: Value,
}

/// Takes what a tool reads.
pub trait Sink {
    /// Takes the next message. Gives `false` when the transcript holds one of this id already.
    ///
    /// # Errors
    /// When it cannot be written.
    fn message(&mut self, message: Message) -> Result<bool>;

    /// Whether the transcript holds a message.
    fn holds(&self, msg_id: &str) -> bool;

    /// Among the other captured sessions of the same root, the one whose own message this is: not
    /// one that has it from its origin.
    fn elsewhere(&mut self, root: &str, msg_id: &str) -> Option<String>;

    /// Takes a line that the tool keeps beside the talk.
    ///
    /// # Errors
    /// When it cannot be written.
    fn beside(&mut self, line: &[u8]) -> Result<()>;

    /// Counts bytes that were read.
    fn read(&mut self, bytes: u64);

    /// Counts something that could not be understood, and remembers where it was.
    fn skipped(&mut self, what: Skipped);

    /// Makes everything up to here last: a read that is killed goes on from here.
    ///
    /// # Errors
    /// When it cannot be written, or the capture was cancelled.
    fn checkpoint(&mut self, progress: &Progress) -> Result<()>;
}

/// An AI tool.
pub trait Tool: Send + Sync {
    /// Its stable id.
    fn id(&self) -> ToolId;

    /// The folders in which it keeps sessions; they need not exist.
    fn roots(&self, env: &Env) -> Vec<PathBuf>;

    /// The sessions below a root. Files that cannot be read are left out.
    ///
    /// # Errors
    /// When the root itself cannot be read.
    fn find(&self, root: &Path) -> Result<Vec<Session>>;

    /// The folders below a root that hold sessions and what belongs to them, and nothing else; `*`
    /// stands for any name. Something there, and no session found, tells of a store of a generation
    /// that is not known.
    fn places(&self) -> &'static [&'static str] {
        &[]
    }

    /// What sessions have in common of which some may be forks or parts of others: any text of the
    /// tool's choice, or the native id of the session that this one comes from. `None` for a session
    /// that stands alone.
    fn family(&self, session: &Session) -> Option<String> {
        let _ = session;
        None
    }

    /// Where a session that was never read comes in its family, smallest first: a fork after its
    /// origin.
    fn age(&self, session: &Session) -> i64 {
        let _ = session;
        0
    }

    /// When a session was last written; sessions that were never read are read newest first.
    fn changed(&self, session: &Session) -> SystemTime {
        let source = session.sources.first();
        let meta = source.and_then(|source| std::fs::metadata(&source.path).ok());
        meta.and_then(|meta| meta.modified().ok()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether nothing happened to a session since it was read: asked before its transcript is
    /// opened, so it has to be cheap. A tool that keeps many sessions in one database looks at rows.
    fn unchanged(&self, session: &Session, progress: &Progress) -> bool {
        session.sources.iter().all(|s| format::jsonl::unchanged(s, progress.cursors.get(&s.key)))
    }

    /// Reads what is new since the last time.
    ///
    /// A source that is no longer what it was is read again from its start, and then so are the
    /// others of the session: the sink knows which messages it has. A source that is gone is left
    /// alone.
    ///
    /// # Errors
    /// Those of the sink. A file that cannot be read ends as if it had no more lines.
    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()>;

    /// Lets go of what [`Tool::find`] opened below a root, and says what had to be left out and why:
    /// a file that nobody may read, a store that is damaged, locked or of an unknown version.
    fn finish(&self, root: &Path) -> Vec<crate::error::Error> {
        format::disk::finish(root)
    }

    /// Whether this is no tool but an import of what was recorded elsewhere.
    fn imports(&self) -> bool {
        false
    }

    /// The id that a session's transcript should have, where somebody gave it one already.
    fn preferred(&self, session: &Session) -> Option<crate::model::TranscriptId> {
        let _ = session;
        None
    }

    /// The native ids of sessions below a root that a running process of the tool holds.
    fn live(&self, root: &Path) -> Vec<String> {
        let _ = root;
        Vec::new()
    }
}

/// The list: one line for each tool.
static ALL: [&dyn Tool; 10] = [
    &claude_code::ClaudeCode,
    &codex::Codex,
    &gemini::Gemini,
    &copilot::Copilot,
    &cursor::CURSOR,
    &amp::Amp,
    &cline::Cline,
    &roo_code::RooCode,
    &kilo_code::KiloCode,
    &opencode::OPENCODE,
];

/// Every tool that can be read.
pub fn all() -> &'static [&'static dyn Tool] {
    &ALL
}

/// The tool of an id, if it can be read.
pub fn get(id: ToolId) -> Option<&'static dyn Tool> {
    all().iter().copied().find(|tool| tool.id() == id)
}
