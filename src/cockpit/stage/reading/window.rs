//! The messages that are here: put together, and what belongs to what.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::super::entry::{Entry, Turn};
use super::super::talk::{Chunk, Want};
use super::{MOST, Place, Reading};
use crate::model::message::{Block, Role as Speaker};

impl Reading {
    /// The lines that an answer covers: some may show nothing, being versions of others.
    pub(super) fn covered(want: Want, chunk: &Chunk) -> Range<u64> {
        let first = chunk.said.first().map(|said| said.place);
        let last = chunk.said.last().map(|said| said.place + 1);
        match want {
            Want::Newest => first.unwrap_or(chunk.last.max(1))..chunk.last + 1,
            Want::Range(from, to) => from..to.min(chunk.last) + 1,
            Want::Around(seq) => first.unwrap_or(seq)..last.unwrap_or(seq + 1),
        }
    }

    /// Puts messages between those that are here; of two versions of a place, the new one stays.
    pub(super) fn merge(&mut self, want: Want, chunk: Chunk) {
        let covers = Self::covered(want, &chunk);
        let place =
            |at: Place, entries: &[Entry]| entries.get(at.entry).map(|e| (e.said.place, at.row, e.gap));
        let (top, at) = (place(self.top, &self.entries), place(self.at, &self.entries));
        self.lines = if self.entries.is_empty() {
            covers
        } else {
            self.lines.start.min(covers.start)..self.lines.end.max(covers.end)
        };
        self.last = self.last.max(chunk.last);
        if !chunk.agents.is_empty() {
            self.agents = chunk.agents;
        }
        let new: HashSet<u64> = chunk.said.iter().map(|said| said.place).collect();
        self.entries.retain(|entry| !new.contains(&entry.said.place));
        self.entries.extend(chunk.said.into_iter().map(Entry::new));
        self.entries.sort_by_key(|entry| entry.said.place);
        let find = |place: Option<(u64, usize, bool)>, entries: &[Entry]| {
            let (place, row, _) = place.unwrap_or_default();
            let entry =
                entries.partition_point(|e| e.said.place < place).min(entries.len().saturating_sub(1));
            Place { entry, row }
        };
        (self.top, self.at) = (find(top, &self.entries), find(at, &self.entries));
        self.trim();
        self.index();
        // With something in front, a message that was the first one begins a row later.
        for (place, before) in [(&mut self.top, top), (&mut self.at, at)] {
            let gap = self.entries.get(place.entry).is_some_and(|e| e.gap);
            let had = before.is_some_and(|(.., gap)| gap);
            place.row = (place.row + usize::from(gap)).saturating_sub(usize::from(had));
        }
        if self.follows {
            self.bottom();
        }
    }

    /// Lets go what is far away.
    pub(super) fn trim(&mut self) {
        let Some(over) = self.entries.len().checked_sub(MOST).filter(|n| *n > 0) else { return };
        if self.at.entry < self.entries.len() / 2 {
            self.entries.truncate(MOST);
            self.lines.end = self.entries.last().map_or(1, |e| e.said.place + 1);
        } else {
            self.entries.drain(..over);
            self.lines.start = self.entries.first().map_or(1, |e| e.said.place);
            self.top.entry = self.top.entry.saturating_sub(over);
            self.at.entry = self.at.entry.saturating_sub(over);
        }
    }

    /// Finds out anew what belongs to what.
    pub(super) fn index(&mut self) {
        self.results.clear();
        self.calls.clear();
        for (i, entry) in self.entries.iter().enumerate() {
            for (b, block) in entry.said.blocks.iter().enumerate() {
                match block {
                    Block::ToolResult { tool_use_id, .. } => {
                        self.results.insert(tool_use_id.clone(), (i, b));
                    }
                    Block::ToolUse { tool_use_id, .. } => {
                        self.calls.insert(tool_use_id.clone(), i);
                    }
                    _ => {}
                }
            }
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        for entry in &self.entries {
            if let Some(agent) = &entry.said.agent_id {
                *counts.entry(agent.clone()).or_default() += 1;
            }
        }
        // Threads go on where they were: a sub-agent in between takes nobody's word.
        let mut speakers: HashMap<Option<String>, Speaker> = HashMap::new();
        let (mut any, mut acted, mut thread) = (false, false, None);
        for i in 0..self.entries.len() {
            let said = &self.entries[i].said;
            let shows = |block: &Block| match block {
                Block::ToolResult { tool_use_id, .. } => !self.calls.contains_key(tool_use_id),
                Block::Text { text } | Block::Thinking { text, .. } => !text.trim().is_empty(),
                _ => true,
            };
            let told = !said.blocks.iter().any(shows);
            let agent = said.agent_id.clone();
            let leads = agent.as_ref().and_then(|agent| counts.remove(agent));
            // What the tool puts in stands in one line, and needs no speaker.
            let quiet = said.is_meta && said.role != Speaker::Assistant;
            let words = |block: &Block| matches!(block, Block::Text { .. } | Block::Image { .. });
            let mut shown = said.blocks.iter().filter(|block| shows(block));
            let acts = quiet || !shown.next().is_some_and(words);
            let ends = quiet || !shown.next_back().map_or(!acts, words);
            let head = !told && !quiet && speakers.get(&agent) != Some(&said.role);
            // Lines that stand for something lie together; words stand apart.
            let begins = leads.is_some() && agent.is_some();
            let gap = !told && any && (!acted || !begins && (head || !acts || thread != agent));
            if !told && !quiet {
                speakers.insert(agent.clone(), said.role);
            }
            let entry = &mut self.entries[i];
            if (entry.told, entry.head, entry.gap, entry.leads) != (told, head, gap, leads) {
                (entry.told, entry.head, entry.gap, entry.leads) = (told, head, gap, leads);
                entry.forget();
            }
            if !told {
                (any, acted, thread) = (true, ends || begins, agent);
            }
        }
        self.turns();
        // A call whose result has come looks otherwise.
        for entry in &mut self.entries {
            if entry.said.blocks.iter().any(|b| matches!(b, Block::ToolUse { .. })) {
                entry.forget();
            }
        }
    }

    /// Adds up what turns took, where they are here as a whole.
    pub(super) fn turns(&mut self) {
        let prompts: Vec<usize> =
            self.entries.iter().enumerate().filter(|(_, e)| e.said.prompt).map(|(i, _)| i).collect();
        for (n, at) in prompts.iter().enumerate() {
            let end =
                prompts.get(n + 1).copied().or((self.lines.end > self.last).then_some(self.entries.len()));
            let turn = end.map(|end| {
                self.entries[*at..end].iter().fold(Turn::default(), |mut turn, entry| {
                    let said = &entry.said;
                    turn.calls +=
                        said.blocks.iter().filter(|b| matches!(b, Block::ToolUse { .. })).count() as u64;
                    turn.usage = turn.usage.plus(said.usage.unwrap_or_default());
                    turn.cost += said.cost_usd.unwrap_or(0.0);
                    turn.end = turn.end.max(said.time);
                    turn
                })
            });
            let entry = &mut self.entries[*at];
            if entry.turn != turn {
                entry.turn = turn;
                entry.forget();
            }
        }
    }
}
