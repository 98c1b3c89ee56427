//! What is counted of a transcript.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::message::{Block, Message, Usage};
use crate::model::transcript::{self, Spend};
use crate::model::{Time, TranscriptId};
use crate::tool::Progress;
use crate::transcript::page;

/// What is saved with the row: how far the tool's files were read, and what was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// How far the tool's files were read.
    pub progress: Progress,
    /// What is in the transcript.
    pub tally: Tally,
}

/// Sums over all messages of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Messages.
    pub messages: u64,
    /// Those of them that a fork has from its origin.
    pub inherited: u64,
    /// Prompts of a person.
    pub prompts: u64,
    /// Calls of tools, in every line: what the format counts.
    pub tool_calls: u64,
    /// Those of them in messages of which there is a later version.
    pub replaced_calls: u64,
    /// Names of the tools.
    pub tools: BTreeSet<String>,
    /// Tokens.
    pub usage: Usage,
    /// The same by hour and model.
    pub spend: Vec<Spend>,
    /// The earliest message; of a fork the earliest of its own.
    pub first: Option<Time>,
    /// The latest message, likewise.
    pub last: Option<Time>,
}

impl Tally {
    /// Counts a message.
    pub fn add(&mut self, message: &Message) {
        let only_inherited = self.messages == self.inherited;
        self.messages += 1;
        self.inherited += u64::from(message.is_inherited());
        // A later version of a prompt is no other prompt.
        self.prompts += u64::from(message.is_prompt() && message.replaces().is_none());
        self.tool_calls += message.tool_calls();
        self.usage = self.usage.plus(message.usage.unwrap_or_default());
        let usage = message.usage.unwrap_or_default();
        transcript::spent(&mut self.spend, message.timestamp, message.model.as_deref(), usage);
        for block in &message.content {
            if let Block::ToolUse { name, .. } = block
                && !self.tools.contains(name)
            {
                self.tools.insert(name.clone());
            }
        }
        let time = Some(message.timestamp).filter(|t| *t != Time::default());
        if only_inherited {
            // A fork begins with what it added, or where it left its origin.
            (self.first, self.last) = (time.or(self.first), time.or(self.last));
        } else if !message.is_inherited() {
            self.first = self.first.into_iter().chain(time).min();
            self.last = self.last.into_iter().chain(time).max();
        }
    }

    /// Counts everything again.
    pub fn of(sessions: &Path, id: &TranscriptId, length: u64) -> Result<Self> {
        let mut tally = Self::default();
        let mut calls = HashMap::new();
        page::every(sessions, id, length, 1..=u64::MAX, |_, message| {
            tally.add(&message);
            calls.insert(message.msg_id.clone(), message.tool_calls());
            tally.replaced_calls += message.replaces().and_then(|old| calls.get(old)).unwrap_or(&0);
            Ok(())
        })?;
        Ok(tally)
    }
}
