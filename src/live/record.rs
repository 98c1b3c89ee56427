//! What lies in the run folder: a socket and a small file for each session.
//!
//! `<id>.json` is written when a program was started and once more when it ended; whoever lists
//! sessions reads these files first, so that one whose holder is gone is still known.
//! `<id>.last.json` is the last screen of a program that ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::live::{Live, LiveSpec, LiveState, ScreenText};
use crate::model::{HostName, LiveId, Time};
use crate::sys::{files, proc};

/// How long a session that ended stays listed.
pub const KEEP_ENDED: Duration = Duration::from_secs(7 * 24 * 3600);

/// One session, as its file tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was asked for; without the environment, which may hold secrets.
    pub spec: LiveSpec,
    /// What was run: program and arguments.
    pub command: Vec<String>,
    /// The working folder, absolute.
    pub workdir: String,
    /// Process id of the program.
    pub pid: u32,
    /// Process id of the holder.
    pub holder: u32,
    /// When the holder was started, in ticks since boot: with the id it names the process for good.
    #[serde(default)]
    pub holder_ticks: Option<u64>,
    /// When the program was started.
    pub started: Time,
    /// How it ended.
    #[serde(default)]
    pub ended: Option<Ended>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Exit status; 128 + signal.
    pub exit_code: i32,
    /// When.
    pub at: Time,
    /// The last title.
    #[serde(default)]
    pub title: Option<String>,
    /// The last number of columns.
    pub cols: u16,
    /// The last number of rows.
    pub rows: u16,
}

impl Record {
    /// Whether its holder runs.
    pub fn held(&self) -> bool {
        proc::alive(self.holder)
            && (self.holder_ticks.is_none() || self.holder_ticks == proc::start_ticks(self.holder))
    }

    /// Whether its program still runs, as far as the file and the process table say.
    pub fn lives(&self) -> bool {
        self.ended.is_none() && self.held()
    }

    /// The row of a session that no holder can be asked about.
    pub fn row(&self) -> Live {
        let spec = &self.spec;
        let ended = self.ended.as_ref();
        Live {
            id: spec.id.clone(),
            host: HostName::local(),
            name: spec.name.clone(),
            command: self.command.clone(),
            tool: spec.tool,
            workdir: self.workdir.clone(),
            feature: spec.feature.clone(),
            repo: spec.repo.clone(),
            state: match (ended, self.held()) {
                (Some(_), _) => LiveState::Exited,
                (None, true) => LiveState::Unknown,
                (None, false) => LiveState::Lost,
            },
            exit_code: ended.map(|e| e.exit_code),
            shared: false,
            clients: 0,
            cols: ended.map_or(spec.cols, |e| e.cols),
            rows: ended.map_or(spec.rows, |e| e.rows),
            started: self.started,
            transcript: None,
            title: ended.and_then(|e| e.title.clone()),
            pid: Some(self.pid),
        }
    }
}

/// The run folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at that path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, private to us.
    ///
    /// # Errors
    /// `refused` when it belongs to somebody else.
    pub fn create(&self) -> Result<()> {
        // A folder below a shared one, as in /tmp/sf-UID/<home>: the upper one must be ours as well.
        if let Some(above) = self.0.parent()
            && above.file_name().is_some_and(|n| n.to_string_lossy().starts_with("sf-"))
        {
            files::private_dir(above)?;
        }
        files::private_dir(&self.0)
    }

    /// The socket of a session.
    pub fn socket(&self, id: &LiveId) -> PathBuf {
        self.0.join(format!("{id}.sock"))
    }

    /// The file of a session.
    pub fn file(&self, id: &LiveId) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    fn last(&self, id: &LiveId) -> PathBuf {
        self.0.join(format!("{id}.last.json"))
    }

    /// Held while a session is being started, so that names stay unique.
    pub fn lock(&self) -> PathBuf {
        self.0.join("start.lock")
    }

    /// The record of a session; `None` when there is none that can be read.
    pub fn read(&self, id: &LiveId) -> Option<Record> {
        serde_json::from_slice(&std::fs::read(self.file(id)).ok()?).ok()
    }

    /// Writes a record, whole or not at all.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write(&self, record: &Record) -> Result<()> {
        files::write_atomic(&self.file(&record.spec.id), &serde_json::to_vec(record)?)
    }

    /// Every record, oldest first. Files that cannot be read are left out.
    ///
    /// # Errors
    /// Whatever the file system says about the folder; a missing one holds no sessions.
    pub fn all(&self) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = match std::fs::read_dir(&self.0) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(crate::error::Error::from(e).at(self.0.display())),
            Ok(entries) => entries
                .filter_map(|entry| {
                    let name = entry.ok()?.file_name();
                    let id: LiveId = name.to_str()?.strip_suffix(".json")?.parse().ok()?;
                    self.read(&id)
                })
                .collect(),
        };
        records.sort_by(|a, b| (a.started, &a.spec.id).cmp(&(b.started, &b.spec.id)));
        Ok(records)
    }

    /// Keeps the last screen of a session that ended.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write_last(&self, id: &LiveId, screen: &LastScreen) -> Result<()> {
        files::write_atomic(&self.last(id), &serde_json::to_vec(screen)?)
    }

    /// The last screen of a session that ended.
    pub fn read_last(&self, id: &LiveId) -> Option<LastScreen> {
        serde_json::from_slice(&std::fs::read(self.last(id)).ok()?).ok()
    }

    /// Removes every trace of a session.
    pub fn forget(&self, id: &LiveId) {
        for path in [self.socket(id), self.last(id), self.file(id)] {
            // What is gone already need not be removed.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The last screen of a program, with the lines that had left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastScreen {
    /// The picture without colours, and its history in front.
    pub plain: ScreenText,
    /// The same lines with colours as sequences.
    pub ansi: Vec<String>,
}

impl LastScreen {
    /// The answer to a question for the screen.
    pub fn text(self, scrollback: usize, ansi: bool) -> ScreenText {
        let history = self.plain.lines.len().saturating_sub(usize::from(self.plain.rows));
        let lines = if ansi { self.ansi } else { self.plain.lines };
        let lines = lines.into_iter().skip(history.saturating_sub(scrollback)).collect();
        ScreenText { lines, ..self.plain }
    }
}
