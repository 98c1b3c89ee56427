//! Choosing text of the stage to copy: what was there when it began stands still. Keys are vi's.

mod pick;
mod text;

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Verdict;
use crate::cockpit::skin::Skin;
use crate::cockpit::text as drawn;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

pub use text::Lines;
use text::Spot;

/// How a choice runs from its beginning to the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    /// Whole lines.
    #[default]
    Lines,
    /// As text runs.
    Run,
    /// The columns between.
    Block,
}

/// Text that is chosen from.
#[derive(Debug)]
pub struct Select {
    lines: Lines,
    at: Spot,
    /// Where the choice began.
    anchor: Option<Spot>,
    shape: Shape,
    /// What is looked for, whether upwards, and whether it is still being typed.
    wanted: String,
    upwards: bool,
    typing: bool,
    /// Something to say in the last row.
    note: &'static str,
    first: Cell<usize>,
    page: Cell<usize>,
}

impl Select {
    /// Text to choose from, with the cursor on one line and another as the first to be shown.
    pub fn new(lines: Lines, row: usize, first: usize) -> Self {
        let row = row.min(lines.rows().saturating_sub(1));
        Self {
            lines,
            at: (row, 0),
            anchor: None,
            shape: Shape::default(),
            wanted: String::new(),
            upwards: true,
            typing: false,
            note: "",
            first: Cell::new(first),
            page: Cell::new(1),
        }
    }

    /// A choice by mouse: begins at a cell of the stage.
    pub fn begin_at(&mut self, col: u16, row: u16) {
        self.at = self.spot(col, row);
        (self.anchor, self.shape) = (Some(self.at), Shape::Run);
    }

    /// The mouse was dragged to a cell of the stage.
    pub fn drag_to(&mut self, col: u16, row: u16) {
        self.at = self.spot(col, row);
    }

    /// The word under a cell of the stage.
    pub fn word_at(&mut self, col: u16, row: u16) {
        let (from, to) = self.lines.word(self.spot(col, row));
        (self.anchor, self.at, self.shape) = (Some(from), to, Shape::Run);
    }

    /// The wheel was turned.
    pub fn wheel(&mut self, rows: isize) {
        self.go(rows, 0);
    }

    fn spot(&self, col: u16, row: u16) -> Spot {
        let line = (self.first.get() + usize::from(row)).min(self.lines.rows().saturating_sub(1));
        (line, self.lines.index(line, usize::from(col)))
    }

    fn go(&mut self, rows: isize, columns: isize) {
        let row = self.at.0.saturating_add_signed(rows).min(self.lines.rows().saturating_sub(1));
        let last = self.lines.columns(row).saturating_sub(1);
        self.at = (row, self.at.1.min(last).saturating_add_signed(columns).min(last));
    }

    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        self.note = "";
        if self.typing {
            self.search_key(chord);
            return Verdict::Stay;
        }
        let page = isize::try_from(self.page.get().max(1)).unwrap_or(1);
        let (far, end) = (isize::MAX / 2, self.lines.columns(self.at.0).saturating_sub(1));
        if chord.mods.ctrl {
            match chord.key {
                Key::Char('u') => self.go(-page / 2, 0),
                Key::Char('d') => self.go(page / 2, 0),
                Key::Char('b') => self.go(-page, 0),
                Key::Char('f') => self.go(page, 0),
                Key::Char('v') => self.begin(Shape::Block),
                Key::Char('c') => return Verdict::Close,
                _ => {}
            }
            return Verdict::Stay;
        }
        match (chord.key, chord.text()) {
            (Key::Escape, _) | (_, Some('q')) => return Verdict::Close,
            (Key::Enter, _) | (_, Some('y')) => return Verdict::Copy(self.chosen()),
            (Key::Up, _) | (_, Some('k')) => self.go(-1, 0),
            (Key::Down, _) | (_, Some('j')) => self.go(1, 0),
            (Key::Left, _) | (_, Some('h')) => self.go(0, -1),
            (Key::Right, _) | (_, Some('l')) => self.go(0, 1),
            (Key::PageUp, _) => self.go(-page, 0),
            (Key::PageDown, _) => self.go(page, 0),
            (_, Some('g')) => self.go(-far, 0),
            (_, Some('G')) => self.go(far, 0),
            (Key::Home, _) | (_, Some('0')) => self.at.1 = 0,
            (_, Some('^')) => self.at.1 = self.lines.indent(self.at.0),
            (Key::End, _) | (_, Some('$')) => self.at.1 = end,
            (_, Some('w')) => self.at = self.lines.next_word(self.at),
            (_, Some('b')) => self.at = self.lines.word_before(self.at),
            (_, Some('e')) => self.at = self.lines.word_end(self.at),
            (_, Some('{')) => self.at = self.lines.gap(self.at, true),
            (_, Some('}')) => self.at = self.lines.gap(self.at, false),
            (_, Some('v')) => self.begin(Shape::Run),
            (_, Some('V' | ' ')) => self.begin(Shape::Lines),
            (_, Some('o')) => {
                if let Some(anchor) = &mut self.anchor {
                    std::mem::swap(anchor, &mut self.at);
                }
            }
            (_, Some(c @ ('/' | '?'))) => {
                (self.typing, self.upwards) = (true, c == '?');
                self.wanted.clear();
            }
            (_, Some('n')) => self.find(self.upwards),
            (_, Some('N')) => self.find(!self.upwards),
            (_, Some('O')) => {
                self.take(self.lines.output(), "no output is marked: the shell would have to (OSC 133)")
            }
            (_, Some('c')) => self.take(self.lines.code(), "no code block is here"),
            (_, Some('W')) => {
                let (from, to) = self.lines.word(self.at);
                (self.anchor, self.at, self.shape) = (Some(from), to, Shape::Run);
            }
            _ => {}
        }
        Verdict::Stay
    }

    /// Chooses lines from..to.
    fn take(&mut self, lines: Option<std::ops::Range<usize>>, otherwise: &'static str) {
        match lines {
            Some(lines) if !lines.is_empty() => {
                (self.anchor, self.at, self.shape) =
                    (Some((lines.start, 0)), (lines.end - 1, 0), Shape::Lines);
            }
            _ => self.note = otherwise,
        }
    }

    fn search_key(&mut self, chord: Chord) {
        match (chord.key, chord.text()) {
            (Key::Escape, _) => (self.typing, self.wanted) = (false, String::new()),
            (Key::Enter, _) => {
                self.typing = false;
                self.find(self.upwards);
            }
            (Key::Backspace, _) if self.wanted.pop().is_none() => self.typing = false,
            (Key::Backspace, _) => {}
            (_, Some(c)) => self.wanted.push(c),
            _ => {}
        }
    }

    /// Goes to the next place of what is looked for; upper case counts when it is looked for.
    fn find(&mut self, upwards: bool) {
        if self.wanted.is_empty() {
            return;
        }
        match self.lines.find(&self.wanted, self.at, upwards) {
            Some(spot) => self.at = spot,
            None => self.note = "not found",
        }
    }

    /// Begins a choice here, or ends it.
    fn begin(&mut self, shape: Shape) {
        let ends = self.anchor.is_some() && self.shape == shape;
        self.anchor = if ends { None } else { Some(self.anchor.unwrap_or(self.at)) };
        self.shape = shape;
    }

    /// First and last of what is chosen; the line of the cursor when nothing was begun.
    fn range(&self) -> (Spot, Spot) {
        let anchor = self.anchor.unwrap_or(self.at);
        let (from, to) = (anchor.min(self.at), anchor.max(self.at));
        if self.anchor.is_some() && self.shape != Shape::Lines {
            (from, to)
        } else {
            ((from.0, 0), (to.0, usize::MAX))
        }
    }

    /// The columns between the two ends of a block.
    fn block(&self) -> Option<(usize, usize)> {
        let anchor = self.anchor.filter(|_| self.shape == Shape::Block)?;
        let (a, b) = (self.lines.column(anchor), self.lines.column(self.at));
        Some((a.min(b), a.max(b)))
    }

    /// What is chosen, as text.
    pub fn chosen(&self) -> String {
        let (from, to) = self.range();
        match self.block() {
            Some((left, right)) => self.lines.block(from.0..to.0 + 1, left, right),
            None => self.lines.run(from, to),
        }
    }

    pub(super) fn view(&self, skin: &Skin, area: Rect, buf: &mut Buffer) {
        let says = self.typing || !self.note.is_empty();
        let page = usize::from(area.height).saturating_sub(usize::from(says)).max(1);
        self.page.set(page);
        let first = self.first.get().clamp(self.at.0.saturating_sub(page - 1), self.at.0);
        let first = first.min(self.lines.rows().saturating_sub(page));
        self.first.set(first);
        let (from, to) = self.range();
        let block = self.block();
        let (plain, chosen) = (skin.get(Role::Text), skin.get(Role::Selection));
        for (row, y) in (first..).zip(area.y..area.bottom()) {
            let blank = " ".repeat(usize::from(area.width));
            drawn::put(buf, area.x, y, &blank, plain, area.width);
            let mut x = area.x;
            for (col, grapheme) in self.lines.graphemes(row).enumerate() {
                let inside = match block {
                    Some((left, right)) => {
                        let column = usize::from(x - area.x);
                        (from.0..=to.0).contains(&row) && (left..=right).contains(&column)
                    }
                    None => (row, col) >= from && (row, col) <= to,
                };
                let shown = inside && (self.anchor.is_some() || row == self.at.0);
                let mut style = if shown { chosen } else { plain };
                if (row, col) == self.at {
                    style = style.add_modifier(ratatui::style::Modifier::UNDERLINED);
                }
                x += drawn::put(buf, x, y, grapheme, style, area.right().saturating_sub(x));
            }
            // An empty line that is chosen shows it, too.
            if self.lines.line(row).is_empty() && row < self.lines.rows() && (from.0..=to.0).contains(&row) {
                drawn::put(buf, area.x, y, " ", chosen, 1);
            }
        }
        if says && area.height > 1 {
            let sign = if self.upwards { '?' } else { '/' };
            let text = if self.typing { format!("{sign}{}▏", self.wanted) } else { self.note.to_owned() };
            let blank = " ".repeat(usize::from(area.width));
            drawn::put(buf, area.x, area.bottom() - 1, &blank, plain, area.width);
            drawn::put(
                buf,
                area.x,
                area.bottom() - 1,
                &drawn::clean(&text),
                skin.get(Role::Attention),
                area.width,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(select: &mut Select, keys: &str) -> Option<String> {
        crate::config::chord::sequence(keys).expect(keys).into_iter().find_map(|chord| {
            match select.key(chord) {
                Verdict::Copy(text) => Some(text),
                _ => None,
            }
        })
    }

    fn of(lines: &[&str]) -> Select {
        Select::new(lines.iter().map(|l| (*l).to_owned()).collect(), 0, 0)
    }

    fn text() -> Select {
        of(&["one two", "", "漢字 three  "])
    }

    #[test]
    fn lines_and_pieces_of_lines_are_copied() {
        assert_eq!(press(&mut text(), "y").as_deref(), Some("one two"));
        assert_eq!(press(&mut text(), "V down down y").as_deref(), Some("one two\n\n漢字 three"));
        assert_eq!(press(&mut text(), "l l l l v l l y").as_deref(), Some("two"));
        assert_eq!(press(&mut text(), "G l v g 0 y").as_deref(), Some("one two\n\n漢字"));
    }

    #[test]
    fn words_are_gone_by_and_chosen() {
        assert_eq!(press(&mut text(), "w v e y").as_deref(), Some("two"));
        assert_eq!(press(&mut text(), "w w W y").as_deref(), Some("漢字"));
        assert_eq!(press(&mut text(), "$ b v $ y").as_deref(), Some("two"));
        assert_eq!(press(&mut text(), "w W v y").as_deref(), Some("one two"), "v ends what W began");
    }

    #[test]
    fn a_block_has_columns() {
        let mut table = of(&["ab 1 x", "日 2 y", "ef 3 z"]);
        assert_eq!(press(&mut table, "l l l ctrl-v j j y").as_deref(), Some("1\n2\n3"));
    }

    #[test]
    fn what_is_looked_for_is_found_both_ways() {
        let mut lines = of(&["alpha", "Beta", "gamma", "beta end"]);
        assert_eq!(press(&mut lines, "/ b e t a enter v e y").as_deref(), Some("Beta"));
        assert_eq!(press(&mut lines, "n W y").as_deref(), Some("beta"));
        assert_eq!(press(&mut lines, "0 N W y").as_deref(), Some("Beta"));
        assert_eq!(press(&mut lines, "g / B e enter W y").as_deref(), Some("Beta"), "case counts");
        press(&mut lines, "/ x y z enter");
        assert_eq!(lines.note, "not found");
    }

    fn wrapped(rows: &[(&str, bool)]) -> Select {
        let mut lines = Lines::default();
        rows.iter().for_each(|(text, on)| lines.push(text, *on));
        Select::new(lines, 0, 0)
    }

    #[test]
    fn wrapped_lines_are_copied_as_one() {
        let mut lines =
            wrapped(&[("a long li", true), ("ne with  ", true), ("blanks", false), ("next", false)]);
        assert_eq!(press(&mut lines, "V j j j y").as_deref(), Some("a long line with  blanks\nnext"));
    }

    #[test]
    fn words_and_what_is_looked_for_go_over_the_end_of_a_row() {
        let rows = [("see /usr/lo", true), ("cal/bin/ba", true), ("sh now", false), ("sh end", false)];
        let mut lines = wrapped(&rows);
        assert_eq!(press(&mut lines, "w W y").as_deref(), Some("/usr/local/bin/bash"));
        assert_eq!(press(&mut wrapped(&rows), "/ l o c a l enter v e y").as_deref(), Some("local/bin/bash"));
        assert_eq!(press(&mut wrapped(&rows), "G ? b a s h enter v e y").as_deref(), Some("bash"));
        assert_eq!(press(&mut wrapped(&rows), "w w v e y").as_deref(), Some("now"));
        assert_eq!(press(&mut wrapped(&rows), "w e v b y").as_deref(), Some("/usr/local/bin/bash"));
        // Lines that do not belong together are none to it.
        press(&mut lines, "/ n o w s h enter");
        assert_eq!(lines.note, "not found");
    }

    #[test]
    fn the_only_place_is_found_again() {
        let mut lines = of(&["one", "İstanbul two", "three"]);
        for keys in ["/ t w o enter", "n", "? t w o enter", "n"] {
            press(&mut lines, keys);
            assert_eq!((lines.at, lines.note), ((1, 9), ""), "{keys}");
        }
    }

    #[test]
    fn output_and_code_are_taken_whole() {
        let mut lines: Lines = ["$ ls", "a", "b", "$ "].map(str::to_owned).into_iter().collect();
        lines.set_output(Some(1..3));
        let mut shell = Select::new(lines, 3, 0);
        assert_eq!(press(&mut shell, "O y").as_deref(), Some("a\nb"));
        let mut talk = of(&["text", "```rust", "fn a() {}", "```", "more"]);
        assert_eq!(press(&mut talk, "c y").as_deref(), Some("fn a() {}"));
        press(&mut talk, "O");
        assert!(talk.note.contains("OSC 133"));
    }

    #[test]
    fn the_mouse_chooses_cells() {
        let mut lines = text();
        lines.begin_at(2, 2);
        lines.drag_to(6, 2);
        assert_eq!(lines.chosen(), "字 th");
        lines.word_at(5, 0);
        assert_eq!(lines.chosen(), "two");
        lines.drag_to(900, 900);
        assert!(lines.chosen().ends_with("three"));
    }

    #[test]
    fn an_empty_stage_is_no_trouble() {
        let mut none = Select::new(Lines::default(), 7, 7);
        assert_eq!(press(&mut none, "down v G $ w b e { } n O c W ctrl-v y").as_deref(), Some(""));
        none.begin_at(3, 3);
        assert_eq!(none.chosen(), "");
    }
}
