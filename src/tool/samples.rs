//! For tests of readers: the samples of real stores, and a sink that looks closely at what it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::format::jsonl;
use super::{Progress, Session, Sink, Skipped, Tool};
use crate::error::Result;
use crate::model::message::{Block, Message, Role, Usage};
use crate::sys::Env;

/// Takes messages as a transcript does.
#[derive(Default)]
pub struct Tape {
    /// What was taken, in order.
    pub messages: Vec<Message>,
    /// Lines beside the talk.
    pub beside: Vec<Vec<u8>>,
    /// Bytes that were read.
    pub bytes: u64,
    /// Lines that were skipped.
    pub skipped: u64,
    /// The last checkpoint.
    pub progress: Progress,
    ids: BTreeSet<String>,
}

impl Sink for Tape {
    fn message(&mut self, message: Message) -> Result<bool> {
        assert!(!message.content.is_empty(), "no content: {message:?}");
        if let Some(parent) = &message.parent_msg_id {
            assert!(self.ids.contains(parent), "unknown parent: {message:?}");
        }
        let line = serde_json::to_string(&message).expect("written");
        let again: Message = serde_json::from_str(&line).expect("read again");
        assert_eq!(again, message, "a message survives its file");
        let new = self.ids.insert(message.msg_id.clone());
        if new {
            self.messages.push(message);
        }
        Ok(new)
    }

    fn holds(&self, msg_id: &str) -> bool {
        self.ids.contains(msg_id)
    }

    fn elsewhere(&mut self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn beside(&mut self, line: &[u8]) -> Result<()> {
        self.beside.push(line.to_vec());
        Ok(())
    }

    fn read(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn skipped(&mut self, _: Skipped) {
        self.skipped += 1;
    }

    fn checkpoint(&mut self, progress: &Progress) -> Result<()> {
        // What is remembered goes through text, as in the store.
        let text = serde_json::to_string(progress).expect("written");
        self.progress = serde_json::from_str(&text).expect("read again");
        Ok(())
    }
}

impl Tape {
    /// Reads a session as it is now. What the last read left is taken up.
    pub fn read(&mut self, tool: &dyn Tool, session: &Session) {
        tool.read(session, self.progress.clone(), self).expect("read");
    }

    /// Messages that no revision replaces.
    pub fn newest(&self) -> Vec<&Message> {
        let old: BTreeSet<&str> = self.messages.iter().filter_map(|m| m.replaces()).collect();
        self.messages.iter().filter(|m| !old.contains(m.msg_id.as_str())).collect()
    }

    /// What persons asked, newest versions only.
    pub fn prompts(&self) -> Vec<String> {
        self.newest().into_iter().filter(|m| m.is_prompt()).map(|m| texts(m).join("\n")).collect()
    }

    /// What the model said, newest versions only.
    pub fn answers(&self) -> Vec<String> {
        let answers = self.newest().into_iter().filter(|m| m.role == Role::Assistant);
        answers.map(|m| texts(m).join("\n")).collect()
    }

    /// Calls: id, name, arguments; newest versions only.
    pub fn calls(&self) -> Vec<(String, String, Value)> {
        let blocks = self.newest().into_iter().flat_map(|m| &m.content);
        blocks
            .filter_map(|block| match block {
                Block::ToolUse { tool_use_id, name, input } => {
                    Some((tool_use_id.clone(), name.clone(), Value::Object(input.clone())))
                }
                _ => None,
            })
            .collect()
    }

    /// Results by call: text, error flag, exit status; newest versions only, each call once.
    pub fn results(&self) -> BTreeMap<String, (String, Option<bool>, Option<i64>)> {
        let mut out = BTreeMap::new();
        for block in self.newest().into_iter().flat_map(|m| &m.content) {
            if let Block::ToolResult { tool_use_id, content, is_error, exit_code, .. } = block {
                let old = out.insert(tool_use_id.clone(), (content.clone(), *is_error, *exit_code));
                assert!(old.is_none(), "two results of {tool_use_id}");
            }
        }
        out
    }

    /// The sum of tokens.
    pub fn usage(&self) -> Usage {
        let sum = self.messages.iter().filter_map(|m| m.usage).fold(Usage::default(), Usage::plus);
        sum.plus(self.progress.head.unclaimed)
    }

    /// The title that came out best.
    pub fn title(&self) -> Option<&str> {
        self.progress.head.title.as_ref().map(|(_, title)| title.as_str())
    }
}

/// The words of a message.
pub fn texts(message: &Message) -> Vec<&str> {
    let blocks = message.content.iter();
    blocks
        .filter_map(|block| match block {
            Block::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The samples of a tool: the name, what is known of it, and its home folder.
pub fn cases(tool: &str) -> Vec<(String, Value, PathBuf)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools").join(tool);
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).expect("samples") {
        let path = entry.expect("an entry").path();
        if let Ok(text) = std::fs::read_to_string(path.join("case.json")) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            out.push((name, serde_json::from_str(&text).expect("JSON"), path.join("home")));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// A copy of a sample's home that can be changed.
pub fn copy(home: &Path) -> tempfile::TempDir {
    fn tree(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("made");
        for entry in std::fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                tree(&entry.path(), &target);
            } else {
                std::fs::write(&target, std::fs::read(entry.path()).expect("read")).expect("written");
            }
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    tree(home, dir.path());
    dir
}

/// Every session that a tool has in a home.
pub fn sessions(tool: &dyn Tool, home: &Path) -> Vec<Session> {
    let env = Env::of([("HOME", home)]);
    tool.roots(&env).iter().flat_map(|root| tool.find(root).expect("found")).collect()
}

/// Reads every session of a home once, and sees that a second time there is nothing to do, and
/// that being read again from the start adds nothing.
pub fn capture(tool: &dyn Tool, home: &Path) -> BTreeMap<String, Tape> {
    let mut out = BTreeMap::new();
    for session in sessions(tool, home) {
        let mut tape = Tape::default();
        tape.read(tool, &session);
        let id = &session.native_id;
        for source in &session.sources {
            assert!(jsonl::unchanged(source, tape.progress.cursors.get(&source.key)), "{id}: {source:?}");
        }
        let (messages, bytes) = (tape.messages.len(), tape.bytes);
        tape.read(tool, &session);
        assert_eq!((tape.messages.len(), tape.bytes), (messages, bytes), "{id}: nothing is read twice");
        tape.progress.cursors.clear();
        tape.read(tool, &session);
        assert_eq!(tape.messages.len(), messages, "{id}: known messages");
        let (usage, progress) = (tape.usage(), std::mem::take(&mut tape.progress));
        tape.read(tool, &session);
        assert_eq!(tape.messages.len(), messages, "{id}: known messages, all forgotten");
        assert_eq!(tape.progress.head.title, progress.head.title, "{id}");
        assert_eq!(tape.usage(), usage, "{id}");
        assert!(out.insert(session.native_id.clone(), tape).is_none(), "{id} twice");
    }
    out
}
