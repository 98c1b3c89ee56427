//! Rectangles: copied, filled, erased, changed, and summed up (VT420).

use super::grid::Area;
use super::modes::{ansi, private};
use super::parse::Sequence;
use super::row::{CLUSTER, RIGHT, Slot, VALUE};
use super::style::flag;
use super::term::Term;

impl Term {
    pub fn rectangle(&mut self, seq: &Sequence) {
        match seq.last {
            b'p' => {
                let (mode, state) = (seq.number(0), self.modes.report_ansi(seq.number(0)));
                self.reports.reply(format!("\x1b[{mode};{state}$y"));
            }
            b'r' => self.change_area(seq, false),
            b't' => self.change_area(seq, true),
            b'v' => self.copy_area(seq),
            b'x' => {
                let c = u32::from(seq.number(0));
                if (0x20..=0x7e).contains(&c) || (0xa0..=0xff).contains(&c) {
                    let slot = Slot { glyph: c, style: self.number() };
                    if let Some(area) = self.area(seq, 1) {
                        self.fill_area(area, slot);
                    }
                }
            }
            b'z' => {
                let blank = self.blank();
                if let Some(area) = self.area(seq, 0) {
                    self.fill_area(area, blank);
                }
            }
            b'{' => {
                let Some(area) = self.area(seq, 0) else { return };
                for y in area.top..area.bottom {
                    for x in area.left..area.right {
                        let slot = self.page.grid.row(y).get(x);
                        if !self.keeps(slot, true) && slot.glyph & VALUE != 0 {
                            let blank = Slot { glyph: u32::from(' '), style: slot.style };
                            self.page.grid.row_mut(y).fill(x, x + 1, blank);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The rectangle that four numbers name, from `first` on; empty ones are the edges. In origin mode
    /// they count from the margins. `None` when it is none.
    fn area(&self, seq: &Sequence, first: usize) -> Option<Area> {
        let m = if self.modes.is(private::ORIGIN) { self.margins } else { self.all() };
        let edge = |i: usize, otherwise: usize, from: usize, most: usize| {
            let n = usize::from(seq.number(first + i));
            if n == 0 { otherwise } else { (n + from).min(most) }
        };
        let area = Area {
            top: edge(0, m.top + 1, m.top, m.bottom) - 1,
            left: edge(1, m.left + 1, m.left, m.right) - 1,
            bottom: edge(2, m.bottom, m.top, m.bottom),
            right: edge(3, m.right, m.left, m.right),
        };
        (area.top < area.bottom && area.left < area.right).then_some(area)
    }

    fn fill_area(&mut self, area: Area, with: Slot) {
        for y in area.top..area.bottom {
            self.page.grid.row_mut(y).fill(area.left, area.right, with);
        }
    }

    fn copy_area(&mut self, seq: &Sequence) {
        let Some(from) = self.area(seq, 0) else { return };
        let m = if self.modes.is(private::ORIGIN) { self.margins } else { self.all() };
        let top = usize::from(seq.count(5)) - 1 + m.top;
        let left = usize::from(seq.count(6)) - 1 + m.left;
        if top >= m.bottom || left >= m.right {
            return;
        }
        let height = from.height().min(m.bottom - top);
        let width = (from.right - from.left).min(m.right - left);
        let mut cells: Vec<Vec<Slot>> = Vec::with_capacity(height);
        for y in from.top..from.top + height {
            let row = self.page.grid.row(y);
            cells.push((from.left..from.left + width).map(|x| row.get(x)).collect());
        }
        for (y, mut cells) in (top..).zip(cells) {
            // Halves of wide characters are not copied.
            if let Some(first) = cells.first_mut().filter(|c| c.is_right()) {
                first.glyph = u32::from(' ');
            }
            if let Some(last) = cells.last_mut().filter(|c| c.is_wide()) {
                last.glyph = u32::from(' ');
            }
            let row = self.page.grid.row_mut(y);
            row.split(left);
            row.split(left + width);
            row.reach(left + width);
            row.cells[left..left + width].copy_from_slice(&cells);
        }
    }

    /// DECCARA and DECRARA: attributes set, or turned over.
    fn change_area(&mut self, seq: &Sequence, over: bool) {
        let Some(area) = self.area(seq, 0) else { return };
        let cols = self.cols();
        for y in area.top..area.bottom {
            let (mut left, mut right) = (area.left, area.right);
            if !self.rectangles {
                // A stream: from the first place to the last, as text runs.
                left = if y == area.top { left } else { 0 };
                right = if y + 1 == area.bottom { right } else { cols };
            }
            for x in left..right {
                let slot = self.page.grid.row(y).get(x);
                let mut style = self.styles.get(slot.style);
                for i in 4..seq.len().max(5) {
                    match (over, seq.number(i)) {
                        (false, n) => style.attribute(n),
                        (true, 0) => {
                            style.flags ^= flag::BOLD | flag::BLINK | flag::INVERSE;
                            style.underline = u8::from(style.underline == 0);
                        }
                        (true, 1) => style.flags ^= flag::BOLD,
                        (true, 4) => style.underline = u8::from(style.underline == 0),
                        (true, 5) => style.flags ^= flag::BLINK,
                        (true, 7) => style.flags ^= flag::INVERSE,
                        _ => {}
                    }
                }
                let number = self.styles.number(style);
                let row = self.page.grid.row_mut(y);
                row.reach(x + 1);
                row.cells[x].style = number;
            }
        }
    }

    /// DECRQCRA: the sum of the characters in a rectangle. Whoever can ask for single cells can read
    /// the screen, so ordinary builds do not answer.
    pub fn checksum(&mut self, seq: &Sequence) {
        if !self.reports.reveals {
            return;
        }
        let id = seq.number(0);
        let mut sum: u32 = 0;
        if let Some(area) = self.area(seq, 2) {
            for y in area.top..area.bottom {
                for x in area.left..area.right {
                    let slot = self.page.grid.row(y).get(x);
                    let value = slot.glyph & VALUE;
                    sum = sum.wrapping_add(match slot.glyph {
                        g if g & RIGHT != 0 => 0,
                        g if g & CLUSTER != 0 => {
                            self.styles.cluster(value).chars().map(u32::from).fold(0, u32::wrapping_add)
                        }
                        _ if value == 0 => 0x20,
                        _ => value,
                    });
                }
            }
        }
        self.reports.reply(format!("\x1bP{id}!~{:04X}\x1b\\", sum & 0xffff));
    }

    /// Whether line ends move to the first column too; told by DECRQM, used by Enter.
    pub fn new_line_mode(&self) -> bool {
        self.modes.is_ansi(ansi::NEW_LINE)
    }
}
