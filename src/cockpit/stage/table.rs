//! Tables of Markdown: columns as wide as they need, cells wrapped where there is too little room.

use super::Line;
use super::prose::{Row, bytes, columns, flow};
use crate::config::theme::Role;

/// The narrowest column.
const LEAST: usize = 4;

/// The rows of a table; the first one is its head.
pub fn rows(table: &[Vec<Line>], width: usize, prefix: &Line) -> Vec<Row> {
    let count = table.iter().map(Vec::len).max().unwrap_or(0);
    let room = width.saturating_sub(columns(prefix) + 3 * count.saturating_sub(1));
    if count == 0 {
        return Vec::new();
    }
    if room < count * LEAST {
        return narrow(table, width, prefix);
    }
    let widest = |i: usize| table.iter().filter_map(|row| row.get(i)).map(|c| columns(c)).max().unwrap_or(0);
    let widths = share((0..count).map(|i| widest(i).max(1)).collect(), room);
    let mut out = Vec::new();
    for (n, row) in table.iter().enumerate() {
        let cells: Vec<Vec<Row>> = widths
            .iter()
            .enumerate()
            .map(|(i, width)| {
                let cell = row.get(i).map_or(&[][..], Vec::as_slice);
                let cell: Line = if n == 0 { strong(cell) } else { cell.to_vec() };
                flow(&cell, *width, &Line::new(), &Line::new())
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..height {
            let mut line = prefix.clone();
            for (i, width) in widths.iter().enumerate() {
                if i > 0 {
                    line.push((" │ ".into(), Role::Border));
                }
                let cell = cells[i].get(at).map(|row| row.line.clone()).unwrap_or_default();
                let blank = width.saturating_sub(columns(&cell));
                line.extend(cell);
                line.push((" ".repeat(blank), Role::Text));
            }
            out.push(Row { lead: bytes(prefix), ..Row::new(line) });
        }
        if n == 0 {
            let dashes: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
            let mut line = prefix.clone();
            line.push((dashes.join("─┼─"), Role::Border));
            out.push(Row { lead: bytes(&line), ..Row::new(line) });
        }
    }
    out
}

fn strong(cell: &[(String, Role)]) -> Line {
    let role = |role: Role| if role == Role::Text { Role::Strong } else { role };
    cell.iter().map(|(text, r)| (text.clone(), role(*r))).collect()
}

/// Widths that fit: the widest give first.
fn share(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter().copied().max().filter(|w| *w > LEAST) else { break };
        // Down to the second widest at once, shared by all that are as wide.
        let next = widths.iter().copied().filter(|w| *w < widest).max().unwrap_or(LEAST).max(LEAST);
        let equals = widths.iter().filter(|w| **w == widest).count();
        let over = widths.iter().sum::<usize>() - room;
        let each = (widest - next).min(over.div_ceil(equals)).max(1);
        widths.iter_mut().filter(|w| **w == widest).for_each(|w| *w -= each);
    }
    widths
}

/// Where columns have no room: every row as a list of its cells, with their heads.
fn narrow(table: &[Vec<Line>], width: usize, prefix: &Line) -> Vec<Row> {
    let Some((head, rest)) = table.split_first() else { return Vec::new() };
    let mut out = Vec::new();
    for row in rest {
        for (i, cell) in row.iter().enumerate() {
            let mut line = head.get(i).map_or(Line::new(), |h| strong(h));
            line.push((": ".into(), Role::Dim));
            line.extend(cell.iter().cloned());
            out.extend(flow(&line, width, prefix, prefix));
        }
        out.push(Row::new(prefix.clone()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(width: usize) -> Vec<String> {
        let cell = |text: &str| vec![(text.to_owned(), Role::Text)];
        let table = [
            vec![cell("name"), cell("what it does")],
            vec![cell("sync"), cell("anchors, branches and worktrees")],
            vec![cell("漢字")],
        ];
        rows(&table, width, &Line::new()).iter().map(|r| r.text().trim_end().to_owned()).collect()
    }

    #[test]
    fn cells_are_wrapped_in_their_columns() {
        assert_eq!(
            lay(20),
            [
                "name │ what it does",
                "─────┼──────────────",
                "sync │ anchors,",
                "     │ branches and",
                "     │ worktrees",
                "漢字 │"
            ]
            .map(|s| s.to_owned())
        );
    }

    #[test]
    fn without_room_it_becomes_a_list() {
        assert_eq!(lay(8)[..2], ["name:", "sync"].map(str::to_owned));
    }

    #[test]
    fn widths_fit() {
        assert_eq!(share(vec![10, 30, 30], 40), [10, 15, 15]);
        assert_eq!(share(vec![4, 4], 3), [4, 4]);
    }
}
