//! The screen as text for people and scripts, and as bytes for another screen.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::Screen;
use super::history::{Packed, Part};
use super::modes::private;
use super::row::{CLUSTER, Row, Slot, VALUE};
use super::style::{Style, flag};
use super::term::{Page, Saved, Term, joins, tabs};
use crate::model::live::ScreenText;

impl Screen {
    /// The lines of the picture from top to bottom, without colours, trailing blanks cut.
    pub fn text(&self) -> Vec<String> {
        (0..self.size().1).map(|row| self.term.plain_text(&self.line(row))).collect()
    }

    /// The text of the picture with lines that were wrapped put together again.
    pub fn contents(&self) -> String {
        let mut out = String::new();
        for row in 0..self.size().1 {
            let line = self.line(row);
            self.term.push_text(&line, &mut out);
            if !line.wrapped {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    /// The lines that have left at the top, which are kept no longer.
    pub fn take_history(&mut self) -> Vec<String> {
        let lines = self.history_lines(self.history(), false);
        self.term.page.grid.clear_history();
        self.scroll_to(0);
        lines
    }

    /// The lines of the picture with up to `scrollback` earlier lines in front; with `ansi`, colours as sequences.
    pub fn screen_text(&mut self, scrollback: usize, ansi: bool) -> ScreenText {
        let (cols, rows) = self.size();
        let cursor = self.cursor();
        let mut lines = self.history_lines(scrollback, ansi);
        if ansi {
            lines.extend((0..rows).map(|row| self.term.colored_text(&self.line(row))));
        } else {
            lines.extend(self.text());
        }
        let title = self.title().map(str::to_owned);
        ScreenText { cols, rows, cursor: (cursor.col, cursor.row), lines, title }
    }

    /// The last `count` lines that left at the top.
    fn history_lines(&self, count: usize, ansi: bool) -> Vec<String> {
        let grid = &self.term.page.grid;
        let history = grid.history().len();
        let lines = grid.lines(history - count.min(history)..history);
        let text =
            |row: Cow<Row>| if ansi { self.term.colored_text(&row) } else { self.term.plain_text(&row) };
        lines.map(text).collect()
    }

    /// All lines that are kept, history first: the text of each, and whether it goes on in the next one. Blanks at
    /// the end belong to the text of a line that goes on.
    pub fn each_line(&self, act: &mut dyn FnMut(&str, bool)) {
        let grid = &self.term.page.grid;
        let mut text = String::new();
        let mut each = |line: Packed| {
            text.clear();
            self.term.push_packed(line, &mut text);
            act(&text, line.wrapped());
        };
        (0..grid.history().len()).filter_map(|index| grid.history().get(index)).for_each(&mut each);
        let mut packed = Vec::new();
        (0..grid.height()).for_each(|y| each(Packed::of(grid.row(y), &mut packed)));
    }

    /// Which of these lines are the output of the last command that a shell marked (OSC 133).
    pub fn last_output(&self) -> Option<std::ops::Range<usize>> {
        use super::row::mark::{END, OUTPUT, PROMPT};
        let grid = &self.term.page.grid;
        let count = grid.len();
        let start = (0..count).rev().find(|index| grid.marks(*index) & OUTPUT != 0)?;
        let end = (start + 1..count).find(|index| grid.marks(*index) & (END | PROMPT) != 0).unwrap_or(count);
        let blank = grid.lines(start..end).rev().take_while(|row| row.used() == 0).count();
        (end - blank > start).then_some(start..end - blank)
    }

    /// Bytes that bring any screen of this size into this state: up to `history` earlier lines, both
    /// screens, attributes, cursors, margins, tab stops, modes, keyboard protocols, palette, titles,
    /// and the beginning of a sequence that is still coming in.
    pub fn formatted(&mut self, history: usize) -> Vec<u8> {
        let term = &self.term;
        let mut out = Dump { text: String::with_capacity(16 * 1024), term, sgr: Vec::new(), style: 0 };
        // Out of whatever the other one is in the middle of, and to plain writing.
        out.text.push_str(
            "\x18\x1b[?1049l\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b[?69l\x1b[r\x1b[?6l\x1b[4l\x1b[20l\x1b[?7h\x1b[?45l\x1b[?2026l\
             \x1b[0\"q\x1b]8;;\x1b\\\x1b[m",
        );
        let (main, alternate) =
            if term.alternate { (&term.other, Some(&term.page)) } else { (&term.page, None) };
        out.page(main, history);
        out.saved(main, term.alternate);
        if let Some(page) = alternate {
            // It puts the cursor aside on the way, which is where the main screen has it.
            out.text.push_str("\x1b[?1049h\x1b[?6l\x1b[m\x1b(B\x1b)B\x0f");
            out.page(page, 0);
            out.saved(page, false);
        }
        out.rest();
        let mut bytes = out.text.into_bytes();
        bytes.extend(self.parser.unfinished());
        bytes
    }
}

impl Term {
    /// The characters of a row, blanks between them, none at the end.
    pub fn plain_text(&self, row: &Row) -> String {
        let mut out = String::with_capacity(row.cells.len());
        self.push_text(row, &mut out);
        out.truncate(out.trim_end_matches(' ').len());
        out
    }

    /// The text of a packed line, as [`Screen::each_line`] has it.
    fn push_packed(&self, line: Packed, out: &mut String) {
        let mut unwritten = 0;
        line.parts(&mut |part| match part {
            Part::Plain(plain, _) => {
                match std::str::from_utf8(plain) {
                    Ok(text) if !plain.contains(&0) => out.push_str(text),
                    _ => {
                        out.extend(plain.iter().map(|byte| if *byte == 0 { ' ' } else { char::from(*byte) }))
                    }
                }
                let end = plain.iter().rev().take_while(|byte| **byte == 0).count();
                unwritten = if end == plain.len() { unwritten + end } else { end };
            }
            Part::Slot(slot) => {
                self.push_glyph(slot, out);
                unwritten = if slot.glyph == 0 { unwritten + 1 } else { 0 };
            }
        });
        out.truncate(if line.wrapped() { out.len() - unwritten } else { out.trim_end_matches(' ').len() });
    }

    pub fn push_text(&self, row: &Row, out: &mut String) {
        for slot in &row.cells {
            self.push_glyph(*slot, out);
        }
    }

    /// What a cell adds to a text.
    pub fn push_glyph(&self, slot: Slot, out: &mut String) {
        let value = slot.glyph & VALUE;
        match slot.glyph {
            _ if slot.is_right() => {}
            g if g & CLUSTER != 0 => out.push_str(self.styles.cluster(value)),
            _ if value == 0 => out.push(' '),
            _ => out.push(char::from_u32(value).unwrap_or(' ')),
        }
    }

    /// A row with its colours as sequences.
    fn colored_text(&self, row: &Row) -> String {
        let mut out = Dump { text: String::new(), term: self, sgr: Vec::new(), style: 0 };
        let blank = |c: &&Slot| c.glyph & !VALUE == 0 && matches!(c.glyph, 0 | 0x20) && c.style == 0;
        let end = row.cells.len() - row.cells.iter().rev().take_while(blank).count();
        row.cells[..end].iter().for_each(|slot| out.slot(*slot));
        out.style(0);
        out.text
    }
}

/// Begins a kind of protection against erasing, or ends all: not by EPA, after which erasing would still spare
/// what the other screen had guarded before.
const fn protection(flags: u16) -> &'static str {
    match flags {
        f if f & flag::KEPT != 0 => "\x1b[1\"q",
        f if f & flag::GUARDED != 0 => "\x1bV",
        _ => "\x1b[0\"q",
    }
}

/// Writes cells as bytes.
struct Dump<'a> {
    text: String,
    term: &'a Term,
    /// The sequence of each style, once it was needed.
    sgr: Vec<Option<String>>,
    style: u32,
}

impl Dump<'_> {
    fn style(&mut self, number: u32) {
        if number == self.style {
            return;
        }
        let index = number as usize;
        if self.sgr.len() <= index {
            self.sgr.resize(index + 1, None);
        }
        let (before, now) = (self.term.styles.get(self.style), self.term.styles.get(number));
        let term = self.term;
        let text = self.sgr[index].get_or_insert_with(|| match now == Style::default() {
            true => "\x1b[m".to_owned(),
            false => format!("\x1b[{}m", now.numbers()),
        });
        self.text.push_str(text);
        if before.link != now.link {
            let link = term.styles.link(now.link);
            self.text.push_str("\x1b]8;");
            self.text.push_str(if link.is_empty() { ";" } else { link });
            self.text.push_str("\x1b\\");
        }
        if (before.flags ^ now.flags) & (flag::KEPT | flag::GUARDED) != 0 {
            self.text.push_str(protection(now.flags));
        }
        self.style = number;
    }

    fn slot(&mut self, slot: Slot) {
        if !slot.is_right() {
            self.style(slot.style);
            self.term.push_glyph(slot, &mut self.text);
        }
    }

    /// Both the lines of a screen and the last `history` before them, from an empty one.
    fn page(&mut self, page: &Page, history: usize) {
        let grid = &page.grid;
        let first = grid.history().len().saturating_sub(history);
        self.text.push_str(if history > 0 { "\x1b[H\x1b[2J\x1b[3J" } else { "\x1b[H" });
        let cols = grid.cols();
        // The style of a cell in front of a wide character, which was written only to get past it.
        let mut gap = None;
        // What was written just now, if something might join it.
        let (mut before, mut text) = (String::new(), String::new());
        let mut lines = grid.lines(first..grid.len()).peekable();
        while let Some(row) = lines.next() {
            if row.marks != 0 {
                self.marks(row.marks);
            }
            let next = lines.peek().filter(|_| row.wrapped);
            let end = if next.is_some() { cols } else { row.cells.len().min(cols) };
            // A wide character that did not fit wraps by itself.
            let early = next.is_some_and(|n| n.get(0).is_wide()) && row.get(cols - 1).glyph == 0;
            for x in 0..end - usize::from(early) {
                let slot = row.get(x);
                if slot.glyph < 0x80 {
                    before.clear();
                } else if !slot.is_right() {
                    text.clear();
                    self.term.push_glyph(slot, &mut text);
                    if text.chars().next().is_some_and(|c| joins(&before, c)) {
                        // They were written with something between; behind the last column only a tab leaves it
                        // at that.
                        let _ = if x > 0 {
                            write!(self.text, "\x1b[{}G", x + 1)
                        } else {
                            write!(self.text, "\t")
                        };
                    }
                    std::mem::swap(&mut before, &mut text);
                }
                self.slot(slot);
                // A blank there would be text, and stay when lines are wrapped anew.
                if let Some(style) = gap.take().filter(|_| cols > 2 && grid.height() > 1) {
                    self.style(style);
                    let _ = write!(self.text, "\x1b[A\x1b[{cols}G\x1b[X\x1b[B\x1b[3G");
                }
            }
            if early {
                self.style(row.get(cols - 1).style);
                let mut first = String::new();
                if let Some(next) = next {
                    self.term.push_glyph(next.get(0), &mut first);
                }
                // What was there before would stay. And one that becomes wide only by what follows it would
                // begin in this row.
                let grows = first.chars().next().and_then(UnicodeWidthChar::width) == Some(1);
                self.text.push_str(if grows { " " } else { "\x1b[K" });
                gap = grows.then(|| row.get(cols - 1).style);
            }
            if let Some(next) = next {
                if next.cells.is_empty() && !next.wrapped {
                    // Nothing will be written there that wraps, and what erases it would erase in this row.
                    self.text.push_str(" \r");
                }
                continue;
            }
            before.clear();
            self.style(0);
            if end < cols {
                self.text.push_str("\x1b[K");
            }
            if lines.peek().is_some() {
                self.text.push_str("\r\n");
            }
        }
        self.style(0);
        for flags in std::iter::once(None).chain(page.keyboard.iter().map(Some)) {
            let _ = match flags {
                None => write!(self.text, "\x1b[<16u"),
                Some(flags) => write!(self.text, "\x1b[>{flags}u"),
            };
        }
    }

    /// Marks of a shell; the other screen need not tell anybody.
    fn marks(&mut self, marks: u8) {
        use super::row::mark::{COMMAND, END, OUTPUT, PROMPT};
        for (bit, letter) in [(END, 'D'), (PROMPT, 'A'), (COMMAND, 'B'), (OUTPUT, 'C')] {
            if marks & bit != 0 {
                let _ = write!(self.text, "\x1b]133;{letter}\x1b\\");
            }
        }
    }

    /// Brings a cursor about that was put aside; `only` leaves the putting aside to a later sequence.
    fn saved(&mut self, page: &Page, only: bool) {
        let Saved { x, y, pending, pen, charsets, origin } = page.saved;
        // There are no margins yet, so places are the same either way.
        if origin {
            self.text.push_str("\x1b[?6h");
        }
        // A smaller screen may have come after it.
        let (x, y) = (x.min(page.grid.cols() - 1), y.min(page.grid.height() - 1));
        self.place(page.grid.row(y), (x, y), (0, 0), pending);
        self.charsets(charsets);
        self.pen(pen);
        if !only {
            self.text.push_str("\x1b7\x1b[?6l\x1b[m\x1b(B\x1b)B\x0f");
        }
    }

    /// Moves to a place, given as seen from an origin. Beyond the last column it comes about only by writing
    /// there, what is there.
    fn place(&mut self, row: &Row, (x, y): (usize, usize), (left, top): (usize, usize), pending: bool) {
        let from = if pending && x > 0 && row.get(x).is_right() { x - 1 } else { x };
        let at = [y.saturating_sub(top) + 1, from.saturating_sub(left) + 1];
        let _ = write!(self.text, "\x1b[{};{}H", at[0], at[1]);
        if pending {
            self.slot(row.get(from));
            self.style(0);
        }
    }

    fn charsets(&mut self, charsets: super::charset::Charsets) {
        for (set, lines) in ['(', ')', '*', '+'].into_iter().zip(charsets.lines) {
            let _ = write!(self.text, "\x1b{set}{}", if lines { '0' } else { 'B' });
        }
        self.text.push_str(match charsets.left {
            0 => "\x0f",
            1 => "\x0e",
            2 => "\x1bn",
            _ => "\x1bo",
        });
        match charsets.once {
            Some(2) => self.text.push_str("\x1bN"),
            Some(_) => self.text.push_str("\x1bO"),
            None => {}
        }
    }

    fn pen(&mut self, pen: Style) {
        let _ = write!(self.text, "\x1b[{}m", pen.numbers());
        let link = self.term.styles.link(pen.link);
        let _ = write!(self.text, "\x1b]8;{}\x1b\\", if link.is_empty() { ";" } else { link });
        self.text.push_str(protection(pen.flags));
    }

    /// Everything that is not cells.
    fn rest(&mut self) {
        let term = self.term;
        let (cols, rows) = (term.cols(), term.rows());
        self.text.push_str("\x1b[m\x1b(B\x1b)B\x0f");
        if term.tabs != tabs(cols) {
            self.text.push_str("\x1b[3g");
            for x in (0..cols).filter(|x| term.tabs.get(*x).copied().unwrap_or(false)) {
                let _ = write!(self.text, "\x1b[{}G\x1bH", x + 1);
            }
        }
        let m = term.margins;
        if (m.top, m.bottom) != (0, rows) {
            let _ = write!(self.text, "\x1b[{};{}r", m.top + 1, m.bottom);
        }
        if term.modes.is(private::MARGINS) {
            let _ = write!(self.text, "\x1b[?69h\x1b[{};{}s", m.left + 1, m.right);
        }
        let _ = write!(self.text, "\x1b[{} q\x1b[>4;{}m", term.cursor_style, term.other_keys);
        self.text.push_str(&term.palette.sequences());
        self.titles();
        self.last();
        let at = (term.x, term.y);
        let inside = (m.top..m.bottom).contains(&at.1) && (m.left..m.right).contains(&at.0);
        let origin = term.modes.is(private::ORIGIN) && inside;
        if origin {
            self.text.push_str("\x1b[?6h");
        }
        let from = if origin { (m.left, m.top) } else { (0, 0) };
        self.place(term.page.grid.row(at.1), at, from, term.pending);
        self.text.push_str(&term.modes.sequences());
        self.charsets(term.charsets);
        self.pen(term.pen);
        if term.guards && term.pen.flags & (flag::KEPT | flag::GUARDED) == 0 {
            // What is guarded stays so.
            self.text.push_str("\x1bV\x1bW");
        }
    }

    /// The character that REP repeats is the one that was written last: one of those that are there is
    /// written once more.
    fn last(&mut self) {
        let Some(last) = self.term.last else { return };
        let grid = &self.term.page.grid;
        for y in 0..grid.height() {
            let row = grid.row(y);
            let shown = row.cells.iter().take(grid.cols() - 1);
            if let Some(x) = shown.map(|slot| slot.glyph).position(|glyph| glyph == u32::from(last)) {
                let _ = write!(self.text, "\x1b[{};{}H", y + 1, x + 1);
                self.slot(row.get(x));
                return self.style(0);
            }
        }
    }

    fn titles(&mut self) {
        let set = |text: &mut String, title: &Option<String>, icon: &Option<String>| {
            let _ = write!(text, "\x1b]2;{}\x1b\\", title.as_deref().unwrap_or(""));
            if icon != title {
                let _ = write!(text, "\x1b]1;{}\x1b\\", icon.as_deref().unwrap_or(""));
            }
        };
        let reports = &self.term.reports;
        for (title, icon) in &reports.titles {
            set(&mut self.text, title, icon);
            self.text.push_str("\x1b[22;0t");
        }
        if reports.title.is_some() || !reports.titles.is_empty() {
            set(&mut self.text, &reports.title, &reports.icon);
        }
    }
}
