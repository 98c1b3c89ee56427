//! Where the cursor goes, and the margins that hold it.

use super::modes::private;
use super::parse::Sequence;
use super::term::Term;

impl Term {
    /// Puts the cursor on a cell of the screen.
    pub fn place(&mut self, x: usize, y: usize) {
        self.moved();
        self.x = x.min(self.cols() - 1);
        self.y = y.min(self.rows() - 1);
    }

    /// Puts it where a program says, which may count from the margins.
    pub fn address(&mut self, x: Option<usize>, y: Option<usize>) {
        let m = self.margins;
        let origin = self.modes.is(private::ORIGIN);
        let (x, y) = if origin {
            (
                x.map_or(self.x, |x| (x + m.left).min(m.right - 1)),
                y.map_or(self.y, |y| (y + m.top).min(m.bottom - 1)),
            )
        } else {
            (x.unwrap_or(self.x), y.unwrap_or(self.y))
        };
        self.place(x, y);
    }

    pub fn up(&mut self, count: usize) {
        let top = if self.y >= self.margins.top { self.margins.top } else { 0 };
        self.place(self.x, self.y.saturating_sub(count).max(top));
    }

    pub fn down(&mut self, count: usize) {
        let bottom = if self.y < self.margins.bottom { self.margins.bottom } else { self.rows() };
        self.place(self.x, self.y.saturating_add(count).min(bottom - 1));
    }

    pub fn right(&mut self, count: usize) {
        let right = if self.x < self.margins.right { self.margins.right } else { self.cols() };
        self.place(self.x.saturating_add(count).min(right - 1), self.y);
    }

    /// To the left; with reverse wrap, on from the end of the line above (as xterm does it).
    pub fn back(&mut self, mut count: usize) {
        let m = self.margins;
        let left = if self.x >= m.left { m.left } else { 0 };
        let reverse = self.modes.is(private::REVERSE_WRAP) && self.modes.is(private::WRAP);
        if reverse && self.pending {
            count -= 1;
        }
        if !reverse {
            return self.place(self.x.saturating_sub(count).max(left), self.y);
        }
        let (mut x, mut y) = (self.x, self.y);
        let mut limit = self.cols() * self.rows();
        while count > 0 && limit > 0 {
            limit -= 1;
            if x > left {
                let step = count.min(x - left);
                x -= step;
                count -= step;
                continue;
            }
            // From left of the margin, one goes on at the margin's end too.
            y = if y == m.top || y == 0 { m.bottom - 1 } else { y - 1 };
            x = m.right - 1;
            count -= 1;
        }
        self.place(x, y);
    }

    /// Whether the cursor is inside of the margins.
    pub fn inside(&self) -> bool {
        let m = self.margins;
        (m.left..m.right).contains(&self.x) && (m.top..m.bottom).contains(&self.y)
    }

    /// DECSTBM.
    pub fn set_rows(&mut self, seq: &Sequence) {
        let rows = self.rows();
        let top = usize::from(seq.count(0)) - 1;
        let bottom = usize::from(seq.or(1, u16::MAX)).min(rows);
        if top + 1 < bottom {
            (self.margins.top, self.margins.bottom) = (top, bottom);
            self.address(Some(0), Some(0));
        }
    }

    /// DECSLRM.
    pub fn set_columns(&mut self, seq: &Sequence) {
        let cols = self.cols();
        let left = usize::from(seq.count(0)) - 1;
        let right = usize::from(seq.or(1, u16::MAX)).min(cols);
        if left + 1 < right {
            (self.margins.left, self.margins.right) = (left, right);
            self.address(Some(0), Some(0));
        }
    }

    /// DECBI: a step back; at the left margin, the columns move instead.
    pub fn back_index(&mut self) {
        if self.x == self.margins.left && self.inside() {
            self.shift_columns(self.x, 1, true);
        } else {
            self.place(self.x.saturating_sub(1), self.y);
        }
    }

    /// DECFI: a step forward; at the right margin, the columns move instead.
    pub fn forward_index(&mut self) {
        if self.x + 1 == self.margins.right && self.inside() {
            self.shift_columns(self.margins.left, 1, false);
        } else if self.x + 1 < self.cols() {
            self.place(self.x + 1, self.y);
        }
    }

    /// DECSET and DECRST.
    pub fn switch(&mut self, mode: u16, on: bool) {
        match mode {
            47 => self.show(on),
            1047 => {
                if !on && self.alternate {
                    self.clear_page();
                }
                self.show(on);
            }
            1048 if on => self.save(),
            1048 => self.restore(),
            1049 if on && !self.alternate => {
                self.save();
                self.show(true);
                self.clear_page();
            }
            1049 if on => {}
            1049 => {
                if self.alternate {
                    self.clear_page();
                    self.show(false);
                    self.restore();
                }
            }
            // The mouse has one mode and one encoding at a time.
            9 | 1000..=1003 | 1005 | 1006 | 1015 | 1016 => {
                let group: &[u16] = if mode == 9 || mode < 1004 {
                    &[9, 1000, 1001, 1002, 1003]
                } else {
                    &[1005, 1006, 1015, 1016]
                };
                if on {
                    group.iter().for_each(|m| self.modes.set(*m, false));
                }
                self.modes.set(mode, on);
            }
            private::WIDE_PAGE if self.modes.is(private::ALLOW_WIDE) => {
                // The size is the person's; the rest is as promised.
                self.modes.set(mode, on);
                self.margins = self.all();
                if !self.modes.is(private::KEEP_ON_WIDE) {
                    self.clear_page();
                }
                self.place(0, 0);
            }
            private::WIDE_PAGE => {}
            private::ORIGIN => {
                self.modes.set(mode, on);
                self.address(Some(0), Some(0));
            }
            private::MARGINS => {
                self.modes.set(mode, on);
                (self.margins.left, self.margins.right) = (0, self.cols());
            }
            private::SIZE => {
                self.modes.set(mode, on);
                if on {
                    self.report_size();
                }
            }
            _ => self.modes.set(mode, on),
        }
    }

    fn show(&mut self, alternate: bool) {
        if self.alternate != alternate {
            std::mem::swap(&mut self.page, &mut self.other);
            self.alternate = alternate;
            self.joins = false;
        }
    }

    fn clear_page(&mut self) {
        let blank = self.blank();
        let cols = self.cols();
        for y in 0..self.rows() {
            let row = self.page.grid.row_mut(y);
            row.reset();
            row.fill(0, cols, blank);
        }
    }

    /// What DECRQM says of a private mode.
    pub fn report_private_mode(&mut self, mode: u16) {
        let state = match mode {
            47 | 1047 | 1049 => 2 - u8::from(self.alternate),
            1048 => 1,
            private::CLUSTERS => 3,
            // Horizontal cursor coupling: nothing is wider than the screen.
            60 => 4,
            _ => self.modes.report(mode),
        };
        self.reports.reply(format!("\x1b[?{mode};{state}$y"));
    }
}
