//! Lines of graphemes, and the places in them.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::cockpit::text;

/// A place in the text: line, and grapheme in it.
pub(super) type Spot = (usize, usize);

/// What is chosen from: the lines of a whole history lie in one piece, and are cut where somebody looks.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    text: String,
    /// Where each line ends, and whether it goes on in the next one.
    ends: Vec<(usize, bool)>,
    output: Option<Range<usize>>,
}

impl FromIterator<String> for Lines {
    fn from_iter<T: IntoIterator<Item = String>>(lines: T) -> Self {
        let mut all = Self::default();
        lines.into_iter().for_each(|line| all.push(&line, false));
        all
    }
}

impl Lines {
    /// Adds the last line, and whether it goes on in the next one.
    pub fn push(&mut self, line: &str, wrapped: bool) {
        let line = if wrapped { line } else { line.trim_end() };
        if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            self.text.push_str(line);
        } else {
            self.text.push_str(&text::clean(line));
        }
        self.ends.push((self.text.len(), wrapped));
    }

    /// Says which lines are the output of the last command.
    pub fn set_output(&mut self, rows: Option<Range<usize>>) {
        self.output = rows;
    }

    /// The output of the last command.
    pub fn output(&self) -> Option<Range<usize>> {
        self.output.clone()
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// A line; empty beyond the end.
    pub fn line(&self, row: usize) -> &str {
        let Some((end, _)) = self.ends.get(row) else { return "" };
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        &self.text[start..*end]
    }

    /// What is drawn one after the other in a line.
    pub fn graphemes(&self, row: usize) -> impl DoubleEndedIterator<Item = &str> {
        self.line(row).graphemes(true)
    }

    /// How many graphemes a line has.
    pub fn columns(&self, row: usize) -> usize {
        self.graphemes(row).count()
    }

    /// Whether a line goes on in the next one.
    pub fn wraps(&self, row: usize) -> bool {
        row + 1 < self.rows() && self.ends.get(row).is_some_and(|(_, wrapped)| *wrapped)
    }

    /// The rows of the line that a row is part of.
    pub fn whole(&self, row: usize) -> Range<usize> {
        let start = (1..=row).rev().find(|row| !self.wraps(row - 1)).unwrap_or(0);
        let end = (row..self.rows()).find(|row| !self.wraps(*row)).unwrap_or(row);
        start..end + 1
    }

    /// The grapheme that covers a column of the screen; the last one beyond the end.
    pub fn index(&self, row: usize, column: usize) -> usize {
        let (mut x, mut last) = (0, 0);
        for (index, grapheme) in self.graphemes(row).enumerate() {
            x += grapheme.width().max(1);
            last = index;
            if x > column {
                break;
            }
        }
        last
    }

    /// The column that a place is drawn at.
    pub fn column(&self, (row, index): Spot) -> usize {
        self.graphemes(row).take(index).map(|g| g.width().max(1)).sum()
    }

    /// Text from one place to another, both included; wrapped lines are one.
    pub fn run(&self, from: Spot, to: Spot) -> String {
        let mut out = String::new();
        for row in from.0..(to.0.saturating_add(1)).min(self.rows()) {
            let begin = if row == from.0 { from.1 } else { 0 };
            let end = if row == to.0 { to.1.saturating_add(1) } else { usize::MAX };
            out.extend(self.graphemes(row).take(end).skip(begin));
            if row < to.0 && !self.wraps(row) {
                out.push('\n');
            }
        }
        out
    }

    /// The columns left..=right of some lines.
    pub fn block(&self, rows: Range<usize>, left: usize, right: usize) -> String {
        let mut out = Vec::new();
        for row in rows.start..rows.end.min(self.rows()) {
            let mut x = 0;
            let mut text = String::new();
            for grapheme in self.graphemes(row) {
                if (left..=right).contains(&x) {
                    text.push_str(grapheme);
                }
                x += grapheme.width().max(1);
            }
            out.push(text.trim_end().to_owned());
        }
        out.join("\n")
    }
}
