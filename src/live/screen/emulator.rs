//! The screen: the emulator, kept from harm.

use std::fmt::{self, Write};
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::answers::Answers;
use super::cell::{self, Cell, Cursor, Modes};
use super::scan::{self, Piece, Swallow};
use super::{Notice, sgr};

/// The largest screen; nobody reads more, and a wrong size must not take the memory.
const LARGEST: u16 = 1000;
/// The emulator takes 32 bytes a cell, so history is short here; the holder's ring keeps more.
const MOST_SCROLLBACK: usize = 1000;

/// A terminal without glass. Never panics and never grows beyond its size and scrollback, whatever
/// it is fed.
pub struct Screen {
    pub(super) parser: vt100::Parser<Answers>,
    scrollback: usize,
    held: Vec<u8>,
    swallow: Option<Swallow>,
    drawing: LineDrawing,
    /// Scroll regions of the main and of the alternate screen.
    regions: [Region; 2],
}

/// What the emulator keeps to itself, but a snapshot must carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Region {
    /// First and last row from 1, when it is not the whole screen.
    pub rows: Option<(u16, u16)>,
    /// Whether the cursor is addressed relative to it.
    pub origin: bool,
}

/// The two character sets and which is in use.
#[derive(Clone, Copy, Debug, Default)]
struct LineDrawing {
    g0: bool,
    g1: bool,
    shifted: bool,
}

impl LineDrawing {
    fn active(self) -> bool {
        if self.shifted { self.g1 } else { self.g0 }
    }
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

    /// A blank screen that keeps some of the lines that leave it at the top, 1000 at most.
    pub fn with_scrollback(cols: u16, rows: u16, lines: usize) -> Self {
        let scrollback = lines.min(MOST_SCROLLBACK);
        Self {
            parser: parser(cols, rows, scrollback),
            scrollback,
            held: Vec::new(),
            swallow: None,
            drawing: LineDrawing::default(),
            regions: [Region::default(); 2],
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, cols) = self.parser.screen().size();
        (cols.get(), rows.get())
    }

    /// Changes the size, clamped as in [`Screen::new`]. Lines are cut, not reflowed; programs on a
    /// PTY redraw themselves.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        if self.size() == (clamp(cols).get(), clamp(rows).get()) {
            return;
        }
        self.regions = [Region::default(); 2];
        self.guard(|parser| parser.set_size(clamp(rows), clamp(cols)));
    }

    /// Reads what a program wrote. Sequences may be cut anywhere between two calls.
    pub fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let all = if self.held.is_empty() {
            bytes
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            joined = held;
            &joined
        };
        // What needs no change goes on in runs as long as possible: from..at.
        let (mut from, mut at) = (0, 0);
        loop {
            let (piece, len) = scan::next(&all[at..], &mut self.swallow);
            let Some(piece) = piece else {
                self.emulate(&all[from..at]);
                self.held.extend_from_slice(&all[at + len..]);
                return;
            };
            let piece_len = piece_len(piece);
            if piece_len < len {
                self.emulate(&all[from..at]);
                from = at + len - piece_len;
            }
            let start = at + len - piece_len;
            at += len;
            if self.goes_through(piece) {
                continue;
            }
            self.emulate(&all[from..start]);
            self.special(piece);
            from = at;
        }
    }

    /// Whether the emulator can take a piece as it is, and nothing in it concerns us.
    fn goes_through(&self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Text(_) => !self.drawing.active(),
            Piece::Osc(_) => true,
            Piece::Shift(_) => false,
            Piece::Escape([_, last]) => !matches!(last, b'D' | b'E' | b'c'),
            Piece::Escape(_) => false,
            Piece::Csi(seq) => match seq.last() {
                Some(b'm') => !seq.contains(&b':') && !seq.windows(2).any(|w| w == b"58"),
                Some(b'Z' | b'I' | b'b' | b'r' | b'p' | b'h' | b'l') => false,
                _ => true,
            },
        }
    }

    /// Gives a piece to the emulator in words that it knows, and keeps what it forgets.
    fn special(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(text) => {
                let drawn = draw_lines(text);
                self.emulate(&drawn);
            }
            Piece::Osc(bytes) => self.emulate(bytes),
            Piece::Shift(out) => {
                self.drawing.shifted = out;
                // It also ends a character that was cut off.
                self.emulate(if out { b"\x0e" } else { b"\x0f" });
            }
            Piece::Escape(seq) => self.escape(seq),
            Piece::Csi(seq) => self.csi(seq),
        }
    }

    fn escape(&mut self, seq: &[u8]) {
        match seq {
            [_, b'D'] => self.emulate(b"\n"),
            [_, b'E'] => self.emulate(b"\r\n"),
            [_, b'(', set] => {
                self.drawing.g0 = *set == b'0';
                self.emulate(seq);
            }
            [_, b')', set] => {
                self.drawing.g1 = *set == b'0';
                self.emulate(seq);
            }
            [_, b'#', b'8'] => self.fill(),
            [_, b'c'] => {
                self.drawing = LineDrawing::default();
                self.regions = [Region::default(); 2];
                let answers = self.parser.callbacks_mut();
                (answers.focus_events, answers.synchronized) = (false, false);
                self.emulate(seq);
            }
            _ => self.emulate(seq),
        }
    }

    fn csi(&mut self, seq: &[u8]) {
        let [_, _, body @ .., last] = seq else { return };
        let (cols, rows) = self.size();
        let number = |text: &[u8]| -> u16 {
            let digits = text.split(|b| *b == b';').next().unwrap_or_default();
            std::str::from_utf8(digits).ok().and_then(|t| t.parse().ok()).unwrap_or(1).max(1)
        };
        match (last, body) {
            (b'm', _) => match sgr::rewrite(body) {
                Some(plain) => self.emulate(&plain),
                None => self.emulate(seq),
            },
            (b'Z', _) => {
                let mut col = self.parser.screen().cursor_position().1.min(cols - 1);
                for _ in 0..number(body).min(cols) {
                    col = col.saturating_sub(1) / 8 * 8;
                }
                self.emulate(format!("\x1b[{}G", col + 1).as_bytes());
            }
            (b'I', _) => {
                let tabs = usize::from(number(body).min(cols / 8 + 1));
                self.emulate(&vec![b'\t'; tabs]);
            }
            // A short sequence must not ask for hours of work.
            (b'b', _) => {
                let most = u32::from(cols) * u32::from(rows);
                let count = u32::from(number(body)).min(most);
                self.emulate(format!("\x1b[{count}b").as_bytes());
            }
            (b'p', b"!") => {
                *self.region() = Region::default();
                self.emulate(b"\x1b[r\x1b[?25h\x1b[?6l\x1b[?1l\x1b>\x1b[m\x1b7");
            }
            (b'h', b"?1047") => self.emulate(b"\x1b[?47h"),
            (b'l', b"?1047") => self.emulate(b"\x1b[2J\x1b[?47l"),
            (b'h' | b'l', [b'?', modes @ ..]) => {
                for mode in modes.split(|b| *b == b';') {
                    match mode {
                        b"6" => self.region().origin = *last == b'h',
                        b"1049" if *last == b'h' => self.regions[1] = Region::default(),
                        _ => {}
                    }
                }
                self.emulate(seq);
            }
            (b'r', body) if body.iter().all(|b| b.is_ascii_digit() || *b == b';') => {
                let mut edges = body
                    .split(|b| *b == b';')
                    .map(|t| std::str::from_utf8(t).ok().and_then(|t| t.parse::<u16>().ok()).unwrap_or(0));
                let top = edges.next().unwrap_or(0).max(1);
                let bottom = edges.next().filter(|b| *b > 0).unwrap_or(rows).min(rows);
                let whole = top >= bottom || (top, bottom) == (1, rows);
                self.region().rows = (!whole).then_some((top, bottom));
                self.emulate(seq);
            }
            _ => self.emulate(seq),
        }
        let region = *self.region();
        self.parser.callbacks_mut().origin = match region {
            Region { rows: Some((top, _)), origin: true } => top - 1,
            _ => 0,
        };
    }

    /// DECALN: the whole screen full of E.
    fn fill(&mut self) {
        let (cols, rows) = self.size();
        *self.region() = Region::default();
        let mut out = String::from("\x1b[r\x1b[?6l");
        let line = "E".repeat(usize::from(cols));
        for row in 1..=rows {
            // Writing to a String cannot fail.
            let _ = write!(out, "\x1b[{row};1H{line}");
        }
        out.push_str("\x1b[H");
        self.emulate(out.as_bytes());
    }

    /// The region of the screen that is shown.
    pub(super) fn region(&mut self) -> &mut Region {
        &mut self.regions[usize::from(self.parser.screen().alternate_screen())]
    }

    /// What a reader of the rest of the stream must have seen, if the stream is in the middle of
    /// a sequence.
    pub(super) fn unfinished(&self) -> Vec<u8> {
        match self.swallow {
            Some(Swallow::Osc) => b"\x1b]".to_vec(),
            Some(Swallow::Other) => b"\x1bP".to_vec(),
            None => self.held.clone(),
        }
    }

    fn emulate(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.guard(|parser| parser.process(bytes));
        }
    }

    /// An emulator that trips is replaced by a blank one: the program redraws sooner or later.
    fn guard(&mut self, act: impl FnOnce(&mut vt100::Parser<Answers>)) {
        let parser = &mut self.parser;
        if catch_unwind(AssertUnwindSafe(|| act(parser))).is_err() {
            let (cols, rows) = self.size();
            let answers = std::mem::take(self.parser.callbacks_mut());
            self.parser = self::parser(cols, rows, self.scrollback);
            *self.parser.callbacks_mut() = answers;
            self.regions = [Region::default(); 2];
        }
    }

    /// What the program asked its terminal: bytes to be typed into it. Only the holder sends them;
    /// a client's screen would answer a second time.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.parser.callbacks_mut().replies)
    }

    /// What happened beside the picture since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.parser.callbacks_mut().notices.drain(..).collect()
    }

    /// The title that the program set.
    pub fn title(&self) -> Option<&str> {
        self.parser.callbacks().title.as_deref()
    }

    /// The modes that the program set.
    pub fn modes(&self) -> Modes {
        let screen = self.parser.screen();
        Modes {
            application_cursor: screen.application_cursor(),
            application_keypad: screen.application_keypad(),
            bracketed_paste: screen.bracketed_paste(),
            alternate_screen: screen.alternate_screen(),
            focus_events: self.parser.callbacks().focus_events,
            synchronized: self.parser.callbacks().synchronized,
            mouse: screen.mouse_protocol_mode().into(),
            mouse_encoding: screen.mouse_protocol_encoding().into(),
        }
    }

    /// The cursor. While scrolled back it is not on the picture.
    pub fn cursor(&self) -> Cursor {
        let screen = self.parser.screen();
        let (row, col) = screen.cursor_position();
        let (cols, rows) = self.size();
        Cursor {
            col: col.min(cols - 1),
            row: row.min(rows - 1),
            visible: !screen.hide_cursor() && screen.scrollback() == 0,
            style: cell::style_number(screen.cursor_style()),
        }
    }

    /// One cell of the picture.
    pub fn cell(&self, col: u16, row: u16) -> Option<Cell<'_>> {
        self.parser.screen().cell(row, col).map(Cell::from)
    }

    /// The cells of a row of the picture, from the left.
    pub fn row(&self, row: u16) -> impl Iterator<Item = Cell<'_>> {
        let cols = self.size().0;
        (0..cols).map_while(move |col| self.cell(col, row))
    }

    /// Whether the text of a row goes on in the next one.
    pub fn wraps(&self, row: u16) -> bool {
        self.parser.screen().row_wrapped(row)
    }

    /// Lines that have left at the top and are still kept; none on the alternate screen.
    pub fn history(&self) -> usize {
        self.parser.screen().scrollback_len()
    }

    /// Shows the picture as it was that many lines ago (clamped); 0 is now.
    pub fn scroll_to(&mut self, lines: usize) {
        self.parser.screen_mut().set_scrollback(lines);
    }

    /// How far the picture is scrolled back.
    pub fn scrolled(&self) -> usize {
        self.parser.screen().scrollback()
    }
}

fn parser(cols: u16, rows: u16, scrollback: usize) -> vt100::Parser<Answers> {
    vt100::Parser::new_with_callbacks(clamp(rows), clamp(cols), scrollback, Answers::default())
}

fn clamp(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n.min(LARGEST)).unwrap_or(NonZeroU16::MIN)
}

fn piece_len(piece: Piece<'_>) -> usize {
    match piece {
        Piece::Text(bytes) | Piece::Escape(bytes) | Piece::Csi(bytes) | Piece::Osc(bytes) => bytes.len(),
        Piece::Shift(_) => 1,
    }
}

/// DEC special graphics for the letters that stand for them (VT100 user guide, table 3-9).
fn draw_lines(text: &[u8]) -> Vec<u8> {
    const SHAPES: [char; 31] = [
        '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽',
        '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
    ];
    let mut out = Vec::with_capacity(text.len() * 3);
    for byte in text {
        match byte.checked_sub(0x60).and_then(|i| SHAPES.get(usize::from(i))) {
            Some(shape) => out.extend_from_slice(shape.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.push(*byte),
        }
    }
    out
}
