//! Another size: lines that were wrapped are put together and wrapped anew.

use std::collections::VecDeque;

use super::grid::Grid;
use super::row::{Row, Slot};

/// A place on the screen: column and row.
pub(super) type Place = (usize, usize);

impl Grid {
    /// Takes a size without moving text between lines: cut or filled up at the right, rows leave at
    /// the bottom first as long as they are below `cursor`.
    pub fn crop(&mut self, cols: usize, height: usize, cursor: &mut Place) {
        let before = self.cols();
        let (mut rows, history) = self.take();
        rows.drain(..history);
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
        self.put(rows, cols, height);
    }

    /// Takes a size; lines are wrapped anew, history included. `places` stay on the character that
    /// they were on; the first of them is the cursor, which stays on the screen.
    pub fn reflow(&mut self, cols: usize, height: usize, places: &mut [&mut Place]) {
        let before = self.cols();
        let (rows, history) = self.take();
        let absolute: Vec<Place> = places.iter().map(|p| (p.0, p.1 + history)).collect();
        let (mut rows, moved) =
            if cols == before { (rows, absolute) } else { rewrap(rows, (before, cols), &absolute) };
        let cursor = moved.first().copied().unwrap_or_default();
        // Blank lines below the cursor go first, as nobody misses them.
        while rows.len() > height.max(cursor.1 + 1)
            && rows.back().is_some_and(|r| r.cells.is_empty() && r.marks == 0)
        {
            rows.pop_back();
        }
        // What stood below the cursor and does not fit is pushed out at the top, but not the cursor.
        let longest = cursor.1 + height;
        rows.truncate(longest.max(1));
        // What it went on in is gone.
        if let Some(last) = rows.back_mut() {
            last.wrapped = false;
        }
        let total = rows.len().max(height);
        let above = total - height;
        self.put(rows, cols, height);
        // The history may have been cut meanwhile, which moves nothing on the screen.
        for (place, (x, y)) in places.iter_mut().zip(moved) {
            **place = (x.min(cols - 1), y.saturating_sub(above).min(height - 1));
        }
    }
}

/// Wraps lines that were of one width at another; gives where places have gone.
fn rewrap(
    rows: VecDeque<Row>,
    (before, cols): (usize, usize),
    places: &[Place],
) -> (VecDeque<Row>, Vec<Place>) {
    let mut out = VecDeque::with_capacity(rows.len());
    let mut moved = places.to_vec();
    let mut line: Vec<Slot> = Vec::new();
    let mut marks = 0;
    // Places on the line that is put together, as offsets.
    let mut here: Vec<(usize, usize)> = Vec::new();
    let mut rows = rows.into_iter().enumerate().peekable();
    while let Some((y, mut row)) = rows.next() {
        let goes_on = row.wrapped && rows.peek().is_some();
        here.extend(places.iter().enumerate().filter(|(_, p)| p.1 == y).map(|(i, p)| (i, line.len() + p.0)));
        marks |= row.marks;
        if line.is_empty() && !goes_on && row.cells.len() <= cols {
            // Most lines just stay.
            for (index, offset) in here.drain(..) {
                moved[index] = (offset, out.len());
            }
            row.marks = marks;
            row.wrapped = false;
            marks = 0;
            out.push_back(row);
            continue;
        }
        if goes_on {
            // A row that goes on is full; only a wide character that did not fit left a cell in front of it that was
            // never written. A blank that was is text.
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
        cut(&line, cols, marks, &mut out, &mut here, &mut moved);
        line.clear();
        marks = 0;
    }
    (out, moved)
}

/// Cuts one long line into rows.
fn cut(
    line: &[Slot],
    cols: usize,
    marks: u8,
    out: &mut VecDeque<Row>,
    here: &mut Vec<(usize, usize)>,
    moved: &mut [Place],
) {
    let mut start = 0;
    let first = out.len();
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
                moved[*index] = (offset - start, out.len());
            }
            !inside
        });
        let marks = if out.len() == first { marks } else { 0 };
        out.push_back(Row { cells: line[start..end].to_vec(), wrapped: !last, marks });
        start = end;
        if last {
            return;
        }
    }
}
