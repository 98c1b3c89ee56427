//! What control characters and sequences do.

use super::modes::{ansi, private};
use super::parse::{Act, Sequence};
use super::report::Notice;
use super::row::Slot;
use super::style::flag;
use super::term::{Term, tabs};

impl Act for Term {
    fn text(&mut self, text: &str) {
        self.write(text);
    }

    fn control(&mut self, byte: u8) {
        match byte {
            0x07 => self.reports.notice(Notice::Bell),
            0x08 => self.back(1),
            0x09 => self.tab(),
            0x0a..=0x0c => self.line_feed(),
            0x0d => self.carriage_return(),
            0x0e => self.charsets.left = 1,
            0x0f => self.charsets.left = 0,
            _ => {}
        }
    }

    fn escape(&mut self, between: &[u8], last: u8) {
        match (between, last) {
            ([], b'7') => self.save(),
            ([], b'8') => self.restore(),
            ([], b'=') => self.modes.set(private::KEYPAD, true),
            ([], b'>') => self.modes.set(private::KEYPAD, false),
            ([], b'6') => self.back_index(),
            ([], b'9') => self.forward_index(),
            ([], b'c') => self.hard_reset(),
            ([], b'n') => self.charsets.left = 2,
            ([], b'o') => self.charsets.left = 3,
            ([], b'@'..=b'_') => self.c1(last + 0x40),
            ([b'#'], b'8') => self.align(),
            ([set @ (b'(' | b')' | b'*' | b'+')], _) => {
                self.charsets.lines[usize::from(set - b'(')] = matches!(last, b'0' | b'2');
            }
            _ => {}
        }
    }

    fn csi(&mut self, seq: &Sequence) {
        match (seq.mark, seq.between) {
            (0, 0) => self.plain_csi(seq),
            (b'?', 0) => self.private_csi(seq),
            (b'>' | b'<' | b'=', 0) => self.extended_csi(seq),
            (0, b'$') => self.rectangle(seq),
            (b'?', b'$') if seq.last == b'p' => self.report_private_mode(seq.number(0)),
            (0, between) => self.odd_csi(seq, between),
            _ => {}
        }
    }

    fn osc(&mut self, text: &[u8], bell: bool) {
        self.command(text, bell);
    }

    fn dcs(&mut self, head: &Sequence, data: &[u8]) {
        self.device_string(head, data);
    }
}

impl Term {
    /// The control characters above ASCII, also written as `ESC` and a letter.
    pub fn c1(&mut self, byte: u8) {
        match byte {
            0x84 => self.line_down(),
            0x85 => {
                self.line_down();
                self.x = if self.x >= self.margins.left { self.margins.left } else { 0 };
            }
            0x88 => {
                if let Some(stop) = self.tabs.get_mut(self.x) {
                    *stop = true;
                }
            }
            0x8d => self.reverse_index(),
            0x8e => self.charsets.once = Some(2),
            0x8f => self.charsets.once = Some(3),
            0x96 => self.guard(true),
            0x97 => self.guard(false),
            0x9a => self.primary_attributes(),
            _ => {}
        }
    }

    fn guard(&mut self, on: bool) {
        self.guards = true;
        self.protect(if on { flag::GUARDED } else { 0 });
    }

    /// There is one protection at a time, of either kind.
    fn protect(&mut self, kind: u16) {
        self.pen.flags = self.pen.flags & !(flag::GUARDED | flag::KEPT) | kind;
        self.pen_number = None;
    }

    fn line_down(&mut self) {
        self.moved();
        self.index();
    }

    fn line_feed(&mut self) {
        let y = self.y;
        // A line that was ended on purpose does not go on in the next.
        self.page.grid.row_mut(y).wrapped = false;
        self.line_down();
        if self.modes.is_ansi(ansi::NEW_LINE) {
            self.carriage_return();
        }
    }

    fn carriage_return(&mut self) {
        self.moved();
        let origin = self.modes.is(private::ORIGIN);
        self.x = if origin || self.x >= self.margins.left { self.margins.left } else { 0 };
    }

    fn plain_csi(&mut self, seq: &Sequence) {
        let count = usize::from(seq.count(0));
        match seq.last {
            b'@' => self.insert_cells(count),
            b'A' => self.up(count),
            b'B' => self.down(count),
            b'e' => self.place(self.x, self.y.saturating_add(count)),
            b'C' => self.right(count),
            b'a' => self.place(self.x.saturating_add(count), self.y),
            b'D' => self.back(count),
            b'E' => {
                self.down(count);
                self.carriage_return();
            }
            b'F' => {
                self.up(count);
                self.carriage_return();
            }
            b'G' | b'`' => self.address(Some(count - 1), None),
            b'd' => self.address(None, Some(count - 1)),
            b'H' | b'f' => self.address(Some(usize::from(seq.count(1)) - 1), Some(count - 1)),
            b'I' => (0..count.min(self.cols())).for_each(|_| self.tab()),
            b'Z' => (0..count.min(self.cols())).for_each(|_| self.tab_back()),
            b'J' => self.erase_display(seq.number(0), false),
            b'K' => self.erase_line(seq.number(0), false),
            b'X' => self.erase_cells(count),
            b'L' => self.insert_lines(count),
            b'M' => self.delete_lines(count),
            b'P' => self.delete_cells(count),
            b'S' => self.scroll_up(self.margins, count),
            b'T' | b'^' if seq.len() <= 1 => {
                let blank = self.blank();
                self.page.grid.scroll_down(self.margins, count, blank);
            }
            b'b' => self.repeat(count),
            b'c' if seq.number(0) == 0 => self.primary_attributes(),
            b'g' => match seq.number(0) {
                0 => {
                    if let Some(stop) = self.tabs.get_mut(self.x) {
                        *stop = false;
                    }
                }
                3 => self.tabs.fill(false),
                _ => {}
            },
            b'h' | b'l' => {
                for mode in seq.iter() {
                    self.modes.set_ansi(mode, seq.last == b'h');
                }
            }
            b'm' => {
                self.pen.apply(seq);
                self.pen_number = None;
            }
            b'n' => self.status_report(seq.number(0)),
            b'r' => self.set_rows(seq),
            b's' if self.modes.is(private::MARGINS) => self.set_columns(seq),
            b's' => self.save(),
            b'u' => self.restore(),
            b't' => self.window(seq),
            b'x' if seq.number(0) < 2 => {
                // DECREPTPARM: no parity, eight bits, 38400 baud both ways.
                let kind = seq.number(0) + 2;
                self.reports.reply(format!("\x1b[{kind};1;1;128;128;1;0x"));
            }
            _ => {}
        }
    }

    fn private_csi(&mut self, seq: &Sequence) {
        match seq.last {
            b'h' | b'l' => {
                for mode in seq.iter() {
                    self.switch(mode, seq.last == b'h');
                }
            }
            b's' => seq.iter().for_each(|mode| self.modes.save(mode)),
            b'r' => {
                for mode in seq.iter() {
                    if let Some(on) = self.modes.saved(mode) {
                        self.switch(mode, on);
                    }
                }
            }
            b'J' => self.erase_display(seq.number(0), true),
            b'K' => self.erase_line(seq.number(0), true),
            b'n' => self.private_report(seq.number(0), seq.number(1)),
            b'u' => {
                let flags = self.page.keyboard.last().copied().unwrap_or(0);
                self.reports.reply(format!("\x1b[?{flags}u"));
            }
            b'm' if seq.number(0) == 4 => {
                let keys = self.other_keys;
                self.reports.reply(format!("\x1b[>4;{keys}m"));
            }
            _ => {}
        }
    }

    fn extended_csi(&mut self, seq: &Sequence) {
        let flags = u8::try_from(seq.number(0) & 31).unwrap_or(0);
        match (seq.mark, seq.last) {
            // A VT420 of xterm's kind and a version that has what we have.
            (b'>', b'c') if seq.number(0) == 0 => self.reports.reply("\x1b[>41;390;0c"),
            (b'=', b'c') if seq.number(0) == 0 => self.reports.reply("\x1bP!|00000000\x1b\\"),
            (b'>', b'q') if seq.number(0) == 0 => {
                self.reports.reply(concat!("\x1bP>|sf ", env!("CARGO_PKG_VERSION"), "\x1b\\"));
            }
            (b'>', b'm') if seq.number(0) == 4 => {
                self.other_keys = u8::try_from(seq.number(1)).unwrap_or(0).min(2);
            }
            (b'>', b'm') if seq.len() == 0 => self.other_keys = 0,
            (b'>', b'n') if seq.number(0) == 4 => self.other_keys = 0,
            (b'>', b'u') => self.push_keyboard(flags),
            (b'<', b'u') => {
                for _ in 0..seq.count(0) {
                    if self.page.keyboard.pop().is_none() {
                        break;
                    }
                }
            }
            (b'=', b'u') => {
                let before = self.page.keyboard.pop().unwrap_or(0);
                let now = match seq.or(1, 1) {
                    2 => before | flags,
                    3 => before & !flags,
                    _ => flags,
                };
                self.page.keyboard.push(now);
            }
            _ => {}
        }
    }

    /// A program that pushes without end loses the oldest.
    fn push_keyboard(&mut self, flags: u8) {
        const MOST: usize = 16;
        if self.page.keyboard.len() == MOST {
            self.page.keyboard.remove(0);
        }
        self.page.keyboard.push(flags);
    }

    fn odd_csi(&mut self, seq: &Sequence, between: u8) {
        let count = usize::from(seq.count(0));
        match (between, seq.last) {
            (b'!', b'p') => self.soft_reset(),
            (b'"', b'p') => {
                self.soft_reset();
                self.level = u8::try_from(seq.number(0).clamp(61, 64) - 60).unwrap_or(4);
            }
            (b'"', b'q') => {
                // As in xterm, the kind that was spoken of last is the one that counts: what was guarded before
                // is erased from now on.
                self.guards = false;
                self.protect(if seq.number(0) == 1 { flag::KEPT } else { 0 });
            }
            (b' ', b'q') => self.cursor_style = u8::try_from(seq.number(0)).unwrap_or(0).min(6),
            (b' ', b'@') => self.shift_columns(self.margins.left, count, false),
            (b' ', b'A') => self.shift_columns(self.margins.left, count, true),
            (b'\'', b'}') if self.inside() => self.shift_columns(self.x, count, true),
            (b'\'', b'~') if self.inside() => self.shift_columns(self.x, count, false),
            (b'*', b'x') => self.rectangles = seq.number(0) == 2,
            (b'*', b'y') => self.checksum(seq),
            _ => {}
        }
    }

    fn repeat(&mut self, count: usize) {
        // A short sequence must not ask for hours of work.
        let count = count.min(self.cols() * self.rows());
        if let Some(c) = self.last {
            let text: String = std::iter::repeat_n(c, count).collect();
            self.write(&text);
        }
    }

    /// DECALN: the whole screen full of E.
    fn align(&mut self) {
        self.margins = self.all();
        self.modes.set(private::ORIGIN, false);
        let cols = self.cols();
        for y in 0..self.rows() {
            let row = self.page.grid.row_mut(y);
            row.reset();
            row.fill(0, cols, Slot { glyph: u32::from('E'), style: 0 });
        }
        self.place(0, 0);
    }

    fn soft_reset(&mut self) {
        for (mode, on) in [
            (private::SHOWN, true),
            (private::ORIGIN, false),
            (private::CURSOR_KEYS, false),
            (private::KEYPAD, false),
            (private::MARGINS, false),
            (private::REVERSE_WRAP, false),
            (private::WRAP, true),
        ] {
            self.modes.set(mode, on);
        }
        self.modes.set_ansi(ansi::INSERT, false);
        self.modes.set_ansi(2, false);
        self.margins = self.all();
        self.pen = super::style::Style::default();
        self.pen_number = Some(0);
        self.charsets = super::charset::Charsets::default();
        self.page.saved = super::term::Saved::default();
        self.moved();
    }

    fn hard_reset(&mut self) {
        let (cols, rows) = (self.cols(), self.rows());
        let mut fresh = Self::new(cols, rows, self.limit);
        let main = if self.alternate { &mut self.other } else { &mut self.page };
        // What was scrolled away stays; only the screen is new.
        std::mem::swap(&mut fresh.page.grid, &mut main.grid);
        std::mem::swap(&mut fresh.reports, &mut self.reports);
        fresh.styles = std::mem::take(&mut self.styles);
        (fresh.reports.title, fresh.reports.icon) = (None, None);
        fresh.reports.titles.clear();
        fresh.palette.outer = self.palette.outer;
        for y in 0..rows {
            fresh.page.grid.row_mut(y).reset();
        }
        fresh.tabs = tabs(cols);
        *self = fresh;
    }
}
