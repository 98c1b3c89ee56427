//! The screen: the emulator, kept from harm.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::cell::{Cell, Color, Cursor, Modes, Mouse, MouseEncoding, Text};
use super::changes::Looks;
use super::modes::private;
use super::parse::Parser;
use super::report::Notice;
use super::row::{CLUSTER, Row, Slot, VALUE};
use super::style::flag;
use super::term::{Term, tabs};
use crate::model::live::Colors;

/// The largest screen; nobody reads more, and a wrong size must not take the memory.
const LARGEST: u16 = 1000;

/// A terminal without glass. Never panics and never grows beyond its size and scrollback, whatever
/// it is fed.
pub struct Screen {
    pub(super) parser: Parser,
    pub(super) term: Term,
    /// How many lines the picture is scrolled back.
    pub(super) back: usize,
    /// How it looked when somebody last asked what has changed.
    pub(super) looked: Option<Looks>,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl Screen {
    /// A blank screen without scrollback. Sizes outside 1 to 1000 are clamped.
    pub fn new(cols: u16, rows: u16) -> Self {
        Self::with_scrollback(cols, rows, 0)
    }

    /// A blank screen that keeps the lines that leave it at the top, as long as they take no more
    /// than `bytes` of the memory (one for a plain character, up to five for others, and some 35 a line).
    pub fn with_scrollback(cols: u16, rows: u16, bytes: usize) -> Self {
        let term = Term::new(clamp(cols), clamp(rows), bytes);
        Self { parser: Parser::default(), term, back: 0, looked: None }
    }

    /// Lets the program ask for the text of cells and for titles, as conformance suites must. There
    /// is no way to it in ordinary builds: whoever can write to a terminal could read it.
    #[cfg(any(test, feature = "conformance"))]
    pub fn reveal(&mut self) {
        self.term.reports.reveals = true;
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let size = |n: usize| u16::try_from(n).unwrap_or(LARGEST);
        (size(self.term.cols()), size(self.term.rows()))
    }

    /// Changes the size, clamped as in [`Screen::new`]. On the main screen lines are wrapped anew,
    /// history included; the alternate screen is cut or filled up, its program redraws it.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let (cols, rows) = (clamp(cols), clamp(rows));
        if (self.term.cols(), self.term.rows()) != (cols, rows) {
            self.guard(|screen| screen.term.resize(cols, rows));
            self.scroll_to(self.back);
        }
    }

    /// Reads what a program wrote. Sequences may be cut anywhere between two calls.
    pub fn feed(&mut self, bytes: &[u8]) {
        let before = self.lines_ever();
        self.guard(|screen| {
            screen.parser.read(bytes, &mut screen.term);
            screen.term.tidy();
        });
        if self.back > 0 {
            // Whoever reads what was before goes on reading it.
            let new = self.lines_ever().saturating_sub(before);
            self.scroll_to(self.back.saturating_add(usize::try_from(new).unwrap_or(0)));
        }
    }

    fn lines_ever(&self) -> u64 {
        let grid = &self.term.page.grid;
        grid.history().lost() + grid.history().len() as u64
    }

    /// An emulator that trips is replaced by a blank one: the program redraws sooner or later.
    fn guard(&mut self, act: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err() {
            tracing::error!("the emulator tripped; its screen begins anew");
            let (cols, rows) = self.size();
            let mut term = Term::new(clamp(cols), clamp(rows), self.term.limit);
            std::mem::swap(&mut term.reports, &mut self.term.reports);
            (self.term, self.parser) = (term, Parser::default());
        }
    }

    /// What the program asked its terminal: bytes to be typed into it. Only the holder sends them;
    /// a client's screen would answer a second time.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.term.reports.replies)
    }

    /// What happened beside the picture since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.term.reports.notices.drain(..).collect()
    }

    /// The title that the program set.
    pub fn title(&self) -> Option<&str> {
        self.term.reports.title.as_deref()
    }

    /// The modes that the program set.
    pub fn modes(&self) -> Modes {
        let modes = &self.term.modes;
        let mouse = [
            (1003, Mouse::AnyMotion),
            (1002, Mouse::ButtonMotion),
            (1000, Mouse::PressRelease),
            (9, Mouse::Press),
        ];
        let encoding = [
            (1016, MouseEncoding::Pixels),
            (1006, MouseEncoding::Sgr),
            (1015, MouseEncoding::Urxvt),
            (1005, MouseEncoding::Utf8),
        ];
        Modes {
            application_cursor: modes.is(private::CURSOR_KEYS),
            application_keypad: modes.is(private::KEYPAD),
            bracketed_paste: modes.is(private::PASTE),
            alternate_screen: self.term.alternate,
            focus_events: modes.is(private::FOCUS),
            synchronized: modes.is(private::SYNC),
            mouse: mouse.into_iter().find(|(m, _)| modes.is(*m)).map_or(Mouse::Off, |(_, mouse)| mouse),
            mouse_encoding: encoding
                .into_iter()
                .find(|(m, _)| modes.is(*m))
                .map_or(MouseEncoding::Default, |(_, encoding)| encoding),
            wheel_arrows: modes.is(private::WHEEL_ARROWS),
            backarrow: modes.is(private::BACKARROW),
            new_line: self.term.new_line_mode(),
            keyboard: self.term.page.keyboard.last().copied().unwrap_or(0),
            other_keys: self.term.other_keys,
            scheme: modes.is(private::SCHEME),
        }
    }

    /// Ends an update that the program began and never ended (mode 2026).
    pub fn end_update(&mut self) {
        self.term.modes.set(private::SYNC, false);
    }

    /// The colours of the person's own terminal: what programs are told when they ask.
    pub fn set_colors(&mut self, colors: Colors) {
        self.term.palette.outer = Some(colors);
    }

    /// The cursor. While scrolled back it is not on the picture.
    pub fn cursor(&self) -> Cursor {
        let size = |n: usize| u16::try_from(n).unwrap_or(0);
        Cursor {
            col: size(self.term.x),
            row: size(self.term.y),
            visible: self.term.modes.is(private::SHOWN) && self.back == 0,
            style: self.term.cursor_style,
        }
    }

    /// One cell of the picture.
    pub fn cell(&self, col: u16, row: u16) -> Option<Cell<'_>> {
        let (cols, rows) = self.size();
        (col < cols && row < rows).then(|| self.look(self.line(row).get(usize::from(col))))
    }

    /// The cells of a row of the picture, from the left.
    pub fn row(&self, row: u16) -> impl Iterator<Item = Cell<'_>> {
        let (cols, rows) = self.size();
        let line = (row < rows).then(|| self.line(row));
        line.into_iter().flat_map(move |line| (0..usize::from(cols)).map(move |x| self.look(line.get(x))))
    }

    /// How many cells of a row were written since it was new; those behind them are all alike.
    pub fn used(&self, row: u16) -> u16 {
        let (cols, rows) = self.size();
        let used = if row < rows { self.line(row).cells.len() } else { 0 };
        u16::try_from(used).map_or(cols, |used| used.min(cols))
    }

    /// A cell that was not written since its row was new.
    pub fn unused(&self) -> Cell<'_> {
        self.look(Slot::default())
    }

    /// A row of the picture.
    pub(super) fn line(&self, row: u16) -> Cow<'_, Row> {
        let grid = &self.term.page.grid;
        let index = grid.history().len().saturating_sub(self.back) + usize::from(row);
        grid.line(index).unwrap_or_default()
    }

    /// What a slot shows.
    pub(super) fn look(&self, slot: Slot) -> Cell<'_> {
        let style = self.term.styles.get(slot.style);
        let value = slot.glyph & VALUE;
        let text = match slot.glyph {
            _ if slot.is_right() || value == 0 && slot.glyph & CLUSTER == 0 => Text::empty(),
            g if g & CLUSTER != 0 => Text::cluster(self.term.styles.cluster(value)),
            _ => char::from_u32(value).map_or(Text::empty(), Text::one),
        };
        let color = |color: Color| match color {
            Color::Index(i) => match self.term.palette.changed(u16::from(i)) {
                Some([r, g, b]) => Color::Rgb(r, g, b),
                None => color,
            },
            other => other,
        };
        let has = |bit: u16| style.flags & bit != 0;
        let link = self.term.styles.link(style.link);
        Cell {
            text,
            width: if slot.is_right() { 0 } else { 1 + u8::from(slot.is_wide()) },
            fg: color(style.fg),
            bg: color(style.bg),
            line: color(style.line),
            bold: has(flag::BOLD),
            dim: has(flag::DIM),
            italic: has(flag::ITALIC),
            underline: style.underline,
            blink: has(flag::BLINK),
            inverse: has(flag::INVERSE) != self.term.modes.is(private::REVERSE),
            hidden: has(flag::HIDDEN),
            strike: has(flag::STRIKE),
            link: link.split_once(';').map_or("", |(_, address)| address),
        }
    }

    /// Whether the text of a row goes on in the next one.
    pub fn wraps(&self, row: u16) -> bool {
        row < self.size().1 && self.line(row).wrapped
    }

    /// Lines that have left at the top and are still kept; none on the alternate screen.
    pub fn history(&self) -> usize {
        self.term.page.grid.history().len()
    }

    /// What they take of the memory, in bytes.
    pub fn history_bytes(&self) -> usize {
        self.term.page.grid.history().bytes()
    }

    /// Shows the picture as it was that many lines ago (clamped); 0 is now.
    pub fn scroll_to(&mut self, lines: usize) {
        self.back = lines.min(self.history());
    }

    /// How far the picture is scrolled back.
    pub fn scrolled(&self) -> usize {
        self.back
    }
}

impl Term {
    fn resize(&mut self, cols: usize, rows: usize) {
        let mut cursor = (self.x, self.y);
        let (main, alternate) = if self.alternate {
            (&mut self.other, &mut self.page)
        } else {
            (&mut self.page, &mut self.other)
        };
        let mut main_saved = (main.saved.x, main.saved.y);
        if self.alternate {
            // Where the main screen's cursor was left is where it comes back to.
            let mut left = main_saved;
            main.grid.reflow(cols, rows, &mut [&mut left]);
            main_saved = left;
            alternate.grid.crop(cols, rows, &mut cursor);
        } else {
            main.grid.reflow(cols, rows, &mut [&mut cursor, &mut main_saved]);
            let mut nowhere = (0, 0);
            alternate.grid.crop(cols, rows, &mut nowhere);
        }
        (main.saved.x, main.saved.y) = main_saved;
        (self.x, self.y) = cursor;
        for (x, y, pending) in [
            (&mut self.x, &mut self.y, &mut self.pending),
            (&mut self.page.saved.x, &mut self.page.saved.y, &mut self.page.saved.pending),
            (&mut self.other.saved.x, &mut self.other.saved.y, &mut self.other.saved.pending),
        ] {
            if *pending && *x + 1 < cols {
                // The line is longer now: there is room after what was written last.
                *x += 1;
                *pending = false;
            }
            (*x, *y) = ((*x).min(cols - 1), (*y).min(rows - 1));
        }
        self.joins = false;
        self.margins = self.all();
        let mut stops = tabs(cols);
        let kept = stops.len().min(self.tabs.len());
        stops[..kept].copy_from_slice(&self.tabs[..kept]);
        self.tabs = stops;
        if self.modes.is(private::SIZE) {
            self.report_size();
        }
    }
}

fn clamp(n: u16) -> usize {
    usize::from(n.clamp(1, LARGEST))
}
