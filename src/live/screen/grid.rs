//! The lines of a screen, and those that left it at the top.

use std::collections::VecDeque;
use std::ops::Range;

use super::row::{Row, Slot};

/// Rows of the screen, with the history in front of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    rows: VecDeque<Row>,
    /// How many of them are history.
    history: usize,
    /// What the history takes of the memory, and what it may take; 0: there is none.
    bytes: usize,
    limit: usize,
    cols: usize,
    height: usize,
    /// How many lines have left the history for good.
    lost: u64,
    /// The rows that may have changed since somebody asked.
    touched: Range<usize>,
}

/// A part of the screen; `right` and `bottom` are just outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

impl Area {
    pub fn height(self) -> usize {
        self.bottom - self.top
    }
}

impl Grid {
    pub fn new(cols: usize, height: usize, limit: usize) -> Self {
        let mut grid = Self { cols, height, limit, touched: 0..height, ..Self::default() };
        grid.rows.resize_with(height, Row::default);
        grid
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn history(&self) -> usize {
        self.history
    }

    /// What the history takes of the memory.
    pub fn history_bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the oldest line that is kept, counted since the beginning.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// All lines, from the oldest.
    pub fn all(&self) -> &VecDeque<Row> {
        &self.rows
    }

    /// Every cell there is.
    pub fn slots(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.touch(0..self.height);
        self.rows.iter_mut().flat_map(|row| &mut row.cells)
    }

    /// A line by its number from the oldest.
    pub fn line(&self, index: usize) -> Option<&Row> {
        self.rows.get(index)
    }

    pub fn row(&self, y: usize) -> &Row {
        &self.rows[self.history + y]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut Row {
        self.touch(y..y + 1);
        &mut self.rows[self.history + y]
    }

    fn touch(&mut self, rows: Range<usize>) {
        self.touched = match self.touched.is_empty() {
            true => rows,
            false => self.touched.start.min(rows.start)..self.touched.end.max(rows.end),
        };
    }

    /// The rows that may have changed since the last call, and perhaps some between them.
    pub fn take_touched(&mut self) -> Range<usize> {
        std::mem::take(&mut self.touched)
    }

    /// Takes everything apart: lines and how many of them are history.
    pub fn take(&mut self) -> (VecDeque<Row>, usize) {
        self.bytes = 0;
        (std::mem::take(&mut self.rows), std::mem::take(&mut self.history))
    }

    /// Puts lines in; all but the last `height` are history.
    pub fn put(&mut self, mut rows: VecDeque<Row>, cols: usize, height: usize) {
        while rows.len() < height {
            rows.push_back(Row::default());
        }
        (self.cols, self.height) = (cols, height);
        self.touch(0..height);
        self.history = rows.len() - height;
        self.bytes = rows.range(..self.history).map(Row::bytes).sum();
        self.rows = rows;
        self.trim();
    }

    /// Forgets the history.
    pub fn clear_history(&mut self) {
        self.lost += self.history as u64;
        self.rows.drain(..self.history);
        (self.history, self.bytes) = (0, 0);
    }

    fn trim(&mut self) {
        while self.history > 0 && self.bytes > self.limit {
            if let Some(row) = self.rows.pop_front() {
                self.bytes -= row.bytes();
            }
            self.history -= 1;
            self.lost += 1;
        }
    }

    /// The first line of the screen becomes history; a blank one comes in before the row `bottom`.
    fn push_out(&mut self, bottom: usize, with: Slot) {
        self.touch(0..bottom);
        self.bytes += self.row(0).bytes();
        self.history += 1;
        // The one that leaves for good makes room for the new one.
        let mut fresh = Row::default();
        while self.bytes > self.limit && self.history > 0 {
            let Some(row) = self.rows.pop_front() else { break };
            self.bytes -= row.bytes();
            self.history -= 1;
            self.lost += 1;
            fresh = row;
        }
        fresh.reset();
        fresh.fill(0, self.cols, with);
        if bottom == self.height {
            self.rows.push_back(fresh);
        } else {
            self.rows.insert(self.history + bottom - 1, fresh);
        }
    }

    /// Moves the lines of an area up; blank ones come in at its bottom. With `keep`, what leaves a
    /// screen of full width at the very top becomes history.
    pub fn scroll_up(&mut self, area: Area, count: usize, with: Slot, keep: bool) {
        let count = count.min(area.height());
        self.touch(area.top..area.bottom);
        if area.left > 0 || area.right < self.cols {
            return self.shift_up(area, count, with);
        }
        if keep && area.top == 0 && self.limit > 0 {
            for _ in 0..count {
                self.push_out(area.bottom, with);
            }
            return;
        }
        if count < area.height() && area.bottom == self.height && area.top == 0 {
            // The usual case on the alternate screen; the rows themselves go round.
            for _ in 0..count {
                if let Some(mut row) = self.rows.remove(self.history) {
                    row.reset();
                    row.fill(0, self.cols, with);
                    self.rows.push_back(row);
                }
            }
            return;
        }
        for y in area.top..area.bottom - count {
            self.rows.swap(self.history + y, self.history + y + count);
        }
        self.blank(area.bottom - count..area.bottom, with);
    }

    /// Moves the lines of an area down; blank ones come in at its top.
    pub fn scroll_down(&mut self, area: Area, count: usize, with: Slot) {
        let count = count.min(area.height());
        self.touch(area.top..area.bottom);
        if area.left > 0 || area.right < self.cols {
            return self.shift_down(area, count, with);
        }
        for y in (area.top + count..area.bottom).rev() {
            self.rows.swap(self.history + y, self.history + y - count);
        }
        self.blank(area.top..area.top + count, with);
    }

    fn blank(&mut self, rows: Range<usize>, with: Slot) {
        let cols = self.cols;
        for y in rows {
            let row = self.row_mut(y);
            row.reset();
            row.fill(0, cols, with);
        }
    }

    fn shift_up(&mut self, area: Area, count: usize, with: Slot) {
        for y in area.top..area.bottom - count {
            self.copy(y + count, y, area);
        }
        for y in area.bottom - count..area.bottom {
            self.row_mut(y).fill(area.left, area.right, with);
        }
    }

    fn shift_down(&mut self, area: Area, count: usize, with: Slot) {
        for y in (area.top + count..area.bottom).rev() {
            self.copy(y - count, y, area);
        }
        for y in area.top..area.top + count {
            self.row_mut(y).fill(area.left, area.right, with);
        }
    }

    fn copy(&mut self, from: usize, to: usize, area: Area) {
        self.row_mut(from).split(area.left);
        self.row_mut(from).split(area.right);
        let cells: Vec<Slot> = (area.left..area.right).map(|x| self.row(from).get(x)).collect();
        let row = self.row_mut(to);
        row.split(area.left);
        row.split(area.right);
        row.reach(area.right);
        row.cells[area.left..area.right].copy_from_slice(&cells);
        row.wrapped = false;
    }
}
