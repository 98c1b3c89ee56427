//! Choosing text of the stage to copy: what was there when it began stands still.

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::Verdict;
use crate::cockpit::skin::Skin;
use crate::cockpit::text;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

/// A place in the text: line, and grapheme in it.
type Spot = (usize, usize);

/// Text that is chosen from.
#[derive(Debug)]
pub struct Select {
    lines: Vec<Vec<String>>,
    at: Spot,
    /// Where the choice began; whole lines unless `exact`.
    anchor: Option<Spot>,
    exact: bool,
    first: Cell<usize>,
    page: Cell<usize>,
}

impl Select {
    /// Lines to choose from, with the cursor on one of them and another as the first to be shown.
    pub fn new(lines: &[String], row: usize, first: usize) -> Self {
        let cut = |line: &String| text::clean(line.trim_end()).graphemes(true).map(str::to_owned).collect();
        let lines: Vec<Vec<String>> = lines.iter().map(cut).collect();
        let row = row.min(lines.len().saturating_sub(1));
        let (first, page) = (Cell::new(first), Cell::new(1));
        Self { lines, at: (row, 0), anchor: None, exact: false, first, page }
    }

    fn columns(&self, row: usize) -> usize {
        self.lines.get(row).map_or(0, Vec::len)
    }

    fn go(&mut self, rows: isize, columns: isize) {
        let row = self.at.0.saturating_add_signed(rows).min(self.lines.len().saturating_sub(1));
        let last = self.columns(row).saturating_sub(1);
        self.at = (row, self.at.1.min(last).saturating_add_signed(columns).min(last));
    }

    pub(super) fn key(&mut self, chord: Chord) -> Verdict {
        let page = isize::try_from(self.page.get().max(1)).unwrap_or(1);
        let (far, end) = (isize::MAX / 2, self.columns(self.at.0).saturating_sub(1));
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
            (Key::End, _) | (_, Some('$')) => self.at.1 = end,
            (_, Some('v')) => self.begin(true),
            (_, Some('V' | ' ')) => self.begin(false),
            _ => {}
        }
        Verdict::Stay
    }

    /// Begins a choice here, or ends it.
    fn begin(&mut self, exact: bool) {
        let ends = self.anchor.is_some() && self.exact == exact;
        self.anchor = if ends { None } else { Some(self.anchor.unwrap_or(self.at)) };
        self.exact = exact;
    }

    /// First and last of what is chosen; the line of the cursor when nothing was begun.
    fn range(&self) -> (Spot, Spot) {
        let anchor = self.anchor.unwrap_or(self.at);
        let (from, to) = (anchor.min(self.at), anchor.max(self.at));
        if self.exact && self.anchor.is_some() { (from, to) } else { ((from.0, 0), (to.0, usize::MAX)) }
    }

    fn chosen(&self) -> String {
        let (from, to) = self.range();
        let lines = self.lines.iter().enumerate().skip(from.0).take(to.0 - from.0 + 1);
        let cut = |(row, line): (usize, &Vec<String>)| -> String {
            let begin = if row == from.0 { from.1.min(line.len()) } else { 0 };
            let end = if row == to.0 { to.1.saturating_add(1).min(line.len()) } else { line.len() };
            line.get(begin..end).unwrap_or_default().concat()
        };
        lines.map(cut).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn view(&self, skin: &Skin, area: Rect, buf: &mut Buffer) {
        let page = usize::from(area.height).max(1);
        self.page.set(page);
        let first = self.first.get().clamp(self.at.0.saturating_sub(page - 1), self.at.0);
        let first = first.min(self.lines.len().saturating_sub(page));
        self.first.set(first);
        let (from, to) = self.range();
        let (plain, chosen) = (skin.get(Role::Text), skin.get(Role::Selection));
        for (row, y) in (first..).zip(area.y..area.bottom()) {
            let blank = " ".repeat(usize::from(area.width));
            text::put(buf, area.x, y, &blank, plain, area.width);
            let Some(line) = self.lines.get(row) else { continue };
            let mut x = area.x;
            for (col, grapheme) in line.iter().enumerate() {
                let inside = (row, col) >= from && (row, col) <= to;
                let shown = inside && (self.anchor.is_some() || row == self.at.0);
                let mut style = if shown { chosen } else { plain };
                if (row, col) == self.at {
                    style = style.add_modifier(ratatui::style::Modifier::UNDERLINED);
                }
                x += text::put(buf, x, y, grapheme, style, area.right().saturating_sub(x));
            }
            // An empty line that is chosen shows it, too.
            if line.is_empty() && (from.0..=to.0).contains(&row) {
                text::put(buf, area.x, y, " ", chosen, 1);
            }
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

    fn text() -> Select {
        Select::new(&["one two".into(), String::new(), "漢字 three  ".into()], 0, 0)
    }

    #[test]
    fn lines_and_pieces_of_lines_are_copied() {
        assert_eq!(press(&mut text(), "y").as_deref(), Some("one two"));
        assert_eq!(press(&mut text(), "V down down y").as_deref(), Some("one two\n\n漢字 three"));
        assert_eq!(press(&mut text(), "l l l l v l l y").as_deref(), Some("two"));
        assert_eq!(press(&mut text(), "G l v g 0 y").as_deref(), Some("one two\n\n漢字"));
    }

    #[test]
    fn an_empty_stage_is_no_trouble() {
        let mut none = Select::new(&[], 7, 7);
        assert_eq!(press(&mut none, "down v G $ y").as_deref(), Some(""));
    }
}
