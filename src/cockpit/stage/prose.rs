//! Text in rows: wrapped between words, or cut where a row is full.

use unicode_segmentation::UnicodeSegmentation;

use super::Line;
use crate::cockpit::text;
use crate::config::theme::Role;

/// The narrowest place that text is laid out for; what is narrower still is cut when it is drawn.
const NARROWEST: usize = 4;

/// How a row goes on from the one above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joint {
    /// A line of its own.
    #[default]
    New,
    /// The same line; a blank stood between them.
    Blank,
    /// The same line, broken inside of a word.
    Inside,
}

/// A row of text that was laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What is drawn.
    pub line: Line,
    /// Bytes at its beginning that are decoration: indents, bars, bullets.
    pub lead: usize,
    /// How it goes on from the row above.
    pub joint: Joint,
    /// The block of the message that it shows.
    pub item: Option<u32>,
    /// Whether a block begins here.
    pub starts: bool,
}

impl Row {
    /// A row that stands for itself.
    pub fn new(line: Line) -> Self {
        Self { line, ..Self::default() }
    }

    /// What is drawn, as one text.
    pub fn text(&self) -> String {
        self.line.iter().map(|(text, _)| text.as_str()).collect()
    }
}

/// Bytes of a line.
pub fn bytes(line: &[(String, Role)]) -> usize {
    line.iter().map(|(text, _)| text.len()).sum()
}

/// Columns of a line.
pub fn columns(line: &[(String, Role)]) -> usize {
    line.iter().map(|(text, _)| text::width(text)).sum()
}

/// What is being filled.
struct Flow<'a> {
    rows: Vec<Row>,
    row: Row,
    used: usize,
    width: usize,
    hang: &'a Line,
}

impl Flow<'_> {
    fn next(&mut self, joint: Joint) {
        let next = Row { line: self.hang.clone(), lead: bytes(self.hang), joint, ..Row::default() };
        self.rows.push(std::mem::replace(&mut self.row, next));
        self.used = columns(self.hang);
    }

    fn fresh(&self) -> bool {
        bytes(&self.row.line) == self.row.lead
    }

    /// Graphemes one after the other, a new row wherever one is full.
    fn cut(&mut self, word: &str, role: Role) {
        for grapheme in word.graphemes(true) {
            let w = text::width(grapheme);
            if self.used + w > self.width && !self.fresh() {
                self.next(Joint::Inside);
            }
            push(&mut self.row.line, grapheme, role);
            self.used += w;
        }
    }
}

/// Breaks pieces between words, and words that are longer than a row between graphemes. `first`
/// stands in front of the first row, `hang` in front of the others.
pub fn flow(pieces: &[(String, Role)], width: usize, first: &Line, hang: &Line) -> Vec<Row> {
    let width = width.max(NARROWEST);
    let row = Row { line: first.clone(), lead: bytes(first), ..Row::default() };
    let mut flow = Flow { rows: Vec::new(), row, used: columns(first), width, hang };
    for (source, role) in pieces {
        let cleaned = text::clean(source);
        for word in cleaned.split_word_bounds() {
            let w = text::width(word);
            let blank = word.trim().is_empty();
            if flow.used + w > width && !flow.fresh() {
                let inside = !blank && !flow.row.text().ends_with(char::is_whitespace);
                flow.next(if inside { Joint::Inside } else { Joint::Blank });
            }
            if blank && flow.fresh() && !flow.rows.is_empty() {
                flow.row.joint = Joint::Blank;
            } else if flow.used + w > width {
                flow.cut(word, *role);
            } else {
                push(&mut flow.row.line, word, *role);
                flow.used += w;
            }
        }
    }
    flow.rows.push(flow.row);
    flow.rows
}

/// The same with plain text in front of the rows.
pub fn wrap(pieces: Line, width: usize, first: &str, hang: &str) -> Vec<Line> {
    let (first, hang) = (vec![(first.to_owned(), Role::Dim)], vec![(hang.to_owned(), Role::Dim)]);
    flow(&pieces, width, &first, &hang).into_iter().map(|row| row.line).collect()
}

pub(super) fn push(line: &mut Line, text: &str, role: Role) {
    match line.last_mut() {
        Some((last, same)) if *same == role => last.push_str(text),
        _ => line.push((text.to_owned(), role)),
    }
}

/// Breaks a line wherever a row is full; blanks stay. `prefix` stands in front of every row.
pub fn hard(pieces: &[(String, Role)], width: usize, prefix: &Line) -> Vec<Row> {
    let row = Row { line: prefix.clone(), lead: bytes(prefix), ..Row::default() };
    let used = columns(prefix);
    let mut flow = Flow { rows: Vec::new(), row, used, width: width.max(used + 1), hang: prefix };
    for (source, role) in pieces {
        let source = if source.contains('\t') { source.replace('\t', "    ") } else { source.clone() };
        let source = text::clean(&source);
        // Most lines fit, and need not be taken apart.
        let w = text::width(&source);
        if flow.used + w <= flow.width {
            push(&mut flow.row.line, &source, *role);
            flow.used += w;
        } else {
            flow.cut(&source, *role);
        }
    }
    flow.rows.push(flow.row);
    flow.rows
}

/// Output of a program without the sequences that move and colour a terminal; of what was written
/// over on a line, the last.
pub fn without_sequences(source: &str) -> String {
    if !source.contains(['\u{1b}', '\r', '\u{8}']) {
        return source.to_owned();
    }
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
                Some(']' | 'P' | '_' | '^') => {
                    while let Some(c) = chars.next() {
                        if c == '\u{7}' || c == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
                            break;
                        }
                    }
                }
                Some('(' | ')') => drop(chars.next()),
                _ => {}
            },
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => {
                let begin = out.rfind('\n').map_or(0, |at| at + 1);
                out.truncate(begin);
            }
            '\u{8}' => drop(out.pop_if_not_newline()),
            c => out.push(c),
        }
    }
    out
}

trait PopIfNotNewline {
    fn pop_if_not_newline(&mut self) -> Option<char>;
}

impl PopIfNotNewline for String {
    fn pop_if_not_newline(&mut self) -> Option<char> {
        if self.ends_with('\n') { None } else { self.pop() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Row]) -> Vec<String> {
        rows.iter().map(Row::text).collect()
    }

    fn plain(text: &str) -> Line {
        vec![(text.to_owned(), Role::Text)]
    }

    #[test]
    fn text_is_wrapped_between_words_and_says_how() {
        let rows = flow(&plain("The quick brown foxtrotting-animal"), 12, &plain("* "), &plain("  "));
        assert_eq!(texts(&rows), ["* The quick ", "  brown ", "  foxtrottin", "  g-animal"]);
        let joints: Vec<Joint> = rows.iter().map(|r| r.joint).collect();
        assert_eq!(joints, [Joint::New, Joint::Blank, Joint::Blank, Joint::Inside]);
        assert_eq!(rows[1].lead, 2);
    }

    #[test]
    fn no_row_is_too_wide() {
        for width in 4..20 {
            let source = plain("漢字漢字漢字漢字 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \u{1b}[31m **x");
            let rows = flow(&source, width, &Line::new(), &Line::new());
            for row in rows.into_iter().chain(hard(&source, width, &Line::new())) {
                assert!(text::width(row.text().trim_end()) <= width, "{width} {row:?}");
            }
        }
    }

    #[test]
    fn output_loses_its_colours_and_what_was_written_over() {
        let source = "\u{1b}[1;32mok\u{1b}[0m 1%\r2%\r\nnext\u{1b}]0;title\u{7} ab\u{8}c\u{1b}(B";
        assert_eq!(without_sequences(source), "2%\nnext ac");
    }
}
