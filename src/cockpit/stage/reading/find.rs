//! Looking for a text: what is here is marked at once, the whole transcript is asked.

use super::super::entry::Key;
use super::super::prose::Row;
use super::super::seek::Needle;
use super::{Find, Place, Reading};
use crate::model::message::Block;

impl Reading {
    /// What is looked for.
    pub fn find(&self) -> Option<&Find> {
        self.find.as_ref()
    }

    /// What is looked for, to be marked.
    pub fn needle(&self) -> Option<&Needle> {
        self.find.as_ref()?.needle.as_ref()
    }

    /// Begins to look for something.
    pub fn begin_find(&mut self) {
        self.find = Some(Find { from: self.at, ..Find::default() });
    }

    /// Looks for a text; whether the whole transcript is to be asked.
    pub fn look_for(&mut self, text: &str) -> bool {
        let from = self.find.as_ref().map_or(self.at, |find| find.from);
        let needle = Needle::new(text);
        let asks = needle.is_some();
        self.find = Some(Find { text: text.to_owned(), needle, found: None, from });
        asks
    }

    /// What is looked for is looked for from here on.
    pub fn mind_here(&mut self) {
        let at = self.at;
        if let Some(find) = &mut self.find {
            find.from = at;
        }
    }

    /// Stops looking; `back` goes to where it began.
    pub fn end_find(&mut self, back: bool) {
        if let Some(find) = self.find.take().filter(|_| back) {
            self.at = find.from;
            self.settle();
        }
    }

    /// Takes in which messages have the text, and goes to the first one from where it began.
    pub fn found(&mut self, text: &str, places: Vec<u64>) {
        let Some(find) = self.find.as_mut().filter(|find| find.text == text) else { return };
        let from = find.from;
        find.found = Some(places);
        let place = self.entries.get(from.entry).map_or(0, |e| e.said.place);
        let found = self.find.as_ref().and_then(|f| f.found.as_ref());
        let next = found.and_then(|all| all.iter().find(|p| **p >= place).or(all.last()).copied());
        if let Some(next) = next {
            self.go_to(next);
        }
    }

    /// Which of the messages that have the text is read, and how many there are; `None` until that is
    /// known.
    pub fn hits(&self) -> Option<(usize, usize)> {
        let found = self.find.as_ref()?.found.as_ref()?;
        let at = self.shown_place()?;
        Some((found.iter().filter(|place| **place <= at).count(), found.len()))
    }

    /// The place that is read; a call is as far as its result.
    pub(super) fn shown_place(&self) -> Option<u64> {
        let entry = self.entries.get(self.at.entry)?;
        let results = entry.said.blocks.iter().filter_map(|block| match block {
            Block::ToolUse { tool_use_id, .. } => self.results.get(tool_use_id).map(|(i, _)| *i),
            _ => None,
        });
        let told = results.filter_map(|i| self.entries.get(i)).filter(|e| e.told).map(|e| e.said.place);
        told.chain([entry.said.place]).max()
    }

    /// Unfolds what has the text in a message, and goes to the first row of it that has it.
    pub(super) fn seek_in(&mut self, entry: usize) {
        let Some(needle) = self.needle().cloned() else { return };
        let said = &self.entries[entry].said;
        let has = |block: &Block| match block {
            Block::ToolUse { input, tool_use_id, name } => {
                let result =
                    self.results.get(tool_use_id).and_then(|(i, b)| self.entries[*i].said.blocks.get(*b));
                let out = matches!(result, Some(Block::ToolResult { content, .. }) if needle.is_in(content));
                out || needle.is_in(name)
                    || input.values().any(|v| needle.is_in(v.as_str().unwrap_or(&v.to_string())))
            }
            Block::ToolResult { content, .. } => needle.is_in(content),
            Block::Text { text } | Block::Thinking { text, .. } | Block::Summary { text } => {
                needle.is_in(text)
            }
            Block::Other(map) => needle.is_in(&serde_json::Value::Object(map.clone()).to_string()),
            Block::Image { .. } => false,
        };
        let items: Vec<u32> = (0u32..).zip(&said.blocks).filter(|(_, b)| has(b)).map(|(i, _)| i).collect();
        let place = said.place;
        for item in items {
            if let Some(kind) = self.entries[entry].kind(item) {
                self.folds.set(kind, Key::Block(place, item), true);
            }
        }
        self.entries[entry].forget();
        if let Some(row) = self.hit_rows(entry).first() {
            self.at = Place { entry, row: *row };
            self.top = self.moved(self.at, -isize::try_from(self.size.1 / 3).unwrap_or(0)).0;
        }
    }

    /// The rows of a message in which a match begins.
    pub(super) fn hit_rows(&mut self, entry: usize) -> Vec<usize> {
        let Some(needle) = self.needle().cloned() else { return Vec::new() };
        let rows: Vec<&Row> = self.rows(entry).iter().collect();
        let mut begins: Vec<usize> =
            needle.find(&rows).iter().filter_map(|spans| spans.first()).map(|s| s.0).collect();
        begins.dedup();
        begins
    }

    /// Within the message first, then to the next one that has it, around the end.
    pub(super) fn jump_to_hit(&mut self, forward: bool) -> bool {
        if self.needle().is_none() {
            return false;
        }
        let at = self.at;
        let rows = self.hit_rows(at.entry);
        let next = if forward {
            rows.iter().find(|row| **row > at.row)
        } else {
            rows.iter().rev().find(|row| **row < at.row)
        };
        if let Some(row) = next {
            self.at = Place { row: *row, ..at };
            self.settle();
            return true;
        }
        let Some(found) = self.find.as_ref().and_then(|f| f.found.clone()) else { return false };
        let low = self.entries.get(at.entry).map_or(0, |e| e.said.place);
        let high = self.shown_place().unwrap_or(low);
        let next = if forward {
            found.iter().find(|place| **place > high).or(found.first())
        } else {
            found.iter().rev().find(|place| **place < low).or(found.last())
        };
        let Some(next) = next.copied() else { return false };
        self.go_to(next);
        if !forward && let Some(row) = self.hit_rows(self.at.entry).last().copied() {
            self.at.row = row;
            self.settle();
        }
        true
    }
}
