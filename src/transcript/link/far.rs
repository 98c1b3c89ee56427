//! Our end: a tool on a host as if it were here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{Ask, Found, Line, Say};
use crate::error::{Error, Result};
use crate::fleet::Duplex;
use crate::model::transcript::Captured;
use crate::model::{ToolId, TranscriptId};
use crate::sys::Env;
use crate::tool::{Progress, Session, Sink, Skipped, Tool};
use crate::transcript::capture::saved_progress;
use crate::transcript::sfs;

/// So many skipped lines are believed at once.
const STATED: u64 = 1_000_000;

/// A tool on a host, with what it has there.
pub struct Far {
    tool: ToolId,
    sessions: PathBuf,
    roots: Vec<PathBuf>,
    found: HashMap<String, Found>,
    /// Roots that could not be read, and why.
    pub failed: Vec<(String, Error)>,
    ids: HashMap<String, TranscriptId>,
    /// One question at a time; only one capture reads, so nobody ever waits for it.
    talk: Mutex<Talk>,
}

struct Talk {
    line: Line,
    /// Whether the host can say what it left out.
    details: bool,
    /// Which sessions share a root.
    families: HashMap<String, HashSet<String>>,
    broken: Option<Error>,
}

impl Far {
    /// Asks what a tool has on a host. Blocking: not for the runtime's own threads.
    ///
    /// # Errors
    /// `unreachable` when the link breaks.
    pub fn list(
        io: Duplex,
        tool: ToolId,
        sessions: PathBuf,
        captured: &[Captured],
        handle: Handle,
        cancel: CancellationToken,
    ) -> Result<Self> {
        let mut line = Line::new(io, handle, cancel);
        let known: BTreeMap<String, Progress> = captured
            .iter()
            .filter_map(|c| {
                let progress = saved_progress(c)?;
                // What is known of the session as a whole is large, and no business of the host.
                Some((c.native_id.clone(), Progress { head: Default::default(), ..progress }))
            })
            .collect();
        line.put(&Ask::List { tool: tool.to_string(), known, details: true })?;
        let mut found = HashMap::new();
        let (details, roots, failed) = loop {
            match line.get()?.ok_or_else(ended)? {
                Say::Found(session) => drop(found.insert(session.native_id.clone(), *session)),
                Say::Listed { details, roots, failed } => break (details, roots, failed),
                _ => return Err(strange()),
            }
        };
        let mut families: HashMap<String, HashSet<String>> = HashMap::new();
        for (root, native_id) in captured.iter().filter_map(|c| Some((c.root.clone()?, &c.native_id))) {
            families.entry(root).or_default().insert(native_id.clone());
        }
        let row = |c: &Captured| Some((c.native_id.clone(), c.row.as_ref()?.id.clone()));
        let ids = captured.iter().filter_map(row).collect();
        let talk = Mutex::new(Talk { line, details, families, broken: None });
        Ok(Self { tool, sessions, roots, found, failed, ids, talk })
    }

    /// How many sessions the host has.
    pub fn find_all(&self) -> u64 {
        self.found.len() as u64
    }

    /// Why nothing more comes from that host, if so.
    pub fn broken(&self) -> Option<Error> {
        self.talk().broken.clone()
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The messages of a session's transcript.
    fn held(&self, native_id: &str) -> HashSet<String> {
        self.ids.get(native_id).map(|id| sfs::message_ids(&self.sessions, id)).unwrap_or_default()
    }
}

impl Tool for Far {
    fn id(&self) -> ToolId {
        self.tool
    }

    fn roots(&self, _env: &Env) -> Vec<PathBuf> {
        self.roots.clone()
    }

    /// All of them under the first root: which one a session lies below is the host's business.
    fn find(&self, root: &Path) -> Result<Vec<Session>> {
        if self.roots.first().is_none_or(|first| first != root) {
            return Ok(Vec::new());
        }
        Ok(self.found.values().map(Found::session).collect())
    }

    fn family(&self, session: &Session) -> Option<String> {
        self.found.get(&session.native_id)?.family.clone()
    }

    fn changed(&self, session: &Session) -> SystemTime {
        let ms = self.found.get(&session.native_id).map_or(0, |found| found.changed);
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    fn age(&self, session: &Session) -> i64 {
        self.found.get(&session.native_id).map_or(0, |found| found.age)
    }

    fn unchanged(&self, session: &Session, _progress: &Progress) -> bool {
        self.found.get(&session.native_id).is_some_and(|found| found.unchanged)
    }

    fn read(&self, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
        let mut talk = self.talk();
        if let Some(broken) = &talk.broken {
            return Err(broken.clone());
        }
        let held = self.held(&session.native_id);
        let ask = Ask::Read { native_id: session.native_id.clone(), progress: Box::new(progress), held };
        match talk.read(&session.native_id, &ask, sink) {
            Ok(outcome) => outcome,
            Err(error) => {
                // The two ends no longer agree where they are.
                talk.broken = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What the host had to leave out: all of it with the first root.
    fn finish(&self, root: &Path) -> Vec<Error> {
        let mut talk = self.talk();
        if !talk.details || talk.broken.is_some() || self.roots.first().is_none_or(|first| first != root) {
            return Vec::new();
        }
        talk.details = false;
        match talk.finish() {
            Ok(left_out) => left_out,
            Err(error) => {
                talk.broken = Some(error);
                Vec::new()
            }
        }
    }
}

impl Talk {
    fn finish(&mut self) -> Result<Vec<Error>> {
        self.line.put(&Ask::Finish)?;
        match self.line.get()?.ok_or_else(ended)? {
            Say::Finished(left_out) => Ok(left_out),
            _ => Err(strange()),
        }
    }

    /// The inner result is the session's own; the outer one ends the talk.
    fn read(&mut self, native_id: &str, ask: &Ask, sink: &mut dyn Sink) -> Result<Result<()>> {
        self.line.put(ask)?;
        loop {
            match self.line.get()?.ok_or_else(ended)? {
                Say::Message(message) => drop(sink.message(*message)?),
                Say::Beside(line) => sink.beside(&line)?,
                Say::BesideText(line) => sink.beside(line.as_bytes())?,
                Say::Read(bytes) => sink.read(bytes),
                Say::Skipped(lines) => {
                    // A host of an older version does not say where.
                    (0..lines.min(STATED))
                        .for_each(|_| sink.skipped(Skipped::whole(Path::new(""), "it is no JSON object")));
                }
                Say::SkippedAt(what) => sink.skipped(what),
                Say::Checkpoint(progress) => {
                    if let Some(root) = &progress.head.root {
                        self.families.entry(root.clone()).or_default().insert(native_id.to_owned());
                    }
                    sink.checkpoint(&progress)?;
                }
                Say::Elsewhere { root, msg_id } => {
                    let owner = sink.elsewhere(&root, &msg_id);
                    let alone = self
                        .families
                        .get(&root)
                        .is_none_or(|family| family.iter().all(|member| member == native_id));
                    self.line.put(&Ask::Elsewhere { owner, alone })?;
                }
                Say::Done { error } => return Ok(error.map_or(Ok(()), Err)),
                Say::Found(_) | Say::Listed { .. } | Say::Finished(_) => return Err(strange()),
            }
        }
    }
}

fn ended() -> Error {
    Error::unreachable("the link to the host ended")
}

fn strange() -> Error {
    Error::unsupported("the sf there says something that this one does not understand")
        .hint("`sf bootstrap --upgrade` puts this sf there")
}
