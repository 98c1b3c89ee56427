//! Going to a message, and to the next thing of a kind.

use super::super::entry::{Entry, Key, Kind};
use super::super::prose::Row;
use super::{Mark, Place, Reading, Then};
use crate::model::message::Block;

impl Reading {
    /// Goes to a message by its number, or by that of one of its versions.
    pub fn go_to(&mut self, seq: u64) {
        let known = self.entries.iter().position(|e| e.said.seq == seq || e.said.place == seq);
        let inside = self.lines.contains(&seq);
        let near = || self.entries.iter().rposition(|e| e.said.place <= seq);
        let Some(mut entry) = known.or_else(|| near().filter(|_| inside)) else {
            // What is not there is not asked for twice.
            if !inside && (1..=self.last).contains(&seq) {
                self.then = Some(Then::Message(seq));
            }
            return;
        };
        // A result is shown at its call.
        if self.entries[entry].told {
            let id = self.entries[entry].said.blocks.iter().find_map(|block| match block {
                Block::ToolResult { tool_use_id, .. } => Some(tool_use_id.clone()),
                _ => None,
            });
            entry = id.and_then(|id| self.calls.get(&id).copied()).unwrap_or(entry);
        }
        self.reveal(entry);
        self.at = self.clamp(Place { entry, row: 0 });
        self.step_over_gap();
        self.top = self.moved(self.at, -2).0;
        self.seek_in(entry);
        self.settle();
    }

    pub(super) fn step_over_gap(&mut self) {
        let at = self.at;
        if self.rows(at.entry).get(at.row).is_some_and(|row| row.line.is_empty()) {
            self.at = self.next(at).unwrap_or(at);
        }
    }

    /// Unfolds the sub-agent that a message belongs to.
    pub(super) fn reveal(&mut self, entry: usize) {
        if let Some(agent) = self.entries.get(entry).and_then(|e| e.said.agent_id.clone()) {
            let key = Key::Agent(agent.clone());
            if !self.folds.is_open(Kind::Agent, &key) {
                self.folds.set(Kind::Agent, key, true);
                self.forget_agent(&agent);
            }
        }
    }

    pub(super) fn forget_agent(&mut self, agent: &str) {
        let of = |e: &&mut Entry| e.said.agent_id.as_deref() == Some(agent);
        self.entries.iter_mut().filter(of).for_each(Entry::forget);
    }

    /// Goes to the next or the last thing of a kind; whether there was one here.
    pub fn jump(&mut self, mark: Mark, forward: bool) -> bool {
        if mark == Mark::Hit {
            return self.jump_to_hit(forward);
        }
        let is = |reading: &mut Self, at: Place| match mark {
            Mark::Prompt | Mark::Message => {
                let entry = &reading.entries[at.entry];
                let wanted = if mark == Mark::Prompt { entry.said.prompt } else { entry.head };
                let row = usize::from(entry.gap);
                wanted && at.row == row && !reading.rows(at.entry).is_empty()
            }
            Mark::Call => {
                let row = reading.rows(at.entry).get(at.row).map(|row| (row.starts, row.item));
                let Some((true, Some(item))) = row else { return false };
                matches!(reading.entries[at.entry].kind(item), Some(Kind::Call | Kind::Agent))
            }
            Mark::Code => {
                let code = |row: Option<&Row>| row.is_some_and(|row| row.line.iter().any(|(t, _)| t == "▏ "));
                let here = code(reading.rows(at.entry).get(at.row));
                here && !code(at.row.checked_sub(1).and_then(|row| reading.rows(at.entry).get(row)))
            }
            Mark::Hit => false,
        };
        // By whole messages where that is enough: far prompts are reached without laying out what lies
        // between.
        let by_message = matches!(mark, Mark::Prompt | Mark::Message);
        let mut at = self.at;
        loop {
            let next = if by_message {
                self.leap(at, forward)
            } else if forward {
                self.next(at)
            } else {
                self.previous(at)
            };
            let Some(next) = next else { break };
            at = next;
            if is(self, at) {
                self.at = at;
                self.top = self.moved(at, -2).0;
                self.settle();
                return true;
            }
        }
        let more = if forward { self.lines.end <= self.last } else { self.lines.start > 1 };
        if more {
            self.then = Some(Then::Jump(mark, forward));
        }
        more
    }

    /// The row where a neighbouring message begins.
    pub(super) fn leap(&self, at: Place, forward: bool) -> Option<Place> {
        let begin = |i: usize| Place { entry: i, row: usize::from(self.entries[i].gap) };
        if forward {
            return (at.entry + 1..self.entries.len()).map(begin).next();
        }
        let here = begin(at.entry.min(self.entries.len().checked_sub(1)?));
        if at > here { Some(here) } else { at.entry.checked_sub(1).map(begin) }
    }
}
