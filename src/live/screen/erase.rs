//! Erasing, inserting, deleting and scrolling.

use super::grid::Area;
use super::row::Slot;
use super::term::Term;

impl Term {
    /// Fills columns from..to of a row, but for cells that are kept.
    fn wipe(&mut self, y: usize, from: usize, to: usize, with: Slot, selective: bool) {
        if selective || self.guards {
            let kept: Vec<usize> =
                (from..to).filter(|x| self.keeps(self.page.grid.row(y).get(*x), selective)).collect();
            let row = self.page.grid.row_mut(y);
            let mut start = from;
            for x in kept.into_iter().chain([to]) {
                row.fill(start, x, with);
                start = x + 1;
            }
        } else {
            self.page.grid.row_mut(y).fill(from, to, with);
        }
    }

    /// What erasing fills with; selective erasing leaves colours alone.
    fn eraser(&mut self, selective: bool) -> Slot {
        if selective { Slot { glyph: 0, style: 0 } } else { self.blank() }
    }

    pub fn erase_line(&mut self, which: u16, selective: bool) {
        let (x, y, cols) = (self.x, self.y, self.cols());
        let with = self.eraser(selective);
        self.joins = false;
        match which {
            0 => {
                self.pending = false;
                self.page.grid.row_mut(y).wrapped = false;
                self.wipe(y, x, cols, with, selective);
            }
            1 => self.wipe(y, 0, x + 1, with, selective),
            2 => {
                self.page.grid.row_mut(y).wrapped = false;
                self.wipe(y, 0, cols, with, selective);
            }
            _ => {}
        }
    }

    pub fn erase_display(&mut self, which: u16, selective: bool) {
        let (x, y, cols, rows) = (self.x, self.y, self.cols(), self.rows());
        let with = self.eraser(selective);
        self.joins = false;
        let lines = match which {
            0 => {
                self.pending = false;
                self.wipe(y, x, cols, with, selective);
                self.page.grid.row_mut(y).wrapped = false;
                y + 1..rows
            }
            1 => {
                self.wipe(y, 0, x + 1, with, selective);
                0..y
            }
            2 => 0..rows,
            3 => {
                if !self.alternate {
                    self.page.grid.clear_history();
                }
                return;
            }
            _ => return,
        };
        for y in lines {
            self.wipe(y, 0, cols, with, selective);
            let row = self.page.grid.row_mut(y);
            (row.wrapped, row.marks) = (false, 0);
        }
    }

    pub fn erase_cells(&mut self, count: usize) {
        let blank = self.blank();
        let to = self.x.saturating_add(count).min(self.cols());
        self.wipe(self.y, self.x, to, blank, false);
        self.moved();
    }

    pub fn insert_cells(&mut self, count: usize) {
        self.moved();
        if (self.margins.left..self.margins.right).contains(&self.x) {
            let (x, y, right, blank) = (self.x, self.y, self.margins.right, self.blank());
            self.page.grid.row_mut(y).insert(x, count, right, blank);
        }
    }

    pub fn delete_cells(&mut self, count: usize) {
        self.moved();
        if (self.margins.left..self.margins.right).contains(&self.x) {
            let (x, y, right, blank) = (self.x, self.y, self.margins.right, self.blank());
            self.page.grid.row_mut(y).delete(x, count, right, blank);
        }
    }

    pub fn insert_lines(&mut self, count: usize) {
        if self.inside() {
            let blank = self.blank();
            let area = Area { top: self.y, ..self.margins };
            self.page.grid.scroll_down(area, count, blank);
            self.place(self.margins.left, self.y);
        }
    }

    pub fn delete_lines(&mut self, count: usize) {
        if self.inside() {
            let blank = self.blank();
            let area = Area { top: self.y, ..self.margins };
            self.page.grid.scroll_up(area, count, blank, false);
            self.place(self.margins.left, self.y);
        }
    }

    /// Moves what stands from a column to the right margin, in all rows between the margins, by
    /// `count` columns: to the right, or to the left.
    pub fn shift_columns(&mut self, from: usize, count: usize, right: bool) {
        let (m, blank) = (self.margins, self.blank());
        for y in m.top..m.bottom {
            let row = self.page.grid.row_mut(y);
            if right {
                row.insert(from, count, m.right, blank);
            } else {
                row.delete(from, count, m.right, blank);
            }
        }
    }
}
