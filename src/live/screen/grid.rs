//! The lines of a screen, and those that left it at the top.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::history::{History, Packed};
use super::row::{Row, Slot};

/// Rows of the screen, and the history in front of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    rows: VecDeque<Row>,
    history: History,
    cols: usize,
    height: usize,
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
        let mut rows = VecDeque::new();
        rows.resize_with(height, Row::default);
        Self { rows, history: History::new(limit), cols, height, touched: 0..height }
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// The lines that left at the top.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many lines there are, history included.
    pub fn len(&self) -> usize {
        self.history.len() + self.rows.len()
    }

    /// Changes every cell there is.
    pub fn each_slot(&mut self, act: &mut dyn FnMut(&mut Slot)) {
        self.touch(0..self.height);
        self.history.each_slot(act);
        self.rows.iter_mut().flat_map(|row| &mut row.cells).for_each(act);
    }

    /// A line by its number from the oldest.
    pub fn line(&self, index: usize) -> Option<Cow<'_, Row>> {
        match index.checked_sub(self.history.len()) {
            Some(y) => self.rows.get(y).map(Cow::Borrowed),
            None => self.history.get(index).map(|line| Cow::Owned(line.row())),
        }
    }

    /// Lines by their numbers from the oldest.
    pub fn lines(&self, numbers: Range<usize>) -> impl DoubleEndedIterator<Item = Cow<'_, Row>> {
        numbers.map(|index| self.line(index).unwrap_or_default())
    }

    /// What a shell marked on a line.
    pub fn marks(&self, index: usize) -> u8 {
        match index.checked_sub(self.history.len()) {
            Some(y) => self.rows.get(y).map_or(0, |row| row.marks),
            None => self.history.get(index).map_or(0, Packed::marks),
        }
    }

    pub fn row(&self, y: usize) -> &Row {
        &self.rows[y]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut Row {
        self.touch(y..y + 1);
        &mut self.rows[y]
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

    /// Takes everything apart: the history and the rows.
    pub fn take(&mut self) -> (History, VecDeque<Row>) {
        (std::mem::take(&mut self.history), std::mem::take(&mut self.rows))
    }

    /// Puts history and rows in; blank ones come below them, if they are fewer than the screen has.
    pub fn put(&mut self, (history, mut rows): (History, VecDeque<Row>), cols: usize, height: usize) {
        rows.resize_with(height, Row::default);
        (self.cols, self.height) = (cols, height);
        (self.history, self.rows) = (history, rows);
        self.touch(0..height);
    }

    /// Forgets the history.
    pub fn clear_history(&mut self) {
        self.history.clear();
    }

    /// Moves the lines of an area up; blank ones come in at its bottom. With `keep`, what leaves a
    /// screen of full width at the very top becomes history.
    pub fn scroll_up(&mut self, area: Area, count: usize, with: Slot, keep: bool) {
        let count = count.min(area.height());
        self.touch(area.top..area.bottom);
        if area.left > 0 || area.right < self.cols {
            return self.shift_up(area, count, with);
        }
        if area.top == 0 {
            let keep = keep && self.history.keeps();
            // The rows themselves go round.
            for _ in 0..count {
                let Some(mut row) = self.rows.pop_front() else { return };
                if keep {
                    self.history.push(&row);
                }
                row.reset();
                row.fill(0, self.cols, with);
                self.rows.insert(area.bottom - 1, row);
            }
            return;
        }
        for y in area.top..area.bottom - count {
            self.rows.swap(y, y + count);
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
            self.rows.swap(y, y - count);
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
