//! Lines of graphemes, and the places in them.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::cockpit::text;

/// A place in the text: line, and grapheme in it.
pub(super) type Spot = (usize, usize);

/// What is chosen from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its lines.
    pub lines: Vec<String>,
    /// Which of them go on in the next one; those beyond the end do not.
    pub wraps: Vec<bool>,
    /// The output of the last command.
    pub output: Option<Range<usize>>,
}

/// The lines, cut into graphemes.
#[derive(Debug)]
pub(super) struct Lines {
    lines: Vec<Vec<String>>,
    wraps: Vec<bool>,
    output: Option<Range<usize>>,
}

impl Lines {
    pub fn new(source: Source) -> Self {
        let cut = |line: &String| text::clean(line.trim_end()).graphemes(true).map(str::to_owned).collect();
        Self { lines: source.lines.iter().map(cut).collect(), wraps: source.wraps, output: source.output }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn get(&self, row: usize) -> Option<&Vec<String>> {
        self.lines.get(row)
    }

    /// How many graphemes a line has.
    pub fn columns(&self, row: usize) -> usize {
        self.lines.get(row).map_or(0, Vec::len)
    }

    pub fn output(&self) -> Option<Range<usize>> {
        self.output.clone()
    }

    /// The lines of a range of rows.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (usize, String)> + '_ {
        self.lines.iter().enumerate().map(|(row, line)| (row, line.concat()))
    }

    /// The grapheme that covers a column of the screen; the last one beyond the end.
    pub fn index(&self, row: usize, column: usize) -> usize {
        let Some(line) = self.lines.get(row) else { return 0 };
        let mut x = 0;
        for (index, grapheme) in line.iter().enumerate() {
            x += grapheme.width().max(1);
            if x > column {
                return index;
            }
        }
        line.len().saturating_sub(1)
    }

    /// The column that a place is drawn at.
    pub fn column(&self, (row, index): Spot) -> usize {
        let line = self.lines.get(row).map_or(&[][..], Vec::as_slice);
        line.iter().take(index).map(|g| g.width().max(1)).sum()
    }

    /// Text from one place to another, both included; wrapped lines are one.
    pub fn run(&self, from: Spot, to: Spot) -> String {
        let mut out = String::new();
        for (row, line) in self.lines.iter().enumerate().take(to.0.saturating_add(1)).skip(from.0) {
            let begin = if row == from.0 { from.1.min(line.len()) } else { 0 };
            let end = if row == to.0 { to.1.saturating_add(1).min(line.len()) } else { line.len() };
            out.extend(line.get(begin..end).unwrap_or_default().iter().map(String::as_str));
            if row < to.0 && !self.wraps.get(row).copied().unwrap_or(false) {
                out.push('\n');
            }
        }
        out
    }

    /// The columns left..=right of some lines.
    pub fn block(&self, rows: Range<usize>, left: usize, right: usize) -> String {
        let mut out = Vec::new();
        for line in self.lines.iter().take(rows.end).skip(rows.start) {
            let mut x = 0;
            let mut text = String::new();
            for grapheme in line {
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
