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
    /// The tool's own id of the conversation, once it has told it: what a session that was lost is
    /// resumed by.
    #[serde(default)]
    pub native_id: Option<String>,
    /// The version of the tool, as far as its files say.
    #[serde(default)]
    pub version: Option<String>,
    /// The machine's boot that it was started in.
    #[serde(default)]
    pub boot: Option<String>,
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
        let this_boot = self.boot.is_none() || self.boot == proc::boot_id();
        this_boot
            && proc::alive(self.holder)
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
            native_id: self.native_id.clone(),
            since: ended.map(|e| e.at),
            notice: None,
            calls: 0,
            people: Vec::new(),
        }
    }
}

/// The run folder.
#[derive(Clone, Debug)]
pub struct Folder {
    run: PathBuf,
    /// Where records are kept as well: the run folder may be emptied when the machine starts anew.
    kept: Option<PathBuf>,
}

impl Folder {
    /// The folder at that path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { run: path.into(), kept: None }
    }

    /// The same with a second folder for records, which outlives the machine's boot.
    #[must_use]
    pub fn with_kept(self, kept: Option<PathBuf>) -> Self {
        Self { kept, ..self }
    }

    /// The second folder.
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.run
    }

    /// Makes it, private to us.
    ///
    /// # Errors
    /// `refused` when it belongs to somebody else.
    pub fn create(&self) -> Result<()> {
        // A folder below a shared one, as in /tmp/sf-UID/<home>: the upper one must be ours as well.
        if let Some(above) = self.run.parent()
            && above.file_name().is_some_and(|n| n.to_string_lossy().starts_with("sf-"))
        {
            files::private_dir(above)?;
        }
        files::private_dir(&self.run)
    }

    /// The socket of a session.
    pub fn socket(&self, id: &LiveId) -> PathBuf {
        self.run.join(format!("{id}.sock"))
    }

    /// The file of a session.
    pub fn file(&self, id: &LiveId) -> PathBuf {
        self.run.join(format!("{id}.json"))
    }

    fn last(&self, id: &LiveId) -> PathBuf {
        self.run.join(format!("{id}.last.json"))
    }

    /// Held while a session is being started, so that names stay unique.
    pub fn lock(&self) -> PathBuf {
        self.run.join("start.lock")
    }

    /// The record of a session; `None` when there is none that can be read.
    pub fn read(&self, id: &LiveId) -> Option<Record> {
        let kept = self.kept.as_ref().map(|kept| kept.join(format!("{id}.json")));
        read(&self.file(id)).or_else(|| read(&kept?))
    }

    /// Writes a record, whole or not at all.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write(&self, record: &Record) -> Result<()> {
        let (name, text) = (self.file(&record.spec.id), serde_json::to_vec(record)?);
        if let (Some(kept), Some(name)) = (&self.kept, name.file_name()) {
            files::private_dir(kept)?;
            files::write_atomic(&kept.join(name), &text)?;
        }
        files::write_atomic(&name, &text)
    }

    /// Every record, oldest first. Files that cannot be read are left out.
    ///
    /// # Errors
    /// Whatever the file system says about the folder; a missing one holds no sessions.
    pub fn all(&self) -> Result<Vec<Record>> {
        let mut all = records(&self.run)?;
        for record in self.kept.as_deref().map(records).transpose()?.unwrap_or_default() {
            if !all.iter().any(|known| known.spec.id == record.spec.id) {
                all.push(record);
            }
        }
        all.sort_by(|a, b| (a.started, &a.spec.id).cmp(&(b.started, &b.spec.id)));
        Ok(all)
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
        let kept = self.kept.as_ref().map(|kept| kept.join(format!("{id}.json")));
        for path in [self.socket(id), self.last(id), self.file(id)].into_iter().chain(kept) {
            // What is gone already need not be removed.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The records in a folder; a missing one holds none.
fn records(folder: &Path) -> Result<Vec<Record>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(crate::error::Error::from(e).at(folder.display())),
        Ok(entries) => entries,
    };
    let named = |path: &Path| {
        let id: std::result::Result<LiveId, _> = path.file_name()?.to_str()?.strip_suffix(".json")?.parse();
        id.ok()
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths.filter(|path| named(path).is_some()).filter_map(|path| read(&path)).collect())
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
