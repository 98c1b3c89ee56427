//! Takes messages as a transcript does, and looks closely at them.

use std::collections::HashSet;

use session_forge::error::Result;
use session_forge::model::message::Message;
use session_forge::tool::{Progress, Session, Sink, Skipped, Tool};

#[derive(Default)]
pub struct Tape {
    pub ids: HashSet<String>,
    pub progress: Progress,
    pub skipped: u64,
}

impl Sink for Tape {
    fn message(&mut self, message: Message) -> Result<bool> {
        assert!(!message.content.is_empty(), "no content: {message:?}");
        assert!(!message.msg_id.is_empty(), "no id: {message:?}");
        if let Some(parent) = &message.parent_msg_id {
            assert!(self.ids.contains(parent), "unknown parent: {message:?}");
        }
        let line = serde_json::to_string(&message).expect("written");
        let again: Message = serde_json::from_str(&line).expect("read again");
        assert_eq!(again.msg_id, message.msg_id);
        assert_eq!(again.content.len(), message.content.len());
        Ok(self.ids.insert(message.msg_id))
    }

    fn holds(&self, msg_id: &str) -> bool {
        self.ids.contains(msg_id)
    }

    fn elsewhere(&mut self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn beside(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn read(&mut self, _: u64) {}

    fn skipped(&mut self, what: Skipped) {
        assert!(!what.path.as_os_str().is_empty() && !what.why.is_empty(), "{what:?}");
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

    /// Reads once more: nothing is new.
    pub fn settled(&mut self, tool: &dyn Tool, session: &Session) {
        let before = self.ids.len();
        self.read(tool, session);
        assert_eq!(self.ids.len(), before, "a second look finds nothing new");
    }
}
