//! Another size: lines that were wrapped are put together and wrapped anew.

use std::collections::VecDeque;

use super::grid::Grid;
use super::history::History;
use super::row::{Row, Slot};

/// A place on the screen: column and row.
pub(super) type Place = (usize, usize);

impl Grid {
    /// Takes a size without moving text between lines: cut or filled up at the right, rows leave at
    /// the bottom first as long as they are below `cursor`.
    pub fn crop(&mut self, cols: usize, height: usize, cursor: &mut Place) {
        let before = self.cols();
        let (history, mut rows) = self.take();
        let over = rows.len().saturating_sub(height);
        let below = rows.len().saturating_sub(cursor.1 + 1).min(over);
        rows.truncate(rows.len() - below);
        let above = rows.len().saturating_sub(height);
        rows.drain(..above);
        cursor.1 = cursor.1.saturating_sub(above).min(height - 1);
        cursor.0 = cursor.0.min(cols - 1);
        for row in &mut rows {
            // What does not reach the edge any more, or is cut there, does not go on in the next row.
            row.wrapped &= cols == before;
            if row.cells.len() > cols {
                row.split(cols);
                row.cells.truncate(cols);
            }
        }
        self.put((history, rows), cols, height);
    }

    /// Takes a size; lines are wrapped anew, history included. `places` stay on the character that
    /// they were on; the first of them is the cursor, which stays on the screen.
    pub fn reflow(&mut self, cols: usize, height: usize, places: &mut [&mut Place]) {
        let before = self.cols();
        let (history, rows) = self.take();
        let above = history.len();
        let absolute: Vec<Place> = places.iter().map(|p| (p.0, p.1 + above)).collect();
        let mut out = Out { history, rows, above, moved: absolute };
        if cols != before {
            out.rewrap((before, cols));
        }
        let cursor = out.moved.first().copied().unwrap_or_default();
        out.fit(height, cursor.1);
        // The history may have been cut meanwhile, which moves nothing on the screen.
        for (place, (x, y)) in places.iter_mut().zip(out.moved) {
            **place = (x.min(cols - 1), y.saturating_sub(out.above).min(height - 1));
        }
        self.put((out.history, out.rows), cols, height);
    }
}

/// Lines on their way to another size.
struct Out {
    history: History,
    rows: VecDeque<Row>,
    /// How many lines stood before the rows; not all of them need have been kept.
    above: usize,
    /// Places, counted from the first of those.
    moved: Vec<Place>,
}

impl Out {
    /// Takes as many rows as a screen has, if there are so many, with the cursor's among them.
    fn fit(&mut self, height: usize, cursor: usize) {
        let cursor = cursor.saturating_sub(self.above);
        // Blank lines below the cursor go first, as nobody misses them.
        let fewest = height.saturating_sub(self.above).max(cursor + 1);
        while self.rows.len() > fewest && self.rows.back().is_some_and(|r| r.cells.is_empty() && r.marks == 0)
        {
            self.rows.pop_back();
        }
        // What stood below the cursor and does not fit is pushed out at the top, but not the cursor.
        self.rows.truncate(cursor + height);
        // What it went on in is gone.
        if let Some(last) = self.rows.back_mut() {
            last.wrapped = false;
        }
        while self.rows.len() > height
            && let Some(row) = self.rows.pop_front()
        {
            self.above += 1;
            if self.history.keeps() {
                self.history.push(&row);
            }
        }
        while self.rows.len() < height
            && let Some(row) = self.history.pop()
        {
            self.above -= 1;
            self.rows.push_front(row);
        }
    }

    /// Wraps lines that were of one width at another.
    fn rewrap(&mut self, (before, cols): (usize, usize)) {
        let places = self.moved.clone();
        let screen = self.above;
        let rows = std::mem::take(&mut self.rows);
        self.above = 0;
        let mut line: Vec<Slot> = Vec::new();
        let mut marks = 0;
        // Places on the line that is put together, as offsets.
        let mut here: Vec<(usize, usize)> = Vec::new();
        let mut rows = self.history.drain().chain(rows).enumerate().peekable();
        while let Some((y, mut row)) = rows.next() {
            let goes_on = row.wrapped && rows.peek().is_some();
            here.extend(
                places.iter().enumerate().filter(|(_, p)| p.1 == y).map(|(i, p)| (i, line.len() + p.0)),
            );
            marks |= row.marks;
            if line.is_empty() && !goes_on && row.cells.len() <= cols {
                // Most lines just stay.
                for (index, offset) in here.drain(..) {
                    self.moved[index] = (offset, self.len());
                }
                row.marks = marks;
                row.wrapped = false;
                marks = 0;
                self.push(row, y >= screen);
                continue;
            }
            if goes_on {
                // A row that goes on is full; only a wide character that did not fit left a cell in front of it that
                // was never written. A blank that was is text.
                let wide = rows.peek().is_some_and(|(_, next)| next.get(0).is_wide());
                let early = wide && row.get(before - 1).glyph == 0;
                row.cells.resize(before - usize::from(early), Slot::default());
            } else {
                let kept = row.cells.iter().rposition(|c| *c != Slot::default()).map_or(0, |x| x + 1);
                row.cells.truncate(kept);
            }
            line.append(&mut row.cells);
            if goes_on {
                continue;
            }
            self.cut(&line, cols, marks, &mut here, y >= screen);
            line.clear();
            marks = 0;
        }
    }

    fn len(&self) -> usize {
        self.above + self.rows.len()
    }

    /// Adds a row that ended on the screen, or before it.
    fn push(&mut self, row: Row, on_screen: bool) {
        if on_screen {
            self.rows.push_back(row);
        } else {
            self.history.push(&row);
            self.above += 1;
        }
    }

    /// Cuts one long line into rows.
    fn cut(
        &mut self,
        line: &[Slot],
        cols: usize,
        marks: u8,
        here: &mut Vec<(usize, usize)>,
        on_screen: bool,
    ) {
        let mut start = 0;
        let first = self.len();
        loop {
            let mut end = (start + cols).min(line.len());
            // A wide character is not cut in half, unless there is room for nothing else.
            if end < line.len() && line[end].is_right() && end > start + 1 {
                end -= 1;
            }
            let last = end == line.len();
            here.retain(|(index, offset)| {
                let inside = *offset >= start && (*offset < end || last);
                if inside {
                    self.moved[*index] = (offset - start, self.len());
                }
                !inside
            });
            let marks = if self.len() == first { marks } else { 0 };
            self.push(Row { cells: line[start..end].to_vec(), wrapped: !last, marks }, on_screen);
            start = end;
            if last {
                return;
            }
        }
    }
}
