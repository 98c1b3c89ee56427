//! From a buffer to bytes: only what changed, with the widths that were asked for.
//!
//! ratatui's own backend (0.30.2) does not move the cursor after a wide grapheme whose second column
//! is written too, so that everything behind `⚠️` stands one column off on terminals that draw it
//! wide. Here the cursor is moved after everything that terminals may disagree about.

use std::fmt::Write;
use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::extra::{self, Extra, Extras};

/// Unchanged cells that are written again rather than jumped over: a jump takes about as many bytes.
const CHEAPER_THAN_A_JUMP: u16 = 6;

/// Remembers what the terminal shows.
#[derive(Debug, Default)]
pub struct Painter {
    shown: Option<(Buffer, Extras)>,
    /// One that is shown no more: making a new one costs more than cleaning it.
    spare: Option<Buffer>,
    cursor: Option<Position>,
}

/// Colours and attributes that are in force.
#[derive(Clone, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
    underline: u8,
    line: Color,
    link: Option<Arc<str>>,
}

const PLAIN: Pen = Pen {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
    underline: 0,
    line: Color::Reset,
    link: None,
};

/// A picture and what its cells have beyond it.
#[derive(Clone, Copy)]
struct Picture<'a> {
    cells: &'a Buffer,
    extras: &'a Extras,
}

impl<'a> Picture<'a> {
    fn get(self, at: (u16, u16)) -> Option<(&'a Cell, Option<&'a Extra>)> {
        Some((self.cells.cell(at)?, self.extras.get(at)))
    }
}

impl Painter {
    /// Forgets what the terminal shows: everything is written next time.
    pub fn forget(&mut self) {
        self.shown = None;
        self.cursor = None;
    }

    /// An empty buffer of a size.
    pub fn canvas(&mut self, area: Rect) -> Buffer {
        match self.spare.take() {
            Some(mut buf) if buf.area == area => {
                buf.reset();
                buf
            }
            _ => Buffer::empty(area),
        }
    }

    /// The bytes that bring the terminal from what it shows to this; empty when nothing changed.
    pub fn paint(&mut self, mut next: Buffer, extras: Extras, cursor: Option<Position>) -> String {
        cover(&mut next);
        let before = self.shown.take().filter(|(shown, _)| shown.area == next.area);
        let old = before.as_ref().map(|(cells, extras)| Picture { cells, extras });
        let mut body = changes(Picture { cells: &next, extras: &extras }, old);
        if before.is_none() {
            body.insert_str(0, "\x1b[m\x1b[2J");
        }
        self.spare = before.map(|(cells, _)| cells);
        self.shown = Some((next, extras));
        self.finish(&body, cursor)
    }

    /// As [`Self::paint`], where the rest of the terminal stays as it is; `None` when it is not known what it shows.
    pub fn patch(&mut self, mut part: Buffer, extras: Extras, cursor: Option<Position>) -> Option<String> {
        let (cells, all) =
            self.shown.as_mut().filter(|(shown, _)| shown.area.union(part.area) == shown.area)?;
        cover(&mut part);
        let body = changes(Picture { cells: &part, extras: &extras }, Some(Picture { cells, extras: all }));
        for (at, cell) in part.area.positions().zip(part.content) {
            if let Some(shown) = cells.cell_mut(at) {
                *shown = cell;
            }
        }
        all.replace(part.area, extras);
        Some(self.finish(&body, cursor))
    }

    /// Frames what is to be written, if it is anything.
    fn finish(&mut self, body: &str, cursor: Option<Position>) -> String {
        if body.is_empty() && self.cursor == cursor {
            return String::new();
        }
        self.cursor = cursor;
        // Writing to a String cannot fail, here and below.
        let mut out = String::with_capacity(body.len() + 48);
        out.push_str("\x1b[?2026h\x1b[?25l");
        out.push_str(body);
        if let Some(at) = cursor {
            let _ = write!(out, "\x1b[{};{}H\x1b[?25h", at.y + 1, at.x + 1);
        }
        out.push_str("\x1b[?2026l");
        out
    }
}

/// The bytes that make one picture of another, in the area of the next one.
fn changes(next: Picture<'_>, before: Option<Picture<'_>>) -> String {
    let (mut body, mut pen) = (String::new(), PLAIN);
    for y in next.cells.area.rows().map(|row| row.y) {
        row(next, before, y, &mut pen, &mut body);
    }
    if pen.link.is_some() {
        extra::link(None, &mut body);
    }
    if pen != PLAIN {
        body.push_str("\x1b[m");
    }
    body
}

fn width(cell: &Cell) -> u16 {
    match cell.diff_option {
        CellDiffOption::ForcedWidth(width) => width.get().min(2),
        _ if cell.symbol().len() == 1 => 1,
        _ => u16::try_from(cell.symbol().width()).unwrap_or(1).clamp(1, 2),
    }
}

/// Empties the cells that a wide one covers, so that two buffers show the same exactly if they are
/// equal. A wide cell without room is a blank.
fn cover(buf: &mut Buffer) {
    let area = buf.area;
    for y in area.y..area.bottom() {
        let mut x = area.x;
        while x < area.right() {
            let w = buf.cell((x, y)).map_or(1, width);
            if w == 2 && x + 1 == area.right() {
                if let Some(cell) = buf.cell_mut((x, y)) {
                    cell.set_symbol(" ").set_diff_option(CellDiffOption::None);
                }
            } else if w == 2
                && let Some(style) = buf.cell((x, y)).map(Cell::style)
                && let Some(cell) = buf.cell_mut((x + 1, y))
            {
                cell.reset();
                cell.set_style(style).set_symbol("");
            }
            x += w;
        }
    }
}

fn same(a: &Cell, b: &Cell) -> bool {
    a.symbol() == b.symbol()
        && a.fg == b.fg
        && a.bg == b.bg
        && a.modifier == b.modifier
        && (a.diff_option == b.diff_option || width(a) == width(b))
}

fn row(next: Picture<'_>, before: Option<Picture<'_>>, y: u16, pen: &mut Pen, out: &mut String) {
    let Rect { x: left, .. } = next.cells.area;
    let right = next.cells.area.right();
    let changed = |x: u16| match (next.get((x, y)), before.and_then(|b| b.get((x, y)))) {
        (Some((new, extra)), Some((old, was))) => !same(new, old) || extra != was,
        // A cleared terminal shows blanks already.
        (Some((new, extra)), None) => {
            new.symbol() != " " || new.bg != Color::Reset || !new.modifier.is_empty() || extra.is_some()
        }
        (None, _) => false,
    };
    // Where the terminal's cursor is for certain, in this row.
    let mut at: Option<u16> = None;
    let mut x = left;
    while x < right {
        let Some((cell, extra)) = next.get((x, y)) else { return };
        let w = if cell.symbol().is_empty() { 1 } else { width(cell) };
        let dirty = (x..x + w).any(changed);
        if !dirty {
            x += w;
            continue;
        }
        match at {
            Some(here) if here == x => {}
            Some(here)
                if here < x
                    && x - here <= CHEAPER_THAN_A_JUMP
                    && (here..x).all(|c| simple(next.cells, c, y)) =>
            {
                for between in here..x {
                    if let Some((cell, extra)) = next.get((between, y)) {
                        put(cell, extra, pen, out);
                    }
                }
            }
            _ => {
                let _ = write!(out, "\x1b[{};{}H", y + 1, x + 1);
            }
        }
        if !cell.symbol().is_empty() {
            at = glyph((cell, extra), (x, y), w, pen, out).then_some(x + w);
        }
        x += w;
    }
}

fn simple(buf: &Buffer, x: u16, y: u16) -> bool {
    buf.cell((x, y)).is_some_and(|cell| certain(cell.symbol(), 1) && width(cell) == 1)
}

/// Whether every terminal agrees that this takes so many columns.
fn certain(symbol: &str, w: u16) -> bool {
    let mut chars = symbol.chars();
    let (Some(first), None) = (chars.next(), chars.next()) else { return false };
    match w {
        1 => first.is_ascii() || matches!(first, '─'..='▟' | '\u{a1}'..='\u{24f}' | '↑' | '↓' | '…'),
        // Ideographs, kana, hangul, full-width forms.
        _ => {
            matches!(first, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}')
        }
    }
}

/// Writes one grapheme; whether the cursor's place is known afterwards.
fn glyph(
    (cell, extra): (&Cell, Option<&Extra>),
    (x, y): (u16, u16),
    w: u16,
    pen: &mut Pen,
    out: &mut String,
) -> bool {
    let known = certain(cell.symbol(), w);
    if !known && w == 2 {
        // On a terminal that draws it narrow, the second column must not keep what was there.
        color(cell, extra, pen, out);
        let _ = write!(out, "  \x1b[{};{}H", y + 1, x + 1);
    }
    put(cell, extra, pen, out);
    known
}

fn put(cell: &Cell, extra: Option<&Extra>, pen: &mut Pen, out: &mut String) {
    color(cell, extra, pen, out);
    out.push_str(cell.symbol());
}

fn color(cell: &Cell, extra: Option<&Extra>, pen: &mut Pen, out: &mut String) {
    let mut wanted = Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier, ..PLAIN };
    if let Some(extra) = extra {
        (wanted.underline, wanted.line) = (extra.underline, extra.line);
        wanted.link.clone_from(&extra.link);
    }
    if wanted == *pen {
        return;
    }
    if wanted.link != pen.link {
        extra::link(wanted.link.as_deref(), out);
        pen.link.clone_from(&wanted.link);
        if wanted == *pen {
            return;
        }
    }
    out.push_str("\x1b[");
    let mut codes: Vec<String> = Vec::new();
    let mut from = pen.clone();
    let lines = (from.underline, from.line) != (wanted.underline, wanted.line);
    // Attributes are taken back all together: terminals differ in the single codes.
    if lines && (from.underline, from.line) != (PLAIN.underline, PLAIN.line)
        || !from.modifier.difference(wanted.modifier).is_empty()
    {
        codes.push("0".into());
        from = PLAIN;
    }
    const ATTRIBUTES: [(Modifier, &str); 8] = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::SLOW_BLINK, "5"),
        (Modifier::REVERSED, "7"),
        (Modifier::HIDDEN, "8"),
        (Modifier::CROSSED_OUT, "9"),
    ];
    let new = wanted.modifier.difference(from.modifier);
    codes.extend(ATTRIBUTES.iter().filter(|(m, _)| new.contains(*m)).map(|(_, code)| (*code).to_owned()));
    if let Some(extra) = extra.filter(|_| lines) {
        extra.codes(&mut codes);
    }
    if wanted.fg != from.fg {
        codes.push(code(wanted.fg, 30));
    }
    if wanted.bg != from.bg {
        codes.push(code(wanted.bg, 40));
    }
    out.push_str(&codes.join(";"));
    out.push('m');
    *pen = wanted;
}

/// The parameters of a colour; `base` is 30 for text and 40 for what is behind it.
fn code(color: Color, base: u8) -> String {
    match color {
        Color::Indexed(i @ 0..=7) => (base + i).to_string(),
        Color::Indexed(i @ 8..=15) => (base + 60 + i - 8).to_string(),
        Color::Indexed(i) => format!("{};5;{i}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        // Skins use no other.
        _ => (base + 9).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::screen::{self, Screen};
    use proptest::prelude::*;
    use ratatui::style::Style;

    fn buffer(lines: &[&str]) -> Buffer {
        let area = Rect::new(0, 0, 12, u16::try_from(lines.len()).expect("few"));
        let mut buf = Buffer::empty(area);
        for (line, y) in lines.iter().zip(0..) {
            crate::cockpit::text::put(&mut buf, 0, y, line, Style::new(), 12);
        }
        buf
    }

    #[test]
    fn what_did_not_change_is_not_written() {
        let mut painter = Painter::default();
        assert!(painter.paint(buffer(&["hello", "world"]), Extras::default(), None).contains("hello"));
        assert_eq!(painter.paint(buffer(&["hello", "world"]), Extras::default(), None), "");
        let bytes = painter.paint(buffer(&["hello", "worlt"]), Extras::default(), None);
        assert!(bytes.contains("\x1b[2;5Ht") && !bytes.contains("wor"), "{bytes:?}");
    }

    #[test]
    fn the_cursor_is_moved_after_what_terminals_disagree_about() {
        let bytes = Painter::default().paint(buffer(&["⚠\u{fe0f} ab"]), Extras::default(), None);
        assert!(bytes.contains("  \x1b[1;1H⚠\u{fe0f}\x1b[1;4Hab"), "{bytes:?}");
    }

    #[test]
    fn addresses_and_lines_are_written_and_end() {
        let mut extras = Extras::default();
        extras.note((0, 0), 3, Color::Indexed(9), "https://a.example/");
        extras.note((1, 0), 0, Color::Reset, "https://a.example/");
        let mut cells = buffer(&["abc"]);
        cells.cell_mut((0, 0)).expect("inside").modifier = Modifier::UNDERLINED;
        let bytes = Painter::default().paint(cells, extras, None);
        let mut screen = Screen::new(12, 1);
        screen.feed(bytes.as_bytes());
        let cell = |x| screen.cell(x, 0).expect("inside");
        assert_eq!(
            (cell(0).underline, cell(0).line, cell(0).link),
            (3, screen::Color::Index(9), "https://a.example/")
        );
        assert_eq!(
            (cell(1).underline, cell(1).line, cell(1).link),
            (0, screen::Color::Default, "https://a.example/")
        );
        assert_eq!((cell(2).underline, cell(2).link), (0, ""), "{bytes:?}");
    }

    proptest! {
        /// Painting one picture over another gives the same screen as painting it on a blank one.
        #[test]
        fn a_change_gives_the_same_picture(a in "[a-c漢⚠ ]{0,12}", b in "[a-c漢⚠ ]{0,12}") {
            let mut painter = Painter::default();
            let mut screen = Screen::new(12, 1);
            screen.feed(painter.paint(buffer(&[&a]), Extras::default(), None).as_bytes());
            screen.feed(painter.paint(buffer(&[&b]), Extras::default(), None).as_bytes());
            let mut fresh = Screen::new(12, 1);
            fresh.feed(Painter::default().paint(buffer(&[&b]), Extras::default(), None).as_bytes());
            prop_assert_eq!(screen.text(), fresh.text());
        }
    }
}
