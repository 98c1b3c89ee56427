//! Which rows have to be drawn again.

use std::ops::Range;

use super::modes::private;
use super::palette::Changed;
use super::{Cursor, Screen};

/// What decides how every row looks, and where the cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    size: (u16, u16),
    alternate: bool,
    inverse: bool,
    palette: Changed,
    back: usize,
    cursor: Cursor,
}

impl Screen {
    /// The rows of the picture that may look otherwise than at the last call, those of the cursor's old and new
    /// place among them. `None`: all, and what is said about it, such as its size or how far it is scrolled back.
    pub fn take_changes(&mut self) -> Option<Range<u16>> {
        let touched = self.term.page.grid.take_touched();
        let looks = Looks {
            size: self.size(),
            alternate: self.term.alternate,
            inverse: self.term.modes.is(private::REVERSE),
            palette: self.term.palette.changes().clone(),
            back: self.back,
            cursor: self.cursor(),
        };
        let ((_, height), cursor) = (looks.size, looks.cursor);
        let before = self.looked.replace(looks.clone())?;
        if before != (Looks { cursor: before.cursor, ..looks }) || self.back > 0 {
            return None;
        }
        let size = |n: usize| u16::try_from(n).unwrap_or(height).min(height);
        let mut rows = size(touched.start)..size(touched.end);
        if before.cursor != cursor {
            for row in [before.cursor.row, cursor.row] {
                let more = row..row + 1;
                rows = if rows.is_empty() { more } else { rows.start.min(row)..rows.end.max(row + 1) };
            }
        }
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_drawn_again() {
        let mut screen = Screen::with_scrollback(10, 6, 1 << 20);
        assert_eq!(screen.take_changes(), None);
        assert_eq!(screen.take_changes(), Some(0..0));
        screen.feed(b"\x1b[3;1Hx");
        assert_eq!(screen.take_changes(), Some(0..3), "the cursor was in the first row");
        screen.feed(b"y");
        assert_eq!(screen.take_changes(), Some(2..3));
        screen.feed(b"\x1b[2;5r\x1b[5;1H\n");
        assert_eq!(screen.take_changes(), Some(1..5));
        screen.feed(b"\x1b[H\x1b[J");
        assert_eq!(screen.take_changes(), Some(0..6));
        for other in ["\x1b[?1049h", "\x1b[?1049l", "\x1b[?5h", "\x1b]4;1;#123456\x1b\\", "\x1bc"] {
            screen.feed(other.as_bytes());
            assert_eq!(screen.take_changes(), None, "{other:?}");
        }
        screen.resize(10, 7);
        assert_eq!(screen.take_changes(), None);
        screen.feed(&b"\r\n".repeat(9));
        screen.take_changes();
        screen.scroll_to(1);
        assert_eq!(screen.take_changes(), None);
        // It moves on with the lines.
        screen.feed(b"\n");
        assert_eq!(screen.take_changes(), None);
        screen.scroll_to(0);
        assert_eq!(screen.take_changes(), None);
        assert_eq!(screen.take_changes(), Some(0..0));
    }
}
