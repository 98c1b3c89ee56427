//! Text on cells: foreign text made harmless, measured and cut by grapheme.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns of a grapheme or a text.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Whether a character would do something to the terminal, or to the order of the text, instead of
/// being shown: controls, bidirectional overrides, invisible tags.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// One line of text without anything that is not shown: tabs and line ends become blanks, other
/// controls their picture (`␛`), the rest of the harmful vanishes.
pub fn clean(text: &str) -> String {
    if !text.chars().any(is_harmful) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\u{7f}' => out.push('\u{2421}'),
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or(' ')),
            c if is_harmful(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The text cut to so many columns, `…` where something is missing.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = width(grapheme);
        if used + w + 1 > columns {
            break;
        }
        out.push_str(grapheme);
        used += w;
    }
    out.push('…');
    out
}

/// Words in rows of so many columns, and no more than so many rows; what has no room is cut off the last.
pub fn rows(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let full = rows.len() >= most;
        match rows.last_mut() {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if full || width(row) + 1 + width(word) <= columns => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows.into_iter().map(|row| fit(&row, columns)).collect()
}

/// Writes clean text into a row, cut at `columns` and at the buffer; returns the columns used. What
/// has no width is left out.
pub fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, style: Style, columns: u16) -> u16 {
    let area = buf.area;
    if y < area.top() || y >= area.bottom() || x < area.left() {
        return 0;
    }
    let end = x.saturating_add(columns).min(area.right());
    let mut at = x;
    for grapheme in text.graphemes(true) {
        let w = u16::try_from(width(grapheme)).unwrap_or(0);
        if w == 0 || grapheme.chars().any(char::is_control) {
            continue;
        }
        if at.saturating_add(w) > end {
            break;
        }
        if let Some(cell) = buf.cell_mut((at, y)) {
            cell.set_symbol(grapheme).set_style(style);
        }
        for covered in at + 1..at + w {
            if let Some(cell) = buf.cell_mut((covered, y)) {
                cell.set_symbol(" ").set_style(style);
            }
        }
        at += w;
    }
    at - x
}

/// A piece of a line with its style.
pub type Piece = (String, Style);

/// Writes pieces one after the other, the last that does not fit cut with `…`; returns the columns
/// used.
pub fn put_line(buf: &mut Buffer, area: Rect, pieces: &[Piece]) -> u16 {
    let mut left = area.width;
    let mut x = area.x;
    for (text, style) in pieces {
        let text = fit(text, usize::from(left));
        let used = put(buf, x, area.y, &text, *style, left);
        x += used;
        left -= used;
        if left == 0 {
            break;
        }
    }
    x - area.x
}

/// Columns of a line.
pub fn line_width(pieces: &[Piece]) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_pictures() {
        assert_eq!(clean("a\x1b[31mb\tc\nd\u{202e}e\u{7f}"), "a␛[31mb c de␡");
        assert_eq!(clean("\u{9b}31m"), "31m");
    }

    #[test]
    fn text_is_cut_between_graphemes() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("漢字漢字", 4), "漢…");
        assert_eq!(fit("a", 0), "");
    }

    #[test]
    fn nothing_leaves_its_columns() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        assert_eq!(put(&mut buf, 1, 0, "漢字", Style::new(), 3), 2);
        assert_eq!(put(&mut buf, 3, 0, "字", Style::new(), 9), 0);
        assert_eq!(put(&mut buf, 9, 9, "x", Style::new(), 1), 0);
    }
}
