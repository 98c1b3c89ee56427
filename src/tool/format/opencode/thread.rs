//! One session, message by message, written once each is final.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::talk::{self, Raw};
use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Role};
use crate::sys::Clock;
use crate::tool::format::revision::{Apart, Revisions};
use crate::tool::format::value;
use crate::tool::{Head, Progress, Rank, Sink};

/// After so long without a change an answer that was never completed stays as it is: its process
/// was killed. Milliseconds.
const STALE: i64 = 60 * 60 * 1000;

/// What has to be known of the reads before.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// The messages that were written.
    pub sent: Revisions,
    /// The row of the session when it was read.
    pub stamp: String,
    /// Whether the last message was not final.
    pub waiting: bool,
    /// The latest change of a row that was seen, in milliseconds.
    pub until: i64,
}

impl Memo {
    /// What was saved.
    pub fn of(progress: &Progress) -> Self {
        serde_json::from_value(progress.memo.clone()).unwrap_or_default()
    }
}

/// The reader of one session.
pub struct Thread {
    tag: &'static str,
    /// What has to be remembered.
    pub memo: Memo,
    head: Head,
    now: Time,
    /// When the session itself began: messages from before were copied into it.
    began: Option<Time>,
    spent: f64,
    apart: Apart,
}

impl Thread {
    /// Goes on from where the last read stopped.
    pub fn new(tag: &'static str, progress: &Progress) -> Self {
        let mut memo = Memo::of(progress);
        memo.waiting = false;
        let head = progress.head.clone();
        Self { tag, memo, head, now: Clock::System.now(), began: None, spent: 0.0, apart: Apart::default() }
    }

    /// Learns about the session as a whole. `info` has the names of the JSON store.
    pub fn about(&mut self, mut info: Map<String, Value>) {
        let head = &mut self.head;
        let times = value::object(&info, "time");
        self.began = times.and_then(|t| value::millis(t, "created"));
        head.created = self.began;
        head.workdir = value::string(&info, "directory").or(head.workdir.take());
        head.version = value::string(&info, "version").or(head.version.take());
        head.parent = value::string(&info, "parentID").or(head.parent.take());
        head.interface = Some("cli".into());
        if let Some(cost) = info.get("cost").and_then(Value::as_f64) {
            head.cost_usd = Some(cost);
        }
        if let Some(title) = value::str(&info, "title").filter(|title| !talk::is_default_title(title)) {
            head.offer_title(Rank::Model, title);
        }
        for mapped in ["id", "directory", "version", "parentID", "cost", "tokens", "title"] {
            info.remove(mapped);
        }
        head.metadata.insert(self.tag.into(), Value::Object(info));
    }

    /// Keeps something that the store says about the session in a place of its own.
    pub fn keep(&mut self, key: &str, what: Value) {
        if let Some(Value::Object(own)) = self.head.metadata.get_mut(self.tag) {
            own.insert(key.into(), what);
        }
    }

    /// The session that this one is a copy of.
    pub fn fork_of(&mut self, origin: String) {
        self.head.parent = Some(origin);
    }

    /// Takes the next message unless it is still being written. `followed`: an answer comes after
    /// it. Gives `false` when this and what follows has to wait.
    pub fn take(&mut self, raw: Raw, followed: bool, sink: &mut dyn Sink) -> Result<bool> {
        let stale = raw.touched().is_none_or(|touched| touched.until(self.now) > STALE);
        if !raw.is_done() && !followed && !stale {
            self.memo.waiting = true;
            return Ok(false);
        }
        if raw.is_empty() || raw.id().is_none() {
            return Ok(true);
        }
        if raw.is_answer() {
            self.spent += raw.info.get("cost").and_then(Value::as_f64).unwrap_or(0.0);
            self.head.model = value::string(&raw.info, "modelID").or(self.head.model.take());
            self.head.provider = value::string(&raw.info, "providerID").or(self.head.provider.take());
        }
        let copied = self.began.zip(raw.created()).is_some_and(|(began, created)| created < began);
        let talk = raw.translate(self.tag, self.head.workdir.as_deref());
        for part in talk.beside {
            if !talk.messages.first().is_some_and(|m| self.memo.sent.knows(&m.msg_id)) {
                sink.beside(&serde_json::to_vec(&part)?)?;
            }
        }
        if talk.unknown > 0 && !talk.messages.first().is_some_and(|m| self.memo.sent.knows(&m.msg_id)) {
            let count = self.head.metadata.get("unknown_parts").and_then(Value::as_u64).unwrap_or(0);
            self.head.metadata.insert("unknown_parts".into(), (count + talk.unknown).into());
        }
        for mut message in talk.messages {
            if message.is_prompt() && message.role == Role::User {
                let text = message.content.iter().find_map(|block| match block {
                    Block::Text { text } => Some(text.as_str()),
                    _ => None,
                });
                self.head.offer_title(Rank::Prompt, talk::unquoted(text.unwrap_or_default()));
            }
            if copied {
                // Paid for in the session that it was copied from.
                message.usage = None;
                message.metadata.insert("copied".into(), true.into());
            }
            self.apart.name(&mut message);
            self.memo.sent.send(message, sink)?;
        }
        Ok(true)
    }

    /// Puts what has to be remembered into the progress.
    pub fn save(mut self, progress: &mut Progress, whole: bool) {
        if whole && self.head.cost_usd.is_none() && self.spent > 0.0 {
            self.head.cost_usd = Some(self.spent);
        }
        self.head.unclaimed = self.memo.sent.late();
        progress.memo = serde_json::to_value(&self.memo).unwrap_or_default();
        progress.head = self.head;
    }
}
