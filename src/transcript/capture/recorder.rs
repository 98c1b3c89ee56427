//! The sink that writes transcripts: one session at a time.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use super::known::Known;
use super::tally::{Saved, Tally};
use super::{Counts, Ledger, SHOWN};
use crate::error::{Error, Result};
use crate::model::message::Message;
use crate::model::transcript::{Captured, TranscriptRow};
use crate::model::{HostName, ToolId, TranscriptId};
use crate::tool::{Head, Progress, Session, Sink, Skipped, Tool};
use crate::transcript::sfs::{self, Writer};
use crate::transcript::{id, manifest, page};

/// zstd level of what is kept beside the talk.
const LEVEL: i32 = 1;

type Frame = zstd::stream::write::Encoder<'static, Vec<u8>>;

/// Takes the messages of one session.
pub struct Recorder<'a> {
    session: &'a Session,
    sessions: &'a Path,
    ledger: &'a mut dyn Ledger,
    /// All sessions of the tool, this one put back at each commit.
    known: &'a mut Known,
    captured: Captured,
    saved: Saved,
    writer: Option<Writer>,
    beside: Option<Frame>,
    /// The own messages of other sessions with the same root.
    siblings: Option<Vec<(String, HashSet<String>)>>,
    counts: Counts,
    /// The first of what was skipped.
    skipped: Vec<Skipped>,
    was_new: bool,
    changed: bool,
    /// The id that its transcript should have.
    preferred: Option<TranscriptId>,
}

impl<'a> Recorder<'a> {
    /// Goes on with a session where the last capture stopped.
    pub fn new(
        tool: ToolId,
        session: &'a Session,
        sessions: &'a Path,
        host: &HostName,
        known: &'a mut Known,
        ledger: &'a mut dyn Ledger,
    ) -> Result<Self> {
        let mut captured = known.get(&session.native_id).cloned().unwrap_or_else(|| Captured {
            row: None,
            tool,
            native_id: session.native_id.clone(),
            host: host.clone(),
            parent_native: None,
            root: None,
            length: 0,
            raw_length: 0,
            progress: String::new(),
        });
        // Progress of another version is started again; the messages are known by their ids.
        let mut saved: Saved = serde_json::from_str(&captured.progress).unwrap_or_default();
        let was_new = captured.row.is_none();
        let mut writer = None;
        if let Some(row) = &captured.row {
            let path = sfs::messages_file(sessions, &row.id);
            let there = std::fs::metadata(&path).map_or(0, |meta| meta.len());
            let whole = there >= captured.length && saved != Saved::default();
            let opened = Writer::open(sessions, &row.id, whole.then_some(captured.length))?;
            if !whole {
                // Somebody removed or cut it: read everything again.
                saved = Saved { tally: Tally::of(sessions, &row.id, opened.length())?, ..Saved::default() };
                captured.raw_length = 0;
            }
            writer = Some(opened);
        }
        Ok(Self {
            session,
            sessions,
            ledger,
            known,
            captured,
            saved,
            writer,
            beside: None,
            siblings: None,
            counts: Counts::default(),
            skipped: Vec::new(),
            was_new,
            changed: false,
            preferred: None,
        })
    }

    /// Reads what is new and records it.
    pub fn run(&mut self, tool: &dyn Tool) -> Result<()> {
        let progress = self.saved.progress.clone();
        self.preferred = tool.preferred(self.session);
        tool.read(self.session, progress, self)?;
        let renamed = match (&self.session.title, &self.captured.row) {
            (Some(title), Some(row)) => row.title.as_ref() != Some(title),
            _ => false,
        };
        if renamed {
            self.commit()?;
        }
        Ok(())
    }

    /// What was done for this session.
    pub fn counts(&self) -> Counts {
        let there = self.captured.row.is_some();
        Counts {
            sessions_new: u64::from(there && self.was_new),
            sessions_updated: u64::from(there && !self.was_new && self.changed),
            ..self.counts.clone()
        }
    }

    /// The first of what was skipped in this session.
    pub fn skipped(&mut self) -> Vec<Skipped> {
        std::mem::take(&mut self.skipped)
    }

    /// The open transcript; made for the first message.
    fn writer(&mut self) -> Result<&mut Writer> {
        if self.writer.is_none() {
            self.writer = Some(self.create()?);
        }
        self.writer.as_mut().ok_or_else(|| Error::internal("a transcript was opened and is not open"))
    }

    /// Finds an id for a new transcript, and opens it. A folder of that id that is there without
    /// being recorded is from an interrupted capture, or the record was lost: its messages stay.
    fn create(&mut self) -> Result<Writer> {
        let Captured { tool, native_id, host, .. } = &self.captured;
        let mut free = None;
        let preferred = self.preferred.clone().into_iter();
        for id in preferred.chain(id::candidates(*tool, native_id, host)?) {
            let stranger = manifest::origin(&sfs::folder(self.sessions, &id))
                .is_some_and(|origin| origin != (tool.to_string(), native_id.clone()));
            if !stranger && self.ledger.owner(&id)?.is_none() {
                free = Some(id);
                break;
            }
        }
        let id = free.ok_or_else(|| Error::internal(format!("no id is free for `{native_id}`")))?;
        let row = TranscriptRow::new(id, *tool, native_id, host);
        let writer = Writer::open(self.sessions, &row.id, None)?;
        self.saved.tally = Tally::of(self.sessions, &row.id, writer.length())?;
        self.captured.row = Some(row);
        Ok(writer)
    }

    /// Makes everything so far last, in an order in which a crash does no harm.
    fn commit(&mut self) -> Result<()> {
        let head = self.saved.progress.head.clone();
        self.captured.parent_native.clone_from(&head.parent);
        self.captured.root.clone_from(&head.root);
        if let Some(writer) = &mut self.writer {
            writer.flush(!self.was_new)?;
            self.captured.length = writer.length();
        }
        if let Some(mut row) = self.captured.row.take() {
            if let Some(frame) = self.beside.take() {
                let frame = frame.finish()?;
                self.captured.raw_length =
                    sfs::append_raw(self.sessions, &row.id, self.captured.raw_length, &frame)?;
            }
            self.fill(&mut row, &head);
            let parent = head.parent.as_ref().and_then(|p| self.known.get(p)?.row.as_ref()).map(|r| &r.id);
            let counts = {
                let Tally { prompts: turns, tool_calls, tools, .. } = self.saved.tally.clone();
                manifest::Counts { turns, tool_calls, tools }
            };
            let path = self.session.sources.first().map(|s| s.path.as_path()).unwrap_or(Path::new(""));
            let folder = sfs::folder(self.sessions, &row.id);
            manifest::write(&folder, &row, &head, &counts, path, parent)?;
            self.changed |= self.known.get(&row.native_id).and_then(|k| k.row.as_ref()) != Some(&row);
            self.captured.row = Some(row);
        }
        self.captured.progress = serde_json::to_string(&self.saved)?;
        self.ledger.commit(&self.captured)?;
        self.known.put(Captured { progress: String::new(), ..self.captured.clone() });
        Ok(())
    }

    /// The row as the tally and the head say.
    fn fill(&self, row: &mut TranscriptRow, head: &Head) {
        let Tally { messages, tool_calls, replaced_calls, usage, first, last, spend, .. } =
            self.saved.tally.clone();
        let usage = usage.plus(head.unclaimed);
        row.title =
            self.session.title.clone().or_else(|| head.title.as_ref().map(|(_, title)| title.clone()));
        row.workdir.clone_from(&head.workdir);
        row.branch.clone_from(&head.branch);
        row.model.clone_from(&head.model);
        row.messages = messages;
        row.tool_calls = tool_calls.saturating_sub(replaced_calls);
        row.tokens_in = usage.input;
        row.tokens_out = usage.output;
        row.tokens_cache_read = usage.cache_read;
        row.tokens_cache_write = usage.cache_write;
        row.spend = spend;
        row.cost_usd = head.cost_usd;
        row.created = first.or(head.created);
        row.updated = last.or(head.created);
    }

    /// How many tools a message calls that is there already. It is looked for in the file: messages
    /// are seldom revised.
    fn calls_of(&mut self, msg_id: Option<&str>) -> Result<u64> {
        let (Some(msg_id), Some(id)) = (msg_id, self.known_id().cloned()) else { return Ok(0) };
        let writer = self.writer()?;
        writer.flush(false)?;
        let length = writer.length();
        let mut calls = 0;
        page::every(self.sessions, &id, length, 1..=u64::MAX, |_, message| {
            if message.msg_id == msg_id {
                calls = message.tool_calls();
            }
            Ok(())
        })?;
        Ok(calls)
    }

    fn known_id(&self) -> Option<&TranscriptId> {
        self.captured.row.as_ref().map(|row| &row.id)
    }
}

impl Sink for Recorder<'_> {
    fn message(&mut self, message: Message) -> Result<bool> {
        let new = self.writer()?.append(&message)?;
        if new {
            self.saved.tally.replaced_calls += self.calls_of(message.replaces())?;
            self.saved.tally.add(&message);
            self.counts.messages += 1;
        }
        Ok(new)
    }

    fn holds(&self, msg_id: &str) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.holds(msg_id))
    }

    fn elsewhere(&mut self, root: &str, msg_id: &str) -> Option<String> {
        if self.siblings.is_none() {
            let own = self.known_id().cloned();
            let others = self.known.family(root).filter_map(|other| Some((other, &other.row.as_ref()?.id)));
            let others = others.filter(|(_, id)| Some(*id) != own.as_ref());
            self.siblings = Some(
                others
                    .map(|(other, id)| (other.native_id.clone(), sfs::own_ids(self.sessions, id)))
                    .collect(),
            );
        }
        let siblings = self.siblings.as_ref()?;
        siblings.iter().find(|(_, ids)| ids.contains(msg_id)).map(|(native_id, _)| native_id.clone())
    }

    fn beside(&mut self, line: &[u8]) -> Result<()> {
        let frame = match &mut self.beside {
            Some(frame) => frame,
            None => self.beside.insert(Frame::new(Vec::new(), LEVEL)?),
        };
        frame.write_all(line)?;
        frame.write_all(b"\n")?;
        Ok(())
    }

    fn read(&mut self, bytes: u64) {
        self.counts.bytes_read += bytes;
    }

    fn skipped(&mut self, what: Skipped) {
        self.counts.skipped_lines += 1;
        if self.skipped.len() < SHOWN {
            self.skipped.push(what);
        }
    }

    fn checkpoint(&mut self, progress: &Progress) -> Result<()> {
        self.saved.progress = progress.clone();
        self.saved.progress.head.skipped_lines += self.counts.skipped_lines;
        self.commit()?;
        if self.ledger.cancelled() {
            return Err(Error::cancelled());
        }
        Ok(())
    }
}
