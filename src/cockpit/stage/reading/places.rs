//! Places: rows before and behind, laid out only when they are looked at.

use super::super::entry::{self, Desk, Entry};
use super::super::prose::Row;
use super::{MARGIN, Place, Reading, Then};

impl Reading {
    /// The rows of a message, laid out now if they were not.
    pub(super) fn rows(&mut self, i: usize) -> &[Row] {
        if self.entries.get(i).is_some_and(|entry| entry.rows.is_none()) {
            let mut codes = Vec::new();
            let rows = {
                let Self { entries, results, calls, agents, folds, paints, model, size, now, zone, .. } =
                    self;
                let entries: &[Entry] = entries;
                let result = |id: &str| {
                    let (i, b) = results.get(id)?;
                    entries.get(*i)?.said.blocks.get(*b)
                };
                let agent = |id: &str| {
                    let (name, _) = agents.iter().find(|(_, a)| a.tool_use_id.as_deref() == Some(id))?;
                    let count = entries.iter().filter(|e| e.said.agent_id.as_ref() == Some(name)).count();
                    (count > 0).then_some((name.as_str(), count))
                };
                let called = |id: &str| calls.contains_key(id);
                let desk = Desk {
                    width: size.0,
                    now: *now,
                    zone: *zone,
                    model: model.as_deref(),
                    folds,
                    result: &result,
                    agent: &agent,
                    agents,
                    called: &called,
                };
                let mut painter = |lang: &str, text: &str| paints.of(lang, text, &mut codes);
                entry::rows(&entries[i], &desk, &mut painter)
            };
            self.entries[i].rows = Some(rows);
            self.entries[i].codes = codes;
        }
        self.entries.get(i).and_then(|e| e.rows.as_deref()).unwrap_or_default()
    }

    pub(super) fn count(&mut self, i: usize) -> usize {
        self.rows(i).len()
    }

    pub(super) fn next(&mut self, at: Place) -> Option<Place> {
        if at.row + 1 < self.count(at.entry) {
            return Some(Place { row: at.row + 1, ..at });
        }
        let next = (at.entry + 1..self.entries.len()).find(|i| self.count(*i) > 0)?;
        Some(Place { entry: next, row: 0 })
    }

    pub(super) fn previous(&mut self, at: Place) -> Option<Place> {
        if at.row > 0 && self.count(at.entry) > 0 {
            return Some(Place { row: (at.row - 1).min(self.count(at.entry) - 1), ..at });
        }
        let entry = (0..at.entry.min(self.entries.len())).rev().find(|i| self.count(*i) > 0)?;
        Some(Place { entry, row: self.count(entry) - 1 })
    }

    /// Moves a place by rows, as far as there are any; and how far that was.
    pub(super) fn moved(&mut self, from: Place, by: isize) -> (Place, usize) {
        let mut at = from;
        for n in 0..by.unsigned_abs() {
            let next = if by < 0 { self.previous(at) } else { self.next(at) };
            match next {
                Some(next) => at = next,
                None => return (at, n),
            }
        }
        (at, by.unsigned_abs())
    }

    /// Puts a place on a row that there is.
    pub(super) fn clamp(&mut self, at: Place) -> Place {
        let entry = at.entry.min(self.entries.len().saturating_sub(1));
        match self.count(entry) {
            0 => {
                let at = Place { entry, row: 0 };
                self.next(at).or_else(|| self.previous(at)).unwrap_or_default()
            }
            rows => Place { entry, row: at.row.min(rows - 1) },
        }
    }

    /// Moves what is read by rows.
    pub fn step(&mut self, by: isize) {
        self.at = self.moved(self.at, by).0;
        self.settle();
    }

    /// Scrolls by rows, what is read along with it.
    pub fn scroll(&mut self, by: isize) {
        let (top, far) = self.moved(self.top, by);
        let at = self.moved(self.at, by).0;
        // At the ends there is nothing to scroll, but still something to read.
        self.at = at;
        if far > 0 {
            self.top = top;
        }
        self.settle();
    }

    /// Goes to the first message.
    pub fn top(&mut self) {
        if self.lines.start > 1 {
            self.then = Some(Then::Top);
            return;
        }
        self.at = self.clamp(Place::default());
        self.top = self.at;
        self.settle();
    }

    /// Goes to the end.
    pub fn bottom(&mut self) {
        if self.lines.end <= self.last && !self.entries.is_empty() {
            self.then = Some(Then::Bottom);
            return;
        }
        let entry = self.entries.len().saturating_sub(1);
        let row = self.count(entry).saturating_sub(1);
        self.at = self.clamp(Place { entry, row });
        self.settle();
    }

    /// Lays out what is on the screen, with what is read on it.
    pub(super) fn settle(&mut self) {
        self.at = self.clamp(self.at);
        self.top = self.clamp(self.top);
        let end = !self.entries.is_empty() && self.next(self.at).is_none();
        self.follows = end && (self.follows || self.lines.end > self.last);
        let height = self.size.1.max(1);
        let margin = MARGIN.min(height.saturating_sub(1) / 3);
        if self.at < self.top {
            self.top = self.at;
        }
        // How far down the screen it is; beyond it is far enough.
        let mut seen = self.top;
        let mut down = 0;
        while seen < self.at && down <= height {
            match self.next(seen) {
                Some(next) => (seen, down) = (next, down + 1),
                None => break,
            }
        }
        if seen < self.at {
            self.top = self.moved(self.at, -isize::try_from(height - 1 - margin).unwrap_or(0)).0;
        } else if down + margin >= height {
            let by = down + margin + 1 - height;
            self.top = self.moved(self.top, isize::try_from(by).unwrap_or(0)).0;
        } else if down < margin {
            self.top = self.moved(self.top, -isize::try_from(margin - down).unwrap_or(0)).0;
        }
        // No rows stay empty without need.
        let below = self.moved(self.top, isize::try_from(height - 1).unwrap_or(0)).1;
        if below + 1 < height {
            self.top = self.moved(self.top, -isize::try_from(height - 1 - below).unwrap_or(0)).0;
            self.moved(self.top, isize::try_from(height - 1).unwrap_or(0));
        }
    }

    /// Puts what is read on a row of the screen.
    pub fn point(&mut self, row: usize) {
        let (at, far) = self.moved(self.top, isize::try_from(row).unwrap_or(0));
        if far == row {
            self.at = at;
        }
    }
}
