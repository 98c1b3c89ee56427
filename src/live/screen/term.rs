//! The terminal's state, and how text changes it.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell::Color;
use super::charset::Charsets;
use super::grid::{Area, Grid};
use super::modes::{ModeSet, ansi, private};
use super::palette::Palette;
use super::report::Reports;
use super::row::{CLUSTER, RIGHT, Slot, VALUE, WIDE};
use super::style::{Style, Styles, flag};

/// A cluster takes no more than this; what is stacked on it beyond is dropped.
const LONGEST_CLUSTER: usize = 64;

/// What DECSC puts aside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Saved {
    pub x: usize,
    pub y: usize,
    pub pending: bool,
    pub pen: Style,
    pub charsets: Charsets,
    pub origin: bool,
}

/// Everything about one of the two screens.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub grid: Grid,
    pub saved: Saved,
    /// Flags of the kitty keyboard protocol, a stack; the last counts.
    pub keyboard: Vec<u8>,
}

/// The state.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// The one that is shown, and the other.
    pub page: Page,
    pub other: Page,
    pub alternate: bool,
    pub styles: Styles,
    pub x: usize,
    pub y: usize,
    /// The last column was written; the next character goes to the next line.
    pub pending: bool,
    /// The cell left of the cursor was written last, so what comes may belong to it.
    pub joins: bool,
    pub pen: Style,
    /// The number of the pen's style, when it was looked up.
    pub pen_number: Option<u32>,
    pub charsets: Charsets,
    pub modes: ModeSet,
    /// Margins; right and bottom are just outside.
    pub margins: Area,
    pub tabs: Vec<bool>,
    pub cursor_style: u8,
    pub other_keys: u8,
    /// What REP repeats.
    pub last: Option<char>,
    /// Whether DECCARA and DECRARA take the area as a rectangle (DECSACE).
    pub rectangles: bool,
    /// Whether cells are guarded at all (SPA).
    pub guards: bool,
    pub level: u8,
    pub palette: Palette,
    pub reports: Reports,
    pub limit: usize,
}

impl Term {
    pub fn new(cols: usize, rows: usize, limit: usize) -> Self {
        let page = |limit| Page { grid: Grid::new(cols, rows, limit), ..Page::default() };
        Self {
            page: page(limit),
            other: page(0),
            alternate: false,
            styles: Styles::default(),
            x: 0,
            y: 0,
            pending: false,
            joins: false,
            pen: Style::default(),
            pen_number: Some(0),
            charsets: Charsets::default(),
            modes: ModeSet::default(),
            margins: Area { left: 0, top: 0, right: cols, bottom: rows },
            tabs: tabs(cols),
            cursor_style: 0,
            other_keys: 0,
            last: None,
            rectangles: false,
            guards: false,
            level: 4,
            palette: Palette::default(),
            reports: Reports::default(),
            limit,
        }
    }

    pub fn cols(&self) -> usize {
        self.page.grid.cols()
    }

    pub fn rows(&self) -> usize {
        self.page.grid.height()
    }

    /// The whole screen.
    pub fn all(&self) -> Area {
        Area { left: 0, top: 0, right: self.cols(), bottom: self.rows() }
    }

    pub fn number(&mut self) -> u32 {
        if let Some(number) = self.pen_number {
            return number;
        }
        let number = self.styles.number(self.pen);
        self.pen_number = Some(number);
        number
    }

    /// What erasing fills with.
    pub fn blank(&mut self) -> Slot {
        if self.pen.bg == Color::Default {
            return Slot::default();
        }
        let style = self.pen.erased();
        Slot { glyph: 0, style: self.styles.number(style) }
    }

    /// Drops styles that nobody has, when there are many.
    pub fn tidy(&mut self) {
        if self.styles.crowded() {
            let Self { page, other, styles, pen, .. } = self;
            let (a, b) = (&mut page.saved.pen, &mut other.saved.pen);
            styles.sweep([&mut page.grid, &mut other.grid], [pen, a, b]);
            self.pen_number = None;
        }
    }

    /// Where the line ends for text: the right margin, unless the cursor is beyond it.
    fn edge(&self) -> usize {
        if self.x < self.margins.right { self.margins.right } else { self.cols() }
    }

    pub fn write(&mut self, text: &str) {
        if !self.charsets.plain() {
            for c in text.chars() {
                let c = self.charsets.translate(c);
                self.character(c);
            }
            return;
        }
        let mut rest = text;
        while let Some(first) = rest.as_bytes().first() {
            if first.is_ascii() {
                let end = rest.as_bytes().iter().position(|b| !b.is_ascii()).unwrap_or(rest.len());
                let (run, more) = rest.split_at(end);
                self.plain(run.as_bytes());
                rest = more;
            } else if let Some(c) = rest.chars().next() {
                self.character(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// A run of ASCII.
    fn plain(&mut self, mut run: &[u8]) {
        let Some(last) = run.last() else { return };
        self.last = Some(char::from(*last));
        let style = self.number();
        let wraps = self.modes.is(private::WRAP);
        let inserts = self.modes.is_ansi(ansi::INSERT);
        while !run.is_empty() {
            if self.pending && wraps {
                self.wrap();
            }
            let edge = self.edge();
            let room = edge - self.x;
            let count = room.min(run.len());
            let (now, later) = run.split_at(count);
            let (x, y) = (self.x, self.y);
            if inserts {
                let blank = self.blank();
                self.page.grid.row_mut(y).insert(x, count, edge, blank);
            }
            let row = self.page.grid.row_mut(y);
            row.split(x);
            row.split(x + count);
            if row.cells.len() == x {
                row.cells.extend(now.iter().map(|b| Slot { glyph: u32::from(*b), style }));
            } else {
                row.reach(x + count);
                for (cell, byte) in row.cells[x..x + count].iter_mut().zip(now) {
                    *cell = Slot { glyph: u32::from(*byte), style };
                }
            }
            self.x = x + count;
            self.pending = self.x == edge;
            if self.pending {
                self.x = edge - 1;
                if !wraps && let (Some(last), false) = (later.last(), later.is_empty()) {
                    // Everything piles up in the last column.
                    self.page.grid.row_mut(y).cells[edge - 1].glyph = u32::from(*last);
                    break;
                }
            }
            run = later;
        }
        self.joins = true;
    }

    /// Any character.
    pub fn character(&mut self, c: char) {
        if c.is_ascii() {
            if !c.is_control() {
                self.plain(&[c as u8]);
            }
            return;
        }
        if (0x80..0xa0).contains(&u32::from(c)) {
            return self.c1(c as u8);
        }
        let width = c.width().unwrap_or(0);
        if self.join(c, width) || width == 0 {
            return;
        }
        self.last = Some(c);
        let style = self.number();
        let mut edge = self.edge();
        if width > edge {
            return;
        }
        if self.modes.is(private::WRAP) {
            if self.pending || self.x + width > edge {
                self.wrap();
                edge = self.edge();
            }
        } else if self.x + width > edge {
            self.x = edge - width;
        }
        if self.x + width > edge {
            // Not even an empty line has room for it.
            return;
        }
        let (x, y) = (self.x, self.y);
        if self.modes.is_ansi(ansi::INSERT) {
            let blank = self.blank();
            self.page.grid.row_mut(y).insert(x, width, edge, blank);
        }
        let mark = if width == 2 { WIDE } else { 0 };
        self.put(x, y, Slot { glyph: u32::from(c) | mark, style });
        self.x = x + width;
        self.pending = self.x == edge;
        if self.pending {
            self.x = edge - 1;
        }
        self.joins = true;
    }

    /// Puts a character, one or two cells wide, somewhere.
    fn put(&mut self, x: usize, y: usize, slot: Slot) {
        let width = if slot.is_wide() { 2 } else { 1 };
        let row = self.page.grid.row_mut(y);
        row.split(x);
        row.split(x + width);
        row.reach(x + width);
        row.cells[x] = slot;
        if width == 2 {
            row.cells[x + 1] = Slot { glyph: RIGHT, style: slot.style };
        }
    }

    /// Adds a character to the one before it, if they are drawn as one; whether that was so.
    fn join(&mut self, c: char, width: usize) -> bool {
        let Some(x) = (if self.pending { Some(self.x) } else { self.x.checked_sub(1) }) else { return false };
        let y = self.y;
        let row = self.page.grid.row(y);
        let x = if row.get(x).is_right() && x > 0 { x - 1 } else { x };
        let slot = row.get(x);
        let mut text = String::new();
        if slot.glyph & CLUSTER != 0 {
            text.push_str(self.styles.cluster(slot.glyph & VALUE));
        } else if let Some(c) = char::from_u32(slot.glyph & VALUE).filter(|_| slot.glyph & VALUE != 0) {
            text.push(c);
        }
        if text.is_empty() || width > 0 && !(self.joins && joins(&text, c)) {
            return false;
        }
        if text.len() + c.len_utf8() > LONGEST_CLUSTER {
            return true;
        }
        text.push(c);
        let wide = text.width() >= 2;
        let number = self.styles.cluster_number(&text) & VALUE;
        let was_wide = slot.is_wide();
        let edge = if x < self.margins.right { self.margins.right } else { self.cols() };
        let room = x + 2 <= edge && !self.pending;
        let wraps = self.pending && self.modes.is(private::WRAP) && self.margins.left + 2 <= edge;
        if wide && !was_wide && (room || wraps) {
            let slot = Slot { glyph: number | CLUSTER | WIDE, style: slot.style };
            self.x = x;
            if !room {
                // To the next row, as what is wide from the beginning.
                self.page.grid.row_mut(y).fill(x, x + 1, Slot::default());
                self.wrap();
            }
            self.put(self.x, self.y, slot);
            self.x += 2;
            self.pending = self.x == edge;
            if self.pending {
                self.x = edge - 1;
            }
        } else if let Some(cell) = self.page.grid.row_mut(y).cells.get_mut(x) {
            cell.glyph = number | CLUSTER | if was_wide { WIDE } else { 0 };
        }
        true
    }

    /// The line is full: on to the next one.
    fn wrap(&mut self) {
        if self.margins.right == self.cols() || self.x >= self.margins.right {
            self.page.grid.row_mut(self.y).wrapped = true;
        }
        self.index();
        self.x = self.margins.left;
        self.pending = false;
    }

    /// One line down; at the bottom margin, everything up.
    pub fn index(&mut self) {
        if self.y + 1 == self.margins.bottom {
            if (self.margins.left..self.margins.right).contains(&self.x) {
                self.scroll_up(self.margins, 1);
            }
        } else if self.y + 1 < self.rows() {
            self.y += 1;
        }
    }

    /// One line up; at the top margin, everything down.
    pub fn reverse_index(&mut self) {
        self.moved();
        if self.y == self.margins.top {
            if (self.margins.left..self.margins.right).contains(&self.x) {
                let blank = self.blank();
                self.page.grid.scroll_down(self.margins, 1, blank);
            }
        } else {
            self.y = self.y.saturating_sub(1);
        }
    }

    pub fn scroll_up(&mut self, area: Area, count: usize) {
        let blank = self.blank();
        self.page.grid.scroll_up(area, count, blank, !self.alternate);
    }

    /// The cursor was put somewhere.
    pub fn moved(&mut self) {
        (self.pending, self.joins) = (false, false);
    }

    /// The next tab stop.
    pub fn tab(&mut self) {
        if self.pending && self.modes.is(private::MORE_FIX) && self.modes.is(private::WRAP) {
            self.wrap();
        }
        let last = self.edge() - 1;
        let next = (self.x + 1..last).find(|x| self.tabs.get(*x).copied().unwrap_or(false));
        let pending = self.pending;
        self.x = next.unwrap_or(last);
        self.joins = false;
        self.pending = pending && self.x == last;
    }

    /// The tab stop before.
    pub fn tab_back(&mut self) {
        self.moved();
        self.x = (0..self.x).rev().find(|x| self.tabs.get(*x).copied().unwrap_or(false)).unwrap_or(0);
    }

    /// Puts the cursor aside (DECSC).
    pub fn save(&mut self) {
        self.page.saved = Saved {
            x: self.x,
            y: self.y,
            pending: self.pending,
            pen: self.pen,
            charsets: self.charsets,
            origin: self.modes.is(private::ORIGIN),
        };
    }

    /// Takes it up again (DECRC).
    pub fn restore(&mut self) {
        let saved = self.page.saved;
        self.x = saved.x.min(self.cols() - 1);
        self.y = saved.y.min(self.rows() - 1);
        self.pending = saved.pending;
        self.joins = false;
        self.pen = saved.pen;
        self.pen_number = None;
        self.charsets = saved.charsets;
        self.modes.set(private::ORIGIN, saved.origin);
    }

    /// Whether erasing must look at each cell for one that is kept.
    pub fn keeps(&self, slot: Slot, selective: bool) -> bool {
        let wanted = if selective { flag::KEPT } else { flag::GUARDED };
        self.styles.get(slot.style).flags & wanted != 0
    }
}

/// A tab stop every eight columns.
pub(super) fn tabs(cols: usize) -> Vec<bool> {
    (0..cols).map(|x| x > 0 && x % 8 == 0).collect()
}

/// Whether a character that has a width is drawn as one with the text written before it.
pub(super) fn joins(text: &str, c: char) -> bool {
    let Some(end) = text.chars().next_back() else { return false };
    end == '\u{200d}' && !c.is_ascii()
        || is_modifier(c) && text.width() == 2
        || is_flag(c) && is_flag(end) && text.chars().count() == 1
}

/// Half of a flag.
fn is_flag(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// A colour of skin.
fn is_modifier(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}
