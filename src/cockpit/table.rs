//! Rows in columns: aligned over what is visible, cut where there is no room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{self, Piece};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Takes what the others leave, and gives when they have too little.
    grows: bool,
    /// At the right edge of its place.
    right: bool,
    /// Left out first when there is no room; 0 never.
    rank: u8,
}

impl Column {
    /// A column as wide as its widest cell.
    pub const fn new() -> Self {
        Self { grows: false, right: false, rank: 0 }
    }

    /// See [`Column::grows`].
    #[must_use]
    pub const fn grows(self) -> Self {
        Self { grows: true, ..self }
    }

    /// See [`Column::right`].
    #[must_use]
    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    /// See [`Column::rank`].
    #[must_use]
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// A cell: pieces of text.
pub type Cell = Vec<Piece>;

/// From this width on there is a blank at the edges, and two between columns.
const AIRY: u16 = 20;
const ROOMY: u16 = 56;
/// The smallest width that a growing column is pressed to before others go.
const LEAST: usize = 8;

/// Draws rows from the top. `marked` is the row under the cursor with the style that goes over it;
/// with `whole`, that style alone counts.
pub fn draw(
    buf: &mut Buffer,
    whole: Rect,
    columns: &[Column],
    rows: &[Vec<Cell>],
    marked: Option<(usize, Style, bool)>,
) {
    // A blank at each edge, where there is room: the mark of the chosen row goes over it.
    let air = u16::from(whole.width >= AIRY);
    let area = Rect { x: whole.x + air, width: whole.width - 2 * air, ..whole };
    let gap = if area.width >= ROOMY { 2 } else { 1 };
    let widths = widths(columns, rows, usize::from(area.width), gap);
    for (i, row) in rows.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(i).unwrap_or(u16::MAX);
        let mark = marked.filter(|(at, ..)| *at == i);
        if let Some((_, style, _)) = mark {
            buf.set_style(Rect { y, height: 1, ..whole }, style);
        }
        let mut x = area.x;
        for ((column, cell), width) in columns.iter().zip(row).zip(&widths) {
            let Some(width) = *width else { continue };
            let used = text::line_width(cell);
            let pad = if column.right { width.saturating_sub(used) } else { 0 };
            let at = x + clamp(pad);
            let place = Rect { x: at, y, width: clamp(width - pad), height: 1 };
            match mark {
                Some((_, style, true)) => {
                    let plain: Vec<Piece> = cell.iter().map(|(t, _)| (t.clone(), style)).collect();
                    text::put_line(buf, place, &plain);
                }
                Some((_, style, false)) => {
                    let over: Vec<Piece> =
                        cell.iter().map(|(t, own)| (t.clone(), own.patch(style))).collect();
                    text::put_line(buf, place, &over);
                }
                None => {
                    text::put_line(buf, place, cell);
                }
            }
            x += clamp(width + gap);
        }
    }
}

/// The width of each column; `None` when it is left out.
fn widths(columns: &[Column], rows: &[Vec<Cell>], room: usize, gap: usize) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> = (0..columns.len())
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| text::line_width(cell)).max())
        .map(|width| width.filter(|w| *w > 0))
        .collect();
    let grower = columns.iter().position(|c| c.grows);
    loop {
        let shown = widths.iter().flatten().count();
        let fixed: usize = widths
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != grower)
            .filter_map(|(_, w)| *w)
            .sum::<usize>()
            + shown.saturating_sub(1) * gap;
        let Some(i) = grower.filter(|i| widths[*i].is_some()) else {
            if fixed <= room || !drop_one(columns, &mut widths) {
                return widths;
            }
            continue;
        };
        let left = room.saturating_sub(fixed);
        let wanted = widths[i].unwrap_or(0).min(LEAST);
        if left >= wanted || !drop_one(columns, &mut widths) {
            widths[i] = Some(left);
            return widths;
        }
    }
}

fn drop_one(columns: &[Column], widths: &mut [Option<usize>]) -> bool {
    let worst = (0..columns.len())
        .filter(|i| widths[*i].is_some() && columns[*i].rank > 0)
        .max_by_key(|i| columns[*i].rank);
    if let Some(i) = worst {
        widths[i] = None;
    }
    worst.is_some()
}

fn clamp(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: u16, rows: &[[&str; 3]]) -> Vec<String> {
        let columns = [Column::new(), Column::new().grows(), Column::new().right().rank(1)];
        let cell = |t: &&str| vec![(t.to_string(), Style::new())];
        let rows: Vec<Vec<Cell>> = rows.iter().map(|r| r.iter().map(cell).collect()).collect();
        let area = Rect::new(0, 0, width, clamp(rows.len()));
        let mut buf = Buffer::empty(area);
        draw(&mut buf, area, &columns, &rows, None);
        (0..area.height)
            .map(|y| (0..width).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>())
            .collect()
    }

    #[test]
    fn columns_are_aligned_and_give_way() {
        let rows = [["●", "gpu-01", "71%"], ["○", "a-very-long-name", "9%"]];
        assert_eq!(lines(16, &rows), ["● gpu-01     71%", "○ a-very-lo…  9%"]);
        assert_eq!(lines(10, &rows), ["● gpu-01  ", "○ a-very-…"]);
        assert_eq!(lines(1, &rows), ["●", "○"]);
    }
}
